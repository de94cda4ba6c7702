/**
 * One run of a load: its connections, its waiting, its end. Everything that waits here is bounded and ends at once when
 * the run is aborted; when the run is over no connection is left, however it ended.
 *
 * One tick of some milliseconds looks at what is waited for and tells how far the run is; nothing else polls.
 */

import { systemRandom } from "#base";
import { reasonName, versionName } from "#protocol";
import type { Dialer } from "./dial.ts";
import { BenchError } from "./errors.ts";
import { type ConnectOutcome, Link, type LinkHandler, type LinkSurroundings } from "./link.ts";
import { Problems } from "./problems.ts";
import type { Phase, Progress, RatePoint } from "./result.ts";
import type { LoadVersion } from "./scenario.ts";

const TICK_MS = 10;
/** After a pause of this process, what came meanwhile is read before anybody is said to have been silent. */
const STARVED_MS = 100;
const PROGRESS_EVERY_MS = 100;
/** Connections that come about at the same time. */
const DIALS_AT_ONCE = 100;
/** All of them together may take this long. */
const CONNECT_LIMIT_MS = 120_000;
/** For the broker to follow the end of all connections. */
const CLOSE_LIMIT_MS = 3_000;
/** A packet of the broker may be longer than the payload by its topic, its properties and a reason. */
const PACKET_SLACK_BYTES = 256 * 1024;

export interface LoadRunOptions {
  readonly scenario: string;
  readonly dialer: Dialer;
  readonly version: LoadVersion;
  readonly payloadBytes: number;
  /** How long nothing may come before what is missing is given up. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

interface Wait {
  readonly holds: () => boolean;
  readonly deadline: number;
  readonly givesUp: () => boolean;
  readonly resolve: (held: boolean) => void;
  readonly reject: (reason: BenchError) => void;
}

/** What is told of a phase. */
export interface PhaseView {
  /** Rises with what happens: deliveries, connects. */
  readonly counter: () => number;
  /** From 0 to 1, where it is known. */
  readonly share?: () => number;
}

/** Counts what comes to clients that asked for nothing. */
class StrayPackets implements LinkHandler {
  count = 0;

  onChunk(): void {}

  onChunkEnd(): void {}

  onPublish(): void {
    this.count++;
  }

  onAcknowledgement(): void {
    this.count++;
  }

  onTaken(): void {}
}

export class LoadRun implements LinkSurroundings {
  readonly dialer: Dialer;
  readonly problems = new Problems();
  readonly strayHandler = new StrayPackets();
  readonly longestPacket: number;
  readonly version: LoadVersion;
  readonly patienceMs: number;
  /** In topics and client ids, and the same number in payloads: nobody else's messages are taken for ours. */
  readonly tag: string;
  readonly payloadTag: number;

  readonly #options: LoadRunOptions;
  readonly #links = new Set<Link>();
  readonly #startedMs = performance.now();
  readonly #ticker: NodeJS.Timeout;
  readonly #onAbort: () => void;
  #waits: Wait[] = [];
  #tickedMs = this.#startedMs;
  #failure: BenchError | undefined;

  #phase: Phase = "connect";
  #view: PhaseView = { counter: () => 0 };
  #samples: { readonly atMs: number; readonly count: number }[] = [];
  #perSecond = 0;

