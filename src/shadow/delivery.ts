/** A PUBLISH to a client as far as it is compared: not its payload but a hash of it, and only properties that matter. */

import { createHash } from "node:crypto";
import { EMPTY_BYTES, toHex } from "#base";
import type { PublishPacket, PublishProperties } from "#protocol";

export type ServerSide = "old" | "martlet";

export interface Delivery {
  readonly topicName: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly packetId: number;
  readonly payloadBytes: number;
  readonly payloadHash: string;
  /** Canonical, for comparing and showing; empty without properties. */
  readonly properties: string;
  readonly atMs: number;
  /** Its place among those of its topic from the same broker. */
  index: number;
  /** The other broker's. */
  partner: Delivery | undefined;
  /** What the client has said to it: the reason code of its PUBACK or PUBREC. */
  acknowledged: number | undefined;
  /** The client has nothing more to say. */
  isComplete: boolean;
}

/** `topicName` is that of the alias, where the packet has none. */
export function deliveryOf(packet: PublishPacket, topicName: string, atMs: number): Delivery {
  const { qos, retain, packetId, payload } = packet;
  return {
    topicName,
    qos,
    retain,
    packetId,
    payloadBytes: payload.length,
    payloadHash: createHash("sha256").update(payload).digest("hex").slice(0, 32),
    properties: propertiesText(packet.properties),
    atMs,
    index: 0,
    partner: undefined,
    acknowledged: undefined,
    isComplete: false,
  };
}

/** The seconds until a message expires differ by nature: only whether it does counts. An alias is the broker's own affair. */
function propertiesText(properties: PublishProperties): string {
  const {
    payloadFormatIndicator,
    messageExpiryInterval,
    contentType,
    responseTopic,
    correlationData,
    subscriptionIdentifiers = [],
    userProperties = [],
  } = properties;
  const parts: [string, unknown][] = [
    ["payload-format-indicator", payloadFormatIndicator === true ? 1 : undefined],
    ["message-expiry-interval", messageExpiryInterval === undefined ? undefined : "set"],
    ["content-type", contentType],
    ["response-topic", responseTopic],
    ["correlation-data", correlationData === undefined ? undefined : toHex(correlationData ?? EMPTY_BYTES)],
    [
      "subscription-identifier",
      subscriptionIdentifiers.length === 0 ? undefined : subscriptionIdentifiers.toSorted((a, b) => a - b),
    ],
    ["user-property", userProperties.length === 0 ? undefined : userProperties],
  ];
  return parts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(", ");
}

/** Whether they say the same to the client. */
export function sameDelivery(one: Delivery, other: Delivery): boolean {
  return (
    one.payloadHash === other.payloadHash &&
    one.qos === other.qos &&
    one.retain === other.retain &&
    one.properties === other.properties &&
    one.topicName === other.topicName
  );
}

/** `PUBLISH "a/b", QoS 1, retain, 5 bytes, sha256 0123...`. Payloads are not shown: they may be secret. */
export function deliveryText({
  topicName,
  qos,
  retain,
  packetId,
  payloadBytes,
  payloadHash,
  properties,
}: Delivery): string {
  const id = qos === 0 ? "" : `, id ${packetId}`;
  const flag = retain ? ", retain" : "";
  const more = properties === "" ? "" : `, ${properties}`;
  return `PUBLISH ${JSON.stringify(topicName)}, QoS ${qos}${id}${flag}, ${payloadBytes} bytes, sha256 ${payloadHash.slice(0, 16)}${more}`;
}

/** Estimated, for limits. */
export function deliveryWeight({ topicName, properties }: Delivery): number {
  return 2 * (topicName.length + properties.length) + 200;
}
