/**
 * Says in the log that messages are lost for want of room: what an operator has to know without asking. At most one line for each
 * kind in ten seconds, so that a flood of losses is no flood of lines; `Outcomes` counts them all.
 */

import type { Log } from "#base";
import { Repetition } from "#limits";
import type { Topic } from "./topic.ts";

/** Why a message was lost that somebody was to have, and what can be done about it; other outcomes are what was asked for. */
const losses = {
  "queue-full": "its queue is full",
  "receiver-slow": "it does not read fast enough",
  "packet-too-large": "they are larger than it takes",
  "retained-full": "there are as many, or as many bytes of them, as there may be",
} as const;

export type LossKind = keyof typeof losses;

/** Between two lines about losses of the same kind. */
const LINE_EVERY_MS = 10_000;

export function isLoss(kind: string): kind is LossKind {
  return kind in losses;
}

export class LossReport {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #repetition = new Repetition(LINE_EVERY_MS, Object.keys(losses).length);

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** A message on `topic` did not reach `clientId`; of retained messages that are not stored nobody is the receiver. */
  lost(kind: LossKind, clientId: string, topic: Topic): void {
    const unsaid = this.#repetition.tell(kind, this.#now());
    if (unsaid === undefined) return;
    const what =
      clientId === ""
        ? "Retained messages are not stored"
        : `Outgoing messages are being dropped for client ${clientId}`; // mosquitto's words
    const more = unsaid === 0 ? "" : ` ${unsaid} more since the last such line.`;
    this.#log.write("warn", `${what}: ${losses[kind]}.${more}`, { kind, clientId, topicName: topic.name });
  }
}
