/** UNSUBSCRIBE (section 3.10): always answered, one code a filter. What was begun is finished [MQTT-3.10.4-3]. */

import { PacketType, parseTopicFilter, ReasonCode, type UnsubscribePacket } from "#protocol";
import type { Channel } from "./channel.ts";

export function onUnsubscribe(channel: Channel, packet: UnsubscribePacket): void {
  const reasonCodes = packet.topicFilters.map((topicFilter) => unsubscribe(channel, topicFilter));
  // [MQTT-3.10.4-4]
  channel.sendOrClose({ type: PacketType.UNSUBACK, packetId: packet.packetId, reasonCodes, properties: {} });
}

function unsubscribe(channel: Channel, topicFilter: string): ReasonCode {
  const session = channel.connectedSession;
  const held = session.subscriptions.get(topicFilter); // character by character [MQTT-3.10.4-1]
  if (held === undefined) {
    const isFilter = parseTopicFilter(topicFilter) !== undefined;
    return isFilter ? ReasonCode.NO_SUBSCRIPTION_EXISTED : ReasonCode.TOPIC_FILTER_INVALID;
  }
  session.subscriptions.delete(topicFilter);
  session.withdrawRetained(topicFilter);
  channel.core.tree.remove(held);
  channel.core.durable?.unsubscribe(held);
  channel.core.events.emit("unsubscribed", { clientId: session.clientId, topicFilter });
  return ReasonCode.SUCCESS;
}
