/**
 * The handshakes of one TLS listener, with credentials that can be replaced while it runs.
 *
 * Each set of credentials is a `tls.Server` of Node's that never listens: sockets are given to it, it does the handshake
 * and judges the certificate. New credentials are a new one. Its ticket keys are new as well, so that nobody resumes what
 * the old ones let in; handshakes under way finish with those they began with.
 */

import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { describeError } from "#base";
import { type Arrival, type Arrivals, DEFAULT_HANDSHAKE_TIMEOUT_MS } from "./arrivals.ts";
import { systemCode } from "./errors.ts";
import { peerOfArrival } from "./front.ts";
import { loadTls } from "./lazy-modules.ts";
import type { TransportKind } from "./pipe.ts";
import {
  type CheckedCredentials,
  type ClientCertificateDemand,
  checkCredentials,
  type PreSharedKeys,
  type TlsCredentials,
} from "./tls-credentials.ts";
import type { TlsPeer } from "./tls-peer.ts";

/** Takes a connection on whose handshake is done. */
export type OnSecured = (socket: TLSSocket, peer: TlsPeer, arrival: Arrival) => void;

interface Begun {
  readonly arrival: Arrival;
  readonly onSecured: OnSecured;
}

interface HandshakeOptions {
  readonly kind: TransportKind;
  /** Names in ALPN that are agreed upon; with none, what clients say there does not matter. */
  readonly alpn: readonly string[];
  readonly handshakeTimeoutMs: number | undefined;
  readonly arrivals: Arrivals;
}

/** `TLSSocket` keeps the socket below it here; Node does not promise that. For lines of the log only. */
interface Layered {
  readonly _parent?: Socket;
}

/** As OpenSSL says it. */
const NO_CERTIFICATE = "peer did not return a certificate";
/** OpenSSL takes no longer ones. */
const LONGEST_PSK_BYTES = 256;

export class TlsHandshakes {
  readonly #options: HandshakeOptions;
  /** By both ends: Node does not say which connection a secured socket stands on, but they have the same. */
  readonly #begun = new Map<string, Begun>();
  /** The same for failures, by when the ends may be forgotten. */
  readonly #arrivals = new WeakMap<Socket, Arrival>();
  #credentials: CheckedCredentials;
  #server: Server;

  /** @throws ConfigError whose path is the option */
  constructor(credentials: TlsCredentials, options: HandshakeOptions) {
    this.#options = options;
    this.#credentials = checkCredentials(credentials);
    this.#server = this.#createServer(this.#credentials);
  }

  /** What the listener shows at the moment. */
  get credentials(): CheckedCredentials {
    return this.#credentials;
  }

  /** The next handshake has these. @throws ConfigError whose path is the option; then the old ones stay */
  renew(credentials: TlsCredentials): void {
    const checked = checkCredentials(credentials);
    this.#server = this.#createServer(checked);
    this.#credentials = checked;
  }

