/**
 * What there is to one client's login besides an answer at once: an enhanced authentication, a refusal that is held back, an
 * end. Most clients have none of them, and no such object.
 */

import { Timer, type TimerTarget } from "#base";
import type { Channel } from "./channel.ts";
import { loginExpired } from "./disconnect-reason.ts";
import type { Authentication } from "./on-auth.ts";

export class ChannelLogin implements TimerTarget {
  readonly #channel: Channel;
  /** The enhanced authentication under way, or the one the client was let in by. */
  authentication: Authentication | undefined = undefined;
  /** A refusal that waits for its time, so that passwords cannot be tried quickly. */
  #heldRefusal: (() => void) | undefined = undefined;
  /** When that time has come; of a client that was let in, when its login is no longer good. */
  readonly #timer: Timer = new Timer(this);

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Calls `refuse` after `delayMs`; until then nothing that the client sends is read. */
  holdRefusal(delayMs: number, refuse: () => void): void {
    const channel = this.#channel;
    const { timers } = channel.core;
    this.#heldRefusal = refuse;
    channel.phase = "authenticating";
    channel.stopWaiting();
    channel.connection.pause();
    timers.disarm(channel.timer);
    timers.arm(this.#timer, delayMs);
  }

  /** The connection ends after `validForMs`; undefined for not at all. */
  endAfter(validForMs: number | undefined): void {
    const { timers } = this.#channel.core;
    if (validForMs === undefined) timers.disarm(this.#timer);
    else timers.arm(this.#timer, Math.max(0, validForMs));
  }

  /** The connection is over: nothing is due any more. */
  stop(): void {
    this.#channel.core.timers.disarm(this.#timer);
    this.#dropHeldRefusal();
  }

  onTimer(): void {
    const refuse = this.#heldRefusal;
    if (refuse === undefined) {
      this.#channel.close(loginExpired);
      return;
    }
    this.#dropHeldRefusal();
    refuse();
  }

  #dropHeldRefusal(): void {
    if (this.#heldRefusal === undefined) return;
    this.#heldRefusal = undefined;
    this.#channel.core.admission.onRefusalOver();
  }
}
