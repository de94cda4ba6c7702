/** How one channel waits, for the gate or a hook, while all others go on. */

import { Timer } from "#base";
import { ReasonCode } from "#protocol";
import type { Channel } from "./channel.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";

const overdue: DisconnectReason = {
  kind: "decision-timeout",
  reasonCode: ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR,
};

/**
 * Holds the channel until `pending` settles; `next` runs in any case, also when the client has gone meanwhile. A decision
 * that takes longer than the setting allows ends the connection: nobody would notice otherwise that the client has gone.
 */
export function waitFor<T>(channel: Channel, pending: Promise<T>, next: (value: T) => void): void {
  const { connection } = channel;
  const { timers } = channel.core;
  channel.decisionTimer ??= new Timer({ onTimer: () => channel.close(overdue) });
  timers.arm(channel.decisionTimer, channel.settings.decisionTimeoutMs);
  connection.pause();
  pending
    .then((value) => {
      next(value);
      if (channel.phase === "closed") return;
      connection.resume();
      if (!connection.isWaiting) channel.stopWaiting();
    })
    .catch((error: unknown) => channel.onFault(error, false));
}
