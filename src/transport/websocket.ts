/**
 * MQTT over WebSocket, bare or over TLS: the listeners, and the dialer for Node.
 *
 * A connection may owe a PROXY header, a TLS handshake and an HTTP request before it is a pipe; all of that together has
 * one time limit.
 */

import type { IncomingMessage } from "node:http";
import type { Server, Socket } from "node:net";
import { systemClock } from "#base";
import {
  type Arrival,
  type ArrivalOptions,
  ArrivalStep,
  Arrivals,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
} from "./arrivals.ts";
import { type PortTarget, portTargetOf } from "./bind.ts";
import { failedDial } from "./errors.ts";
import { createFront, peerOfArrival } from "./front.ts";
import { loadWs } from "./lazy-modules.ts";
import { peerAddressOf } from "./peer-address.ts";
import { DEFAULT_GRACE_MS, type OpeningRequest, type Pipe, type TransportListener } from "./pipe.ts";
import { type ProxyOptions, trustedProxiesOf } from "./proxy-trust.ts";
import { type SecureListener, SecureServerListener } from "./secure-listener.ts";
import { ServerListener, type ServerListenerOptions } from "./server-listener.ts";
import type { SocketOptions } from "./socket-options.ts";
import type { TlsCredentials } from "./tls-credentials.ts";
import { TlsHandshakes } from "./tls-handshakes.ts";
import { certificateOf } from "./tls-peer.ts";
import { WebSocketPipe } from "./websocket-pipe.ts";
import { WebSocketUpgrader } from "./websocket-upgrader.ts";
import type { OriginRule, Subprotocol } from "./websocket-wishes.ts";

/** What a WebSocket connection can be told at either end. */
interface WebSocketOptions {
  /**
   * Largest message that is read; a larger one closes the connection. One message may hold several packets, so let it
   * be larger than the largest packet. Default: 16 MiB and 64 KiB.
   */
  readonly maxMessageBytes?: number;
  /** How long `Pipe.end` waits for the peer. Default: 2 seconds. */
  readonly graceMs?: number;
}

