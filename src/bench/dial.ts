/**
 * From the address of a broker to connections, many of them.
 *
 * A host name is looked up once. From one address a machine has some 28,000 ports to one broker, and ports of ended
 * connections rest for a minute: on Linux, loads with many connections to 127.0.0.1 come from many addresses of the
 * loopback network.
 */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { ConfigError, utf8Encode } from "#base";
import { connectWebSocket } from "#transport";
import { BenchError } from "./errors.ts";
import { dialSocket, type TlsWishes, type Wire } from "./load-socket.ts";
import { reasonOf } from "./problems.ts";
import type { BenchTarget } from "./target.ts";

const EXAMPLE = "such as mqtt://127.0.0.1:1883, mqtts://, ws://, wss:// or unix:/path";
const schemes: ReadonlySet<string> = new Set([
  "mqtt:",
  "tcp:",
  "mqtts:",
  "tls:",
  "ssl:",
  "ws:",
  "wss:",
  "unix:",
]);
const secureSchemes: ReadonlySet<string> = new Set(["mqtts:", "tls:", "ssl:"]);
const DIAL_TIMEOUT_MS = 10_000;
const SPREAD_ADDRESSES = 250;

export interface Credentials {
  readonly userName?: string;
  readonly password?: Uint8Array;
}

/** Connects to one broker, again and again. */
export interface Dialer {
  /** The address without user and password, for reports. */
  readonly name: string;
  readonly credentials: Credentials;
  /** Rejects with what the transport says. */
  dial(): Promise<Wire>;
  /** Connections that do not stand yet will not. */
  cancel(): void;
}

/** What connections are for. */
export interface DialWishes {
  /** They come from many addresses, where that is possible. */
  readonly spread: boolean;
  /** Latency is what matters: see `SocketTarget`. */
  readonly takesTurns: boolean;
}

/**
 * @throws ConfigError for what is no address of a broker; BenchError when its host has none
 */
export async function dialerFor(target: BenchTarget, wishes: DialWishes): Promise<Dialer> {
  const url = readUrl(target.url);
  const credentials = credentialsOf(url, target);
  url.username = "";
  url.password = "";
  const pending = new Set<Wire>();
  return {
    name: url.href,
    credentials,
    dial: await dialOf(url, target, wishes, pending),
    cancel() {
      for (const wire of pending) wire.destroy();
    },
  };
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new ConfigError("url", `"${text}" is no URL ${EXAMPLE}.`);
  if (!schemes.has(url.protocol)) {
    throw new ConfigError("url", `${url.protocol} is not known; give a URL ${EXAMPLE}.`);
  }
  if (url.protocol === "unix:" ? url.pathname === "" : url.hostname === "") {
    throw new ConfigError("url", `"${text}" names no host; give a URL ${EXAMPLE}.`);
  }
  return url;
}

function credentialsOf(url: URL, target: BenchTarget): Credentials {
  const userName = target.userName ?? (url.username === "" ? undefined : decodeURIComponent(url.username));
  const password = target.password ?? (url.password === "" ? undefined : decodeURIComponent(url.password));
  return {
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password: utf8Encode(password) }),
  };
}

async function dialOf(
  url: URL,
  target: BenchTarget,
  { spread, takesTurns }: DialWishes,
  pending: Set<Wire>,
): Promise<() => Promise<Wire>> {
  const timeoutMs = DIAL_TIMEOUT_MS;
  switch (url.protocol) {
    case "unix:": {
      const path = decodeURIComponent(url.pathname);
      return () => dialSocket({ path, timeoutMs, takesTurns }, pending);
    }
    case "ws:":
    case "wss:":
      return () => connectWebSocket({ url: url.href, tls: target.tls ?? {}, handshakeTimeoutMs: timeoutMs });
    default: {
      const host = await addressOf(url);
      const isSecure = secureSchemes.has(url.protocol);
      const socket = {
        host,
        port: Number(url.port || (isSecure ? 8883 : 1883)),
        timeoutMs,
        takesTurns,
        ...(isSecure ? { tls: tlsOf(url, target) } : {}),
      };
      if (!spread || !isLoopback(host)) return () => dialSocket(socket, pending);
      let dials = 0;
      return () => {
        const localAddress = `127.0.1.${1 + (dials++ % SPREAD_ADDRESSES)}`;
        return dialSocket({ ...socket, localAddress }, pending);
      };
    }
  }
}

function tlsOf(url: URL, { tls = {} }: BenchTarget): TlsWishes {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    rejectUnauthorized: tls.rejectUnauthorized !== false,
    // Server Name Indication is for names only.
    ...(isIP(host) === 0 ? { servername: host } : {}),
  };
}

/** Whether any address of 127.0.0.0/8 can connect to `host`. */
function isLoopback(host: string): boolean {
  return process.platform === "linux" && host.startsWith("127.");
}

async function addressOf(url: URL): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new BenchError("unreachable", `The broker at ${url.href} cannot be reached: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}
