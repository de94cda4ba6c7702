/**
 * The HTTP side of MQTT over WebSocket: an HTTP server that never listens. Sockets are given to it; it upgrades those that ask
 * for MQTT on the one path, and answers everything else with one plain sentence. Compression is off: it costs hundreds of
 * kilobytes a connection.
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { type Arrival, ArrivalStep, type Arrivals } from "./arrivals.ts";
import { loadHttp, loadWs } from "./lazy-modules.ts";
import { type OriginRule, SUBPROTOCOLS } from "./websocket-wishes.ts";

export interface UpgraderOptions {
  readonly path: string;
  readonly originAllowed: OriginRule | undefined;
  readonly maxHeaderBytes: number;
  /** What `ws` is told of messages. */
  readonly webSocket: { readonly maxPayload: number; readonly closeTimeout: number };
  readonly arrivals: Arrivals;
}

/** Takes a connection on that has been upgraded. */
export type OnUpgraded = (webSocket: WebSocket, request: IncomingMessage) => void;

interface Begun {
  readonly arrival: Arrival;
  readonly onUpgraded: OnUpgraded;
}

/** Origins are as long as their pages want. */
const LONGEST_ORIGIN_SHOWN = 100;

export class WebSocketUpgrader {
  readonly #options: UpgraderOptions;
  readonly #server: Server;
  readonly #begun = new WeakMap<Socket, Begun>();

  constructor(options: UpgraderOptions) {
    this.#options = options;
    const { path, arrivals, maxHeaderBytes } = options;
    const upgrader = new (loadWs().WebSocketServer)({
      ...options.webSocket,
      perMessageDeflate: false,
      noServer: true,
      clientTracking: false,
      // [MQTT-6.0.0-4]; `refusalOf` has seen that one of them is offered.
      handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
    });
    // `arrivals` is the one that ends what takes too long.
    this.#server = loadHttp().createServer({ maxHeaderSize: maxHeaderBytes }, (request, response) =>
      answerPlainHttp(path, request, response),
    );
    this.#server.on("upgrade", (request, socket, head) => {
      const begun = this.#begun.get(request.socket);
      const refusal = this.#refusalOf(request, begun?.arrival);
      if (begun === undefined || refusal !== undefined) {
        refuse(socket, refusal ?? notFound(path));
        return;
      }
      upgrader.handleUpgrade(request, socket, head, (webSocket) => {
        arrivals.remove(begun.arrival);
        begun.onUpgraded(webSocket, request);
      });
    });
  }

  /** Waits for a request on `socket`, from which nothing has been read but a PROXY header. */
  begin(socket: Socket, arrival: Arrival, onUpgraded: OnUpgraded): void {
    arrival.step = ArrivalStep.WEBSOCKET_HANDSHAKE;
    this.#begun.set(socket, { arrival, onUpgraded });
    // Whoever has read the PROXY header has paused it.
    if (socket.isPaused()) socket.resume();
    this.#server.emit("connection", socket);
  }

  /** Why an upgrade is not for us; `ws` judges the rest of the handshake. */
  #refusalOf(request: IncomingMessage, arrival: Arrival | undefined): Refusal | undefined {
    const { path, originAllowed, arrivals } = this.#options;
    if (!isServed(path, request)) return notFound(path);
    const { origin } = request.headers;
    if (!isOriginAllowed(origin, originAllowed)) {
      const shown = origin === undefined ? "none" : JSON.stringify(origin.slice(0, LONGEST_ORIGIN_SHOWN));
      if (arrival !== undefined) arrivals.tell(arrival, `its origin is not allowed: ${shown}`);
      return { status: 403, sentence: "Pages of this origin may not connect here." };
    }
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!SUBPROTOCOLS.some((name) => offered.includes(name))) {
      // [MQTT-6.0.0-3]
      return { status: 400, sentence: "Offer the WebSocket subprotocol mqtt." };
    }
    return undefined;
  }
}

interface Refusal {
  readonly status: number;
  readonly sentence: string;
}

function isOriginAllowed(origin: string | undefined, allowed: OriginRule | undefined): boolean {
  if (allowed === undefined) return true;
  if (typeof allowed === "function") return allowed(origin);
  return origin === undefined || allowed.includes(origin);
}

/** The path that stands for every path, as mosquitto serves them. */
const ANY_PATH = "/*";

function isServed(path: string, request: IncomingMessage): boolean {
  return path === ANY_PATH || pathOf(request) === path;
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
    isServed(path, request) || pathOf(request) === "/"
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
