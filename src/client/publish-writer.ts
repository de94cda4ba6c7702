/**
 * How messages are written on one connection: within what the broker announced, with topic aliases where it takes them. HOT.
 */

import { EMPTY_BYTES } from "#base";
import { type ConnackProperties, type Qos, ReasonCode } from "#protocol";
import { foreseen, PublishRefusedError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Outgoing } from "./outgoing.ts";

const DUP = 0x08;

export class PublishWriter {
  readonly link: Link;
  readonly #limits: ConnackProperties;
  readonly #largestPacket: number;
  readonly #aliasMaximum: number;
  /** The first topics get one each, and keep it. */
  readonly #aliases = new Map<string, number>();

  /** `mostAliases` is what the program allows; the broker may allow fewer [MQTT-3.2.2-18]. */
  constructor(link: Link, limits: ConnackProperties, mostAliases: number) {
    this.link = link;
    this.#limits = limits;
    this.#largestPacket = limits.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#aliasMaximum = Math.min(limits.topicAliasMaximum ?? 0, mostAliases);
  }

  /** @throws PublishRefusedError for what the broker said it would refuse; then it is not sent. */
  judge(topicName: string, qos: Qos, retain: boolean): void {
    const { maximumQos = 2, retainAvailable } = this.#limits;
    // [MQTT-3.2.2-11], [MQTT-3.2.2-14]
    if (qos > maximumQos) throw new PublishRefusedError(topicName, foreseen(ReasonCode.QOS_NOT_SUPPORTED));
    if (retain && retainAvailable === false) {
      throw new PublishRefusedError(topicName, foreseen(ReasonCode.RETAIN_NOT_SUPPORTED));
    }
  }

  /** The same for a whole message, its size included. */
  judgeMessage({ topicName, topic, payload, qos, retain, raw }: Outgoing, expiry: number): void {
    this.judge(topicName, qos, retain);
    this.#checkSize(
      topicName,
      this.link.publishSize(topic.length, qos, expiry, 0, raw.length, payload.length),
    );
  }

  /** Writes `outgoing` under its packet identifier. */
  writeMessage(outgoing: Outgoing, expiry: number, { isRepeat }: { readonly isRepeat: boolean }): void {
    const { topicName, topic, payload, qos, retain, packetId, raw } = outgoing;
    const firstByte = 0x30 | (isRepeat ? DUP : 0) | (qos << 1) | (retain ? 1 : 0);
    this.write(topicName, topic, payload, firstByte, packetId, expiry, raw);
  }

  /** @throws PublishRefusedError for what is larger than the broker takes */
  write(
    topicName: string,
    topic: Uint8Array,
    payload: Uint8Array,
    firstByte: number,
    packetId: number,
    expiry: number,
    raw: Uint8Array,
  ): void {
    const { link } = this;
    let alias = this.#aliasMaximum > 0 ? (this.#aliases.get(topicName) ?? 0) : 0;
    let name = topic;
    if (alias > 0) name = EMPTY_BYTES;
    else if (this.#aliases.size < this.#aliasMaximum) {
      const size = link.publishSize(topic.length, packetId, expiry, 1, raw.length, payload.length);
      if (size <= this.#largestPacket) {
        alias = this.#aliases.size + 1;
        this.#aliases.set(topicName, alias);
      }
    }
    if (this.#largestPacket < Number.POSITIVE_INFINITY) {
      const size = link.publishSize(name.length, packetId, expiry, alias, raw.length, payload.length);
      this.#checkSize(topicName, size);
    }
    link.publish(firstByte, name, packetId, expiry, alias, raw, payload);
  }

  /** [MQTT-3.2.2-15] */
  #checkSize(topicName: string, sizeBytes: number): void {
    if (sizeBytes > this.#largestPacket) {
      throw new PublishRefusedError(topicName, foreseen(ReasonCode.PACKET_TOO_LARGE));
    }
  }
}
