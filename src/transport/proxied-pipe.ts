/**
 * A pipe whose first bytes are a proxy's header: it reads them from the pipe below, then is a pipe of the client that the
 * proxy names. HOT: afterwards a chunk and a write pass through it in one call.
 *
 * What has come behind the header waits here until somebody opens the pipe and reads, and so does the end.
 */

import { type AddressRanges, type Clock, concatBytes, describeError, EMPTY_BYTES } from "#base";
import { type Arrival, ArrivalStep, type Arrivals } from "./arrivals.ts";
import type { PeerAddress, Pipe, PipeReceiver } from "./pipe.ts";
import { readProxyHeader } from "./proxy-protocol.ts";
import { NOT_TRUSTED } from "./proxy-trust.ts";

/** What the pipes of one listener share. */
export interface ProxiedHome {
  readonly arrivals: Arrivals;
  /** Those who may speak for others. Who can open a Unix socket may. */
  readonly trusted: AddressRanges;
  readonly clock: Clock;
  /** Gets each pipe when its header has been read. */
  readonly accept: (pipe: Pipe) => void;
}

/** Begins to read the header that `below` has to start with. */
export function acceptProxied(below: Pipe, home: ProxiedHome): void {
  const { arrivals, trusted } = home;
  const { peer } = below;
  const arrival = arrivals.add(ArrivalStep.PROXY_HEADER, peer, () => below.destroy());
  if (arrival === undefined) return;
  if (peer.transport === "unix" || trusted.has(peer.remoteAddress)) {
    below.open(new ProxiedPipe(below, arrival, home));
  } else arrivals.fail(arrival, NOT_TRUSTED);
}

class ProxiedPipe implements Pipe, PipeReceiver {
  readonly endAfterGoodbye?: () => void;
  readonly #below: Pipe;
  readonly #home: ProxiedHome;
  /** Until the header has been read. */
  #arrival: Arrival | undefined;
  #peer: PeerAddress;
  #receiver: PipeReceiver | undefined;
  /** The header as far as it has come; then what came behind it, until that is read. */
  #unread: Uint8Array = EMPTY_BYTES;
  #isPaused = false;
  #isEnding = false;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(below: Pipe, arrival: Arrival, home: ProxiedHome) {
    this.#below = below;
    this.#home = home;
    this.#arrival = arrival;
    this.#peer = below.peer;
    if (below.endAfterGoodbye !== undefined) {
      this.endAfterGoodbye = () => {
        this.#dropUnread();
        below.endAfterGoodbye?.();
      };
    }
  }

  get peer(): PeerAddress {
    return this.#peer;
  }

  open(receiver: PipeReceiver): void {
    this.#receiver = receiver;
    this.#home.clock.afterTurn(this.#flow);
  }

  write(bytes: Uint8Array): boolean {
    return this.#below.write(bytes);
  }

  get unwrittenBytes(): number {
    return this.#below.unwrittenBytes;
  }

  pauseReading(): void {
    if (this.#isEnding) return;
    this.#isPaused = true;
    this.#below.pauseReading();
  }

  resumeReading(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#home.clock.afterTurn(this.#flow);
  }

  end(): void {
    this.#dropUnread();
    this.#below.end();
  }

  destroy(): void {
    this.#dropUnread();
    this.#below.destroy();
  }

  /** @internal */
  onBytes(chunk: Uint8Array): void {
    if (this.#arrival !== undefined) this.#readHeader(this.#arrival, chunk);
    else if (!this.#isEnding) this.#receiver?.onBytes(chunk);
  }

  /** @internal */
  onWritten(): void {
    this.#receiver?.onWritten();
  }

  /** @internal */
  onClosed(error: Error | undefined): void {
    if (this.#arrival !== undefined) {
      // It left before it had said anything, as health checks do.
      this.#home.arrivals.remove(this.#arrival);
      return;
    }
    this.#end = { error };
    // The peer's own end would have waited behind unread bytes; this is another.
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#unread = EMPTY_BYTES;
    }
    this.#flow();
  }

  #readHeader(arrival: Arrival, chunk: Uint8Array): void {
    const { arrivals, accept } = this.#home;
    this.#unread = concatBytes([this.#unread, chunk]);
    try {
      const header = readProxyHeader(this.#unread);
      if (header === undefined) return;
      const { lengthBytes, client } = header;
      this.#unread = this.#unread.subarray(lengthBytes);
      if (client !== undefined) {
        this.#peer = { ...this.#peer, remoteAddress: client.address, remotePort: client.port };
      }
    } catch (error) {
      arrivals.fail(arrival, describeError(error), error);
      return;
    }
    this.#arrival = undefined;
    arrivals.remove(arrival);
    // Nobody has opened this pipe yet.
    this.#below.pauseReading();
    accept(this);
  }

  /** Hands over what waits, then lets more come, or tells the end that stood behind it. */
  readonly #flow = (): void => {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#isPaused) return;
    if (this.#unread.length > 0) {
      const unread = this.#unread;
      this.#unread = EMPTY_BYTES;
      receiver.onBytes(unread);
      // What the receiver has done meanwhile decides whether more may come.
      if (this.#isPaused) return;
    }
    if (this.#end !== undefined) {
      this.#receiver = undefined;
      receiver.onClosed(this.#end.error);
    } else this.#below.resumeReading();
  };

  /** From here on nothing is handed over but the end. */
  #dropUnread(): void {
    this.#isEnding = true;
    this.#isPaused = false;
    this.#unread = EMPTY_BYTES;
    if (this.#end !== undefined) this.#home.clock.afterTurn(this.#flow);
  }
}
