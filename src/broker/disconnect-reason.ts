/** Why a connection ended, for events, logs and the DISCONNECT that 5.0 clients get. The names are API. */

import { ReasonCode } from "#protocol";

export const disconnectKinds = {
  "client-disconnected": "The client sent DISCONNECT.",
  "connection-closed": "The client closed the connection without DISCONNECT.",
  "connection-lost": "The connection broke.",
  "keep-alive-timeout": "Nothing was heard for one and a half times the Keep Alive.",
  "connect-timeout": "No CONNECT came in time.",
  "decision-timeout": "The gate or a hook did not decide in time.",
  "malformed-packet": "The client sent bytes that are no packet.",
  "protocol-error": "The client broke a rule of the protocol.",
  "connect-refused": "The CONNECT was refused.",
  "session-taken-over": "Another connection took the client id.",
  "authentication-failed": "An enhanced authentication failed.",
  "login-expired": "The client's login was good for a limited time, and it is over.",
  "login-withdrawn": "What let the client in does so no longer.",
  "rate-exceeded": "The client went on sending more than its rates allow.",
  "administrative-action": "The program or an administrator closed the connection.",
  "server-shutting-down": "The broker stops.",
  "internal-error": "A bug in Martlet; it has been logged.",
} as const;

export type DisconnectKind = keyof typeof disconnectKinds;

export interface DisconnectReason {
  readonly kind: DisconnectKind;
  readonly reasonCode: ReasonCode;
  /** One sentence; for wire errors with the violated statement. */
  readonly detail?: string;
  /** With Use another server and Server moved. */
  readonly serverReference?: string;
}

export const takenOver: DisconnectReason = {
  kind: "session-taken-over",
  reasonCode: ReasonCode.SESSION_TAKEN_OVER,
};

export const loginExpired: DisconnectReason = {
  kind: "login-expired",
  reasonCode: ReasonCode.NOT_AUTHORIZED,
};

export const loginWithdrawn: DisconnectReason = {
  kind: "login-withdrawn",
  reasonCode: ReasonCode.NOT_AUTHORIZED,
};

export const shuttingDown: DisconnectReason = {
  kind: "server-shutting-down",
  reasonCode: ReasonCode.SERVER_SHUTTING_DOWN,
};
