/**
 * A pipe over the WebSocket that browsers, workers, Deno and Bun have.
 *
 * The web's WebSocket cannot be told to stop reading. What comes while the client does not read waits here, so the brake is
 * the Receive Maximum; at QoS 0 there is none. It does not say either when bytes were taken, so a pipe with much to send looks
 * from time to time.
 */

import { ConnectionLostError } from "../errors.ts";
import type { ClientPipe, ClientPipeReceiver, DialRequest } from "../pipe.ts";

/** More than this in the browser's hands, and writes count as not taken. */
const MUCH_BYTES = 1024 * 1024;
const LOOK_EVERY_MS = 20;
const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;
const NO_STATUS = 1005;

/** Connects to a `ws:` or `wss:` URL [MQTT-6.0.0-3]. */
export function dialWebSocket({ url }: DialRequest): Promise<ClientPipe> {
  return new Promise((resolve, reject) => {
    if (url.scheme !== "ws" && url.scheme !== "wss") {
      reject(new ConnectionLostError("client", "not ws: or wss:"));
      return;
    }
    const socket = new WebSocket(url.href, "mqtt");
    socket.binaryType = "arraybuffer";
    socket.onopen = () => resolve(new WebSocketPipe(socket));
    socket.onerror = () => reject(new ConnectionLostError("network", url.href));
  });
}

class WebSocketPipe implements ClientPipe {
  readonly #socket: WebSocket;
  #receiver: ClientPipeReceiver | undefined;
  #waiting: Uint8Array[] = [];
  #keptWrites = 0;
  #isPaused = false;
  #isEnding = false;
  /** The end has come; it waits behind what was not read. */
  #end: { readonly error: Error | undefined } | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      if (this.#isEnding) return;
      if (!(data instanceof ArrayBuffer)) {
        this.#close(new ConnectionLostError("protocol", "text")); // [MQTT-6.0.0-1]
        return;
      }
      this.#waiting.push(new Uint8Array(data));
      this.#flow();
    };
    socket.onclose = ({ code }) => {
      const isOrderly = code === NORMAL_CLOSURE || code === GOING_AWAY || code === NO_STATUS;
      this.#close(isOrderly ? undefined : new ConnectionLostError("network", `code ${code}`));
    };
    socket.onerror = null;
  }

  open(receiver: ClientPipeReceiver): void {
    this.#receiver = receiver;
    queueMicrotask(() => this.#flow());
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#isEnding || socket.readyState !== WebSocket.OPEN) return true;
    socket.send(bytes as Uint8Array<ArrayBuffer>);
    if (this.#keptWrites === 0 && socket.bufferedAmount < MUCH_BYTES) return true;
    if (this.#keptWrites++ === 0) setTimeout(this.#look, LOOK_EVERY_MS);
    return false;
  }

  pauseReading(): void {
    this.#isPaused = true;
  }

  resumeReading(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    queueMicrotask(() => this.#flow());
  }

  end(): void {
    this.#isEnding = true;
    this.#waiting = [];
    this.#isPaused = false;
    this.#socket.close(NORMAL_CLOSURE);
  }

  /** The web has no harder end than a close. */
  destroy(): void {
    this.end();
    this.#close(undefined);
  }

  readonly #look = (): void => {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount >= MUCH_BYTES / 2) {
      setTimeout(this.#look, LOOK_EVERY_MS);
      return;
    }
    const kept = this.#keptWrites;
    this.#keptWrites = 0;
    for (let i = 0; i < kept; i++) this.#receiver?.onWritten();
  };

  #close(error: Error | undefined): void {
    this.#end ??= { error };
    this.#socket.close();
    queueMicrotask(() => this.#flow());
  }

  #flow(): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    while (!this.#isPaused) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) break;
      if (bytes.length > 0) receiver.onBytes(bytes);
    }
    if (this.#end === undefined || this.#waiting.length > 0) return;
    this.#receiver = undefined;
    receiver.onClosed(this.#end.error);
  }
}