  constructor(options: LoadRunOptions) {
    this.#options = options;
    this.dialer = options.dialer;
    this.version = options.version;
    this.patienceMs = options.patienceMs;
    this.longestPacket = options.payloadBytes + PACKET_SLACK_BYTES;
    this.payloadTag = systemRandom().below(0x1_0000_0000);
    this.tag = this.payloadTag.toString(16).padStart(8, "0");
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    const { signal } = options;
    this.#onAbort = () =>
      this.fail(new BenchError("aborted", "The run was ended before its time.", { cause: signal?.reason }));
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Ends the run: everything that waits is rejected with `failure`, and no connection stays. */
  fail(failure: BenchError): void {
    this.#failure ??= failure;
    this.dialer.cancel();
    for (const link of this.#links) link.destroy();
    const waits = this.#waits;
    this.#waits = [];
    for (const wait of waits) wait.reject(this.#failure);
  }

  /** From now on progress is told of this. */
  enter(phase: Phase, view: PhaseView): void {
    this.#phase = phase;
    this.#view = view;
    this.#samples = [];
    this.#perSecond = 0;
    this.#report();
  }

  /**
   * Resolves with true when `holds`, with false after `timeoutMs`, or when it `givesUp`.
   * @throws BenchError when the run is ended
   */
  until(holds: () => boolean, timeoutMs: number, givesUp: () => boolean = () => false): Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (holds()) return Promise.resolve(true);
    const deadline = performance.now() + timeoutMs;
    return new Promise((resolve, reject) => this.#waits.push({ holds, deadline, givesUp, resolve, reject }));
  }

  /** Lets `ms` pass; none when it is 0. */
  async pass(ms: number): Promise<void> {
    if (ms > 0) await this.until(() => false, ms);
  }

  /** A client; `role` and `number` make its id. */
  link(role: string, number: number, options: { readonly cleanStart?: boolean } = {}): Link {
    const { cleanStart = true } = options;
    const clientId = `b${this.tag}${role}${number}`;
    const link = new Link(this, { clientId, version: this.version, cleanStart });
    this.#links.add(link);
    return link;
  }

  /**
   * Connects all `links`, some at a time. Those that do not get in are problems of the run.
   * @throws BenchError when nobody gets in
   */
  async connect(links: readonly Link[]): Promise<void> {
    const [first, ...others] = links;
    if (first === undefined) return;
    const outcome = await this.ended(first.connect());
    this.problems.connections++;
    if (outcome.kind !== "connected") throw this.#noEntry(outcome);
    let connected = 1;
    const until = performance.now() + CONNECT_LIMIT_MS;
    this.enter("connect", { counter: () => connected, share: () => connected / links.length });
    const lane = async (): Promise<void> => {
      for (let link = others.pop(); link !== undefined; link = others.pop()) {
        if (this.#failure !== undefined) return;
        this.problems.connections++;
        if (performance.now() > until) this.problems.add("connection-failed", "there was no time left");
        else if (this.count(await link.connect())) connected++;
      }
    };
    await this.ended(Promise.all(Array.from({ length: DIALS_AT_ONCE }, lane)));
  }

  /** One connection that follows others; whether it came about. */
  async connectOne(link: Link): Promise<Extract<ConnectOutcome, { kind: "connected" }> | undefined> {
    this.problems.connections++;
    const outcome = await this.ended(link.connect());
    this.count(outcome);
    return outcome.kind === "connected" ? outcome : undefined;
  }

  /** Counts what came of a connection; whether it is one. */
  count(outcome: ConnectOutcome): boolean {
    switch (outcome.kind) {
      case "connected":
        return true;
      case "refused":
        this.problems.add("connection-refused", reasonName(outcome.reasonCode));
        return false;
      case "failed":
        if (this.#failure === undefined) this.problems.add("connection-failed", outcome.reason);
        return false;
    }
  }

  /** The run has nothing more to do with this client. */
  forget(link: Link): void {
    this.#links.delete(link);
  }

  /** Whether the run was ended before its time. */
  get isEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Disconnects these clients, and waits until their connections are gone. */
  async leave(links: readonly Link[]): Promise<void> {
    for (const link of links) link.disconnect();
    await this.until(() => links.every((link) => !link.hasPipe), CLOSE_LIMIT_MS);
  }

  /** Connects and disconnects clients with the ids of `links`, whose connections are gone, so that no session stays. */
  async removeSessions(links: readonly Link[]): Promise<void> {
    const waiting = [...links];
    const lane = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const { clientId } = next;
        const link = new Link(this, { clientId, version: this.version, cleanStart: true });
        this.#links.add(link);
        this.problems.connections++;
        if (this.count(await link.connect())) link.disconnect();
      }
    };
    await this.ended(Promise.all(Array.from({ length: DIALS_AT_ONCE }, lane)));
  }

  /** Takes leave of the broker; resolves when no connection is left. */
  async end(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    try {
      if (this.#failure === undefined) await this.leave([...this.#links]);
    } finally {
      for (const link of this.#links) link.destroy();
      clearInterval(this.#ticker);
    }
  }

  /**
   * `promise`, unless the run is ended before.
   * @throws BenchError then
   */
  ended<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const ended = this.until(() => isDone, Number.POSITIVE_INFINITY);
    const done = promise.finally(() => {
      isDone = true;
    });
    return Promise.race([done, ended.then(() => done)]);
  }

  /** Why the very first client did not get in. */
  #noEntry(outcome: Exclude<ConnectOutcome, { kind: "connected" }>): BenchError {
    const { name } = this.dialer;
    if (outcome.kind === "refused") {
      const why = reasonName(outcome.reasonCode);
      return new BenchError("refused", `The broker at ${name} refuses the connection: ${why}.`);
    }
    const { reason, cause, hadPipe, isLate } = outcome;
    if (isLate) {
      return new BenchError("timed-out", `The server at ${name} does not answer: ${reason}.`, { cause });
    }
    if (!hadPipe) {
      return new BenchError("unreachable", `The broker at ${name} cannot be reached: ${reason}.`, { cause });
    }
    return new BenchError(
      "refused",
      `The server at ${name} gave no answer that lets a client of MQTT ${versionName(this.version)} in: ${reason}.`,
      { cause },
    );
  }

  #tick(): void {
    const nowMs = performance.now();
    const isStarved = nowMs - this.#tickedMs > STARVED_MS;
    this.#tickedMs = nowMs;
    const waits = this.#waits;
    this.#waits = [];
    for (const wait of waits) {
      if (wait.holds()) wait.resolve(true);
      else if (nowMs >= wait.deadline || (!isStarved && wait.givesUp())) wait.resolve(false);
      else this.#waits.push(wait);
    }
    const last = this.#samples.at(-1);
    if (last !== undefined && nowMs - last.atMs < PROGRESS_EVERY_MS) return;
    const count = this.#view.counter();
    this.#samples.push({ atMs: nowMs, count });
    if (last !== undefined) this.#perSecond = ((count - last.count) * 1000) / (nowMs - last.atMs);
    this.#report();
  }

  #report(): void {
    const { scenario, onProgress } = this.#options;
    const share = this.#view.share?.();
    onProgress?.({
      scenario,
      phase: this.#phase,
      elapsedSeconds: (performance.now() - this.#startedMs) / 1000,
      ...(share === undefined ? {} : { share: Math.min(1, share) }),
      perSecond: Math.round(this.#perSecond),
    });
  }

  /** The rate over the present phase, in at most `most` stretches. */
  course(most: number): RatePoint[] {
    const samples = this.#samples;
    const [first] = samples;
    if (first === undefined) return [];
    const step = Math.max(1, Math.ceil((samples.length - 1) / most));
    const points: RatePoint[] = [];
    for (let at = step; at < samples.length; at += step) {
      const from = samples[at - step];
      const to = samples[at];
      if (from === undefined || to === undefined) break;
      points.push({
        seconds: (to.atMs - first.atMs) / 1000,
        deliveriesPerSecond: Math.round(((to.count - from.count) * 1000) / (to.atMs - from.atMs)),
      });
    }
    return points;
  }
}
