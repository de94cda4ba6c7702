/** SUBSCRIBE (3.8) and UNSUBSCRIBE (3.10). 3.x has the QoS only; the other options are 5.0's and stay behind. */

import type { SubscribePacket, SubscriptionRequest, UnsubscribePacket } from "../packet.ts";
import { subscribeScope, unsubscribeScope } from "../property-table.ts";
import { isSharedFilter, topicFilterProblem } from "../topic-filter.ts";
import { ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import { encodeProperties } from "./properties.ts";
import type { Writer } from "./writer.ts";

/** Writes the body. */
export function encodeSubscribe(writer: Writer, packet: SubscribePacket, version: ProtocolVersion): void {
  const { subscriptions, properties } = packet;
  if (subscriptions.length === 0) throw new InvalidPacketError("SUBSCRIBE without a topic filter"); // [MQTT-3.8.3-2]
  if ((properties.subscriptionIdentifiers?.length ?? 0) > 1) {
    throw new InvalidPacketError("SUBSCRIBE with two subscription identifiers");
  }
  writer.packetId(packet.packetId);
  encodeProperties(writer, properties, subscribeScope, version);
  for (const subscription of subscriptions) {
    writeTopicFilter(writer, subscription.topicFilter);
    writer.byte(version === ProtocolVersion.MQTT_5_0 ? subscriptionOptions(subscription) : subscription.qos);
  }
}

/** Writes the body. */
export function encodeUnsubscribe(writer: Writer, packet: UnsubscribePacket, version: ProtocolVersion): void {
  if (packet.topicFilters.length === 0) throw new InvalidPacketError("UNSUBSCRIBE without a topic filter"); // [MQTT-3.10.3-2]
  writer.packetId(packet.packetId);
  encodeProperties(writer, packet.properties, unsubscribeScope, version);
  for (const topicFilter of packet.topicFilters) writeTopicFilter(writer, topicFilter);
}

function writeTopicFilter(writer: Writer, topicFilter: string): void {
  const problem = topicFilterProblem(topicFilter);
  if (problem !== undefined) throw new InvalidPacketError(problem);
  writer.text(topicFilter, "a topic filter");
}

function subscriptionOptions({ topicFilter, qos, noLocal, ...rest }: SubscriptionRequest): number {
  // [MQTT-3.8.3-4]
  if (noLocal && isSharedFilter(topicFilter))
    throw new InvalidPacketError("no local on a shared subscription");
  return qos | (noLocal ? 0x04 : 0) | (rest.retainAsPublished ? 0x08 : 0) | (rest.retainHandling << 4);
}
