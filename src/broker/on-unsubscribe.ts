/** UNSUBSCRIBE (section 3.10): always answered, one code a filter. What was begun is finished [MQTT-3.10.4-3]. */

import type { Permission } from "#auth";
import { isPromise } from "#base";
import { PacketType, parseTopicFilter, ReasonCode, type UnsubscribePacket } from "#protocol";
import type { Channel } from "./channel.ts";
import { isAllowed } from "./permissions.ts";

export function onUnsubscribe(channel: Channel, packet: UnsubscribePacket): void {
  goOn(channel, packet, []);
}

/** Goes on with the next filter; waits where the gate has to. */
function goOn(channel: Channel, packet: UnsubscribePacket, reasonCodes: ReasonCode[]): void {
  const { mount } = channel;
  const { gate } = channel.core;
  while (reasonCodes.length < packet.topicFilters.length) {
    const written = packet.topicFilters[reasonCodes.length] as string;
    const topicFilter = mount === undefined ? written : mount.filterOf(written);
    const asked = parseTopicFilter(topicFilter)?.filter ?? topicFilter;
    const may = gate.mayUnsubscribe?.(channel.client, asked) ?? true;
    if (isPromise(may)) {
      channel.waitFor(may, (settled) => {
        reasonCodes.push(judged(channel, topicFilter, asked, settled));
        goOn(channel, packet, reasonCodes);
      });
      return;
    }
    reasonCodes.push(judged(channel, topicFilter, asked, may));
  }
  if (channel.phase === "closed") return;
  // [MQTT-3.10.4-4]
  channel.outbound.sendOrClose({
    type: PacketType.UNSUBACK,
    packetId: packet.packetId,
    reasonCodes,
    properties: {},
  });
}

function judged(channel: Channel, topicFilter: string, asked: string, may: Permission): ReasonCode {
  if (channel.phase === "closed") return ReasonCode.UNSPECIFIED_ERROR;
  if (isAllowed(may)) return unsubscribe(channel, topicFilter);
  channel.core.denied(channel.client, "unsubscribe", asked, may);
  return ReasonCode.NOT_AUTHORIZED;
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
