/** From the listeners' options to transports, and the rule that nobody is exposed by accident. */

import { ConfigError } from "#base";
import {
  type ArrivalOptions,
  type ListenNotice,
  type OriginRule,
  type PipeChoice,
  type ProxyOptions,
  type SocketFamily,
  secureWebSocketListener,
  type TlsCredentials,
  type TransportListener,
  tcpListener,
  tlsListener,
  webSocketListener,
} from "#transport";

interface CommonOptions extends ProxyOptions, ArrivalOptions {
  /** What rules and the log call it. Default: protocol and port or path, for example `tls:8883`. */
  readonly name?: string;
}

interface PortOptions extends CommonOptions {
  readonly port: number;
  /** One address or name, or several. Default: this machine only. */
  readonly host?: string | readonly string[];
  /** Which addresses of a name are listened on; with `ipv6`, `::` is every address of IPv6 alone. Default `any`. */
  readonly socketFamily?: SocketFamily;
}

interface PipeOptions {
  /** What the connections stand on. Default `auto`: the fastest that is known to work on this version of Node. */
  readonly pipes?: PipeChoice;
}

interface SecureOptions extends TlsCredentials {
  /**
   * The names of the protocol in ALPN; who offers others only is refused. Empty: what clients offer does not matter.
   * Default: `mqtt`; for `wss` `http/1.1`.
   */
  readonly alpn?: readonly string[];
}

interface UnixOptions extends CommonOptions {
  readonly path: string;
  /** Rights of the socket's file, for example `0o660`. Default: what the process's umask leaves. */
  readonly mode?: number;
  /** Group of the socket's file, by number or name. Default: the process's. */
  readonly group?: number | string;
}

interface WebSocketOptions extends PortOptions {
  /** Default `/mqtt`. */
  readonly path?: string;
  /**
   * Which web pages may connect, by their origin. Default: where only this machine can connect, pages of this machine; elsewhere
   * all.
   */
  readonly originAllowed?: readonly string[];
  /** Largest head of the HTTP request that opens a connection. Default 16,384. */
  readonly maxHeaderBytes?: number;
}

/** Where to listen. Without `host` only this machine can connect. */
export type ListenerOptions =
  | ({ readonly protocol: "tcp" } & PortOptions & PipeOptions)
  | ({ readonly protocol: "tls" } & PortOptions & SecureOptions & PipeOptions)
  | ({ readonly protocol: "unix" } & UnixOptions & PipeOptions)
  | ({ readonly protocol: "websocket" } & WebSocketOptions)
  | ({ readonly protocol: "wss" } & WebSocketOptions & SecureOptions);

/** Where a listener's words go. */
export interface ListenerReports {
  readonly onProblem: (problem: Error) => void;
  readonly onNotice: ListenNotice;
}

/** Room for several packets in one WebSocket message. */
const WEBSOCKET_SLACK_BYTES = 1024 * 1024;
const LONGEST_HANDSHAKE_MS = 3_600_000;
const MOST_UNFINISHED = 1_000_000;
const LARGEST_HEADER_BYTES = 1024 * 1024;
/** RFC 7301. */
const LONGEST_ALPN_NAME = 255;

/** Whether only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Whether other machines can reach this listener, be it through a proxy. */
export function isExposed(options: ListenerOptions): boolean {
  if (options.proxyProtocol === true) return true;
  if (options.protocol === "unix" || options.host === undefined) return false;
  return [options.host].flat().some((host) => !isLoopback(host));
}

/** A browser on this machine connects for any page it shows, so pages of others are kept from what is for this machine only. */
function originRule(options: WebSocketOptions & { readonly protocol: "websocket" | "wss" }): OriginRule {
  if (options.originAllowed !== undefined) return options.originAllowed;
  return isExposed(options as ListenerOptions) ? () => true : isOwnPage;
}

/** Programs that are no browsers say nothing of an origin. */
function isOwnPage(origin: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname.replace(/^\[(.*)\]$/, "$1"));
}

/** What rules and the log call this listener. */
export function listenerName(options: ListenerOptions): string {
  const { name, protocol } = options;
  return name ?? `${protocol}:${options.protocol === "unix" ? options.path : options.port}`;
}

/**
 * The transport for `options`.
 * @param at where they stand, for example `listeners[0]`
 * @throws ConfigError when a value is not allowed; `path` of the error is `at` and the option
 */
