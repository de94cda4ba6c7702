/** UNSUBSCRIBE (3.10). Filters are treated as in SUBSCRIBE. */

import { PacketType, type UnsubscribePacket } from "../packet.ts";
import { unsubscribeScope } from "../property-table.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { readTopicFilter } from "./subscribe.ts";

/** Decodes the body at the reader's cursor. */
export function decodeUnsubscribe(reader: Reader): UnsubscribePacket {
  const packetId = reader.packetId(["MQTT-2.2.1-3", "MQTT-2.3.1-1"]);
  const properties = decodeProperties(reader, unsubscribeScope);
  if (reader.left === 0) throw reader.protocolError("no topic filter", "MQTT-3.10.3-2");
  const topicFilters: string[] = [];
  while (reader.left > 0) topicFilters.push(readTopicFilter(reader));
  return { type: PacketType.UNSUBSCRIBE, packetId, topicFilters, properties };
}
