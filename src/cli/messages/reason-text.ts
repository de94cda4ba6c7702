/** What a broker's refusal is called: in the words of mosquitto's tools, with what one could do about it. */

import { ConnectionLostError, ConnectRefusedError } from "#client";
import { ProtocolVersion, ReasonCode, reasonName } from "#protocol";
import { portOf } from "./dial.ts";
import { parseProxy } from "./proxy-option.ts";
import { type MessageSettings, ToolStatus, UsageError } from "./settings.ts";

/** The lines for standard error, and the status that the tool ends with. */
export interface Failure {
  readonly lines: readonly string[];
  readonly status: number;
}

const CONNECTION_LOST_STATUS = 7;

/** The return codes of 3.1 and 3.1.1, and what mosquitto calls them. */
const returnCodes: Readonly<Record<number, readonly [code: number, words: string]>> = {
  [ReasonCode.UNSUPPORTED_PROTOCOL_VERSION]: [1, "unacceptable protocol version."],
  [ReasonCode.CLIENT_IDENTIFIER_NOT_VALID]: [2, "identifier rejected."],
  [ReasonCode.SERVER_UNAVAILABLE]: [3, "broker unavailable."],
  [ReasonCode.BAD_USER_NAME_OR_PASSWORD]: [4, "bad user name or password."],
  [ReasonCode.NOT_AUTHORIZED]: [5, "not authorised."],
};

/** The return code of CONNACK as the broker sent it. */
export function connackCode(reasonCode: number, version: ProtocolVersion): number {
  return version === ProtocolVersion.MQTT_5_0 ? reasonCode : (returnCodes[reasonCode]?.[0] ?? reasonCode);
}

