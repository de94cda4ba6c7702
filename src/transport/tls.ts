/**
 * MQTT over TLS: the listener and the dialer.
 *
 * Node's `tls` does every handshake and verifies every certificate; the pipes take over afterwards. A handshake that
 * fails or takes too long is reported with the peer's address. TLS 1.2 is the oldest that is spoken, and nobody
 * renegotiates.
 */

import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "#base";
import { type ArrivalOptions, ArrivalStep, Arrivals, DEFAULT_HANDSHAKE_TIMEOUT_MS } from "./arrivals.ts";
import { type PortTarget, portTargetOf } from "./bind.ts";
import { failedDial, PipeError } from "./errors.ts";
import { createFront } from "./front.ts";
import type { HandleIo } from "./handle-io.ts";
import { tryHandles, tryTlsHandles } from "./handle-trial.ts";
import { loadTls } from "./lazy-modules.ts";
import { peerAddressOf } from "./peer-address.ts";
import { DEFAULT_GRACE_MS, type Pipe } from "./pipe.ts";
import { type ProxyOptions, trustedProxiesOf } from "./proxy-trust.ts";
import { type SecureListener, SecureServerListener } from "./secure-listener.ts";
import type { PipeOptions, ServerListenerOptions } from "./server-listener.ts";
import { nodeSocketOptions, type SocketOptions } from "./socket-options.ts";
import type { TlsCredentials } from "./tls-credentials.ts";
import { TlsHandlePipe } from "./tls-handle-pipe.ts";
import { TlsHandshakes } from "./tls-handshakes.ts";
import type { TlsPeer } from "./tls-peer.ts";
import { TlsSocketPipe } from "./tls-socket-pipe.ts";

/** What a TLS connection can be told at either end. */
interface TlsOptions extends SocketOptions {
  /** How long `Pipe.end` waits for the peer. Default: 2 seconds. */
  readonly graceMs?: number;
  readonly clock?: Clock;
}

/** Where to listen, and with which certificate. */
export type TlsListenerOptions = PortTarget &
  TlsCredentials &
  TlsOptions &
  PipeOptions &
  ProxyOptions &
  ArrivalOptions &
  ServerListenerOptions & {
    /**
     * The names of the protocol in ALPN. Who offers other names only is refused; who offers none is not. An empty list:
     * what clients offer does not matter. Default: `mqtt`.
     */
    readonly alpn?: readonly string[];
  };

/** Where to, and how. */
export interface TlsDialOptions extends TlsOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** How long the handshake may take. Default: 10 seconds. */
  readonly handshakeTimeoutMs?: number;
  /** The name that the server's certificate has to carry. Default: `host`. */
  readonly serverName?: string;
  /** The authorities that may have signed the server's certificate, in PEM form. Default: those that Node knows. */
  readonly ca?: string | Uint8Array;
  /** Our own certificate and its key, in PEM form, for servers that ask for one. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** False: any name in the server's certificate will do; its authority still has to be one of those. Default true. */
  readonly verifyName?: boolean;
  /** A pre-shared key instead of certificates. Needs TLS 1.2, so nothing newer is spoken then. */
  readonly psk?: { readonly identity: string; readonly key: Uint8Array };
  /** The oldest version that is spoken. Default: TLS 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** In OpenSSL's words. Default: Node's, and with `psk` those for pre-shared keys. */
  readonly ciphers?: string;
  /** Names of the protocol that are offered in ALPN. Default: `mqtt`. */
  readonly alpn?: readonly string[];
  /** The address of this machine that the connection comes from. Default: the system's choice. */
  readonly localAddress?: string;
}

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
export function tlsListener(options: TlsListenerOptions): SecureListener {
  const { pipes = "auto", alpn = ALPN_PROTOCOLS, handshakeTimeoutMs } = options;
  const trusted = trustedProxiesOf(options, "port");
  const arrivals = new Arrivals(options, clockOf(options), (problem) => options.onProblem?.(problem));
  const handshakes = new TlsHandshakes(options, { kind: "tls", alpn, handshakeTimeoutMs, arrivals });
  const target = portTargetOf(options);
  const recipe = {
    kind: "tls",
    pipes,
    tryHandles: async (io: HandleIo) =>
      (await tryHandles(io)) ?? (await tryTlsHandles(io, handshakes.credentials.context)),
    createServer: (accept: (pipe: Pipe) => void, io: HandleIo | undefined) =>
      createFront({
        arrivals,
        socket: options,
        trusted,
        firstStep: ArrivalStep.TLS_HANDSHAKE,
        next: (below, arrival) =>
          handshakes.begin(below, arrival, (socket, peer) => {
            arrivals.remove(arrival);
            accept(pipeOver(socket, options, io, peer));
          }),
      }),
    dropUnfinished: () => arrivals.dropAll(),
  } as const;
  return new SecureServerListener(target, options, recipe, handshakes);
}

/** Connects to a port (of 127.0.0.1 unless a `host` is given) over TLS, and verifies the server. Throws `PipeError`. */
export async function connectTls(options: TlsDialOptions): Promise<Pipe> {
  const { host = "127.0.0.1", port, serverName, ca, cert, key, alpn = ALPN_PROTOCOLS } = options;
  const name = `${host} port ${port}`;
  const socket = loadTls().connect({
    host,
    port,
    ...nodeSocketOptions(options),
    minVersion: options.minVersion ?? "TLSv1.2",
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    ...(options.verifyName === false ? { checkServerIdentity: () => undefined } : {}),
    ...(options.psk === undefined ? {} : pskOptions(options.psk, options.ciphers)),
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
    const address = peerAddressOf(socket, "tls");
    return pipeOver(socket, options, undefined, { address, pskIdentity: undefined, isVerified: true });
  } catch (error) {
    throw failedDial(name, error);
  } finally {
    cancelTimeout();
  }
}

const PSK_CIPHERS = "PSK+AESGCM:PSK+CHACHA20:PSK+AES:!aNULL:!eNULL";

/** Who has the key is the server: there is no certificate to look at. */
function pskOptions({ identity, key }: NonNullable<TlsDialOptions["psk"]>, ciphers = PSK_CIPHERS) {
  return {
    ciphers,
    maxVersion: "TLSv1.2",
    pskCallback: () => ({ psk: key, identity }),
    checkServerIdentity: () => undefined,
  } as const;
}

function pipeOver(socket: TLSSocket, options: TlsOptions, io: HandleIo | undefined, peer: TlsPeer): Pipe {
  const home = { clock: clockOf(options), graceMs: options.graceMs ?? DEFAULT_GRACE_MS };
  return io === undefined
    ? new TlsSocketPipe(socket, home, peer)
    : new TlsHandlePipe(socket, { ...home, io }, peer);
}

function clockOf({ clock = systemClock() }: TlsOptions): Clock {
  return clock;
}

function pem(content: string | Uint8Array): string | Buffer {
  return typeof content === "string" ? content : Buffer.from(content);
}
