/**
 * Connections that have been accepted and are no pipes yet: they owe a PROXY header, a TLS handshake, a WebSocket
 * handshake, or several of these. How many there may be and how long they may take is bounded, for all of it together.
 *
 * What does not become a pipe is reported with the address of the client, at most once a second, with the number of those
 * that were left out, so that a scan of the port does not become a flood of lines.
 */

import type { Clock } from "#base";
import { ListenError } from "./errors.ts";
import type { PeerAddress } from "./pipe.ts";

/** What a listener can be told of connections that are not ready yet. */
export interface ArrivalOptions {
  /**
   * Milliseconds that everything before the first byte of MQTT may take: PROXY header, TLS handshake, WebSocket
   * handshake. Default: 10 seconds.
   */
  readonly handshakeTimeoutMs?: number;
  /** Most connections that are not through with that; more are dropped at once and reported. Default: 4,096. */
  readonly maxUnfinished?: number;
}

export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/** Handshakes over TLS that wait cost some 60 kilobytes each. */
const DEFAULT_MAX_UNFINISHED = 4_096;
const REPORT_INTERVAL_MS = 1_000;

/** What a connection has to do next, as the beginning of a sentence that ends with "… failed". */
export const ArrivalStep = {
  PROXY_HEADER: "Reading the PROXY header of",
  TLS_HANDSHAKE: "The TLS handshake with",
  WEBSOCKET_HANDSHAKE: "The WebSocket handshake with",
} as const;
export type ArrivalStep = (typeof ArrivalStep)[keyof typeof ArrivalStep];

/** Where a connection comes from, as far as it is known. */
export type Origin = Pick<PeerAddress, "remoteAddress" | "remotePort">;

/** One connection on its way to become a pipe. */
export interface Arrival {
  step: ArrivalStep;
  /** The client's; the proxy's until that has said for whom it connects. */
  origin: Origin;
  /** Whether `origin` is what a proxy has said. */
  isProxied: boolean;
  /** It has come to its end, and what else goes wrong with it is no news. */
  isOver: boolean;
}

interface Waiting {
  readonly dueAt: number;
  readonly drop: () => void;
}

/** Those of one listener. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #most: number;
  readonly #report: (problem: ListenError) => void;
  /** The oldest first, and all have the same time. */
  readonly #waiting = new Map<Arrival, Waiting>();
  #cancelSweep: (() => void) | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #leftOut = 0;

  constructor(options: ArrivalOptions, clock: Clock, report: (problem: ListenError) => void) {
    this.#clock = clock;
    this.#timeoutMs = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS;
    this.#most = options.maxUnfinished ?? DEFAULT_MAX_UNFINISHED;
    this.#report = report;
  }

  /** How many there are. */
  get size(): number {
    return this.#waiting.size;
  }

  /** A new one, or undefined when there are too many: then it has been dropped. `drop` ends the connection. */
  add(step: ArrivalStep, origin: Origin, drop: () => void): Arrival | undefined {
    if (this.#waiting.size >= this.#most) {
      drop();
      this.#tell(
        `A connection was dropped: ${this.#most} have not finished their handshake, the most allowed`,
      );
      return undefined;
    }
    const arrival = { step, origin, isProxied: false, isOver: false };
    this.#waiting.set(arrival, { dueAt: this.#clock.now() + this.#timeoutMs, drop });
    this.#cancelSweep ??= this.#clock.schedule(this.#timeoutMs, this.#sweep);
    return arrival;
  }

  /** It has become a pipe, or is gone. */
  remove(arrival: Arrival): void {
    this.#waiting.delete(arrival);
  }

  /** Drops it and says why, once; `reason` is the end of a sentence. */
  fail(arrival: Arrival, reason: string, cause?: unknown): void {
    const drop = this.#waiting.get(arrival)?.drop;
    this.failed(arrival, reason, cause);
    drop?.();
  }

  /** The same for one that somebody else drops. */
  failed(arrival: Arrival, reason: string, cause?: unknown): void {
    if (arrival.isOver) return;
    arrival.isOver = true;
    this.#waiting.delete(arrival);
    this.tell(arrival, reason, cause);
  }

  /** Says that something about it is not as it should be. */
  tell({ step, origin }: Arrival, reason: string, cause?: unknown): void {
    this.#tell(`${step} ${nameOf(origin)} failed: ${reason}`, cause);
  }

  /** Drops all without a word. */
  dropAll(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [arrival, { drop }] of waiting) {
      arrival.isOver = true;
      drop();
    }
  }

  readonly #sweep = (): void => {
    this.#cancelSweep = undefined;
    for (const [arrival, { dueAt }] of this.#waiting) {
      const inMs = dueAt - this.#clock.now();
      if (inMs > 0) {
        this.#cancelSweep = this.#clock.schedule(inMs, this.#sweep);
        return;
      }
      this.fail(arrival, "it took too long");
    }
  };

  #tell(sentence: string, cause?: unknown): void {
    const now = this.#clock.now();
    if (now - this.#reportedAt < REPORT_INTERVAL_MS) {
      this.#leftOut++;
      return;
    }
    const others = this.#leftOut === 0 ? "" : ` (and ${this.#leftOut} more since the last report)`;
    this.#reportedAt = now;
    this.#leftOut = 0;
    this.#report(new ListenError(`${sentence}${others}`, cause === undefined ? {} : { cause }));
  }
}

function nameOf({ remoteAddress, remotePort }: Origin): string {
  if (remoteAddress === "") return "a client that is gone";
  return remotePort === 0 ? remoteAddress : `${remoteAddress} port ${remotePort}`;
}
