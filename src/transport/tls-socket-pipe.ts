/**
 * A pipe over a `TLSSocket`: a `SocketPipe` that knows its peer's certificate.
 */

import type { TLSSocket } from "node:tls";
import type { PeerCertificate } from "./pipe.ts";
import { SocketPipe, type SocketPipeOptions } from "./socket-pipe.ts";

/** One end of a TLS connection whose handshake is done. */
export class TlsSocketPipe extends SocketPipe {
  readonly #socket: TLSSocket;
  #certificate: PeerCertificate | undefined;

  constructor(socket: TLSSocket, options: SocketPipeOptions) {
    super(socket, "tls", options);
    this.#socket = socket;
  }

  get peerCertificate(): PeerCertificate | undefined {
    this.#certificate ??= this.#socket.getPeerX509Certificate();
    return this.#certificate;
  }
}
