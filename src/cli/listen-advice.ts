/** Why listening failed, said with the options of the command line. */

import type { ListenerOptions } from "#server";
import { ListenError } from "#transport";

/** `error` with a sentence that names the option to change, where the system's error says enough for one. */
export function listenAdvice(error: ListenError, listeners: readonly ListenerOptions[]): ListenError {
  const { cause } = error;
  if (!(cause instanceof Error) || !("code" in cause)) return error;
  const port = "port" in cause && typeof cause.port === "number" ? cause.port : undefined;
  const address = "address" in cause ? String(cause.address) : undefined;
  const listener = listeners.find((each) => each.protocol !== "unix" && each.port === port);
  const { change, what } = wordsFor(listener?.protocol, port);
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

/** The option that sets the port, and what the port is called. */
function wordsFor(
  protocol: ListenerOptions["protocol"] | undefined,
  port: number | undefined,
): { readonly change: string; readonly what: string } {
  switch (protocol) {
    case "websocket":
      return {
        change: "--ws-port, or switch WebSocket off with --no-ws",
        what: `Port ${port} for WebSocket`,
      };
    case "tls":
      return { change: "--tls-port", what: `Port ${port} for TLS` };
    default:
      return { change: "--port", what: `Port ${port}` };
  }
}
