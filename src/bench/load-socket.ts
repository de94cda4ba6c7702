/**
 * The connecting end of TCP, TLS or a Unix socket, as cheap as public API makes it: all connections of the process
 * read into one buffer, so that a chunk costs no allocation, and no chunk passes through a stream. HOT.
 *
 * Reads as fast as it can, all connections alike: a load that cannot keep up is no load.
 */

import { connect, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { EMPTY_BYTES } from "#base";
import { PipeError, type PipeReceiver } from "#transport";

/** What a load needs of a pipe; any `Pipe` has it. */
export interface Wire {
  open(receiver: PipeReceiver): void;
  write(bytes: Uint8Array): boolean;
  end(): void;
  destroy(): void;
}

/** How the broker's certificate is verified. */
export interface TlsWishes {
  /** PEM. */
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}

/** Where to. */
export type SocketTarget = ({ readonly host: string; readonly port: number } | { readonly path: string }) & {
  /** Which of this machine's addresses to come from. */
  readonly localAddress?: string;
  /** How TLS is spoken; without it is not. */
  readonly tls?: TlsWishes;
  readonly timeoutMs: number;
  /**
   * Whether one that has much to read lets others read in between. Otherwise Node goes on with it for up to two megabytes,
   * which is cheaper, but makes others wait as if the broker were slow.
   */
  readonly takesTurns: boolean;
};

const READ_BUFFER_BYTES = 64 * 1024;
/** How long the peer may take to follow the end of a connection. */
const GRACE_MS = 2_000;

/** Filled and handed over before anything else is read. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

/** Chunks that one connection may have in one turn when it has to take turns. */
const CHUNKS_A_TURN = 2;

/**
 * Resolves when the connection stands. Rejects with what the system says, or a `PipeError` when it takes too long. Until
 * then it is one of `pending`, where it can be destroyed.
 */
export function dialSocket(target: SocketTarget, pending: Set<Wire>): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const wire = new LoadSocket(target, (error) => {
      pending.delete(wire);
      if (error === undefined) resolve(wire);
      else reject(error);
    });
    pending.add(wire);
  });
}

class LoadSocket implements Wire {
  readonly #socket: Socket;
  readonly #isTls: boolean;
  readonly #mostChunks: number;
  #onDialled: ((error: Error | undefined) => void) | undefined;
  #receiver: PipeReceiver | undefined;
  /** Writes that returned `false` and have had no `onWritten`. */
  #keptWrites = 0;
  #fullChunks = 0;
  #ending = false;

  constructor(target: SocketTarget, onDialled: (error: Error | undefined) => void) {
    const { timeoutMs, takesTurns, tls, ...where } = target;
    this.#mostChunks = takesTurns ? CHUNKS_A_TURN : Number.POSITIVE_INFINITY;
    this.#onDialled = onDialled;
    this.#isTls = tls !== undefined;
    const onread: OnReadOpts = { buffer: readBuffer, callback: this.#onRead };
    const options = { ...where, ...tls, noDelay: true, onread };
    const socket = tls === undefined ? connect(options) : connectTls(options);
    this.#socket = socket;
    socket.setTimeout(timeoutMs, this.#onTimeout);
    socket.on(tls === undefined ? "connect" : "secureConnect", this.#onConnect);
    // `close` follows every error and finds it in `socket.errored`.
    socket.on("error", ignore);
    socket.on("close", this.#onClose);
  }

  open(receiver: PipeReceiver): void {
    this.#receiver = receiver;
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#ending || socket.destroyed) return true;
    // TLS takes nothing at once.
    if (this.#keptWrites > 0 || this.#isTls) socket.write(bytes, this.#onTaken);
    else {
      socket.write(bytes);
      if (socket.writableLength === 0) return true;
      // Node wants the callback beforehand, when it is hardly ever needed. An empty write behind the bytes tells as much.
      socket.write(EMPTY_BYTES, this.#onTaken);
    }
    this.#keptWrites++;
    return false;
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#socket.end();
    this.#socket.setTimeout(GRACE_MS, this.#onTimeout);
  }

  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  readonly #onRead = (count: number): boolean => {
    if (!this.#ending) this.#receiver?.onBytes(readBuffer.subarray(0, count));
    // Only a full buffer is followed by another chunk in the same turn.
    this.#fullChunks = count === READ_BUFFER_BYTES ? this.#fullChunks + 1 : 0;
    if (this.#fullChunks < this.#mostChunks) return true;
    this.#fullChunks = 0;
    setImmediate(this.#readOn);
    return false;
  };

  readonly #readOn = (): void => {
    this.#socket.resume();
  };

  readonly #onTaken = (error?: Error | null): void => {
    if (error || this.#socket.destroyed) return;
    this.#keptWrites--;
    this.#receiver?.onWritten();
  };

  readonly #onConnect = (): void => {
    this.#socket.setTimeout(0);
    this.#onDialled?.(undefined);
    this.#onDialled = undefined;
  };

  readonly #onTimeout = (): void => {
    this.#socket.destroy(this.#ending ? undefined : new PipeError("timed-out", "No answer in time"));
  };

  readonly #onClose = (): void => {
    const error = this.#socket.errored ?? undefined;
    this.#onDialled?.(error ?? new PipeError("reset", "The connection was closed at once"));
    this.#onDialled = undefined;
    this.#receiver?.onClosed(error);
  };
}

function ignore(): void {}
