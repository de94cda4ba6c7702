/** The old broker: its address, and connections to it whose two halves end one by one, as a client's do. */

import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { type Clock, ConfigError } from "#base";
import { PipeError } from "#transport";

export interface UpstreamOptions {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  /** PEM: the authorities that its certificate is verified with, instead of those of the system. */
  readonly ca?: string | undefined;
  /** Verify nothing. Default false. */
  readonly insecure?: boolean | undefined;
}

export interface Upstream {
  /** For people, for example `old.example.org port 1883`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** A socket that connects, or says on `error` why not. */
  dial(clock: Clock, timeoutMs: number): Socket;
  /** What the socket emits once bytes can go through. */
  readonly readyEvent: "connect" | "secureConnect";
}

const PLAIN_PORT = 1883;
const SECURE_PORT = 8883;
const plainSchemes: ReadonlySet<string> = new Set(["mqtt:", "tcp:"]);
const secureSchemes: ReadonlySet<string> = new Set(["mqtts:", "tls:", "ssl:"]);

/** @throws ConfigError for what is no such URL */
export function upstreamOf({ url, ca, insecure = false }: UpstreamOptions): Upstream {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isSecure = parsed !== undefined && secureSchemes.has(parsed.protocol);
  if (parsed === undefined || parsed.hostname === "" || !(isSecure || plainSchemes.has(parsed.protocol)))
    throw new ConfigError(
      "--upstream",
      `"${url}" is not allowed; give mqtt://host:1883 or mqtts://host:8883.`,
    );
  if (parsed.username !== "" || parsed.password !== "")
    throw new ConfigError("--upstream", "user and password have no place here: each client brings its own.");
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  const port = Number(parsed.port || (isSecure ? SECURE_PORT : PLAIN_PORT));
  const name = `${host} port ${port}`;
  const target = { host, port, noDelay: true, allowHalfOpen: true };
  const open = (): Socket =>
    isSecure
      ? connectSecure({
          ...target,
          minVersion: "TLSv1.2",
          rejectUnauthorized: !insecure,
          ...(ca === undefined ? {} : { ca }),
          // Server Name Indication is for names only.
          ...(isIP(host) === 0 ? { servername: host } : {}),
        })
      : connect(target);
  const readyEvent = isSecure ? "secureConnect" : "connect";
  return {
    name,
    host,
    port,
    readyEvent,
    dial(clock, timeoutMs) {
      const socket = open();
      const cancel = clock.schedule(timeoutMs, () =>
        socket.destroy(new PipeError("timed-out", `Cannot connect to ${name}: no answer`)),
      );
      socket.once(readyEvent, cancel);
      socket.once("close", cancel);
      return socket;
    },
  };
}
