/**
 * Pipes without a network, for tests, simulations and brokers in the same process.
 *
 *     write ─▶ [ chunk | chunk | end ] of the peer ─▶ afterTurn ─▶ onBytes, onWritten
 *
 * Deterministic: the same calls on the same clock give the same callbacks in the same order, and none comes from inside
 * a call to the pipe. A peer that does not read (paused or not yet open) is the full wire of a real network: a write
 * then returns `false` and the pipe really keeps the buffer, so a writer that reuses it too early is found out.
 */

import { type Clock, Ring, StateError } from "#base";
import { PipeError } from "./errors.ts";
import {
  DEFAULT_GRACE_MS,
  type ListeningAddress,
  type PeerAddress,
  type Pipe,
  type PipeReceiver,
  type TransportListener,
} from "./pipe.ts";

/** What a memory pipe can be told. */
export interface MemoryPipeOptions {
  /** How long `Pipe.end` waits for a peer that does not read. Default: 2 seconds. */
  readonly graceMs?: number;
}

/** Two connected pipes: what one writes the other reads. */
export function memoryPipes(clock: Clock, options: MemoryPipeOptions = {}): [Pipe, Pipe] {
  const first = new MemoryPipe(clock, options);
  const second = new MemoryPipe(clock, options);
  first.other = second;
  second.other = first;
  return [first, second];
}

/** A listener in the same process. */
export interface MemoryListener extends TransportListener {
  /** Connects and returns the client's end. Throws `StateError` when nobody listens. */
  connect(): Pipe;
}

/** A listener whose clients call `connect` on it. */
export function memoryListener(clock: Clock, options: MemoryPipeOptions = {}): MemoryListener {
  let started = false;
  let acceptor: ((pipe: Pipe) => void) | undefined;
  return {
    kind: "memory",
    async start(accept): Promise<ListeningAddress[]> {
      if (started) throw new StateError("A listener starts once; make another one");
      started = true;
      acceptor = accept;
      return [{ transport: "memory", address: "memory", port: 0 }];
    },
    async close(): Promise<void> {
      started = true;
      acceptor = undefined;
    },
    connect(): Pipe {
      if (acceptor === undefined) throw new StateError("The memory listener is not listening");
      const [client, server] = memoryPipes(clock, options);
      acceptor(server);
      return client;
    },
  };
}

const MEMORY_ADDRESS: PeerAddress = {
  transport: "memory",
  remoteAddress: "memory",
  remotePort: 0,
  localAddress: "memory",
  localPort: 0,
};

/** Bytes on their way. `kept`: the writer waits for `onWritten`. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly kept: boolean;
}

class MemoryPipe implements Pipe {
  readonly peer = MEMORY_ADDRESS;
  other: MemoryPipe = this;
  readonly #clock: Clock;
  readonly #graceMs: number;
  #receiver: PipeReceiver | undefined;

  /** What the other has written and this one has not read. */
  readonly #inbound = new Ring<Chunk>();
  #inboundKeptBytes = 0;
  /** The other has ended: there is nothing behind `#inbound`. */
  #inboundEnded = false;

  #paused = false;
  #ending = false;
  #closed = false;
  #reported = false;
  #error: PipeError | undefined;
  #turnAsked = false;
  #cancelGrace: (() => void) | undefined;

  constructor(clock: Clock, { graceMs = DEFAULT_GRACE_MS }: MemoryPipeOptions) {
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  open(receiver: PipeReceiver): void {
    this.#receiver = receiver;
    this.#askTurn();
  }

  write(bytes: Uint8Array): boolean {
    return this.#ending || this.#closed || this.other.#receive(bytes);
  }

  get unwrittenBytes(): number {
    return this.other.#inboundKeptBytes;
  }

  pauseReading(): void {
    if (!this.#ending) this.#paused = true;
  }

  resumeReading(): void {
    this.#paused = false;
    this.#askTurn();
  }

  end(): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    this.#paused = false;
    this.other.#inboundEnded = true;
    this.other.#askTurn();
    // What came in and was not read is dropped.
    this.#askTurn();
    this.#cancelGrace = this.#clock.schedule(this.#graceMs, () => {
      this.#close(new PipeError("timed-out", "The peer did not follow the end of the connection in time"));
      this.other.#close(new PipeError("reset", "The peer broke the connection"));
    });
  }

  destroy(): void {
    this.#ending = true;
    this.#close(undefined);
    this.other.#close(new PipeError("reset", "The peer broke the connection"));
  }

  /** Takes bytes from the other; whether they are taken already. */
  #receive(bytes: Uint8Array): boolean {
    if (this.#ending || bytes.length === 0) return true;
    const kept = this.#paused || this.#receiver === undefined || this.#inboundKeptBytes > 0;
    this.#inbound.push({ bytes: kept ? bytes : bytes.slice(), kept });
    if (kept) this.#inboundKeptBytes += bytes.length;
    this.#askTurn();
    return !kept;
  }

  #close(error: PipeError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#inbound.clear();
    this.#inboundKeptBytes = 0;
    this.#cancelGrace?.();
    this.#askTurn();
  }

  #askTurn(): void {
    if (this.#turnAsked || this.#reported) return;
    this.#turnAsked = true;
    this.#clock.afterTurn(this.#turn);
  }

  get #reads(): boolean {
    return !this.#paused && (this.#receiver !== undefined || this.#ending);
  }

  readonly #turn = (): void => {
    this.#turnAsked = false;
    while (this.#reads) {
      const chunk = this.#inbound.shift();
      if (chunk === undefined) break;
      this.#read(chunk);
    }
    if (this.#inboundEnded && this.#inbound.size === 0 && this.#reads) {
      this.#close(undefined);
      this.other.#close(undefined);
    }
    if (this.#closed && this.#receiver !== undefined && !this.#reported) {
      this.#reported = true;
      this.#receiver.onClosed(this.#error);
    }
  };

  #read({ bytes, kept }: Chunk): void {
    if (kept) this.#inboundKeptBytes -= bytes.length;
    if (!this.#ending) this.#receiver?.onBytes(bytes);
    if (kept) this.other.#tellWritten();
  }

  #tellWritten(): void {
    if (!this.#closed) this.#receiver?.onWritten();
  }
}
