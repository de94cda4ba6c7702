/**
 * Which QoS 1 messages were acknowledged lately. The broker may send them again when it did not see that; a client drops those
 * when its program hands this in.
 */

import { hashBytes } from "#base";
import type { IncomingPublish } from "#protocol";

/** Of one client; packet identifiers are those of its session. */
export interface Repeats {
  /** Of topic and payload; never 0. */
  hashOf(publish: IncomingPublish): number;
  isKnown(packetId: number, hash: number): boolean;
  remember(packetId: number, hash: number): void;
  /** The session is over. */
  forget(): void;
}

/** Remembers up to `most` messages. */
export type OpenRepeats = (most: number) => Repeats;

/** For `dropRepeats`. @example connect(url, { dropRepeats: knownRepeats }) */
export function knownRepeats(most: number): Repeats {
  const hashes = new Map<number, number>();
  return {
    hashOf: ({ bytes, topicStart, topicEnd, payloadStart, end }) =>
      hashBytes(bytes, topicStart, topicEnd) ^ hashBytes(bytes, payloadStart, end) || 1,
    isKnown: (packetId, hash) => hashes.get(packetId) === hash,
    remember(packetId, hash) {
      hashes.delete(packetId);
      hashes.set(packetId, hash);
      if (hashes.size > most) hashes.delete(hashes.keys().next().value as number);
    },
    forget: () => hashes.clear(),
  };
}
