/**
 * The server in front of TLS and WebSocket: it accepts sockets, counts those that are not pipes yet, and reads the PROXY
 * header where one is due. What comes next gets the socket with every byte behind the header still in it.
 */

import { createServer, type Server, type Socket } from "node:net";
import { type AddressRanges, concatBytes, describeError, EMPTY_BYTES } from "#base";
import { type Arrival, ArrivalStep, type Arrivals } from "./arrivals.ts";
import { peerAddressOf, plainAddress } from "./peer-address.ts";
import type { PeerAddress, TransportKind } from "./pipe.ts";
import { readProxyHeader } from "./proxy-protocol.ts";
import { NOT_TRUSTED } from "./proxy-trust.ts";
import { nodeSocketOptions, type SocketOptions } from "./socket-options.ts";

/** What happens to a socket. */
export interface FrontOptions {
  readonly arrivals: Arrivals;
  readonly socket: SocketOptions;
  /** Undefined: there is no header. */
  readonly trusted: AddressRanges | undefined;
  /** What comes behind the header. */
  readonly firstStep: ArrivalStep;
  /** Takes the socket on; nobody listens to it any more but `arrivals`, which has to be told when it becomes a pipe. */
  readonly next: (socket: Socket, arrival: Arrival) => void;
}

/** A server that hands each socket to `next`. */
export function createFront(options: FrontOptions): Server {
  const { arrivals, trusted, firstStep, next } = options;
  return createServer(nodeSocketOptions(options.socket), (socket) => {
    const origin = { remoteAddress: plainAddress(socket.remoteAddress), remotePort: socket.remotePort ?? 0 };
    const step = trusted === undefined ? firstStep : ArrivalStep.PROXY_HEADER;
    // Node ends with a segmentation fault when a socket goes while the TLS above it is in a callback.
    const drop = (): void => void setImmediate(() => socket.destroy());
    const arrival = arrivals.add(step, origin, drop);
    if (arrival === undefined) return;
    socket.once("close", () => arrivals.remove(arrival));
    if (trusted === undefined) next(socket, arrival);
    else if (trusted.has(origin.remoteAddress)) {
      readHeader(socket, arrival, arrivals, () => {
        arrival.step = firstStep;
        next(socket, arrival);
      });
    } else arrivals.fail(arrival, NOT_TRUSTED);
  });
}

/** The ends of `socket`, the remote one as `arrival` knows it. */
export function peerOfArrival(socket: Socket, transport: TransportKind, arrival: Arrival): PeerAddress {
  const peer = peerAddressOf(socket, transport);
  return arrival.isProxied ? { ...peer, ...arrival.origin } : peer;
}

function readHeader(socket: Socket, arrival: Arrival, arrivals: Arrivals, done: () => void): void {
  let read: Uint8Array = EMPTY_BYTES;
  // It may leave before it has said anything, as health checks do.
  const leave = (): void => void socket.destroy();
  const onData = (chunk: Uint8Array): void => {
    read = concatBytes([read, chunk]);
    try {
      const header = readProxyHeader(read);
      if (header === undefined) return;
      const { lengthBytes, client } = header;
      if (client !== undefined) {
        arrival.origin = { remoteAddress: client.address, remotePort: client.port };
        arrival.isProxied = true;
      }
      read = read.subarray(lengthBytes);
    } catch (error) {
      arrivals.fail(arrival, describeError(error), error);
      return;
    }
    socket.off("data", onData).off("error", leave).off("end", leave).pause();
    if (read.length > 0) socket.unshift(read);
    done();
  };
  socket.on("data", onData).on("error", leave).on("end", leave);
}
