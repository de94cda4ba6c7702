/** Why listening failed, said with the options of the command line, or with the keys of the configuration. */

import {
  isMosquittoConf,
  type KeyPath,
  keyText,
  type ListenerConfiguration,
  type Place,
  type Reading,
} from "#config";
import { ListenError } from "#transport";

/** `error` with a sentence that names the option to change, where the system's error says enough for one. */
export function listenAdvice(error: ListenError, reading: Reading): ListenError {
  const { cause } = error;
  if (!(cause instanceof Error) || !("code" in cause)) return error;
  const port = "port" in cause && typeof cause.port === "number" ? cause.port : undefined;
  const address = "address" in cause ? String(cause.address) : undefined;
  const { listeners } = reading.configuration;
  const index = listeners.findIndex((each) => each.protocol !== "unix" && each.port === port);
  const { flag, what } = wordsFor(listeners[index]?.protocol, port);
  const change = keyInFile(reading, index, "port") ?? `with ${flag}`;
  const host = keyInFile(reading, index, "host") ?? "with --host";
  switch (cause.code) {
    case "EADDRINUSE":
      return new ListenError(
        `${what} on ${address} is in use by another program. Stop that one, or choose another port ${change}.`,
        { cause },
      );
    case "EACCES":
      return new ListenError(
        `${what} on ${address} needs rights that this user does not have. Choose a port above 1023 ${change}.`,
        { cause },
      );
    case "EADDRNOTAVAIL":
      return new ListenError(
        `This machine has no address ${address}. Give one of its own ${host}, or 0.0.0.0 for all of them.`,
        { cause },
      );
    case "ENOTFOUND":
    case "EAI_AGAIN": {
      const name = "hostname" in cause ? String(cause.hostname) : `given ${host}`;
      return new ListenError(
        `The host name ${name} has no address. Check its spelling, or give an IP address ${host}.`,
        { cause },
      );
    }
    default:
      return error;
  }
}

/** The key, with its place, when it was not set by an option: those have names that people know better. */
function keyInFile({ placeOf }: Reading, index: number, key: string): string | undefined {
  const path = ["listeners", Math.max(index, 0), key];
  const place = placeOf(path);
  switch (place.kind) {
    case "variable":
      return `with ${place.name}`;
    case "file":
      return inFile(place, path);
    default:
      return undefined;
  }
}

function inFile({ file, line }: Extract<Place, { readonly kind: "file" }>, path: KeyPath): string {
  const where = line === 0 ? `in ${file}` : `in ${file}:${line}`;
  return isMosquittoConf(file) ? where : `${where} (${keyText(path)})`;
}

/** The option that sets the port, and what the port is called. */
function wordsFor(
  protocol: ListenerConfiguration["protocol"] | undefined,
  port: number | undefined,
): { readonly flag: string; readonly what: string } {
  switch (protocol) {
    case "websocket":
      return {
        flag: "--ws-port, or switch WebSocket off with --no-ws",
        what: `Port ${port} for WebSocket`,
      };
    case "tls":
      return { flag: "--tls-port", what: `Port ${port} for TLS` };
    default:
      return { flag: "--port", what: `Port ${port}` };
  }
}
