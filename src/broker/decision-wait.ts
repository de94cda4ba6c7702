/** How one channel waits, for the gate or a hook, while all others go on. There is one only where somebody has to wait. */

import { Timer, type TimerTarget } from "#base";
import { ReasonCode } from "#protocol";
import type { Channel } from "./channel.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";

const overdue: DisconnectReason = {
  kind: "decision-timeout",
  reasonCode: ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR,
};

export class DecisionWait implements TimerTarget {
  readonly #channel: Channel;
  readonly #timer: Timer = new Timer(this);

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Holds the channel until `pending` settles; `next` runs in any case, also when the client has gone meanwhile. A decision
   * that takes longer than the setting allows ends the connection: nobody would notice otherwise that the client has gone.
   */
  begin<T>(pending: Promise<T>, next: (value: T) => void): void {
    const channel = this.#channel;
    const { connection, core, settings } = channel;
    core.timers.arm(this.#timer, settings.decisionTimeoutMs);
    connection.pause();
    pending
      .then((value) => {
        next(value);
        if (channel.phase === "closed") return;
        connection.resume();
        if (!connection.isWaiting) this.end();
      })
      .catch((error: unknown) => channel.onFault(error, false));
  }

  /** Nothing has to be decided any more. */
  end(): void {
    this.#channel.core.timers.disarm(this.#timer);
  }

  onTimer(): void {
    this.#channel.close(overdue);
  }
}
