/**
 * Will messages (section 3.1.2.5): kept with the session, published when its connection ends without an orderly
 * DISCONNECT and the delay, or the session, is over.
 */

import type { PublishingClient } from "./judge-publish.ts";
import type { Message } from "./message.ts";

export interface WillMessage {
  readonly message: Message;
  /** Whose rights it is published with. */
  readonly client: PublishingClient;
  readonly delaySeconds: number;
  /** Seconds that the message lives from its publication on; undefined for ever. */
  readonly expirySeconds: number | undefined;
}
