/**
 * A PUBLISH on its way to one client: whether it fits, and its bytes straight into the output. HOT.
 */

import { copyBytes, EMPTY_BYTES } from "#base";
import {
  fixedHeaderSize,
  LARGEST_PACKET_SIZE,
  NO_EXPIRY,
  NO_PROPERTIES,
  publishPropertiesLength,
  publishRemainingLength,
  type Qos,
  writePublishHead,
  writePublishProperties,
} from "#protocol";
import { type Message, NEVER } from "./message.ts";
import type { Outbound } from "./outbound.ts";
import { LARGE_PAYLOAD } from "./output.ts";
import type { DeliveryTerms } from "./route.ts";
import { tracePublish } from "./trace.ts";

/** Whether the packet stays within the client's Maximum Packet Size, whatever alias it gets. */
export function fits(outbound: Outbound, message: Message, terms: DeliveryTerms, qos: Qos): boolean {
  if (outbound.maximumPacketSize === LARGEST_PACKET_SIZE) return true;
  return packetSize(outbound, message, terms, qos, 0) <= outbound.maximumPacketSize;
}

/** Writes the PUBLISH; it is permitted and fits. `packetId` is 0 for QoS 0. */
export function sendPublish(
  outbound: Outbound,
  message: Message,
  terms: DeliveryTerms,
  qos: Qos,
  packetId: number,
  dup: boolean,
): void {
  const { core, output, aliases, isVersion5, mount } = outbound;
  const retain = terms.isRetained || (terms.retainAsPublished && message.retain);
  const firstByte = 0x30 | (dup ? 0x08 : 0) | (qos << 1) | (retain ? 0x01 : 0);
  let topic = mount === undefined ? message.topic.bytes : mount.nameOf(message.topic);
  let alias = 0;
  if (aliases !== undefined) {
    alias = aliases.known(message.topic);
    if (alias !== 0) topic = EMPTY_BYTES;
    // Retained messages of a new subscription come once: an alias would be wasted on them.
    else if (!terms.isRetained) alias = assignAlias(outbound, message, terms, qos);
  }
  const ids = terms.subscriptionIdentifiers;
  const expiry = message.expiresAt === NEVER ? NO_EXPIRY : message.remainingExpiry(core.now());
  const propertiesLength = isVersion5
    ? publishPropertiesLength(expiry, alias, ids, message.properties.length)
    : NO_PROPERTIES;
  const payloadLength = message.payloadEnd - message.payloadStart;
  const remaining = publishRemainingLength(topic.length, packetId !== 0, propertiesLength, payloadLength);
  const size = fixedHeaderSize(remaining) + remaining;

  const isShared = payloadLength >= LARGE_PAYLOAD;
  let at = output.reserve(isShared ? size - payloadLength : size);
  const { slab } = output;
  at = writePublishHead(slab, at, firstByte, remaining, topic, packetId);
  if (isVersion5) {
    at = writePublishProperties(slab, at, propertiesLength, expiry, alias, ids, message.properties);
  }
  if (isShared) {
    output.advance(at);
    output.appendShared(message.keep().payload);
  } else output.advance(copyBytes(slab, at, message.bytes, message.payloadStart, message.payloadEnd));
  const { metrics, trace } = core;
  metrics.packetsSent++;
  metrics.publishSent++;
  metrics.publishBytesSent += payloadLength;
  if (trace !== undefined) tracePublish(outbound, trace, message, { qos, retain, packetId, dup });
}

/** An alias for a topic that has none yet; 0 when all are taken, or when the packet that teaches it would be too large. */
function assignAlias(outbound: Outbound, message: Message, terms: DeliveryTerms, qos: Qos): number {
  const alias = outbound.aliases?.assign(message.topic) ?? 0;
  if (alias === 0 || packetSize(outbound, message, terms, qos, alias) <= outbound.maximumPacketSize)
    return alias;
  outbound.aliases?.withdraw(message.topic);
  return 0;
}

/** Bytes of the whole packet with its topic spelt out. */
function packetSize(
  outbound: Outbound,
  message: Message,
  terms: DeliveryTerms,
  qos: Qos,
  alias: number,
): number {
  const expiry = message.expiresAt === NEVER ? NO_EXPIRY : 0;
  const ids = terms.subscriptionIdentifiers;
  const propertiesLength = outbound.isVersion5
    ? publishPropertiesLength(expiry, alias, ids, message.properties.length)
    : NO_PROPERTIES;
  const payloadLength = message.payloadEnd - message.payloadStart;
  const topicLength =
    message.topic.bytes.length - (outbound.mount === undefined ? 0 : outbound.mount.sizeBytes);
  const remaining = publishRemainingLength(topicLength, qos > 0, propertiesLength, payloadLength);
  return fixedHeaderSize(remaining) + remaining;
}
