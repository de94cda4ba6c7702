/** mosquitto 2.1: as 2.0, but every end names the address, in sentences of one form. */

import type { DisconnectKind } from "#broker";
import { ReasonCode, reasonName } from "#protocol";
import { mosquitto20 } from "./mosquitto-2-0.ts";
import { nameOfClient, peerText, refusesLogin, type Wording } from "./wording.ts";

const causes: Readonly<Record<DisconnectKind, string>> = {
  "client-disconnected": "",
  "connection-closed": "connection closed by client",
  "connection-lost": "connection lost",
  "keep-alive-timeout": "exceeded timeout",
  "connect-timeout": "no CONNECT in time",
  "decision-timeout": "a permission or a hook was not decided in time",
  "malformed-packet": "malformed packet",
  "protocol-error": "protocol error",
  "connect-refused": "not authorised",
  "session-taken-over": "session taken over",
  "authentication-failed": "not authorised",
  "login-expired": "its login has expired",
  "login-withdrawn": "its login is no longer good",
  "rate-exceeded": "it sends too much",
  "administrative-action": "administrative action",
  "server-shutting-down": "server shutting down",
  "internal-error": "a bug in Martlet",
};

export const mosquitto21: Wording = {
  ...mosquitto20,

  ended: ({ clientId, address, reason: { kind, reasonCode, detail } }) => {
    const client = `Client ${nameOfClient(clientId)} [${peerText(address)}] disconnected`;
    if (kind === "client-disconnected") return `${client}.`;
    const why = detail === undefined ? "" : ` ${detail}`;
    if (reasonCode === ReasonCode.PACKET_TOO_LARGE) return `${client}: oversize packet.${why}`;
    if (kind === "connect-refused" && !refusesLogin(reasonCode))
      return `${client}: ${reasonName(reasonCode)}.${why}`;
    return `${client}: ${causes[kind]}.${why}`;
  },
};
