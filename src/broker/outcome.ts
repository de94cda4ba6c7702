/**
 * Why a message did not reach somebody. Every delivery that does not happen has exactly one outcome, recorded here and
 * nowhere else, counted by kind and told to whoever listens.
 */

import { isLoss, type LossReport } from "./loss-report.ts";
import type { Message } from "./message.ts";

/** The kinds, and what each means. The names are API. */
export const undeliveredKinds = {
  "no-subscriber": "No subscription matches the topic.",
  "publish-refused":
    "The publisher may not publish this: a permission, a hook, a limit or an invalid payload.",
  "payload-too-large": "The payload is larger than what is passed on.",
  "publisher-not-permitted":
    "A retained message for a new subscription, whose publisher may not publish it any more.",
  "receiver-not-permitted": "The receiver may not read this topic.",
  "no-local": "The only matching subscription of the publisher itself says No Local.",
  "receiver-offline": "QoS 0 for a session whose client is away.",
  "receiver-slow": "QoS 0 for a client that does not read fast enough.",
  "queue-full": "The session's queue is full.",
  "message-expired": "The Message Expiry Interval ran out before delivery began.",
  "packet-too-large": "The packet would exceed the receiver's Maximum Packet Size.",
  "deliver-refused": "A deliver hook kept it back.",
  "receiver-refused": "The receiver answered with a reason code of 0x80 or above.",
  "session-ended":
    "The session ended, by expiry, clean start or an administrator, with the message still in it.",
  "retained-full": "The retained message was not stored: the limit of retained messages or bytes is reached.",
} as const;

export type UndeliveredKind = keyof typeof undeliveredKinds;

/** One delivery that did not happen. */
export interface Undelivered {
  readonly kind: UndeliveredKind;
  /** The receiver; empty where there is none. */
  readonly clientId: string;
  readonly publisherId: string;
  readonly topicName: string;
}

export class Outcomes {
  readonly #counts = new Map<UndeliveredKind, number>();
  /** Called for each; undefined costs nothing. */
  listener: ((undelivered: Undelivered) => void) | undefined = undefined;

  readonly #losses: LossReport | undefined;

  /** @param losses hears of messages that are lost for want of room */
  constructor(losses?: LossReport) {
    this.#losses = losses;
    for (const kind of Object.keys(undeliveredKinds) as UndeliveredKind[]) this.#counts.set(kind, 0);
  }

  /** How often `kind` has happened. */
  count(kind: UndeliveredKind): number {
    return this.#counts.get(kind) as number;
  }

  /** All kinds with their counts. */
  get counts(): Readonly<Record<UndeliveredKind, number>> {
    return Object.fromEntries(this.#counts) as Record<UndeliveredKind, number>;
  }

  get total(): number {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }

  /** `message` does not reach `clientId`, `times` over. */
  record(kind: UndeliveredKind, clientId: string, message: Message, times = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) as number) + times);
    const { publisherId, topic } = message;
    if (isLoss(kind)) this.#losses?.lost(kind, clientId, topic);
    if (this.listener === undefined) return;
    for (let i = 0; i < times; i++) this.listener({ kind, clientId, publisherId, topicName: topic.name });
  }
}
