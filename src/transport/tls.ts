/**
 * MQTT over TLS: the listener and the dialer.
 *
 * Node's `tls` does every handshake and verifies every certificate; the pipes take over afterwards. A handshake that
 * fails or takes too long is reported with the peer's address. TLS 1.2 is the oldest that is spoken, and nobody
 * renegotiates.
 */

import { once } from "node:events";
import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { type Clock, systemClock } from "#base";
import type { PortTarget } from "./bind.ts";
import { failedDial, PipeError } from "./errors.ts";
import type { HandleIo } from "./handle-io.ts";
import { tryHandles, tryTlsHandles } from "./handle-trial.ts";
import { HandshakeReports } from "./handshake-reports.ts";
import { loadTls } from "./lazy-modules.ts";
import { DEFAULT_GRACE_MS, type Pipe, type TransportListener } from "./pipe.ts";
import { type PipeOptions, ServerListener, type ServerListenerOptions } from "./server-listener.ts";
import { nodeSocketOptions, type SocketOptions } from "./socket-options.ts";
import { secureContextOptions, type TlsCredentials } from "./tls-credentials.ts";
import { TlsHandlePipe } from "./tls-handle-pipe.ts";
import { TlsSocketPipe } from "./tls-socket-pipe.ts";

/** What a TLS connection can be told at either end. */
interface TlsOptions extends SocketOptions {
  /** How long `Pipe.end` waits for the peer. Default: 2 seconds. */
  readonly graceMs?: number;
  /** How long the handshake may take. Default: 10 seconds. */
  readonly handshakeTimeoutMs?: number;
  readonly clock?: Clock;
}

/** Where to listen, and with which certificate. */
export type TlsListenerOptions = PortTarget &
  TlsCredentials &
  TlsOptions &
  PipeOptions &
  ServerListenerOptions;

/** Where to, and how. */
export interface TlsDialOptions extends TlsOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** The name that the server's certificate has to carry. Default: `host`. */
  readonly serverName?: string;
  /** The authorities that may have signed the server's certificate, in PEM form. Default: those that Node knows. */
  readonly ca?: string | Uint8Array;
  /** Our own certificate and its key, in PEM form, for servers that ask for one. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
}

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
const ALPN_PROTOCOLS = ["mqtt"];

/**
 * A listener for MQTT over TLS.
 *
 * @example
 * const listener = tlsListener({ port: 8883, cert: readFileSync("server.pem"), key: readFileSync("server.key") });
 * const addresses = await listener.start((pipe) => pipe.open(receiver));
 *
 * @throws ConfigError for a certificate or key that cannot be used; its path is the option
 */
export function tlsListener(options: TlsListenerOptions): TransportListener {
  const { host, port, pipes = "auto", requireCertificate = false } = options;
  const context = secureContextOptions(options);
  const unfinished = new UnfinishedHandshakes();
  return new ServerListener<Server>(host === undefined ? { port } : { host, port }, options, {
    kind: "tls",
    pipes,
    tryHandles: async (io) => (await tryHandles(io)) ?? (await tryTlsHandles(io, context)),
    createServer(accept, io) {
      const server = loadTls().createServer({
        ...context,
        ...nodeSocketOptions(options),
        requestCert: requireCertificate,
        rejectUnauthorized: requireCertificate,
        handshakeTimeout: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
        ALPNProtocols: ALPN_PROTOCOLS,
      });
      const reports = new HandshakeReports(clockOf(options), (problem) => options.onProblem?.(problem));
      server.on("connection", (socket) => unfinished.add(socket));
      server.on("secureConnection", (socket) => {
        unfinished.remove(socket);
        // Node has seen to it; nobody gets in should that ever change.
        if (requireCertificate && !socket.authorized) socket.destroy();
        else accept(pipeOver(socket, options, io));
      });
      server.on("tlsClientError", (error, socket) => {
        reports.failed(error, socket);
        socket.destroy();
      });
      return server;
    },
    dropUnfinished: () => unfinished.destroyAll(),
  });
}

/** Connects to a port (of 127.0.0.1 unless a `host` is given) over TLS, and verifies the server. Throws `PipeError`. */
export async function connectTls(options: TlsDialOptions): Promise<Pipe> {
  const { host = "127.0.0.1", port, serverName, ca, cert, key } = options;
  const name = `${host} port ${port}`;
  const socket = loadTls().connect({
    host,
    port,
    ...nodeSocketOptions(options),
    minVersion: "TLSv1.2",
    ALPNProtocols: ALPN_PROTOCOLS,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(ca === undefined ? {} : { ca: pem(ca) }),
    ...(cert === undefined ? {} : { cert: pem(cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
  });
  const timeoutMs = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS;
  const cancelTimeout = clockOf(options).schedule(timeoutMs, () =>
    socket.destroy(new PipeError("timed-out", `Cannot connect to ${name}: no answer`)),
  );
  try {
    await once(socket, "secureConnect");
    return pipeOver(socket, options, undefined);
  } catch (error) {
    throw failedDial(name, error);
  } finally {
    cancelTimeout();
  }
}

function pipeOver(socket: TLSSocket, options: TlsOptions, io: HandleIo | undefined): Pipe {
  const home = { clock: clockOf(options), graceMs: options.graceMs ?? DEFAULT_GRACE_MS };
  return io === undefined ? new TlsSocketPipe(socket, home) : new TlsHandlePipe(socket, { ...home, io });
}

function clockOf({ clock = systemClock() }: TlsOptions): Clock {
  return clock;
}

function pem(content: string | Uint8Array): string | Buffer {
  return typeof content === "string" ? content : Buffer.from(content);
}

/** Connections whose handshake has neither succeeded nor failed. */
class UnfinishedHandshakes {
  readonly #sockets = new Map<string, Socket>();

  add(socket: Socket): void {
    const key = keyOf(socket);
    this.#sockets.set(key, socket);
    socket.once("close", () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
    });
  }

  /** `socket` is the secured one over one that was added. */
  remove(socket: TLSSocket): void {
    this.#sockets.delete(keyOf(socket));
  }

  destroyAll(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }
}

/** Node does not say which connection a secured socket stands on, but they have the same ends. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
