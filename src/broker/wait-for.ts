/** How one channel waits while all others go on. */

import type { Channel } from "./channel.ts";

/** Holds the channel until `pending` settles; `next` runs in any case, also when the client has gone meanwhile. */
export function waitFor<T>(channel: Channel, pending: Promise<T>, next: (value: T) => void): void {
  const { connection } = channel;
  connection.pause();
  pending
    .then(next)
    .then(() => {
      if (channel.phase !== "closed") connection.resume();
    })
    .catch((error: unknown) => channel.onFault(error, false));
}
