/**
 * A broker that somebody else started, reached by its address, in real time. Cases that need other options than the
 * broker happens to have are not supported here.
 */

import { connect as connectPlain, isIP, type Socket } from "node:net";
import { ConfigError, describeError, utf8Encode } from "#base";
import { PipeError } from "#transport";
import { type Link, realPace } from "./link.ts";
import type { BrokerUnderTest, ConformanceTarget, Credentials, Needs } from "./target.ts";

export interface UrlTargetOptions {
  /** Where the broker listens for WebSocket, when `url` is something else. */
  readonly webSocketUrl?: string;
  /** The user to connect as; the URL may name it too, `mqtt://user:password@host`. */
  readonly userName?: string;
  readonly password?: string;
  /** PEM: the authorities that the broker's certificate is verified with, instead of those of the system. */
  readonly ca?: string;
  /** PEM: the client's own certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Certificates are not verified; for brokers under test with certificates of their own. */
  readonly insecure?: boolean;
}

const DIAL_TIMEOUT_MS = 10_000;
const TIMERS_LATE_MS = 12_000;

const streamSchemes: ReadonlySet<string> = new Set(["mqtt:", "tcp:", "mqtts:", "tls:", "ssl:", "unix:"]);
const webSocketSchemes: ReadonlySet<string> = new Set(["ws:", "wss:"]);

/**
 * A target at `mqtt://`, `mqtts://`, `ws://` or `wss://`, or at a Unix socket, `unix:/path`.
 *
 * @throws ConfigError for what is no such URL
 * @example
 * const outcomes = await runConformance(urlTarget("mqtt://127.0.0.1:1883"));
 */
export function urlTarget(url: string, options: UrlTargetOptions = {}): ConformanceTarget {
  const { address, credentials } = readUrl(url, options);
  const isWebSocket = webSocketSchemes.has(address.protocol);
  const webSocketUrl = options.webSocketUrl ?? (isWebSocket ? address.href : undefined);
  if (options.webSocketUrl !== undefined) {
    const given = URL.canParse(options.webSocketUrl) ? new URL(options.webSocketUrl).protocol : "";
    if (!webSocketSchemes.has(given)) {
      throw new ConfigError(
        "webSocketUrl",
        `"${options.webSocketUrl}" is no URL such as ws://127.0.0.1/mqtt.`,
      );
    }
  }
  const broker: BrokerUnderTest = {
    pace: realPace,
    timersLateMs: TIMERS_LATE_MS,
    fresh: false,
    ...(credentials === undefined ? {} : { credentials }),
    async open(transport) {
      if (transport === "webSocket" || isWebSocket) return await openWebSocket(webSocketUrl ?? url, options);
      return await openStream(address, options);
    },
    release: async () => undefined,
  };
  return {
    name: address.href,
    async prepare(needs: Needs) {
      if (needs.broker !== undefined) {
        return { notSupported: `needs a broker with ${Object.keys(needs.broker).join(", ")}` };
      }
      if (needs.virtualTime === true) return { notSupported: "takes too long in real time" };
      if (needs.webSocket === true && webSocketUrl === undefined) {
        return { notSupported: "needs the address of a WebSocket listener" };
      }
      return broker;
    },
  };
}

/** The address without its user, so that no report shows a password. */
function readUrl(url: string, options: UrlTargetOptions): { address: URL; credentials?: Credentials } {
  const example = "such as mqtt://127.0.0.1:1883, mqtts://, ws://, wss:// or unix:/path";
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined) throw new ConfigError("url", `"${url}" is no URL ${example}.`);
  if (!streamSchemes.has(address.protocol) && !webSocketSchemes.has(address.protocol)) {
    throw new ConfigError("url", `${address.protocol} is not known; give a URL ${example}.`);
  }
  if (address.protocol === "unix:" ? address.pathname === "" : address.hostname === "") {
    throw new ConfigError("url", `"${url}" names no host; give a URL ${example}.`);
  }
  const userName =
    options.userName ?? (address.username === "" ? undefined : decodeURIComponent(address.username));
  const password =
    options.password ?? (address.password === "" ? undefined : decodeURIComponent(address.password));
  address.username = "";
  address.password = "";
  if (userName === undefined && password === undefined) return { address };
  const credentials = {
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password: utf8Encode(password) }),
  };
  return { address, credentials };
}

function tlsOptions({ ca, cert, key, insecure }: UrlTargetOptions) {
  return {
    rejectUnauthorized: insecure !== true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** TLS and WebSocket are loaded by who needs them: a list of the cases does not. */
async function dial(url: URL, options: UrlTargetOptions): Promise<{ socket: Socket; ready: string }> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  switch (url.protocol) {
    case "unix:":
      return { socket: connectPlain({ path: decodeURIComponent(url.pathname) }), ready: "connect" };
    case "mqtts:":
    case "tls:":
    case "ssl:": {
      const port = Number(url.port || 8883);
      // Server Name Indication is for names only.
      const name = isIP(host) === 0 ? { servername: host } : {};
      const { connect: connectTls } = await import("node:tls");
      return {
        socket: connectTls({ host, port, ...name, ...tlsOptions(options) }),
        ready: "secureConnect",
      };
    }
    default:
      return { socket: connectPlain({ host, port: Number(url.port || 1883) }), ready: "connect" };
  }
}

function cannotReach(url: string, cause: unknown): PipeError {
  const why = describeError(cause) || "nobody answers";
  return new PipeError("refused", `The broker at ${url} cannot be reached: ${why}`, { cause });
}

async function openStream(url: URL, options: UrlTargetOptions): Promise<Link> {
  const { socket, ready } = await dial(url, options);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    const late = (): void => {
      const message = `The broker at ${url.href} did not take the connection within ${DIAL_TIMEOUT_MS / 1000} seconds`;
      socket.destroy(new PipeError("timed-out", message));
    };
    const timer = setTimeout(late, DIAL_TIMEOUT_MS);
    socket.once(ready, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error instanceof PipeError ? error : cannotReach(url.href, error));
    });
  });
  // From here on an error is one way of being closed.
  socket.on("error", () => undefined);
  return {
    listen(onBytes, onClosed) {
      socket.on("data", onBytes);
      socket.on("close", onClosed);
      socket.on("end", onClosed);
    },
    send: (bytes) => void socket.write(bytes),
    destroy: () => void socket.destroy(),
  };
}

async function openWebSocket(url: string, options: UrlTargetOptions): Promise<Link> {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(url, "mqtt", {
    handshakeTimeout: DIAL_TIMEOUT_MS,
    perMessageDeflate: false,
    ...tlsOptions(options),
  });
  // Frames that come with the end of the handshake must find a listener.
  const early: Uint8Array[] = [];
  let receive = (bytes: Uint8Array): void => void early.push(bytes);
  socket.on("message", (message) => receive(new Uint8Array(message as Buffer)));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (error) => reject(cannotReach(url, error)));
  });
  socket.on("error", () => undefined);
  return {
    subprotocol: socket.protocol,
    listen(onBytes, onClosed) {
      receive = onBytes;
      for (const bytes of early.splice(0)) onBytes(bytes);
      socket.on("close", onClosed);
    },
    send: (bytes) => socket.send(bytes),
    sendTextFrame: (content) => socket.send(content),
    sendByteFrames(bytes) {
      for (const byte of bytes) socket.send(Uint8Array.of(byte));
    },
    destroy: () => socket.terminate(),
  };
}
