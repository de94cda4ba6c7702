/**
 * All messages whose publishing is not settled, oldest first: how many there may be, how old they may get, and how they end.
 */

import type { Clock } from "#base";
import { DEFAULT_OUTBOX_AGE_MS, DEFAULT_OUTBOX_BYTES, DEFAULT_OUTBOX_MESSAGES } from "./defaults.ts";
import { OutboxError, TimeoutError } from "./errors.ts";
import { limit } from "./operation.ts";
import type { OperationOptions, OutboxOptions } from "./options.ts";
import type { OutboxJournal } from "./outbox-journal.ts";
import type { Outgoing, PublishReceipt } from "./outgoing.ts";

export class Outbox {
  readonly #clock: Clock;
  readonly #options: OutboxOptions;
  readonly #open = new Set<Outgoing>();
  #bytes = 0;
  #cancelAging: (() => void) | undefined;
  #onIdle: (() => void)[] = [];
  /** Only with a store. */
  journal: OutboxJournal | undefined;

  constructor(clock: Clock, options: OutboxOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  get size(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#open.size, bytes: this.#bytes };
  }

  /** Resolves when nothing is open any more. */
  idle(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /**
   * Makes room for `outgoing`; `oldest` gives those that may be dropped for it.
   * @throws OutboxError when there is none
   */
  makeRoom(outgoing: Outgoing, oldest: () => Outgoing | undefined): void {
    const { overflow } = this.#options;
    const maximumMessages = this.#options.maximumMessages ?? DEFAULT_OUTBOX_MESSAGES;
    const maximumBytes = this.#options.maximumBytes ?? DEFAULT_OUTBOX_BYTES;
    while (this.#open.size >= maximumMessages || this.#bytes + outgoing.sizeBytes > maximumBytes) {
      const dropped = overflow === "drop-oldest" ? oldest() : undefined;
      if (dropped === undefined) throw new OutboxError("full", outgoing.topicName);
      this.giveUp(dropped, new OutboxError("dropped", dropped.topicName));
    }
  }

  /** Takes `outgoing`, until it is settled, given up, aborted or too old. */
  admit(outgoing: Outgoing, limits: OperationOptions): void {
    const ageMs = limits.timeoutMs ?? this.#options.maximumAgeMs ?? DEFAULT_OUTBOX_AGE_MS;
    outgoing.deadlineMs = this.#clock.now() + ageMs;
    if (limits.signal !== undefined || limits.timeoutMs !== undefined) {
      const what = `publish to "${outgoing.topicName}"`;
      const onGivenUp = (error: Error): void => this.giveUp(outgoing, error);
      outgoing.cleanUp = limit(this.#clock, what, limits, onGivenUp, outgoing);
    }
    if (outgoing.isOver) return;
    this.#bytes += outgoing.sizeBytes;
    this.#open.add(outgoing);
    if (this.#cancelAging === undefined) this.#age();
  }

  /** The broker has it, or has refused it. */
  finish(outgoing: Outgoing, result: PublishReceipt | Error): void {
    if (outgoing.key > 0) this.journal?.done(outgoing.key);
    this.#settle(outgoing, result);
  }

  /** Nobody waits for it any more. What is in flight stays in flight: its packet identifier belongs to the session. */
  giveUp(outgoing: Outgoing, error: unknown): void {
    if (outgoing.isOver) return;
    if (outgoing.wasSent) this.#settle(outgoing, error);
    else this.finish(outgoing, error as Error);
  }

  /** The client closes; what a store keeps stays there. */
  end(error: Error): void {
    this.#cancelAging?.();
    for (const outgoing of this.#open) this.#settle(outgoing, error);
  }

  /** The oldest message decides when to look again; those with a time of their own have a timer of their own. */
  #age(): void {
    this.#cancelAging = undefined;
    const now = this.#clock.now();
    for (const outgoing of this.#open) {
      const delayMs = outgoing.deadlineMs - now;
      if (delayMs <= 0) {
        this.giveUp(outgoing, new TimeoutError(`publish to "${outgoing.topicName}"`, outgoing));
      } else {
        if (delayMs < Number.POSITIVE_INFINITY)
          this.#cancelAging = this.#clock.schedule(delayMs, () => this.#age());
        return;
      }
    }
  }

  #settle(outgoing: Outgoing, result: unknown): void {
    if (outgoing.isOver) return;
    outgoing.isOver = true;
    if (this.#open.delete(outgoing)) this.#bytes -= outgoing.sizeBytes;
    outgoing.cleanUp?.();
    if (result instanceof Error) outgoing.reject?.(result);
    else outgoing.resolve?.(result as PublishReceipt);
    if (this.#open.size === 0) for (const onIdle of this.#onIdle.splice(0)) onIdle();
  }
}
