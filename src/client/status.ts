/**
 * What a client is doing, as a value and as a stream of values.
 */

import type { ConnackPacket, ProtocolVersion } from "#protocol";
import { MOST_STATUSES } from "./defaults.ts";
import { Feed } from "./feed.ts";

/** Match on `state`. */
export type ClientStatus =
  | { readonly state: "connecting"; readonly url: string; readonly attempt: number }
  | {
      readonly state: "connected";
      readonly url: string;
      readonly version: ProtocolVersion;
      /** The broker still had the session. */
      readonly sessionPresent: boolean;
      readonly connack: ConnackPacket;
    }
  | { readonly state: "waiting"; readonly delayMs: number; readonly attempt: number; readonly error: Error }
  | {
      readonly state: "closed";
      /** Undefined after `close`. */
      readonly error: Error | undefined;
    };

export class StatusBoard {
  current: ClientStatus = { state: "closed", error: undefined };
  readonly #readers = new Set<Feed<ClientStatus>>();

  set(status: ClientStatus): void {
    this.current = status;
    for (const reader of this.#readers) this.#tell(reader);
  }

  /** Begins with the present status and ends after `closed`. */
  read(): Feed<ClientStatus> {
    const reader = new Feed<ClientStatus>();
    this.#readers.add(reader);
    this.#tell(reader);
    return reader;
  }

  #tell(reader: Feed<ClientStatus>): void {
    if (!reader.isEnded) {
      reader.supply(this.current);
      if (reader.waiting.size > MOST_STATUSES) reader.waiting.shift();
      if (this.current.state === "closed") reader.finish(undefined);
    }
    if (reader.isEnded) this.#readers.delete(reader);
  }
}