/** `Not authorized` */
export function reasonText(reasonCode: number): string {
  const special = spelling[reasonCode];
  if (special !== undefined) return special;
  const name = reasonName(reasonCode);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const spelling: Readonly<Record<number, string>> = {
  [ReasonCode.MALFORMED_PACKET]: "Malformed Packet",
  [ReasonCode.PROTOCOL_ERROR]: "Protocol Error",
  [ReasonCode.UNSUPPORTED_PROTOCOL_VERSION]: "Unsupported Protocol Version",
  [ReasonCode.CLIENT_IDENTIFIER_NOT_VALID]: "Client Identifier not valid",
  [ReasonCode.BAD_USER_NAME_OR_PASSWORD]: "Bad User Name or Password",
  [ReasonCode.KEEP_ALIVE_TIMEOUT]: "Keep Alive timeout",
  [ReasonCode.TOPIC_FILTER_INVALID]: "Topic Filter invalid",
  [ReasonCode.TOPIC_NAME_INVALID]: "Topic Name invalid",
  [ReasonCode.PACKET_IDENTIFIER_IN_USE]: "Packet Identifier in use",
  [ReasonCode.PACKET_IDENTIFIER_NOT_FOUND]: "Packet Identifier not found",
  [ReasonCode.RECEIVE_MAXIMUM_EXCEEDED]: "Receive Maximum exceeded",
  [ReasonCode.TOPIC_ALIAS_INVALID]: "Topic Alias invalid",
  [ReasonCode.QOS_NOT_SUPPORTED]: "QoS not supported",
  [ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED]: "Shared Subscriptions not supported",
  [ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED]: "Subscription Identifiers not supported",
  [ReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED]: "Wildcard Subscriptions not supported",
};

/** Why there is no connection, or no longer one. */
export function failureOf(error: unknown, settings: MessageSettings): Failure {
  if (error instanceof UsageError) return { lines: [error.message], status: ToolStatus.FAILED };
  if (error instanceof ConnectRefusedError) return refusal(error, settings);
  const code = systemCode(error);
  if (code === "ECONNRESET" || code === "EPIPE") return lost(lostWords(settings));
  const words = code === undefined ? undefined : systemWords(code, error, settings);
  if (words !== undefined) return { lines: words, status: ToolStatus.FAILED };
  if (error instanceof ConnectionLostError && error.source !== "timeout") {
    const why = error.source === "server" ? error.message : lostWords(settings);
    return lost(why);
  }
  return {
    lines: [`Error: ${error instanceof Error ? error.message : String(error)}`],
    status: ToolStatus.FAILED,
  };
}

function lost(why: string): Failure {
  return { lines: ["Error: The connection was lost.", why], status: CONNECTION_LOST_STATUS };
}

function refusal(error: ConnectRefusedError, settings: MessageSettings): Failure {
  const { reasonCode, connack } = error;
  const isVersion5 = settings.version === ProtocolVersion.MQTT_5_0;
  const older = returnCodes[reasonCode]?.[1] ?? "unknown reason.";
  const words = isVersion5 ? reasonText(reasonCode) : `Connection Refused: ${older}`;
  const said = connack.properties.reasonString;
  const hint = refusalHint(reasonCode, settings);
  return {
    lines: [
      `Connection error: ${words}`,
      ...(said === undefined ? [] : [`The broker says: ${said}`]),
      ...(hint === undefined ? [] : [hint]),
    ],
    status: connackCode(reasonCode, settings.version),
  };
}

function refusalHint(reasonCode: number, { userName, clientId }: MessageSettings): string | undefined {
  switch (reasonCode) {
    case ReasonCode.BAD_USER_NAME_OR_PASSWORD:
    case ReasonCode.NOT_AUTHORIZED:
      return userName === undefined
        ? "No user name was given; -u and -P give one and its password."
        : `The password of ${userName} is wrong, or this user may not connect.`;
    case ReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
      return "Another version of MQTT may be understood: -V 5, -V 311 or -V 31.";
    case ReasonCode.CLIENT_IDENTIFIER_NOT_VALID:
      return clientId === undefined
        ? undefined
        : `The broker does not take the client identifier ${clientId}; -i gives another.`;
    default:
      return undefined;
  }
}

function lostWords({ isTls }: MessageSettings): string {
  return isTls
    ? "The broker closed it. The port may be one without TLS, or the broker asks for a certificate (--cert, --key)."
    : "The broker closed it. If the port is one for TLS, add --cafile or --tls-use-os-certs.";
}

function systemWords(code: string, error: unknown, settings: MessageSettings): string[] | undefined {
  const { host, transport, path } = settings;
  const proxy = settings.proxy === undefined ? undefined : parseProxy(settings.proxy);
  const peer = proxy ?? { host, port: portOf(settings) };
  const place = transport === "unix" ? path : `${peer.host} port ${peer.port}`;
  switch (code) {
    case "ECONNREFUSED":
      return [
        "Error: Connection refused",
        `Nobody listens on ${place}. Is the ${proxy === undefined ? "broker" : "proxy"} running there?`,
      ];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["Unable to connect (Lookup error.).", `There is no host ${lookedUp(error) ?? host}.`];
    case "ENOENT":
      return ["Error: No such file or directory", `There is no socket ${place}.`];
    case "EACCES":
      return ["Error: Permission denied", `This user may not connect to ${place}.`];
    case "ETIMEDOUT":
      return ["Error: Connection timed out", `${place} does not answer.`];
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return ["Error: Host is unreachable", `There is no way to ${place}.`];
    case "EADDRNOTAVAIL":
      return [
        "Error: Cannot assign requested address",
        "This machine does not have the address that -A gives.",
      ];
    case "EPROTO":
      return ["Error: A TLS error occurred.", `${place} does not speak TLS, or none that fits.`];
    default:
      return isTlsCode(code) ? ["Error: A TLS error occurred.", tlsWords(code, error)] : undefined;
  }
}

function isTlsCode(code: string): boolean {
  return /^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_)/.test(code);
}

function tlsWords(code: string, error: unknown): string {
  const cause = deepest(error);
  // OpenSSL's own sentence, without its place in the source.
  const words = "reason" in cause && typeof cause.reason === "string" ? cause.reason : cause.message;
  if (/^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) {
    return `The broker's certificate is not signed by an authority that is trusted (${words}). --cafile names one.`;
  }
  return words;
}

/** The system's code, from the error or what caused it. */
function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && !at.code.startsWith("MARTLET_")) return at.code;
  }
  return undefined;
}

/** The name that was not found: the broker's or the proxy's. */
function lookedUp(error: unknown): string | undefined {
  const cause = deepest(error);
  return "hostname" in cause && typeof cause.hostname === "string" ? cause.hostname : undefined;
}

function deepest(error: unknown): Error {
  let at = error as Error;
  while (at.cause instanceof Error) at = at.cause;
  return at;
}
