/**
 * SUBSCRIBE (3.8). A filter with misplaced wildcards comes through: the server answers that one filter with a refusal in
 * SUBACK. What is no text, or empty, ends the connection.
 */

import {
  PacketType,
  type Qos,
  type RetainHandling,
  type SubscribePacket,
  type SubscriptionRequest,
} from "../packet.ts";
import { subscribeScope } from "../property-table.ts";
import { isSharedFilter } from "../topic-filter.ts";
import { ProtocolVersion } from "../version.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";

/** Decodes the body at the reader's cursor. */
export function decodeSubscribe(reader: Reader): SubscribePacket {
  const packetId = reader.packetId(["MQTT-2.2.1-3", "MQTT-2.3.1-1"]);
  const properties = decodeProperties(reader, subscribeScope);
  if ((properties.subscriptionIdentifiers?.length ?? 0) > 1) {
    throw reader.protocolError("two subscription identifiers", "U5-3.8.2.1.2");
  }
  if (reader.left === 0) throw reader.protocolError("no topic filter", ["MQTT-3.8.3-2", "MQTT-3.8.3-3"]);
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.left > 0) {
    const topicFilter = readTopicFilter(reader);
    subscriptions.push(
      reader.isVersion5 ? readOptions(reader, topicFilter) : readRequestedQos(reader, topicFilter),
    );
  }
  return { type: PacketType.SUBSCRIBE, packetId, subscriptions, properties };
}

/** A filter of SUBSCRIBE or UNSUBSCRIBE: text of at least one character [MQTT-4.7.3-1]. */
export function readTopicFilter(reader: Reader): string {
  const topicFilter = reader.text("a topic filter");
  if (topicFilter === "") throw reader.protocolError("an empty topic filter", "MQTT-4.7.3-1");
  return topicFilter;
}

function readRequestedQos(reader: Reader, topicFilter: string): SubscriptionRequest {
  const byte = reader.byte("the requested QoS");
  // The upper six bits mean nothing in 3.1.
  const qos = reader.version === ProtocolVersion.MQTT_3_1 ? byte & 3 : byte;
  if (qos > 2) throw reader.malformed(`requested QoS 0x${byte.toString(16)}`, "MQTT-3.8.3-4");
  return { topicFilter, qos: qos as Qos, noLocal: false, retainAsPublished: false, retainHandling: 0 };
}

function readOptions(reader: Reader, topicFilter: string): SubscriptionRequest {
  const options = reader.byte("the subscription options");
  if ((options & 0xc0) !== 0) throw reader.malformed("reserved subscription options are set", "MQTT-3.8.3-5");
  const qos = options & 0x03;
  if (qos === 3) throw reader.protocolError("maximum QoS 3", "U5-3.8.3b");
  const retainHandling = options >> 4;
  if (retainHandling === 3) throw reader.protocolError("retain handling 3", "U5-3.8.3c");
  const noLocal = (options & 0x04) !== 0;
  if (noLocal && isSharedFilter(topicFilter)) {
    throw reader.protocolError("no local on a shared subscription", "MQTT-3.8.3-4");
  }
  return {
    topicFilter,
    qos: qos as Qos,
    noLocal,
    retainAsPublished: (options & 0x08) !== 0,
    retainHandling: retainHandling as RetainHandling,
  };
}
