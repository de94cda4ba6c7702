/**
 * The server's side of a simulation: clock, disk, store and broker, through as many lives as it takes. A life that has ended
 * hears nothing any more: neither its timers nor its disk.
 *
 * Time passes from alarm to alarm, and between two of them promises get their turn; nothing here waits for the real clock.
 */

import { type Clock, describeError, type Random, seededRandom } from "#base";
import { Broker, type BrokerSettings } from "#broker";
import { type DiskFault, Journal, SimulatedDisk, type Store } from "#store";
import { memoryPipes, type Pipe } from "#transport";
import type { VirtualClock } from "../virtual-clock.ts";
import type { Trace } from "./trace.ts";

const KIB = 1024;
const journalSettings = {
  segmentBytes: 16 * KIB,
  batchBytes: 4 * KIB,
  readAheadBytes: KIB,
  readAheadTotalBytes: 4 * KIB,
};
/** Longer than any chain of promises between two operations of the disk. */
const PROMISE_TURNS = 16;
const settled = Promise.resolve();
/** As many times that, where a broker starts or stops. */
const START_TURNS = 4;
/** A start, a stop or a pause that takes more alarms than this never ends. */
const MOST_ALARMS = 20_000;
/** What fails within this after the disk did may be its fault. */
const AFTERMATH_MS = 10_000;
/** Between two attempts to start on a disk that fails. */
const RETRY_MS = 500;

/** Who hears what the broker tells. */
export interface HostListener {
  onConnected(clientId: string, sessionPresent: boolean): void;
  onDisconnected(clientId: string, kind: string): void;
  onSessionEnded(clientId: string): void;
  onUndelivered(kind: string, clientId: string, publisherId: string, topicName: string): void;
  /** The broker is gone, and remembers what was safe up to `durableBatch`. */
  onCrashed(durableBatch: number): void;
  onStarting(): void;
  onStarted(): void;
}

export interface HostOptions {
  readonly seed: number;
  readonly settings: Partial<BrokerSettings>;
  readonly trace: Trace;
  readonly clock: VirtualClock;
  readonly wrapStore: ((store: Store) => Store) | undefined;
}

/** The clock of one life. */
class LifeClock implements Clock {
  readonly #clock: VirtualClock;
  isOver = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  epochMs(): number {
    return this.#clock.epochMs();
  }

  schedule(delayMs: number, ring: () => void): () => void {
    return this.#clock.schedule(delayMs, () => {
      if (!this.isOver) ring();
    });
  }

  afterTurn(run: () => void): void {
    this.#clock.afterTurn(() => {
      if (!this.isOver) run();
    });
  }
}

interface Life {
  readonly clock: LifeClock;
  readonly broker: Broker;
  readonly store: Store;
}

export class Host {
  readonly clock: VirtualClock;
  readonly #options: HostOptions;
  readonly #listener: HostListener;
  readonly #diskClock: VirtualClock;
  readonly #faults: Random;
  #disk: SimulatedDisk;
  #life: Life | undefined;
  #lives = 0;
  #trouble: { readonly fault: DiskFault; readonly oneIn: number; readonly until: number } | undefined;
  /** When the disk was last in trouble. */
  troubledAt = Number.NEGATIVE_INFINITY;
  hadTrouble = false;
  /** How often the broker said that it could not read a queued message. */
  readFailures = 0;
  crashes = 0;

