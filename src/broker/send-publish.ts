/**
 * A PUBLISH on its way to one client: whether it fits, and its bytes straight into the output. HOT.
 */

import { copyBytes, EMPTY_BYTES } from "#base";
import {
  fixedHeaderSize,
  NO_EXPIRY,
  NO_PROPERTIES,
  ProtocolVersion,
  publishPropertiesLength,
  publishRemainingLength,
  type Qos,
  writePublishHead,
  writePublishProperties,
} from "#protocol";
import type { Channel } from "./channel.ts";
import { type Message, NEVER } from "./message.ts";
import { LARGE_PAYLOAD } from "./output.ts";
import type { PublishRun } from "./publish-run.ts";
import type { DeliveryTerms } from "./route.ts";
import { tracePublish } from "./trace.ts";

/** Whether the packet stays within the client's Maximum Packet Size. */
export function fits(channel: Channel, message: Message, terms: DeliveryTerms, qos: Qos): boolean {
  if (channel.maximumPacketSize === Number.POSITIVE_INFINITY) return true;
  const remaining = remainingLength(channel, message, terms, qos, message.topic.bytes.length, 0);
  return fixedHeaderSize(remaining) + remaining <= channel.maximumPacketSize;
}

/** Writes the PUBLISH; it is permitted and fits. `packetId` is 0 for QoS 0. */
export function sendPublish(
  channel: Channel,
  message: Message,
  terms: DeliveryTerms,
  qos: Qos,
  packetId: number,
  dup: boolean,
): void {
  const { output } = channel.connection;
  const retain = terms.isRetained || (terms.retainAsPublished && message.retain);
  const firstByte = 0x30 | (dup ? 0x08 : 0) | (qos << 1) | (retain ? 0x01 : 0);
  let topic = message.topic.bytes;
  let alias = 0;
  if (channel.aliasesOut !== undefined) {
    alias = channel.aliasesOut.known(message.topic);
    if (alias !== 0) topic = EMPTY_BYTES;
    else alias = channel.aliasesOut.assign(message.topic);
    // The alias that teaches makes the packet longer; leave it out when that would be too long.
    if (topic.length > 0 && alias !== 0 && channel.maximumPacketSize !== Number.POSITIVE_INFINITY) {
      const remaining = remainingLength(channel, message, terms, qos, topic.length, alias);
      if (fixedHeaderSize(remaining) + remaining > channel.maximumPacketSize) {
        channel.aliasesOut.withdraw(message.topic);
        alias = 0;
      }
    }
  }
  const remaining = remainingLength(channel, message, terms, qos, topic.length, alias);
  const payloadLength = message.payloadEnd - message.payloadStart;
  const isShared = payloadLength >= LARGE_PAYLOAD;
  const size = fixedHeaderSize(remaining) + remaining;
  let at = output.reserve(isShared ? size - payloadLength : size);
  const { slab } = output;
  at = writePublishHead(slab, at, firstByte, remaining, topic, packetId);
  if (channel.isVersion5) {
    const expiry = message.remainingExpiry(channel.core.now());
    const ids = terms.subscriptionIdentifiers;
    const length = publishPropertiesLength(expiry, alias, ids, message.properties.length);
    at = writePublishProperties(slab, at, length, expiry, alias, ids, message.properties);
  }
  if (isShared) {
    output.advance(at);
    output.appendShared(message.keep().payload);
  } else output.advance(copyBytes(slab, at, message.bytes, message.payloadStart, message.payloadEnd));
  const { metrics, trace } = channel.core;
  metrics.packetsSent++;
  metrics.publishSent++;
  metrics.publishBytesSent += payloadLength;
  if (trace !== undefined) tracePublish(channel, trace, message, { qos, retain, packetId, dup });
}

/** Hands over a run of QoS 0 messages whose bytes are what this client would get; returns false if they are not. HOT. */
export function sendRun(channel: Channel, run: PublishRun, terms: DeliveryTerms): boolean {
  if (run.version !== channel.version && (run.version === ProtocolVersion.MQTT_5_0 || channel.isVersion5))
    return false;
  if (!terms.isPlain || channel.aliasesOut !== undefined || run.largestPacket > channel.maximumPacketSize)
    return false;
  channel.connection.output.append(run.bytes, run.start, run.end);
  const { metrics } = channel.core;
  metrics.packetsSent += run.count;
  metrics.publishSent += run.count;
  metrics.publishBytesSent += run.payloadBytes;
  return true;
}

function remainingLength(
  channel: Channel,
  message: Message,
  terms: DeliveryTerms,
  qos: Qos,
  topicLength: number,
  alias: number,
): number {
  const payloadLength = message.payloadEnd - message.payloadStart;
  if (!channel.isVersion5) return publishRemainingLength(topicLength, qos > 0, NO_PROPERTIES, payloadLength);
  const expiry = message.expiresAt === NEVER ? NO_EXPIRY : 0;
  const properties = publishPropertiesLength(
    expiry,
    alias,
    terms.subscriptionIdentifiers,
    message.properties.length,
  );
  return publishRemainingLength(topicLength, qos > 0, properties, payloadLength);
}
