/**
 * What a TLS handshake has found out about the other end.
 */

import type { TLSSocket } from "node:tls";
import type { PeerAddress, PeerCertificate } from "./pipe.ts";

/** Known when the handshake is done. */
export interface TlsPeer {
  readonly address: PeerAddress;
  /** Whose pre-shared key the peer has, if it has shown that. */
  readonly pskIdentity: string | undefined;
  /** Whether the certificate that the peer has shown, if any, was accepted. */
  readonly isVerified: boolean;
}

/** The certificate of the peer, if it has shown one that was accepted. `socket` has to be open. */
export function certificateOf(socket: TLSSocket, { isVerified }: TlsPeer): PeerCertificate | undefined {
  return isVerified ? socket.getPeerX509Certificate() : undefined;
}
