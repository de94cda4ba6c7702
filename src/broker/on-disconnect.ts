/** DISCONNECT from the client (section 3.14). */

import { type DisconnectPacket, ProtocolError, ReasonCode } from "#protocol";
import type { Channel } from "./channel.ts";

export function onDisconnect(channel: Channel, packet: DisconnectPacket): void {
  const { session } = channel;
  const { sessionExpiryInterval } = packet.properties;
  if (session !== undefined && sessionExpiryInterval !== undefined) {
    if (sessionExpiryInterval > 0 && !channel.connectedWithExpiry) {
      throw new ProtocolError("DISCONNECT revives a session that CONNECT gave no expiry.", "U5-3.14.2.2.2b");
    }
    session.expiryInterval = Math.min(sessionExpiryInterval, channel.settings.maximumSessionExpiryInterval);
  }
  // Only the normal disconnection removes the will [MQTT-3.14.4-3]; 0x04 and every error leave it to be published.
  if (session !== undefined && packet.reasonCode === ReasonCode.NORMAL_DISCONNECTION)
    session.will = undefined;
  const detail =
    packet.properties.reasonString === undefined ? {} : { detail: packet.properties.reasonString };
  channel.close({ kind: "client-disconnected", reasonCode: packet.reasonCode, ...detail });
}