  /** Begins the handshake on `socket`, from which nothing has been read but a PROXY header. */
  begin(socket: Socket, arrival: Arrival, onSecured: OnSecured): void {
    const key = endsOf(socket);
    this.#begun.set(key, { arrival, onSecured });
    this.#arrivals.set(socket, arrival);
    socket.once("close", () => {
      if (this.#begun.get(key)?.arrival === arrival) this.#begun.delete(key);
    });
    this.#server.emit("connection", socket);
  }

  #createServer({ context, contexts, clientCertificate, psk }: CheckedCredentials): Server {
    const { alpn, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = this.#options;
    const identities = new WeakMap<TLSSocket, string>();
    const server = loadTls().createServer({
      ...context,
      SNICallback: (name, done) => done(null, contexts.get(name)),
      requestCert: clientCertificate !== "none",
      // Node takes a client with a pre-shared key for one that has kept its certificate back.
      rejectUnauthorized: clientCertificate === "require" && psk === undefined,
      // `arrivals` is the one that ends them.
      handshakeTimeout: 2 * handshakeTimeoutMs,
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      ...(psk === undefined ? {} : pskOptions(psk, identities, this.#failLookup)),
    });
    server.on("secureConnection", (socket) => {
      const key = endsOf(socket);
      const begun = this.#begun.get(key);
      this.#begun.delete(key);
      if (begun === undefined) socket.destroy();
      else this.#finish(socket, begun, clientCertificate, identities.get(socket));
    });
    server.on("tlsClientError", (error, socket) => {
      const arrival = this.#arrivalOf(socket);
      if (arrival !== undefined) this.#options.arrivals.failed(arrival, reasonOf(error, socket), error);
      socket.destroy();
    });
    return server;
  }

  #finish(
    socket: TLSSocket,
    { arrival, onSecured }: Begun,
    demand: ClientCertificateDemand,
    identity: string | undefined,
  ): void {
    const { arrivals, kind } = this.#options;
    // Who only names an identity has no key yet.
    const pskIdentity = isByPreSharedKey(socket) ? identity : undefined;
    const isVerified = demand !== "none" && socket.authorized;
    const isRefused = demand !== "none" && !isVerified && socket.getPeerX509Certificate() !== undefined;
    const refusal = isRefused ? refusalOf(socket) : undefined;
    // Where pre-shared keys are no way in, Node has seen to it.
    if (demand === "require" && !isVerified && pskIdentity === undefined) {
      arrivals.failed(arrival, refusal ?? NO_CERTIFICATE);
      socket.destroy();
      return;
    }
    if (demand === "request" && refusal !== undefined) {
      arrivals.tell(arrival, `${refusal}; it goes on as a client without one`);
    }
    onSecured(socket, { address: peerOfArrival(socket, kind, arrival), pskIdentity, isVerified }, arrival);
  }

  /** The handshake fails by itself when it goes on without a key. */
  readonly #failLookup = (socket: TLSSocket, error: unknown): void => {
    const arrival = this.#arrivalOf(socket);
    const reason = `its pre-shared key could not be looked up: ${describeError(error)}`;
    if (arrival !== undefined) this.#options.arrivals.tell(arrival, reason, error);
  };

  #arrivalOf(socket: TLSSocket): Arrival | undefined {
    const below = (socket as Layered)._parent;
    return below === undefined ? undefined : this.#arrivals.get(below);
  }
}

function pskOptions(
  { lookup, hint }: PreSharedKeys,
  identities: WeakMap<TLSSocket, string>,
  onFailure: (socket: TLSSocket, error: unknown) => void,
) {
  const pskCallback = (socket: TLSSocket, identity: string): Uint8Array | null => {
    try {
      const key = lookup(identity);
      if (key === undefined || key.length === 0 || key.length > LONGEST_PSK_BYTES) return null;
      identities.set(socket, identity);
      return key;
    } catch (error) {
      onFailure(socket, error);
      return null;
    }
  };
  return { pskCallback, ...(hint === undefined ? {} : { pskIdentityHint: hint }) };
}

function isByPreSharedKey(socket: TLSSocket): boolean {
  return socket.getCipher().name.includes("PSK");
}

/** In OpenSSL's own words where it has some: its messages are mostly numbers and paths. */
function reasonOf(error: Error, socket: TLSSocket): string {
  const refusal = refusalOf(socket);
  if (refusal !== undefined) return refusal;
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  switch (systemCode(error)) {
    case "ERR_TLS_HANDSHAKE_TIMEOUT":
      return "it took too long";
    case "ECONNRESET":
      return "the client broke it off";
    default:
      return describeError(error);
  }
}

/** What OpenSSL's names for it mean, where that is not clear. */
const refusals: Readonly<Record<string, string>> = {
  CERT_REVOKED: "its authority has taken it back",
  CRL_HAS_EXPIRED: "the revocation list of its authority has expired; get the present one",
  CRL_NOT_YET_VALID: "the revocation list of its authority is not valid yet; look at the clock",
  UNABLE_TO_GET_CRL: "crl holds no revocation list of its authority",
};

/** Why the client's certificate was not accepted, as the end of a sentence; undefined when Node has not refused it. */
function refusalOf(socket: TLSSocket): string | undefined {
  // Node's types say Error; it is the name of what is wrong.
  const refusal = socket.authorizationError as Error | string | null;
  if (!refusal) return undefined;
  const name = describeError(refusal);
  const words = refusals[name];
  return `its certificate was not accepted: ${name}${words === undefined ? "" : ` (${words})`}`;
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
