/**
 * A pipe over the WebSocket that browsers, workers, Deno and Bun have.
 *
 * The web's WebSocket cannot be told to stop reading. What comes while the client does not read waits here, so the brake is
 * the Receive Maximum; at QoS 0 there is none. It does not say either when bytes were taken, so a pipe with much to send looks
 * from time to time.
 */

import { ConfigError } from "#base";
import { ConnectionLostError } from "../errors.ts";
import type { ClientPipe, ClientPipeReceiver, DialRequest } from "../pipe.ts";

/** More than this in the browser's hands, and writes count as not taken. */
const MUCH_BYTES = 1024 * 1024;
const LOOK_EVERY_MS = 20;
/** Normal closure, going away, no status. */
const orderlyCodes: readonly number[] = [1000, 1001, 1005];

/** Connects to a `ws:` or `wss:` URL [MQTT-6.0.0-3]. */
export function dialWebSocket({ url }: DialRequest): Promise<ClientPipe> {
  return new Promise((resolve, reject) => {
    if (!/^wss?$/.test(url.scheme)) throw new ConfigError("url", "ws: or wss: expected");
    const socket = new WebSocket(url.href, "mqtt");
    socket.binaryType = "arraybuffer";
    socket.onopen = () => resolve(webSocketPipe(socket));
    socket.onerror = () => reject(new ConnectionLostError("network", url.href));
  });
}

/** The pipe over a socket that is open. */
function webSocketPipe(socket: WebSocket): ClientPipe {
  let receiver: ClientPipeReceiver | undefined;
  let waiting: Uint8Array[] = [];
  let keptWrites = 0;
  let isPaused = false;
  let isEnding = false;
  /** The end has come; it waits behind what was not read. */
  let ended: { readonly error: Error | undefined } | undefined;

  const flow = (): void => {
    const to = receiver;
    if (to === undefined) return;
    while (!isPaused) {
      const bytes = waiting.shift();
      if (bytes === undefined) break;
      if (bytes.length > 0) to.onBytes(bytes);
    }
    if (ended === undefined || waiting.length > 0) return;
    receiver = undefined;
    to.onClosed(ended.error);
  };
  const close = (error: Error | undefined): void => {
    ended ??= { error };
    socket.close();
    queueMicrotask(flow);
  };
  const end = (): void => {
    isEnding = true;
    waiting = [];
    isPaused = false;
    socket.close(orderlyCodes[0]);
  };
  const look = (): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount >= MUCH_BYTES / 2) {
      setTimeout(look, LOOK_EVERY_MS);
      return;
    }
    const kept = keptWrites;
    keptWrites = 0;
    for (let i = 0; i < kept; i++) receiver?.onWritten();
  };

  socket.onmessage = ({ data }: { readonly data: unknown }) => {
    if (isEnding) return;
    if (!(data instanceof ArrayBuffer)) {
      close(new ConnectionLostError("protocol", "text")); // [MQTT-6.0.0-1]
      return;
    }
    waiting.push(new Uint8Array(data));
    flow();
  };
  socket.onclose = ({ code }) => {
    close(orderlyCodes.includes(code) ? undefined : new ConnectionLostError("network", `code ${code}`));
  };
  socket.onerror = null;

  return {
    open(theReceiver) {
      receiver = theReceiver;
      queueMicrotask(flow);
    },
    write(bytes) {
      if (isEnding || socket.readyState !== WebSocket.OPEN) return true;
      socket.send(bytes as Uint8Array<ArrayBuffer>);
      if (keptWrites === 0 && socket.bufferedAmount < MUCH_BYTES) return true;
      if (keptWrites++ === 0) setTimeout(look, LOOK_EVERY_MS);
      return false;
    },
    pauseReading() {
      isPaused = true;
    },
    resumeReading() {
      isPaused = false;
      queueMicrotask(flow);
    },
    end,
    /** The web has no harder end than a close. */
    destroy() {
      end();
      close(undefined);
    },
  };
}
