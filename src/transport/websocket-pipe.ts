/**
 * A pipe over an open WebSocket of `ws`: bytes travel as binary messages, split and joined at will [MQTT-6.0.0-2].
 *
 * `ws` goes on emitting the messages of a chunk it has read, and drops them when nobody listens. So this pipe listens
 * from its first moment, and keeps what comes while it is paused or not open: at most what one read held. Pings are
 * answered by `ws`.
 */

import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { EMPTY_BYTES, Ring } from "#base";
import { brokenPipe, PipeError } from "./errors.ts";
import type { OpeningRequest, PeerAddress, PeerCertificate, Pipe, PipeReceiver } from "./pipe.ts";

const BINARY = { binary: true };

/** Close codes of RFC 6455, section 7.4.1. */
const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;
const NO_STATUS = 1005;
const WITHOUT_HANDSHAKE = 1006;

/** What was found out before the WebSocket opened. */
export type WebSocketPeer = Pick<Pipe, "peer" | "peerCertificate" | "pskIdentity" | "openingRequest">;

/** One end of an open WebSocket. */
export class WebSocketPipe implements Pipe {
  readonly peer: PeerAddress;
  readonly peerCertificate: PeerCertificate | undefined;
  readonly pskIdentity: string | undefined;
  readonly openingRequest: OpeningRequest | undefined;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #waiting = new Ring<Uint8Array>();
  #receiver: PipeReceiver | undefined;
  /** Writes that returned `false` and have had no `onWritten`. */
  #keptWrites = 0;
  #paused = false;
  #ending = false;
  #destroyed = false;
  #closed = false;
  #error: PipeError | undefined;

  /** `webSocket` has just opened on `socket`; the pipe must be made before it emits a message. */
  constructor(webSocket: WebSocket, socket: Socket, facts: WebSocketPeer) {
    this.peer = facts.peer;
    this.peerCertificate = facts.peerCertificate;
    this.pskIdentity = facts.pskIdentity;
    this.openingRequest = facts.openingRequest;
    this.#webSocket = webSocket;
    this.#socket = socket;
    webSocket.pause();
    webSocket.on("message", this.#onMessage);
    webSocket.on("error", this.#onError);
    webSocket.on("close", this.#onClose);
  }

  open(receiver: PipeReceiver): void {
    this.#receiver = receiver;
    process.nextTick(this.#flow);
  }

  write(bytes: Uint8Array): boolean {
    const webSocket = this.#webSocket;
    if (this.#ending || webSocket.readyState !== webSocket.OPEN) return true;
    // TLS never takes a write at once.
    if (this.#keptWrites > 0 || "encrypted" in this.#socket) {
      webSocket.send(bytes, BINARY, this.#onTaken);
    } else {
      webSocket.send(bytes, BINARY);
      if (webSocket.bufferedAmount === 0) return true;
      // As in `SocketPipe`: an empty write behind the bytes, below the WebSocket, tells when they are taken.
      this.#socket.write(EMPTY_BYTES, this.#onTaken);
    }
    this.#keptWrites++;
    return false;
  }

  get unwrittenBytes(): number {
    return this.#socket.destroyed ? 0 : this.#webSocket.bufferedAmount;
  }

  pauseReading(): void {
    if (this.#ending) return;
    this.#paused = true;
    this.#webSocket.pause();
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    process.nextTick(this.#flow);
  }

  end(): void {
    this.#close(NORMAL_CLOSURE);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#stopReading();
    this.#webSocket.terminate();
  }

  /** Starts the closing handshake; `ws` breaks it off after the grace period. */
  #close(code: number): void {
    if (this.#ending) return;
    this.#stopReading();
    this.#webSocket.close(code);
    // Without reading on, the peer's answer would never be seen.
    this.#webSocket.resume();
  }

  /** From here on nothing is handed over but the close, which may have been waiting behind unread bytes. */
  #stopReading(): void {
    this.#ending = true;
    this.#paused = false;
    this.#waiting.clear();
    if (this.#closed) process.nextTick(this.#flow);
  }

  readonly #onMessage = (data: unknown, isBinary: boolean): void => {
    if (this.#ending) return;
    if (!isBinary) {
      // [MQTT-6.0.0-1]
      this.#error = new PipeError("protocol", "The peer sent a text frame; MQTT travels in binary frames");
      this.#close(UNSUPPORTED_DATA);
      return;
    }
    const bytes = data as Uint8Array;
    if (bytes.length === 0) return;
    if (this.#receiver === undefined || this.#paused || this.#waiting.size > 0) this.#waiting.push(bytes);
    else this.#receiver.onBytes(bytes);
  };

  /** Hands over what has waited, then lets the socket flow, or reports the close that came behind it. */
  readonly #flow = (): void => {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    while (!this.#paused) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) break;
      receiver.onBytes(bytes);
    }
    if (this.#waiting.size > 0) return;
    if (this.#closed) this.#reportClosed(receiver);
    else if (!this.#paused) this.#webSocket.resume();
  };

  readonly #onTaken = (error?: Error | null): void => {
    if (error || this.#socket.destroyed) return;
    this.#keptWrites--;
    this.#receiver?.onWritten();
  };

  /** The peer broke the rules of WebSocket; `ws` has begun to close with the code that says so. */
  readonly #onError = (cause: Error): void => {
    this.#stopReading();
    this.#error ??= new PipeError("protocol", `The peer broke the WebSocket protocol: ${cause.message}`, {
      cause,
    });
  };

  readonly #onClose = (code: number): void => {
    this.#closed = true;
    if (this.#destroyed) this.#error = undefined;
    else this.#error ??= this.#errorOf(code);
    this.#flow();
  };

  #errorOf(code: number): PipeError | undefined {
    if (this.#socket.errored !== null) return brokenPipe(this.#socket.errored);
    if (code === NORMAL_CLOSURE || code === GOING_AWAY || code === NO_STATUS) return undefined;
    if (code !== WITHOUT_HANDSHAKE)
      return new PipeError("protocol", `The peer closed the WebSocket with code ${code}`);
    if (!this.#ending) return new PipeError("reset", "The peer left without a WebSocket closing handshake");
    if (this.#socket.readableEnded) return undefined;
    return new PipeError("timed-out", "The peer did not follow the end of the connection in time");
  }

  #reportClosed(receiver: PipeReceiver): void {
    this.#receiver = undefined;
    receiver.onClosed(this.#error);
  }
}