/** Where to listen, and for whom. */
export interface WebSocketListenerOptions
  extends PortTarget,
    WebSocketOptions,
    SocketOptions,
    ProxyOptions,
    ArrivalOptions,
    ServerListenerOptions {
  /** Where clients connect; other paths are answered with 404. Default: `/mqtt`. */
  readonly path?: string;
  /**
   * Which web pages may connect, by their origin (`https://example.org`). A list lets in clients that name no origin,
   * since only browsers can be trusted to name it. Default: all.
   */
  readonly originAllowed?: OriginRule;
  /** Largest head of an HTTP request; a larger one is answered with 431. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
}

/** The same over TLS. */
export type SecureWebSocketListenerOptions = WebSocketListenerOptions &
  TlsCredentials & {
    /** As for `tlsListener`. Default: `http/1.1`, which browsers offer. */
    readonly alpn?: readonly string[];
  };

/** Where to, and how. */
export interface WebSocketDialOptions extends WebSocketOptions {
  /** `ws://host:port/mqtt`, or `wss://`. */
  readonly url: string;
  /** How long the opening handshake may take. Default: 10 seconds. */
  readonly handshakeTimeoutMs?: number;
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

const DEFAULT_PATH = "/mqtt";
const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024 + 64 * 1024;
const DEFAULT_MAX_HEADER_BYTES = 16 * 1024;
const ALPN_PROTOCOLS = ["http/1.1"];

/**
 * A listener for WebSocket.
 *
 * @example
 * const listener = webSocketListener({ port: 8083, originAllowed: ["https://example.org"] });
 * const addresses = await listener.start((pipe) => pipe.open(receiver));
 *
 * @throws ConfigError for proxies that are no addresses
 */
export function webSocketListener(options: WebSocketListenerOptions): TransportListener {
  const arrivals = arrivalsOf(options);
  const upgrader = upgraderOf(options, arrivals);
  // What is wrong with the proxies is said before anybody listens.
  trustedProxiesOf(options, "port");
  return new ServerListener(portTargetOf(options), options, {
    kind: "websocket",
    createServer: (accept) =>
      frontOf(options, arrivals, ArrivalStep.WEBSOCKET_HANDSHAKE, (socket, arrival) =>
        upgrader.begin(socket, arrival, (webSocket, request) =>
          accept(
            new WebSocketPipe(webSocket, socket, {
              peer: peerOfArrival(socket, "websocket", arrival),
              openingRequest: openingRequestOf(request),
            }),
          ),
        ),
      ),
    dropUnfinished: () => arrivals.dropAll(),
  });
}

/**
 * A listener for WebSocket over TLS.
 *
 * @example
 * const listener = secureWebSocketListener({ port: 8084, cert: readFileSync("server.pem"), key: readFileSync("server.key") });
 *
 * @throws ConfigError for a certificate or key that cannot be used; its path is the option
 */
export function secureWebSocketListener(options: SecureWebSocketListenerOptions): SecureListener {
  const { alpn = ALPN_PROTOCOLS, handshakeTimeoutMs } = options;
  const arrivals = arrivalsOf(options);
  const upgrader = upgraderOf(options, arrivals);
  const handshakes = new TlsHandshakes(options, { kind: "wss", alpn, handshakeTimeoutMs, arrivals });
  trustedProxiesOf(options, "port");
  const recipe = {
    kind: "wss",
    createServer: (accept: (pipe: Pipe) => void) =>
      frontOf(options, arrivals, ArrivalStep.TLS_HANDSHAKE, (below, arrival) =>
        handshakes.begin(below, arrival, (socket, tlsPeer) =>
          upgrader.begin(socket, arrival, (webSocket, request) =>
            accept(
              new WebSocketPipe(webSocket, socket, {
                peer: tlsPeer.address,
                openingRequest: openingRequestOf(request),
                pskIdentity: tlsPeer.pskIdentity,
                peerCertificate: certificateOf(socket, tlsPeer),
              }),
            ),
          ),
        ),
      ),
    dropUnfinished: () => arrivals.dropAll(),
  } as const;
  return new SecureServerListener(portTargetOf(options), options, recipe, handshakes);
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
      const ws = { ...wsOptionsOf(options), perMessageDeflate: false, handshakeTimeout: handshakeTimeoutMs };
      const handshake = { ...ws, ...tls, headers };
      const webSocket = new (loadWs().WebSocket)(url, [subprotocol], handshake);
      webSocket.once("error", fail);
      webSocket.once("upgrade", ({ socket }) => {
        webSocket.once("open", () => {
          webSocket.off("error", fail);
          const kind = "encrypted" in socket ? "wss" : "websocket";
          resolve(new WebSocketPipe(webSocket, socket, { peer: peerAddressOf(socket, kind) }));
        });
      });
    } catch (error) {
      fail(error);
    }
  });
}

/** Hands each socket on, from the first byte behind a PROXY header. */
function frontOf(
  options: WebSocketListenerOptions,
  arrivals: Arrivals,
  firstStep: ArrivalStep,
  next: (socket: Socket, arrival: Arrival) => void,
): Server {
  const trusted = trustedProxiesOf(options, "port");
  return createFront({ arrivals, socket: options, trusted, firstStep, next });
}

function arrivalsOf(options: WebSocketListenerOptions): Arrivals {
  return new Arrivals(options, systemClock(), (problem) => options.onProblem?.(problem));
}

function upgraderOf(options: WebSocketListenerOptions, arrivals: Arrivals): WebSocketUpgrader {
  const { path = DEFAULT_PATH, originAllowed, maxHeaderBytes = DEFAULT_MAX_HEADER_BYTES } = options;
  const webSocket = wsOptionsOf(options);
  return new WebSocketUpgrader({ path, originAllowed, maxHeaderBytes, webSocket, arrivals });
}

function openingRequestOf({ url = "", headers }: IncomingMessage): OpeningRequest {
  const plain = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return { url, headers: Object.fromEntries(plain) };
}

function wsOptionsOf(options: WebSocketOptions) {
  const { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, graceMs = DEFAULT_GRACE_MS } = options;
  return { maxPayload: maxMessageBytes, closeTimeout: graceMs };
}
