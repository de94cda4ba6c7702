/**
 * What a topic's retained message may be: the last one that was acknowledged, or any that was sent after it. Each topic has
 * one publisher, so its messages have one order.
 */

import type { Findings } from "./findings.ts";

/** No retained message: nobody has set one, or the last one was empty. */
export const NOTHING = "";

interface Topic {
  /** What was sent, oldest first. */
  readonly sent: string[];
  /** Index of the last acknowledged one; -1 when nothing was. */
  accepted: number;
  /** What was found instead of what had to be there: it is not counted again. */
  excused: string | undefined;
}

/** What must and may be found by somebody who subscribes now. */
export class RetainedReading {
  readonly #model: RetainedModel;
  /** By topic, the first message that is allowed. */
  readonly #from: ReadonlyMap<string, number>;
  readonly #found = new Map<string, string>();

  constructor(model: RetainedModel, from: ReadonlyMap<string, number>) {
    this.#model = model;
    this.#from = from;
  }

  found(topicName: string, payload: string): void {
    this.#found.set(topicName, payload);
  }

  /** Everything that has to be there has come. */
  get isComplete(): boolean {
    for (const [topicName, from] of this.#from)
      if (!this.#found.has(topicName) && !this.#model.allows(topicName, from, NOTHING)) return false;
    return true;
  }

  judge(findings: Findings): void {
    for (const topicName of new Set([...this.#from.keys(), ...this.#found.keys()])) {
      const found = this.#found.get(topicName) ?? NOTHING;
      findings.retainedRead++;
      if (this.#model.allows(topicName, this.#from.get(topicName) ?? -1, found)) continue;
      findings.add(
        "retainedWrong",
        `${topicName} holds ${found === NOTHING ? "nothing" : found} in ${findings.moment}; ${this.#model.storyOf(topicName)}`,
      );
      this.#model.excuse(topicName, found);
    }
  }
}

export class RetainedModel {
  readonly #topics = new Map<string, Topic>();

  /** Returns what `accepted` wants to know. */
  sent(topicName: string, payload: string): number {
    let topic = this.#topics.get(topicName);
    if (topic === undefined) {
      topic = { sent: [], accepted: -1, excused: undefined };
      this.#topics.set(topicName, topic);
    }
    return topic.sent.push(payload) - 1;
  }

  accepted(topicName: string, index: number): void {
    const topic = this.#topics.get(topicName);
    if (topic === undefined || index <= topic.accepted) return;
    topic.accepted = index;
    topic.excused = undefined;
  }

  /** Somebody subscribes now. */
  read(): RetainedReading {
    return new RetainedReading(
      this,
      new Map([...this.#topics].map(([topicName, { accepted }]) => [topicName, accepted])),
    );
  }

  allows(topicName: string, from: number, payload: string): boolean {
    const topic = this.#topics.get(topicName);
    if (topic === undefined) return payload === NOTHING;
    if (topic.excused === payload || (from < 0 && payload === NOTHING)) return true;
    return topic.sent.includes(payload, Math.max(0, from));
  }

  excuse(topicName: string, payload: string): void {
    const topic = this.#topics.get(topicName);
    if (topic !== undefined) topic.excused = payload;
  }

  storyOf(topicName: string): string {
    const { sent, accepted } = this.#topics.get(topicName) ?? { sent: [], accepted: -1 };
    const later = sent.slice(accepted + 1).map((each) => each || "nothing");
    return `acknowledged last: ${accepted < 0 ? "never" : sent[accepted] || "nothing"}; sent after it: ${later.join(", ") || "-"}`;
  }
}
