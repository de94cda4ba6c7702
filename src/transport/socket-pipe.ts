/**
 * A pipe over a connected `net.Socket`: TCP, Unix sockets and TLS.
 *
 * Stands on public API only. The peer's FIN ends the pipe in an orderly way; there is no half-open state. HOT: no
 * closure and no timer per write or read, and an idle pipe holds neither buffer nor timer.
 */

import type { Socket } from "node:net";
import { type Clock, EMPTY_BYTES } from "#base";
import { brokenPipe, PipeError } from "./errors.ts";
import { peerAddressOf } from "./peer-address.ts";
import type { PeerAddress, Pipe, PipeReceiver } from "./pipe.ts";

/** What a pipe needs to know beside its socket. */
export interface SocketPipeOptions {
  readonly clock: Clock;
  /** How long `end` waits for the peer. */
  readonly graceMs: number;
}

/** One end of a connected socket. */
export class SocketPipe implements Pipe {
  readonly peer: PeerAddress;
  readonly #socket: Socket;
  readonly #options: SocketPipeOptions;
  #receiver: PipeReceiver | undefined;
  /** Writes that returned `false` and have had no `onWritten`. */
  #keptWrites = 0;
  #paused = false;
  #ending = false;
  #closed = false;
  #cancelGrace: (() => void) | undefined;

  /** @param peer where the connection really comes from, when `socket` does not know */
  constructor(
    socket: Socket,
    transport: "tcp" | "unix" | "tls",
    options: SocketPipeOptions,
    peer: PeerAddress = peerAddressOf(socket, transport),
  ) {
    this.peer = peer;
    this.#socket = socket;
    this.#options = options;
    socket.on("error", this.#onError);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
  }

  open(receiver: PipeReceiver): void {
    this.#receiver = receiver;
    if (this.#closed) {
      this.#options.clock.afterTurn(this.#reportClosed);
      return;
    }
    this.#socket.on("data", this.#onData);
    if (!this.#paused) this.#socket.resume();
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#ending || socket.destroyed) return true;
    // TLS never takes a write at once.
    if (this.#keptWrites > 0 || this.peer.transport === "tls") {
      socket.write(bytes, this.#onTaken);
    } else {
      socket.write(bytes);
      if (socket.writableLength === 0) return true;
      // Node wants the callback beforehand, when it is hardly ever needed. An empty write behind the bytes tells as much.
      socket.write(EMPTY_BYTES, this.#onTaken);
    }
    this.#keptWrites++;
    return false;
  }

  get unwrittenBytes(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength;
  }

  pauseReading(): void {
    if (this.#ending) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#paused = false;
    // Before `open` a flowing socket would lose its bytes.
    if (this.#receiver !== undefined) this.#socket.resume();
  }

  end(): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    this.#socket.end();
    // Without reading on, the peer's end would never be seen.
    this.#socket.resume();
    this.#cancelGrace = this.#options.clock.schedule(this.#options.graceMs, () =>
      this.#socket.destroy(
        new PipeError("timed-out", "The peer did not follow the end of the connection in time"),
      ),
    );
  }

  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  /** `close` follows and finds the error in `socket.errored`. What TLS finds wrong does not close by itself. */
  readonly #onError = (error: Error): void => {
    this.#socket.destroy(error);
  };

  readonly #onData = (chunk: Uint8Array): void => {
    if (!this.#ending) this.#receiver?.onBytes(chunk);
  };

  readonly #onTaken = (error?: Error | null): void => {
    if (error || this.#socket.destroyed) return;
    this.#keptWrites--;
    this.#receiver?.onWritten();
  };

  /** The peer has ended; so do we, within the grace period. */
  readonly #onEnd = (): void => this.end();

  readonly #onClose = (): void => {
    this.#closed = true;
    this.#cancelGrace?.();
    this.#reportClosed();
  };

  readonly #reportClosed = (): void => {
    const error = this.#socket.errored;
    this.#receiver?.onClosed(error === null ? undefined : brokenPipe(error));
  };
}
