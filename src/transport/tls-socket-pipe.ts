/**
 * A pipe over a `TLSSocket`: a `SocketPipe` that knows what the handshake has found out.
 */

import type { TLSSocket } from "node:tls";
import type { PeerCertificate } from "./pipe.ts";
import { SocketPipe, type SocketPipeOptions } from "./socket-pipe.ts";
import { certificateOf, type TlsPeer } from "./tls-peer.ts";

/** One end of a TLS connection whose handshake is done. */
export class TlsSocketPipe extends SocketPipe {
  readonly pskIdentity: string | undefined;
  readonly #socket: TLSSocket;
  readonly #tlsPeer: TlsPeer;
  #certificate: PeerCertificate | undefined;

  constructor(socket: TLSSocket, options: SocketPipeOptions, peer: TlsPeer) {
    super(socket, "tls", options, peer.address);
    this.pskIdentity = peer.pskIdentity;
    this.#socket = socket;
    this.#tlsPeer = peer;
  }

  get peerCertificate(): PeerCertificate | undefined {
    this.#certificate ??= certificateOf(this.#socket, this.#tlsPeer);
    return this.#certificate;
  }
}
