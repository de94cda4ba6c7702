/**
 * The port of the transports: a pipe carries bytes both ways between two peers, whatever lies underneath.
 *
 * Promises in order and without loss up to the end, bounded by back-pressure in both directions. Knows no packets: a
 * chunk may hold a part of one or several. `contract.ts` says the same in code; every implementation passes it.
 */

/** What carries the bytes. */
export type TransportKind = "tcp" | "unix" | "tls" | "websocket" | "wss" | "memory";

/** Both ends of a connection. Unix sockets and memory pipes have no ports: theirs are 0. */
export interface PeerAddress {
  readonly transport: TransportKind;
  /** `192.0.2.7` or `2001:db8::7`; an IPv4 address is never written as IPv6. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** What the peer has shown and proved in a TLS handshake. Node's `X509Certificate` is one. */
export interface PeerCertificate {
  /** One `name=value` a line, for example `CN=sensor-1`. */
  readonly subject: string;
  readonly issuer: string;
  /** For example `DNS:sensor-1.example.org, IP Address:192.0.2.7`. */
  readonly subjectAltName: string | undefined;
  readonly serialNumber: string;
  /** SHA-256 of the whole, in hex with colons. */
  readonly fingerprint256: string;
  readonly validFrom: string;
  readonly validTo: string;
  /** In DER form. */
  readonly raw: Uint8Array;
}

/** The HTTP request that a WebSocket connection began with. */
export interface OpeningRequest {
  /** Path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** One end of a connection. Until `open` nothing is lost: bytes and the peer's end wait. */
export interface Pipe {
  /** Stays the same. What nobody has asked for before a connection broke may be empty. */
  readonly peer: PeerAddress;
  /** Over TLS, when the peer was asked for one. May be asked for as long as the pipe is open. */
  readonly peerCertificate?: PeerCertificate | undefined;
  /** Over TLS with a pre-shared key: whose. */
  readonly pskIdentity?: string | undefined;
  /** Over WebSocket, at the server's end. */
  readonly openingRequest?: OpeningRequest | undefined;

  /** Attaches the one receiver; bytes begin to flow. Never calls back from inside this call. */
  open(receiver: PipeReceiver): void;

  /**
   * Hands bytes to the wire; not before `open`. `true`: they are taken and the buffer is free again. `false`: the pipe keeps the buffer
   * until `onWritten`. Once the pipe is ending it does nothing and returns `true`. Never throws.
   */
  write(bytes: Uint8Array): boolean;

  /** Bytes handed to `write` that are not taken yet, and the few that the transport puts around them. 0 once closed. */
  readonly unwrittenBytes: number;

  /** No `onBytes` until `resumeReading`; the peer's end waits behind unread bytes. At any time, any number of times. */
  pauseReading(): void;

  /** Undoes `pauseReading`. Never calls back from inside this call. */
  resumeReading(): void;

  /**
   * Sends what was written, then ends the connection; breaks it off when the peer does not follow within the grace
   * period. What the peer still sends is dropped.
   */
  end(): void;

  /**
   * As `end`, for a peer that has said goodbye in the protocol above and will close too: a pipe that can do so does not
   * wait for it. Absent where there is nothing to be saved.
   */
  endAfterGoodbye?(): void;

  /** Drops the connection and everything that waits in it at once. `onClosed` follows without an error. */
  destroy(): void;
}

/** How long `Pipe.end` waits for the peer to follow, unless told otherwise. */
export const DEFAULT_GRACE_MS = 2_000;

/** The one who reads a pipe. The pipe does not catch what these methods throw. */
export interface PipeReceiver {
  /** The chunk is valid during the call only, and never empty. */
  onBytes(chunk: Uint8Array): void;

  /**
   * The oldest `write` that returned `false` has been taken: its buffer is free. Once per such write, in order. What is
   * still untaken when the pipe closes gets no call; its buffers are free at `onClosed`.
   */
  onWritten(): void;

  /** Exactly once, the last call. `error` says why when the end was not orderly and not our own `destroy`. */
  onClosed(error: Error | undefined): void;
}

/** Where a listener really listens. For a Unix socket `address` is its path and `port` is 0. */
export interface ListeningAddress {
  readonly transport: TransportKind;
  readonly address: string;
  readonly port: number;
}

/** Waits for peers and hands over one pipe for each. */
export interface TransportListener {
  readonly kind: TransportKind;

  /** Listens; resolves when peers can connect. Once only. Throws `ListenError` and then listens nowhere. */
  start(accept: (pipe: Pipe) => void): Promise<ListeningAddress[]>;

  /** Stops accepting; existing pipes go on. May be called at any time, any number of times. */
  close(): Promise<void>;
}