  constructor(options: HostOptions, listener: HostListener) {
    this.#options = options;
    this.#listener = listener;
    this.clock = options.clock;
    this.#diskClock = options.clock;
    this.#faults = seededRandom(options.seed ^ 0x5eed);
    this.#disk = new SimulatedDisk({ clock: this.#diskClock, random: seededRandom(options.seed + 1) });
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get broker(): Broker {
    return (this.#life as Life).broker;
  }

  get store(): Store {
    return (this.#life as Life).store;
  }

  /** The batch with which what happens now is safe at the latest; not known while the broker starts. */
  get batch(): number {
    return this.#life === undefined ? Number.POSITIVE_INFINITY : this.#life.store.batch + 1;
  }

  /** Starts the broker on what the disk has; a disk in trouble is tried until it works. */
  async start(): Promise<void> {
    while (!(await this.#tryToStart())) {
      this.#options.trace.check();
      this.#disk = this.#disk.crash("process");
      this.#applyTrouble();
      await this.pass(RETRY_MS);
    }
    this.broker.open();
    this.#listener.onStarted();
  }

  /** Closes the broker in order; one whose disk does not let it is killed. */
  async stop(): Promise<void> {
    const { broker, clock, store } = this.#life as Life;
    const isClosed = await this.#settled(broker.close());
    const { durableBatch } = store;
    clock.isOver = true;
    this.#life = undefined;
    if (!isClosed) this.#disk = this.#disk.crash("process");
    this.#applyTrouble();
    this.#listener.onCrashed(isClosed ? Number.POSITIVE_INFINITY : durableBatch);
  }

  crash(kind: "power" | "process"): void {
    const { clock, store } = this.#life as Life;
    const { durableBatch } = store;
    this.crashes++;
    clock.isOver = true;
    this.#life = undefined;
    this.#disk = this.#disk.crash(kind);
    this.#applyTrouble();
    this.#listener.onCrashed(durableBatch);
  }

  /** From now on, for a while, one operation in `oneIn` fails. */
  trouble(fault: DiskFault, oneIn: number, ms: number): void {
    this.hadTrouble = true;
    this.#trouble = { fault, oneIn, until: this.clock.now() + ms };
    this.troubledAt = this.#trouble.until;
    this.#applyTrouble();
  }

  endTrouble(): void {
    this.#trouble = undefined;
    this.troubledAt = Math.min(this.troubledAt, this.clock.now());
    this.#disk.decide = undefined;
  }

  /** A connection to the broker: the client's end. */
  connect(): Pipe {
    const { clock, broker } = this.#life as Life;
    const [near, far] = memoryPipes(clock);
    broker.accept(far);
    return near;
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    const target = this.clock.now() + ms;
    await this.turns();
    for (let next = this.clock.nextAlarm; next !== undefined && next <= target; next = this.clock.nextAlarm) {
      this.clock.advance(next - this.clock.now());
      await this.turns();
    }
    this.clock.advance(target - this.clock.now());
    await this.turns();
  }

  /** Everything happens that can without time. */
  async turns(): Promise<void> {
    do {
      this.clock.runTurns();
      for (let i = 0; i < PROMISE_TURNS; i++) await settled;
    } while (this.clock.busy);
  }

  async #tryToStart(): Promise<boolean> {
    const { seed, settings, trace, wrapStore } = this.#options;
    const clock = new LifeClock(this.clock);
    const life = ++this.#lives;
    const journal = new Journal({
      disk: this.#disk,
      clock,
      random: seededRandom(seed + life),
      settings: journalSettings,
    });
    const store = wrapStore === undefined ? journal : wrapStore(journal);
    const broker = new Broker({
      clock,
      random: seededRandom(seed + life),
      store,
      settings,
      log: {
        write: (level, sentence) => {
          trace.say(`log ${level} ${sentence}`);
          const isOfDisk = /^(Nothing can be stored|A queued message could not be read)/.test(sentence);
          if (sentence.startsWith("A queued message")) this.readFailures++;
          if (level === "error" && !(isOfDisk && this.hadTrouble)) trace.fail(`the broker says: ${sentence}`);
        },
      },
    });
    this.#listen(broker);
    this.#listener.onStarting();
    const isRestored = await this.#settled(broker.restore());
    if (!isRestored) {
      clock.isOver = true;
      return false;
    }
    this.#life = { clock, broker, store };
    return true;
  }

  #listen(broker: Broker): void {
    const listener = this.#listener;
    broker.on("clientConnected", ({ clientId, sessionPresent }) =>
      listener.onConnected(clientId, sessionPresent),
    );
    broker.on("clientDisconnected", ({ clientId, reason }) => listener.onDisconnected(clientId, reason.kind));
    broker.on("sessionEnded", ({ clientId }) => listener.onSessionEnded(clientId));
    broker.on("messageUndelivered", ({ kind, clientId, publisherId, topicName }) =>
      listener.onUndelivered(kind, clientId, publisherId, topicName),
    );
  }

  /** Waits for `promise`, which may fail only because of the disk. Returns whether it did not. */
  async #settled(promise: Promise<unknown>): Promise<boolean> {
    let outcome: boolean | undefined;
    promise.then(
      () => {
        outcome = true;
      },
      (error: unknown) => {
        outcome = false;
        this.#options.trace.say(`failed: ${describeError(error)}`);
        const isOfDisk = this.clock.now() < this.troubledAt + AFTERMATH_MS;
        if (!isOfDisk) this.#options.trace.fail(describeError(error));
      },
    );
    await this.turns();
    for (let looks = 0; outcome === undefined; looks++) {
      if (looks > MOST_ALARMS) {
        this.#options.trace.fail("the broker starts or stops and never gets done");
        return false;
      }
      // Long chains of promises are part of a start: no alarm before they are through.
      for (let i = 0; i < START_TURNS; i++) await this.turns();
      if (outcome !== undefined) break;
      this.clock.advance((this.clock.nextAlarm ?? this.clock.now()) - this.clock.now());
      await this.turns();
    }
    return outcome;
  }

  #applyTrouble(): void {
    const trouble = this.#trouble;
    if (trouble === undefined) return;
    this.#disk.decide = ({ kind }) => {
      if (this.clock.now() >= trouble.until) return undefined;
      if (trouble.fault === "full" && kind !== "write") return undefined;
      return this.#faults.below(trouble.oneIn) === 0 ? trouble.fault : undefined;
    };
  }
}
