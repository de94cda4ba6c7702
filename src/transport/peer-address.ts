/**
 * The addresses of a connected socket, as the broker shows and judges them.
 */

import type { Socket } from "node:net";
import type { HandleAddress, StreamHandle } from "./handle-io.ts";
import type { PeerAddress, TransportKind } from "./pipe.ts";

/** Both ends of `socket`. Reads them now, since the system forgets them when the connection ends. */
export function peerAddressOf(socket: Socket, transport: TransportKind): PeerAddress {
  return {
    transport,
    remoteAddress: plainAddress(socket.remoteAddress),
    remotePort: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress),
    localPort: socket.localPort ?? 0,
  };
}

/** Both ends of a connection's handle, as far as the system still knows them. */
export function peerAddressOfHandle(handle: StreamHandle, transport: TransportKind): PeerAddress {
  const remote: HandleAddress = {};
  const local: HandleAddress = {};
  // What fails leaves its object empty.
  handle.getpeername?.(remote);
  handle.getsockname?.(local);
  return {
    transport,
    remoteAddress: plainAddress(remote.address),
    remotePort: remote.port ?? 0,
    localAddress: plainAddress(local.address),
    localPort: local.port ?? 0,
  };
}

const MAPPED_IPV4 = "::ffff:";

/** `192.0.2.7` also when it came in on an IPv6 socket, so that it meets the same rules. */
export function plainAddress(address = ""): string {
  return address.startsWith(MAPPED_IPV4) && address.includes(".")
    ? address.slice(MAPPED_IPV4.length)
    : address;
}
