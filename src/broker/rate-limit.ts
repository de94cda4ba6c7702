/**
 * How fast one client may send. Who is faster is read more slowly: nothing is lost, the client's own connection holds it up.
 * Who goes on pushing for longer than the grace period is disconnected. HOT: a client without a rate has no such object, and
 * one with a rate costs a look at the clock for each chunk and a subtraction for each run of messages.
 *
 * What has been read is handled even if it is more than allowed; the excess is paid for by waiting. While we do not read, the
 * client's silence is ours and ends no keep-alive.
 */

import { Timer, type TimerTarget } from "#base";
import { TokenBucket } from "#limits";
import { type PublishView, ReasonCode } from "#protocol";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { BrokerSettings } from "./settings.ts";

/** Shorter pauses would cost more than they slow down. */
const SHORTEST_PAUSE_MS = 20;
/** Who keeps to its rate for this long has stopped to exceed it. */
const QUIET_MS = 1_000;

const tooManyMessages: DisconnectReason = {
  kind: "rate-exceeded",
  reasonCode: ReasonCode.MESSAGE_RATE_TOO_HIGH,
  detail: "More messages a second than this client may publish.",
};
const tooManyBytes: DisconnectReason = {
  kind: "rate-exceeded",
  reasonCode: ReasonCode.QUOTA_EXCEEDED,
  detail: "More bytes a second than this client may send.",
};

/** The connection that is held up. */
export interface RatedConnection {
  pause(): void;
  resume(): void;
  /** It is read more slowly from now on. */
  onSlowed(limit: "message-rate" | "byte-rate"): void;
  /** It has gone on for too long. */
  onRateExceeded(reason: DisconnectReason): void;
}

export interface RateSurroundings {
  now(): number;
  readonly timers: { arm(timer: Timer, delayMs: number): void; disarm(timer: Timer): void };
}

/** Whether these settings limit how fast a client sends. */
export function hasRates({ maximumMessageRate, maximumByteRate }: BrokerSettings): boolean {
  return maximumMessageRate > 0 || maximumByteRate > 0;
}

export class RateLimit implements TimerTarget {
  readonly #connection: RatedConnection;
  readonly #surroundings: RateSurroundings;
  readonly #timer: Timer = new Timer(this);
  #messages: TokenBucket | undefined = undefined;
  #bytes: TokenBucket | undefined = undefined;
  #graceMs = 0;
  /** When it began to be too fast; undefined when it never was. */
  #excessSince: number | undefined = undefined;
  #resumedAt = Number.NEGATIVE_INFINITY;
  #isPaused = false;
  #isStopped = false;
  /** It has gone on for too long, and is about to go. */
  #overdue: DisconnectReason | undefined = undefined;

  constructor(connection: RatedConnection, surroundings: RateSurroundings, settings: BrokerSettings) {
    this.#connection = connection;
    this.#surroundings = surroundings;
    this.change(settings);
  }

  /** Other rates from now on. */
  change(settings: BrokerSettings): void {
    const now = this.#surroundings.now();
    const { maximumMessageRate, maximumByteRate, rateBurstMs } = settings;
    this.#graceMs = settings.rateGraceMs;
    this.#messages = changed(this.#messages, maximumMessageRate, rateBurstMs, now);
    this.#bytes = changed(this.#bytes, maximumByteRate, rateBurstMs, now);
    if (this.#isPaused) this.#surroundings.timers.arm(this.#timer, this.#debtMs);
  }

  /** Something has been read, or is read on. */
  begin(): void {
    const now = this.#surroundings.now();
    this.#messages?.refill(now);
    this.#bytes?.refill(now);
  }

  /** So many bytes have been read. */
  onBytes(count: number): void {
    if (this.#bytes === undefined) return;
    this.#bytes.spend(count);
    if (this.#bytes.tokens < 0) this.#slow("byte-rate");
  }

  /** So many messages have come. */
  onMessages(count: number): void {
    if (this.#messages === undefined) return;
    this.#messages.spend(count);
    if (this.#messages.tokens < 0) this.#slow("message-rate");
  }

  /** Whether all messages that may lie behind `view` in what was read can be taken together. */
  allowsRun({ bytes, start, end, payloadStart }: PublishView): boolean {
    if (this.#messages === undefined) return true;
    return this.#messages.tokens * (payloadStart - start) >= bytes.length - end;
  }

  /** The connection is over. What is still said of it does not matter. */
  stop(): void {
    this.#isStopped = true;
    this.#surroundings.timers.disarm(this.#timer);
  }

  /** What was too much has been paid for, or has gone on for too long. */
  onTimer(): void {
    if (this.#overdue !== undefined) {
      this.#connection.onRateExceeded(this.#overdue);
      return;
    }
    this.begin();
    this.#isPaused = false;
    this.#resumedAt = this.#surroundings.now();
    this.#connection.resume();
  }

  get #debtMs(): number {
    return Math.max(this.#messages?.debtMs ?? 0, this.#bytes?.debtMs ?? 0, SHORTEST_PAUSE_MS);
  }

  #slow(limit: "message-rate" | "byte-rate"): void {
    if (this.#isStopped) return;
    const { timers } = this.#surroundings;
    if (!this.#isPaused) {
      this.#isPaused = true;
      this.#judge(limit);
      this.#connection.pause();
    }
    // Whoever has to go goes from there, not from within what is being handled.
    timers.arm(this.#timer, this.#overdue === undefined ? this.#debtMs : 0);
  }

  /** Too fast, after it was read on: is that new, or has it gone on for too long? */
  #judge(limit: "message-rate" | "byte-rate"): void {
    const now = this.#surroundings.now();
    if (this.#excessSince === undefined || now - this.#resumedAt > QUIET_MS) {
      this.#excessSince = now;
      this.#connection.onSlowed(limit);
    } else if (this.#graceMs > 0 && now - this.#excessSince >= this.#graceMs) {
      this.#overdue = limit === "message-rate" ? tooManyMessages : tooManyBytes;
    }
  }
}

function changed(
  bucket: TokenBucket | undefined,
  perSecond: number,
  burstMs: number,
  now: number,
): TokenBucket | undefined {
  if (perSecond === 0) return undefined;
  const burst = (perSecond * burstMs) / 1000;
  if (bucket === undefined) return new TokenBucket(perSecond, burst, now);
  bucket.change(perSecond, burst, now);
  return bucket;
}