export function listenerFor(
  options: ListenerOptions,
  at: string,
  limits: { readonly maximumPacketSize: number },
  reports: ListenerReports,
): TransportListener {
  checkProtocol(options.protocol, at);
  checkNumbers(options, at);
  try {
    return transportFor(options, at, limits, reports);
  } catch (error) {
    throw error instanceof ConfigError && !error.path.startsWith(`${at}.`)
      ? error.renamed(`${at}.${error.path}`)
      : error;
  }
}

function transportFor(
  options: ListenerOptions,
  at: string,
  limits: { readonly maximumPacketSize: number },
  reports: ListenerReports,
): TransportListener {
  const maxMessageBytes = limits.maximumPacketSize + WEBSOCKET_SLACK_BYTES;
  switch (options.protocol) {
    case "tcp":
    case "unix":
      return tcpListener({ ...options, pipes: pipesOf(options, at), ...reports });
    case "tls":
      checkAlpn(options, at);
      return tlsListener({ ...options, pipes: pipesOf(options, at), ...reports });
    case "websocket":
      checkWebSocket(options, at);
      return webSocketListener({
        ...options,
        originAllowed: originRule(options),
        maxMessageBytes,
        ...reports,
      });
    case "wss":
      checkAlpn(options, at);
      checkWebSocket(options, at);
      return secureWebSocketListener({
        ...options,
        originAllowed: originRule(options),
        maxMessageBytes,
        ...reports,
      });
  }
}

/** @throws ConfigError */
function checkProtocol(protocol: unknown, at: string): void {
  if (protocols.includes(protocol)) return;
  throw new ConfigError(
    `${at}.protocol`,
    `${shown(protocol)} is not allowed; it is tcp, tls, unix, websocket or wss.`,
  );
}

/** @throws ConfigError */
function checkNumbers(options: ListenerOptions, at: string): void {
  const { handshakeTimeoutMs, maxUnfinished } = options;
  if (options.protocol !== "unix") {
    checkWhole(`${at}.port`, options.port, 0, 65_535);
    const { socketFamily = "any" } = options;
    if (!socketFamilies.includes(socketFamily)) {
      const name = `${at}.socketFamily`;
      throw new ConfigError(name, `${socketFamily} is not allowed; it is any, ipv4 or ipv6.`);
    }
  }
  if (handshakeTimeoutMs !== undefined) {
    checkWhole(`${at}.handshakeTimeoutMs`, handshakeTimeoutMs, 1, LONGEST_HANDSHAKE_MS);
  }
  if (maxUnfinished !== undefined) checkWhole(`${at}.maxUnfinished`, maxUnfinished, 1, MOST_UNFINISHED);
}

/** @throws ConfigError */
function checkWebSocket({ path, maxHeaderBytes }: WebSocketOptions, at: string): void {
  if (path !== undefined && !/^\/[^?#\s]*$/.test(path)) {
    throw new ConfigError(
      `${at}.path`,
      `"${path}" is no path; give one such as /mqtt, without a question mark.`,
    );
  }
  if (maxHeaderBytes !== undefined) {
    checkWhole(`${at}.maxHeaderBytes`, maxHeaderBytes, 1, LARGEST_HEADER_BYTES);
  }
}

/** @throws ConfigError */
function checkAlpn({ alpn = [] }: SecureOptions, at: string): void {
  const wrong = alpn.findIndex((name) => name.length === 0 || Buffer.byteLength(name) > LONGEST_ALPN_NAME);
  if (wrong === -1) return;
  throw new ConfigError(
    `${at}.alpn[${wrong}]`,
    `a name in ALPN has from 1 to ${LONGEST_ALPN_NAME} bytes; give one such as mqtt.`,
  );
}

const protocols: readonly unknown[] = [
  "tcp",
  "tls",
  "unix",
  "websocket",
  "wss",
] satisfies ListenerOptions["protocol"][];
const socketFamilies: readonly unknown[] = ["any", "ipv4", "ipv6"] satisfies SocketFamily[];
const pipeChoices: readonly unknown[] = ["auto", "net", "handle"] satisfies PipeChoice[];

/** @throws ConfigError for what is none of the choices */
function pipesOf({ pipes = "auto" }: PipeOptions, at: string): PipeChoice {
  if (pipeChoices.includes(pipes)) return pipes;
  throw new ConfigError(`${at}.pipes`, `${String(pipes)} is not allowed; it is auto, net or handle.`);
}

/** @throws ConfigError unless `value` is a whole number from `lowest` to `highest` */
function checkWhole(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw new ConfigError(
    name,
    `${shown(value)} is not allowed; it is a whole number from ${lowest} to ${highest}.`,
  );
}

/** A text in quotes, so that "1883" is not taken for the number. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
