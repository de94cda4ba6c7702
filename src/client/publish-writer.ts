/**
 * How messages are written on one connection: within what the broker announced, with topic aliases where it takes them. HOT.
 */

import { EMPTY_BYTES } from "#base";
import {
  type ConnackProperties,
  NO_EXPIRY,
  type PublishParts,
  type Qos,
  type ReasonCode,
  reasons,
} from "#protocol";
import { foreseen, PublishRefusedError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Outgoing } from "./outgoing.ts";

/** What marks a PUBLISH that an earlier connection has sent before. */
export const DUP = 0x08;

export class PublishWriter {
  readonly link: Link;
  readonly #limits: ConnackProperties;
  readonly #aliasMaximum: number;
  /** The first topics get one each, and keep it. */
  readonly #aliases = new Map<string, number>();

  /** `mostAliases` is what the program allows; the broker may allow fewer [MQTT-3.2.2-18]. */
  constructor(link: Link, limits: ConnackProperties, mostAliases: number) {
    this.link = link;
    this.#limits = limits;
    this.#aliasMaximum = Math.min(limits.topicAliasMaximum ?? 0, mostAliases);
  }

  /** @throws PublishRefusedError for what the broker said it would refuse; then it is not sent. */
  judge(topicName: string, qos: Qos, retain: boolean): void {
    const { maximumQos = 2, retainAvailable } = this.#limits;
    // [MQTT-3.2.2-11], [MQTT-3.2.2-14]
    if (qos > maximumQos) refuse(topicName, reasons.QOS_NOT_SUPPORTED);
    if (retain && retainAvailable === false) refuse(topicName, reasons.RETAIN_NOT_SUPPORTED);
  }

  /** The same for a whole message, its size included. */
  judgeMessage(outgoing: Outgoing, expiry: number): void {
    this.judge(outgoing.topicName, outgoing.qos, outgoing.retain);
    // It has no packet identifier yet, but will have one above QoS 0.
    this.#checkSize(outgoing.topicName, partsOf(outgoing, expiry, outgoing.qos));
  }

  /** Writes a QoS 0 message without properties. @throws PublishRefusedError as `judge`, and for what is too large */
  writePlain(topicName: string, topic: Uint8Array, payload: Uint8Array, retain: boolean): void {
    this.judge(topicName, 0, retain);
    this.#write(topicName, partsOf({ topic, payload, qos: 0, retain, raw: EMPTY_BYTES }, NO_EXPIRY, 0));
  }

  /** Writes `outgoing` under its packet identifier; `flags` is DUP or 0. */
  writeMessage(outgoing: Outgoing, expiry: number, flags: number): void {
    const parts = partsOf(outgoing, expiry, outgoing.packetId);
    parts.firstByte |= flags;
    this.#write(outgoing.topicName, parts);
  }

  /** Sees to the alias. @throws PublishRefusedError for what is larger than the broker takes */
  #write(topicName: string, parts: PublishParts): void {
    const { link } = this;
    const known = this.#aliases.get(topicName);
    if (known !== undefined) {
      parts.alias = known;
      parts.topic = EMPTY_BYTES;
    } else if (this.#aliases.size < this.#aliasMaximum) {
      parts.alias = this.#aliases.size + 1;
      // The first time it makes the packet larger.
      if (link.isTooLarge(parts)) parts.alias = 0;
      else this.#aliases.set(topicName, parts.alias);
    }
    this.#checkSize(topicName, parts);
    link.publish(parts);
  }

  #checkSize(topicName: string, parts: PublishParts): void {
    if (this.link.isTooLarge(parts)) refuse(topicName, reasons.PACKET_TOO_LARGE);
  }
}

function refuse(topicName: string, reasonCode: ReasonCode): never {
  throw new PublishRefusedError(topicName, foreseen(reasonCode));
}

function partsOf(
  { topic, payload, qos, retain, raw }: Pick<Outgoing, "topic" | "payload" | "qos" | "retain" | "raw">,
  expiry: number,
  packetId: number,
): PublishParts {
  const firstByte = 0x30 | (qos << 1) | (retain ? 1 : 0);
  return { firstByte, topic, packetId, expiry, alias: 0, raw, payload };
}
