/** mosquitto 2.0, with sentences of the same kind where it has none. */

import type { BrokerEvents } from "#broker";
import { PacketType, ProtocolVersion, ReasonCode, reasonName } from "#protocol";
import { nameOfClient, peerText, refusesLogin, type Wording } from "./wording.ts";

/** mosquitto's numbers for the versions. */
const versionNumber: Readonly<Record<ProtocolVersion, number>> = {
  [ProtocolVersion.MQTT_3_1]: 1,
  [ProtocolVersion.MQTT_3_1_1]: 2,
  [ProtocolVersion.MQTT_5_0]: 5,
};

export const mosquitto20: Wording = {
  accepted: ({ address }) => `New connection from ${peerText(address)} on port ${address.localPort}.`,

  connected: ({ clientId, userName, protocolVersion, isBridge, cleanStart, keepAliveSeconds, address }) => {
    const what = isBridge ? "bridge" : "client";
    const user = userName === undefined ? "" : `, u'${userName}'`;
    const fields = `p${versionNumber[protocolVersion]}, c${cleanStart ? 1 : 0}, k${keepAliveSeconds}${user}`;
    return `New ${what} connected from ${peerText(address)} as ${clientId} (${fields}).`;
  },

  expired: (clientId) => `Expiring client ${clientId} due to timeout.`,

  ended: endLine,

  received: ({ type, packetId, reasonCode }) => {
    const hasCode = type === PacketType.PUBACK || type === PacketType.PUBCOMP;
    return hasCode ? `Mid: ${packetId}, RC:${reasonCode}` : `Mid: ${packetId}`;
  },

  sent: ({ type, packetId, reasonCode }) => {
    const hasCode = type === PacketType.PUBACK || type === PacketType.PUBREC;
    return hasCode ? `m${packetId}, rc${reasonCode}` : `m${packetId}`;
  },
};

function endLine({ clientId, reason }: BrokerEvents["clientDisconnected"]): string {
  const { kind, reasonCode, detail } = reason;
  const client = nameOfClient(clientId);
  const why = detail === undefined ? "" : ` ${detail}`;
  if (reasonCode === ReasonCode.PACKET_TOO_LARGE) {
    return `Client ${client} disconnected due to oversize packet.${why}`;
  }
  switch (kind) {
    case "client-disconnected":
      return `Client ${client} disconnected.`;
    case "connection-closed":
      return `Client ${client} closed its connection.`;
    case "connection-lost":
      return `Client ${client} lost its connection.${why}`;
    case "keep-alive-timeout":
      return `Client ${client} has exceeded timeout, disconnecting.`;
    case "connect-timeout":
      return `Client ${client} sent no CONNECT in time, disconnecting.`;
    case "decision-timeout":
      return `Client ${client} disconnected, a permission or a hook was not decided in time.`;
    case "malformed-packet":
      return `Client ${client} disconnected due to malformed packet.${why}`;
    case "protocol-error":
      return `Client ${client} disconnected due to protocol error.${why}`;
    case "connect-refused":
      return refusesLogin(reasonCode)
        ? `Client ${client} disconnected, not authorised.${why}`
        : `Client ${client} refused: ${reasonName(reasonCode)}.${why}`;
    case "session-taken-over":
      return `Client ${client} already connected, closing old connection.`;
    case "authentication-failed":
      return `Client ${client} disconnected, not authorised.${why}`;
    case "login-expired":
      return `Client ${client} disconnected, its login has expired.`;
    case "login-withdrawn":
      return `Client ${client} disconnected, its login is no longer good.`;
    case "rate-exceeded":
      return `Client ${client} disconnected, it sends too much.${why}`;
    case "administrative-action":
      return `Client ${client} disconnected by the program.${why}`;
    case "server-shutting-down":
      return `Client ${client} disconnected, the broker stops.`;
    case "internal-error":
      return `Client ${client} disconnected after a bug in Martlet.`;
  }
}
