/**
 * A PUBLISH where it lies: offsets into the received bytes instead of an object a message. HOT.
 *
 *     bytes   … | 3x | remaining length | topic | packet id | properties | payload | …
 *               ^start                   ^topicStart..End     ^..Start..End ^payloadStart   ^end
 *
 * One view is reused by its framer for every PUBLISH; it is valid during the sink's call only. The topic's bytes are not
 * validated here: whoever resolves a topic for the first time calls `checkTopicName`.
 */

import { EMPTY_BYTES } from "#base";
import type { Qos } from "./packet.ts";
import { ProtocolVersion } from "./version.ts";

/** `messageExpiryInterval` of a message that has none. */
export const NO_EXPIRY = -1;

export class PublishView {
  version: ProtocolVersion = ProtocolVersion.MQTT_3_1_1;
  bytes: Uint8Array = EMPTY_BYTES;
  /** Of the whole packet, its fixed header included. */
  start = 0;
  end = 0;
  qos: Qos = 0;
  retain = false;
  dup = false;
  /** Empty when a topic alias stands in for it. */
  topicStart = 0;
  topicEnd = 0;
  /** 0 for QoS 0. */
  packetId = 0;
  /** The properties without their length; empty before 5.0. */
  propertiesStart = 0;
  propertiesEnd = 0;
  payloadStart = 0;
  /** 0 when there is none. */
  topicAlias = 0;
  /** Seconds, or `NO_EXPIRY`. */
  messageExpiryInterval: number = NO_EXPIRY;
  /** The payload claims to be UTF-8 text. */
  payloadFormatIndicator = false;
  /** From a server only: the packet has at least one Subscription Identifier. */
  hasSubscriptionIdentifier = false;
}
