/**
 * A broker that somebody else started, reached by its address, in real time. Cases that need other options than the
 * broker happens to have are not supported here.
 */

import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "ws";
import { ConfigError, MartletError } from "#base";
import { type Link, realPace } from "./link.ts";
import type { BrokerUnderTest, ConformanceTarget, Needs } from "./target.ts";

export interface UrlTargetOptions {
  /** Where the broker listens for WebSocket, when `url` is something else. */
  readonly webSocketUrl?: string;
  /** Certificates are not verified; for brokers under test with certificates of their own. */
  readonly insecure?: boolean;
}

const DIAL_TIMEOUT_MS = 10_000;
const TIMERS_LATE_MS = 12_000;

/**
 * A target at `mqtt://`, `mqtts://`, `ws://` or `wss://`, or at a Unix socket, `unix:/path`.
 *
 * @example
 * const outcomes = await runConformance(urlTarget("mqtt://127.0.0.1:1883"));
 */
export function urlTarget(url: string, options: UrlTargetOptions = {}): ConformanceTarget {
  if (!URL.canParse(url)) throw new ConfigError("url", `"${url}" is no URL such as mqtt://127.0.0.1:1883`);
  const streamUrl = new URL(url);
  const ownWebSocket = streamUrl.protocol === "ws:" || streamUrl.protocol === "wss:" ? url : undefined;
  const webSocketUrl = options.webSocketUrl ?? ownWebSocket;
  const insecure = options.insecure === true;
  const broker: BrokerUnderTest = {
    pace: realPace,
    timersLateMs: TIMERS_LATE_MS,
    fresh: false,
    async open(transport) {
      if (transport === "webSocket" || ownWebSocket !== undefined) {
        return await openWebSocket(webSocketUrl ?? url, insecure);
      }
      return await openStream(streamUrl, insecure);
    },
    release: async () => undefined,
  };
  return {
    name: url,
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

function dial(url: URL, insecure: boolean): { socket: Socket; ready: string } {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  switch (url.protocol) {
    case "mqtt:":
    case "tcp:":
      return { socket: connectPlain({ host, port: Number(url.port || 1883) }), ready: "connect" };
    case "mqtts:":
    case "tls:": {
      const port = Number(url.port || 8883);
      const socket = connectTls({ host, port, servername: host, rejectUnauthorized: !insecure });
      return { socket, ready: "secureConnect" };
    }
    case "unix:":
      return { socket: connectPlain({ path: url.pathname }), ready: "connect" };
    default:
      throw new ConfigError("url", `${url.protocol}// is not known; use mqtt, mqtts, ws, wss or unix`);
  }
}

function cannotReach(url: string, cause: unknown): MartletError {
  return new MartletError("MARTLET_STATE", `The broker at ${url} cannot be reached`, { cause });
}

async function openStream(url: URL, insecure: boolean): Promise<Link> {
  const { socket, ready } = dial(url, insecure);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(cannotReach(url.href, undefined)), DIAL_TIMEOUT_MS);
    socket.once(ready, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(cannotReach(url.href, error));
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

async function openWebSocket(url: string, insecure: boolean): Promise<Link> {
  const socket = new WebSocket(url, "mqtt", {
    handshakeTimeout: DIAL_TIMEOUT_MS,
    perMessageDeflate: false,
    rejectUnauthorized: !insecure,
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
