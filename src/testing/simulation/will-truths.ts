/**
 * What must be true of wills: published once, when the connection ended without a goodbye and the delay or the session is
 * over; not before, not after a DISCONNECT with 0x00, and not when the client came back in time.
 */

import type { Link } from "./link.ts";
import type { Publication } from "./publication.ts";
import type { Trace } from "./trace.ts";

/** A will, from the CONNECT on. */
interface WillTruth {
  readonly clientId: string;
  readonly publication: Publication;
  readonly delayMs: number;
  /** The batch by which it is safe. */
  readonly since: number;
  /** `kept` with its session, `waiting` for its delay, `due`: published, `gone`: withdrawn, `unknown` since a crash. */
  state: "kept" | "waiting" | "due" | "gone" | "unknown";
  /** The batch by which the last change is safe. */
  changedIn: number;
  /** Milliseconds; the tick of the end of the connection. */
  dueAt: number;
  leftAt: number;
}

/** What the wills have to know of the simulation. */
export interface WillSource {
  now(): number;
  tick(): number;
  batch(): number;
  isStored(clientId: string): boolean;
  linkOf(clientId: string): Link | undefined;
  /** It has been published; whoever was subscribed before `tick` gets it. */
  onPublished(publication: Publication, tick: number): void;
}

/** Times that the store has kept are on the scale of the epoch, where a number is this coarse. */
const EPOCH_ROUNDING_MS = 0.001;

export class WillTruths {
  readonly #source: WillSource;
  readonly #trace: Trace;
  readonly #wills = new Map<Publication, WillTruth>();
  /** The one that hangs on the session. */
  readonly #current = new Map<string, WillTruth>();
  #lives = 1;

  constructor(source: WillSource, trace: Trace) {
    this.#source = source;
    this.#trace = trace;
  }

  /** How often a will may have been published: once, and again after a crash that forgot it. */
  get mostTimes(): number {
    return this.#lives;
  }

  /** A client gets it. */
  onReceived(publication: Publication): void {
    const will = this.#wills.get(publication);
    if (will === undefined) return;
    const isTime = will.dueAt <= this.#source.now() + EPOCH_ROUNDING_MS;
    const isDue = will.state === "due" || will.state === "unknown" || isTime;
    if (will.state === "gone" || !isDue)
      this.#trace.fail(`the will ${publication.number} of ${will.clientId} came and is ${will.state}`);
  }

  onConnected(clientId: string): void {
    const earlier = this.#current.get(clientId);
    if (earlier?.state === "waiting" && earlier.dueAt <= this.#source.now()) this.#publish(earlier);
    else if (earlier !== undefined) this.#change(earlier, "gone");
    this.#current.delete(clientId);
    const link = this.#source.linkOf(clientId);
    if (link?.will === undefined) return;
    const will: WillTruth = {
      clientId,
      publication: link.will,
      delayMs: link.plan.version === 5 ? (link.plan.will?.delaySeconds ?? 0) * 1000 : 0,
      since: this.#source.batch(),
      state: "kept",
      changedIn: 0,
      dueAt: Number.POSITIVE_INFINITY,
      leftAt: 0,
    };
    this.#wills.set(will.publication, will);
    this.#current.set(clientId, will);
  }

  /** @param goodbye the code of a DISCONNECT that the broker has read */
  onDisconnected(clientId: string, goodbye: number | undefined): void {
    const will = this.#current.get(clientId);
    if (will === undefined) return;
    if (goodbye === 0) {
      this.#current.delete(clientId);
      this.#change(will, "gone");
      return;
    }
    will.leftAt = this.#source.tick();
    will.dueAt = this.#source.now() + will.delayMs;
    // Should the session end at once, it is published behind that.
    this.#change(will, "waiting");
  }

  /** The session is over, and its will due at once. */
  onSessionEnded(clientId: string): void {
    const will = this.#current.get(clientId);
    if (will !== undefined) this.#publish(will);
  }

  /** Those whose delay is over have been published. */
  check(): void {
    const now = this.#source.now();
    for (const will of this.#current.values())
      if (will.state === "waiting" && will.dueAt <= now) this.#publish(will);
  }

  /** Returns the wills that were published by a broker that may not remember it. */
  onCrashed(durableBatch: number): Publication[] {
    this.#lives++;
    const lost: Publication[] = [];
    for (const will of this.#wills.values()) {
      const isSafe = will.changedIn <= durableBatch;
      const isKept = will.since <= durableBatch && this.#source.isStored(will.clientId);
      if (will.state === "gone" && !isSafe) this.#change(will, "unknown");
      if (will.state === "due" && !isSafe) {
        lost.push(will.publication);
        this.#change(will, "unknown");
      }
      if ((will.state === "kept" || will.state === "waiting") && !(isKept && isSafe)) {
        this.#current.delete(will.clientId);
        this.#change(will, "unknown");
      }
      will.changedIn = 0;
      if (will.state === "kept") will.leftAt = this.#source.tick();
    }
    return lost;
  }

  /** Who was connected has left now. */
  onStarted(): void {
    for (const will of this.#current.values()) {
      if (will.state !== "kept") continue;
      will.dueAt = this.#source.now() + will.delayMs;
      this.#change(will, "waiting");
    }
    this.check();
  }

  #publish(will: WillTruth): void {
    this.#current.delete(will.clientId);
    will.dueAt = Math.min(will.dueAt, this.#source.now());
    this.#change(will, "due");
    this.#source.onPublished(will.publication, will.leftAt);
  }

  #change(will: WillTruth, state: WillTruth["state"]): void {
    will.state = state;
    will.changedIn = this.#source.batch();
  }
}
