/** mosquitto 1.5: addresses without ports, no protocol versions, and one sentence for every end that is not orderly. */

import { mosquitto20 } from "./mosquitto-2-0.ts";
import { nameOfClient, type Wording } from "./wording.ts";

export const mosquitto15: Wording = {
  accepted: ({ address }) =>
    `New connection from ${address.remoteAddress || address.transport} on port ${address.localPort}.`,

  connected: ({ clientId, userName, isBridge, cleanStart, keepAliveSeconds, address }) => {
    const what = isBridge ? "bridge" : "client";
    const user = userName === undefined ? "" : `, u'${userName}'`;
    const from = address.remotePort === 0 ? address.transport : address.remoteAddress;
    return `New ${what} connected from ${from} as ${clientId} (c${cleanStart ? 1 : 0}, k${keepAliveSeconds}${user}).`;
  },

  expired: (clientId) => `Expiring persistent client ${clientId} due to timeout.`,

  ended: (ended) => {
    switch (ended.reason.kind) {
      case "client-disconnected":
      case "keep-alive-timeout":
      case "session-taken-over":
      case "server-shutting-down":
        return mosquitto20.ended(ended);
      default:
        return `Socket error on client ${nameOfClient(ended.clientId)}, disconnecting.`;
    }
  },

  received: ({ packetId }) => `Mid: ${packetId}`,
  sent: ({ packetId }) => `Mid: ${packetId}`,
};
