/** From the listeners' options to transports, and the rule that nobody is exposed by accident. */

import { ConfigError } from "#base";
import {
  type ListenNotice,
  type PipeChoice,
  type TlsCredentials,
  type TransportListener,
  tcpListener,
  tlsListener,
  webSocketListener,
} from "#transport";

interface PortOptions {
  readonly port: number;
  /** One address or name, or several. Default: this machine only. */
  readonly host?: string | readonly string[];
}

interface PipeOptions {
  /** What the connections stand on. Default `auto`: the fastest that is known to work on this version of Node. */
  readonly pipes?: PipeChoice;
}

/** Where to listen. Without `host` only this machine can connect. */
export type ListenerOptions =
  | ({ readonly protocol: "tcp" } & PortOptions & PipeOptions)
  | ({
      readonly protocol: "tls";
      /** Milliseconds that the handshake may take. Default 10,000. */
      readonly handshakeTimeoutMs?: number;
    } & PortOptions &
      TlsCredentials &
      PipeOptions)
  | ({ readonly protocol: "unix"; readonly path: string; readonly mode?: number } & PipeOptions)
  | ({
      readonly protocol: "websocket";
      /** Default `/mqtt`. */
      readonly path?: string;
      /** Which web pages may connect, by their origin. Default: all. */
      readonly originAllowed?: readonly string[];
    } & PortOptions);

/** Where a listener's words go. */
export interface ListenerReports {
  readonly onProblem: (problem: Error) => void;
  readonly onNotice: ListenNotice;
}

/** Room for several packets in one WebSocket message. */
const WEBSOCKET_SLACK_BYTES = 1024 * 1024;
const LONGEST_HANDSHAKE_MS = 3_600_000;

/** Whether only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Whether other machines can reach this listener. */
export function isExposed(options: ListenerOptions): boolean {
  if (options.protocol === "unix" || options.host === undefined) return false;
  return [options.host].flat().some((host) => !isLoopback(host));
}

/**
 * The transport for `options`.
 * @throws ConfigError when a value is not allowed; `path` of the error is `name` and the option
 */
export function listenerFor(
  options: ListenerOptions,
  name: string,
  limits: { readonly maximumPacketSize: number },
  reports: ListenerReports,
): TransportListener {
  if (options.protocol === "unix") {
    const mode = options.mode === undefined ? {} : { mode: options.mode };
    return tcpListener({ path: options.path, ...mode, pipes: pipesOf(options, name), ...reports });
  }
  checkWhole(`${name}.port`, options.port, 0, 65_535);
  const host = options.host === undefined ? {} : { host: options.host };
  const port = { port: options.port, ...host };
  switch (options.protocol) {
    case "tcp":
      return tcpListener({ ...port, pipes: pipesOf(options, name), ...reports });
    case "tls":
      return tlsListenerFor(options, name, reports);
    case "websocket":
      return webSocketListener({
        ...port,
        ...(options.path === undefined ? {} : { path: options.path }),
        ...(options.originAllowed === undefined ? {} : { originAllowed: options.originAllowed }),
        maxMessageBytes: limits.maximumPacketSize + WEBSOCKET_SLACK_BYTES,
        ...reports,
      });
  }
}

function tlsListenerFor(
  options: Extract<ListenerOptions, { protocol: "tls" }>,
  name: string,
  reports: ListenerReports,
): TransportListener {
  const { handshakeTimeoutMs } = options;
  if (handshakeTimeoutMs !== undefined) {
    checkWhole(`${name}.handshakeTimeoutMs`, handshakeTimeoutMs, 1, LONGEST_HANDSHAKE_MS);
  }
  const pipes = pipesOf(options, name);
  try {
    return tlsListener({ ...options, pipes, ...reports });
  } catch (error) {
    throw error instanceof ConfigError ? error.renamed(`${name}.${error.path}`) : error;
  }
}

const pipeChoices: readonly unknown[] = ["auto", "net", "handle"] satisfies PipeChoice[];

/** @throws ConfigError for what is none of the choices */
function pipesOf({ pipes = "auto" }: PipeOptions, name: string): PipeChoice {
  if (pipeChoices.includes(pipes)) return pipes;
  throw new ConfigError(`${name}.pipes`, `${String(pipes)} is not allowed; it is auto, net or handle.`);
}

/** @throws ConfigError unless `value` is a whole number from `lowest` to `highest` */
function checkWhole(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw new ConfigError(
    name,
    `${String(value)} is not allowed; it is a whole number from ${lowest} to ${highest}.`,
  );
}
