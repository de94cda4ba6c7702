/**
 * Where the outbox survives a restart, as a port: a journal of what happened to each message above QoS 0. Implemented on a
 * file for Node and on IndexedDB for browsers.
 */

import type { Qos } from "#protocol";

/** A message as the store keeps it. */
export interface StoredPublish {
  /** Rises from message to message. */
  readonly key: number;
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** The properties in their bytes of 5.0, without their length and without the expiry. */
  readonly properties: Uint8Array;
  /** Milliseconds since 1970, or undefined. */
  readonly expiresAtEpochMs: number | undefined;
  /** Of a QoS 2 message that was, or was about to be, sent: its packet identifier. */
  packetId?: number;
  /** The broker has the message; PUBREL is owed. */
  isReleased?: boolean;
}

export type OutboxChange =
  | { readonly kind: "put"; readonly message: StoredPublish }
  | { readonly kind: "sent"; readonly key: number; readonly packetId: number }
  | { readonly kind: "released"; readonly key: number }
  | { readonly kind: "done"; readonly key: number };

export interface OutboxStore {
  /** Everything in it, oldest first. Called once, before `write`. */
  open(): Promise<StoredPublish[]>;
  /** Resolves when all `changes` are safe. Never called again before that. */
  write(changes: readonly OutboxChange[]): Promise<void>;
  close(): Promise<void>;
}
