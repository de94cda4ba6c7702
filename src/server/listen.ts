/** From the listeners' options to transports, and the rule that nobody is exposed by accident. */

import { ConfigError } from "#base";
import { type TransportListener, tcpListener, webSocketListener } from "#transport";

/** Where to listen. Without `host` only this machine can connect. */
export type ListenerOptions =
  | { readonly protocol: "tcp"; readonly port: number; readonly host?: string | readonly string[] }
  | { readonly protocol: "unix"; readonly path: string; readonly mode?: number }
  | {
      readonly protocol: "websocket";
      readonly port: number;
      readonly host?: string | readonly string[];
      /** Default `/mqtt`. */
      readonly path?: string;
      /** Which web pages may connect, by their origin. Default: all. */
      readonly originAllowed?: readonly string[];
    };

/** Room for several packets in one WebSocket message. */
const WEBSOCKET_SLACK_BYTES = 1024 * 1024;

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
  onProblem: (problem: Error) => void,
): TransportListener {
  if (options.protocol === "unix") {
    const mode = options.mode === undefined ? {} : { mode: options.mode };
    return tcpListener({ path: options.path, ...mode, onProblem });
  }
  const { port } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError(
      `${name}.port`,
      `${String(port)} is not allowed; it is a whole number from 0 to 65535.`,
    );
  }
  const host = options.host === undefined ? {} : { host: options.host };
  if (options.protocol === "tcp") return tcpListener({ port, ...host, onProblem });
  return webSocketListener({
    port,
    ...host,
    ...(options.path === undefined ? {} : { path: options.path }),
    ...(options.originAllowed === undefined ? {} : { originAllowed: options.originAllowed }),
    maxMessageBytes: limits.maximumPacketSize + WEBSOCKET_SLACK_BYTES,
    onProblem,
  });
}
