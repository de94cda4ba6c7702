/** A Node socket as what the client needs of a transport; for sockets that only a tool opens, such as one without verification. */

import type { Socket } from "node:net";
import type { ClientPipe, ClientPipeReceiver } from "#client";

/** How long a peer may take to close its direction after `end`. */
const GRACE_MS = 2_000;

export class SocketPipe implements ClientPipe {
  readonly #socket: Socket;
  #isEnding = false;
  #error: Error | undefined;

  /** `socket` is connected and nobody reads from it yet. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#error = error;
    });
  }

  open(receiver: ClientPipeReceiver): void {
    const socket = this.#socket;
    this.#onWritten = () => receiver.onWritten();
    socket.on("data", (chunk: Buffer) => receiver.onBytes(chunk));
    socket.once("close", () => receiver.onClosed(this.#isEnding ? undefined : this.#error));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isEnding || this.#socket.destroyed) return true;
    this.#socket.write(bytes, (error) => {
      if (error === null || error === undefined) this.#onWritten?.();
    });
    return false;
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#socket.resume();
    this.#socket.end();
    const limit = setTimeout(() => this.#socket.destroy(), GRACE_MS);
    this.#socket.once("close", () => clearTimeout(limit));
  }

  destroy(): void {
    this.#isEnding = true;
    this.#socket.destroy();
  }

  #onWritten: (() => void) | undefined;
}
