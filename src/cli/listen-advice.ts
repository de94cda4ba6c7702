/** Why listening failed, said with the options of the command line. */

import type { ListenerOptions } from "#server";
import { ListenError } from "#transport";

/** `error` with a sentence that names the option to change, where the system's error says enough for one. */
export function listenAdvice(error: ListenError, listeners: readonly ListenerOptions[]): ListenError {
  const { cause } = error;
  if (!(cause instanceof Error) || !("code" in cause)) return error;
  const port = "port" in cause && typeof cause.port === "number" ? cause.port : undefined;
  const address = "address" in cause ? String(cause.address) : undefined;
  const isWebSocket = listeners.some((each) => each.protocol === "websocket" && each.port === port);
  const change = isWebSocket ? "--ws-port, or switch WebSocket off with --no-ws" : "--port";
  const what = isWebSocket ? `Port ${port} for WebSocket` : `Port ${port}`;
  switch (cause.code) {
    case "EADDRINUSE":
      return new ListenError(
        `${what} on ${address} is in use by another program. Stop that one, or choose another port with ${change}.`,
        { cause },
      );
    case "EACCES":
      return new ListenError(
        `${what} on ${address} needs rights that this user does not have. Choose a port above 1023 with ${change}.`,
        { cause },
      );
    case "EADDRNOTAVAIL":
      return new ListenError(
        `This machine has no address ${address}. Give one of its own with --host, or 0.0.0.0 for all of them.`,
        { cause },
      );
    case "ENOTFOUND":
    case "EAI_AGAIN": {
      const name = "hostname" in cause ? String(cause.hostname) : "given with --host";
      return new ListenError(
        `The host name ${name} has no address. Check its spelling, or give an IP address with --host.`,
        { cause },
      );
    }
    default:
      return error;
  }
}
