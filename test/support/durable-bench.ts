/**
 * A broker that keeps what it owes on a simulated disk, on a virtual clock: it can be stopped, crash, and start again as
 * often as a test wants, and its clients with it.
 */

import type { Gate } from "#auth";
import { seededRandom } from "#base";
import { Broker, type BrokerSettings } from "#broker";
import { Journal, type JournalSettings, SimulatedDisk } from "#store";
import { memoryPipes, VirtualClock } from "#testing";
import { BenchClient, type ConnectOptions, connectPacket } from "./broker-bench.ts";

const small: Partial<JournalSettings> = { segmentBytes: 64 * 1024, readAheadBytes: 4096 };
/** Turns of a commit on the simulated disk, and some more. */
const SETTLE_STEPS = 60;

export class DurableBench {
  readonly clock = new VirtualClock();
  readonly log: string[] = [];
  disk = new SimulatedDisk({ clock: this.clock, random: seededRandom(1) });
  readonly #settings: Partial<BrokerSettings>;
  #broker: Broker | undefined;
  #journal: Journal | undefined;
  readonly #journalSettings: Partial<JournalSettings>;
  readonly #gate: Gate | undefined;

  constructor(
    settings: Partial<BrokerSettings> = {},
    journalSettings: Partial<JournalSettings> = {},
    gate?: Gate,
  ) {
    this.#gate = gate;
    this.#settings = settings;
    this.#journalSettings = { ...small, ...journalSettings };
  }

  get broker(): Broker {
    return this.#broker as Broker;
  }

  get journal(): Journal {
    return this.#journal as Journal;
  }

  async start(): Promise<this> {
    const { clock, disk } = this;
    this.#journal = new Journal({ disk, clock, random: seededRandom(2), settings: this.#journalSettings });
    this.#broker = new Broker({
      clock,
      random: seededRandom(3),
      log: { write: (level, sentence) => void this.log.push(`${level} ${sentence}`) },
      store: this.#journal,
      ...(this.#gate === undefined ? {} : { gate: this.#gate }),
      settings: { sysIntervalSeconds: 0, ...this.#settings },
    });
    const restored = this.#broker.restore();
    let isDone = false;
    restored.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    while (!isDone) await this.step();
    await restored;
    this.#broker.open();
    return this;
  }

  /** Everything is written, and the broker leaves. */
  async stop(): Promise<void> {
    const closed = this.broker.close();
    let isDone = false;
    closed.finally(() => (isDone = true)).catch(() => undefined);
    while (!isDone) await this.step();
    await closed;
  }

  /** The process dies, or the machine loses power. */
  crash(kind: "power" | "process" = "power"): void {
    this.disk = this.disk.crash(kind);
  }

  /** A crash, and the next life. */
  async restart(kind: "power" | "process" = "power"): Promise<void> {
    this.crash(kind);
    await this.start();
  }

  connect(clientId: string, options: ConnectOptions & { readonly listener?: string } = {}): BenchClient {
    const [near, far] = memoryPipes(this.clock);
    const client = new BenchClient(this, near, options);
    this.broker.accept(far, options.listener);
    this.run();
    client.say(connectPacket(clientId, options));
    return client;
  }

  run(): void {
    this.clock.runTurns();
  }

  async step(): Promise<void> {
    this.clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Long enough for everything to be written and answered. */
  async settle(): Promise<void> {
    for (let i = 0; i < SETTLE_STEPS; i++) await this.step();
  }
}
