/**
 * MQTT over WebSocket: the listener, an HTTP server that upgrades on one path, and the dialer for Node.
 *
 * What is not an MQTT upgrade gets one plain sentence and is closed. Compression is off: it costs hundreds of kilobytes
 * a connection. TLS is not done here.
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { PortTarget } from "./bind.ts";
import { failedDial } from "./errors.ts";
import { loadHttp, loadWs } from "./lazy-modules.ts";
import { DEFAULT_GRACE_MS, type Pipe, type TransportListener } from "./pipe.ts";
import { ServerListener, type ServerListenerOptions } from "./server-listener.ts";
import { nodeSocketOptions, type SocketOptions } from "./socket-options.ts";
import { WebSocketPipe } from "./websocket-pipe.ts";

/** What a WebSocket connection can be told at either end. */
interface WebSocketOptions {
  /**
   * Largest message that is read; a larger one closes the connection. One message may hold several packets, so let it
   * be larger than the largest packet. Default: 16 MiB and 64 KiB.
   */
  readonly maxMessageBytes?: number;
  /** How long `Pipe.end` waits for the peer. Default: 2 seconds. */
  readonly graceMs?: number;
  /** How long the opening handshake may take. Default: 10 seconds. */
  readonly handshakeTimeoutMs?: number;
}

/** Where to listen, and for whom. */
export interface WebSocketListenerOptions
  extends PortTarget,
    WebSocketOptions,
    SocketOptions,
    ServerListenerOptions {
  /** Where clients connect; other paths are answered with 404. Default: `/mqtt`. */
  readonly path?: string;
  /**
   * Which web pages may connect, by their origin (`https://example.org`). A list lets in clients that name no origin,
   * since only browsers can be trusted to name it. Default: all.
   */
  readonly originAllowed?: readonly string[] | ((origin: string | undefined) => boolean);
}

/** Where to, and how. */
export interface WebSocketDialOptions extends WebSocketOptions {
  /** `ws://host:port/mqtt`, or `wss://`. */
  readonly url: string;
  /** `mqttv3.1` is for old brokers. */
  readonly subprotocol?: Subprotocol;
  /** Sent with the handshake, for example a token for a proxy. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * For `wss://`: by which authorities and under which name the server's certificate is verified, or that it is not; and the
   * client's own certificate. In PEM form.
   */
  readonly tls?: {
    readonly ca?: string;
    readonly servername?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

/** In order of preference. */
const SUBPROTOCOLS = ["mqtt", "mqttv3.1"] as const;
type Subprotocol = (typeof SUBPROTOCOLS)[number];

const DEFAULT_PATH = "/mqtt";
const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024 + 64 * 1024;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/** How late a handshake's timeout may be noticed. */
const HANDSHAKE_SWEEP_MS = 1_000;

/**
 * A listener for WebSocket.
 *
 * @example
 * const listener = webSocketListener({ port: 8083, originAllowed: ["https://example.org"] });
 * const addresses = await listener.start((pipe) => pipe.open(receiver));
 */
export function webSocketListener(options: WebSocketListenerOptions): TransportListener {
  const { host, port } = options;
  return new ServerListener<Server>(host === undefined ? { port } : { host, port }, options, {
    kind: "websocket",
    createServer: (accept) => createUpgradingServer(options, accept),
    dropUnfinished: (server) => server.closeAllConnections(),
  });
}

/** Connects to a WebSocket server, as a client in Node. Throws `PipeError`. */
export function connectWebSocket(options: WebSocketDialOptions): Promise<Pipe> {
  const {
    url,
    subprotocol = "mqtt",
    headers = {},
    tls = {},
    handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS,
  } = options;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(failedDial(url, error));
    try {
      const handshake = { ...wsOptionsOf(options), ...tls, headers, handshakeTimeout: handshakeTimeoutMs };
      const webSocket = new (loadWs().WebSocket)(url, [subprotocol], handshake);
      webSocket.once("error", fail);
      webSocket.once("upgrade", ({ socket }) => {
        webSocket.once("open", () => {
          webSocket.off("error", fail);
          resolve(new WebSocketPipe(webSocket, socket));
        });
      });
    } catch (error) {
      fail(error);
    }
  });
}

function createUpgradingServer(options: WebSocketListenerOptions, accept: (pipe: Pipe) => void): Server {
  const { path = DEFAULT_PATH, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
  const upgrader = new (loadWs().WebSocketServer)({
    ...wsOptionsOf(options),
    noServer: true,
    clientTracking: false,
    // [MQTT-6.0.0-4]; `refusalOf` has seen that one of them is offered.
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  const server = loadHttp().createServer(
    {
      ...nodeSocketOptions(options),
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: HANDSHAKE_SWEEP_MS,
    },
    (request, response) => answerPlainHttp(path, request, response),
  );
  server.on("upgrade", (request, socket, head) => {
    const refusal = refusalOf(request, path, options.originAllowed);
    if (refusal === undefined) {
      upgrader.handleUpgrade(request, socket, head, (webSocket) =>
        accept(new WebSocketPipe(webSocket, request.socket)),
      );
    } else refuse(socket, refusal);
  });
  return server;
}

function wsOptionsOf(options: WebSocketOptions) {
  const { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, graceMs = DEFAULT_GRACE_MS } = options;
  return { maxPayload: maxMessageBytes, closeTimeout: graceMs, perMessageDeflate: false };
}

interface Refusal {
  readonly status: number;
  readonly sentence: string;
}

/** Why an upgrade is not for us; `ws` judges the rest of the handshake. */
function refusalOf(
  request: IncomingMessage,
  path: string,
  originAllowed: WebSocketListenerOptions["originAllowed"],
): Refusal | undefined {
  if (pathOf(request) !== path) return notFound(path);
  if (!isOriginAllowed(request.headers.origin, originAllowed)) {
    return { status: 403, sentence: "Pages of this origin may not connect here." };
  }
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!SUBPROTOCOLS.some((name) => offered.includes(name))) {
    // [MQTT-6.0.0-3]
    return { status: 400, sentence: "Offer the WebSocket subprotocol mqtt." };
  }
  return undefined;
}

function isOriginAllowed(
  origin: string | undefined,
  allowed: WebSocketListenerOptions["originAllowed"],
): boolean {
  if (allowed === undefined) return true;
  if (typeof allowed === "function") return allowed(origin);
  return origin === undefined || allowed.includes(origin);
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "";
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

function notFound(path: string): Refusal {
  return { status: 404, sentence: `There is nothing here; MQTT over WebSocket is at ${path}.` };
}

function refuse(socket: Duplex, { status, sentence }: Refusal): void {
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  const body = `${sentence}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${loadHttp().STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function answerPlainHttp(path: string, request: IncomingMessage, response: ServerResponse): void {
  const { status, sentence } =
    pathOf(request) === path || pathOf(request) === "/"
      ? {
          status: 426,
          sentence: `This port speaks MQTT over WebSocket at ${path}; connect with an MQTT client.`,
        }
      : notFound(path);
  response.writeHead(status, {
    connection: "close",
    "content-type": "text/plain; charset=utf-8",
    ...(status === 426 && { upgrade: "websocket" }),
  });
  response.end(`${sentence}\n`);
}
