/** Who ended a connection, and whether the other broker would have too. Pure: time comes in with each call. */

import { type AnswerReport, codeText } from "./answer-comparison.ts";
import type { ServerSide } from "./delivery.ts";

/** `over`: both brokers are done, or all is told. `gave-up`: the client goes on without Martlet. */
type Ending = "open" | "over" | "gave-up";

/** A broker that closes this long before the client does is not about to be followed by the other. */
const PART_OF_WINDOW = 4;

const OPEN = "goes on";

export class Endings {
  readonly #windowMs: number;
  readonly #report: AnswerReport;
  readonly #endedMs: { old: number | undefined; martlet: number | undefined } = {
    old: undefined,
    martlet: undefined,
  };
  readonly #reasons: { old: number | undefined; martlet: number | undefined } = {
    old: undefined,
    martlet: undefined,
  };
  #leftMs: number | undefined;
  #isStopped = false;

  constructor(windowMs: number, report: AnswerReport) {
    this.#windowMs = windowMs;
    this.#report = report;
  }

  /** When the client left, if it was the first to go. */
  get leftMs(): number | undefined {
    return this.#leftMs;
  }

  /** A DISCONNECT of a broker. */
  onDisconnect(side: ServerSide, reasonCode: number): void {
    this.#reasons[side] = reasonCode;
  }

  onEnd(side: ServerSide, nowMs: number): void {
    this.#endedMs[side] ??= nowMs;
  }

  /** DISCONNECT, or the end of its connection; not when the old broker has ended it. */
  onClientLeft(nowMs: number): void {
    if (this.#endedMs.old === undefined) this.#leftMs ??= nowMs;
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** What has become of the connection by now. Tells a difference at most once. */
  judge(nowMs: number): Ending {
    const { old, martlet } = this.#endedMs;
    if (this.#isStopped) return old === undefined ? "open" : "over";
    if (old !== undefined) {
      if (martlet !== undefined) return this.#bothEnded(martlet);
      if (nowMs - old < this.#windowMs) return "open";
      this.#report("disconnect", this.#text("old"), OPEN);
      return "over";
    }
    if (martlet === undefined || this.#leftMs !== undefined || nowMs - martlet < this.#windowMs)
      return "open";
    this.#report("disconnect", OPEN, this.#text("martlet"));
    return "gave-up";
  }

  #bothEnded(martletMs: number): Ending {
    const { old, martlet } = this.#reasons;
    if (this.#leftMs !== undefined) {
      if (this.#leftMs - martletMs > this.#windowMs / PART_OF_WINDOW)
        this.#report("disconnect", OPEN, this.#text("martlet"));
    } else if (old !== undefined && martlet !== undefined && old !== martlet)
      this.#report("disconnect", this.#text("old"), this.#text("martlet"));
    return "over";
  }

  #text(side: ServerSide): string {
    const reason = this.#reasons[side];
    return reason === undefined ? "closes" : `DISCONNECT ${codeText(reason)}, closes`;
  }
}
