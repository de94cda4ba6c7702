/**
 * Topic aliases (section 3.3.2.3.4), both ways, for one connection; they never outlive it [MQTT-3.3.2-7].
 */

import { ProtocolError, ReasonCode } from "#protocol";

/** What the peer's aliases stand for. `Topic` is whatever the owner resolves a topic name to. */
export class InboundAliases<Topic> {
  readonly #maximum: number;
  readonly #topics: (Topic | undefined)[] = [];

  /** @param maximum the Topic Alias Maximum that the peer was told */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /**
   * The peer names `topic` and gives it `alias`, new or again.
   * @throws ProtocolError 0x94 when the alias is 0 or above the maximum
   */
  set(alias: number, topic: Topic): void {
    this.#check(alias);
    while (this.#topics.length < alias) this.#topics.push(undefined);
    this.#topics[alias - 1] = topic;
  }

  /**
   * The topic that `alias` stands for.
   * @throws ProtocolError 0x94 when it is out of range, 0x82 when it has not been set
   */
  get(alias: number): Topic {
    this.#check(alias);
    const topic = this.#topics[alias - 1];
    if (topic === undefined) throw new ProtocolError(`Topic Alias ${alias} has not been set.`, "U5-3.3.4b");
    return topic;
  }

  #check(alias: number): void {
    if (alias === 0 || alias > this.#maximum) {
      throw new ProtocolError(
        `Topic Alias ${alias}; this side accepts ${this.#maximum === 0 ? "none" : `1 to ${this.#maximum}`}.`,
        "U5-3.3.4a",
        ReasonCode.TOPIC_ALIAS_INVALID,
      );
    }
  }
}

/**
 * Aliases given out to the peer: the first topics that are sent get one each until all are used. They are not moved to
 * other topics later: the peer's table stays what it was, and a topic keeps its alias for the life of the connection.
 */
export class OutboundAliases<Topic> {
  readonly #maximum: number;
  readonly #aliases = new Map<Topic, number>();

  /** @param maximum the Topic Alias Maximum that the peer announced */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** The alias that the peer knows for `topic`; 0 when there is none. */
  known(topic: Topic): number {
    return this.#aliases.get(topic) ?? 0;
  }

  /** Gives `topic` the next free alias, or 0 when all are taken. The PUBLISH that carries both teaches the peer. */
  assign(topic: Topic): number {
    if (this.#aliases.size >= this.#maximum) return 0; // [MQTT-3.1.2-26]
    const alias = this.#aliases.size + 1;
    this.#aliases.set(topic, alias);
    return alias;
  }

  /** Takes back what `assign` just gave: the PUBLISH goes out without it. */
  withdraw(topic: Topic): void {
    this.#aliases.delete(topic);
  }
}
