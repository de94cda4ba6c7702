/**
 * What the client needs of a transport: bytes both ways. Every `Pipe` of `martlet/testing` and of the transports is one; a
 * transport of your own implements this and is handed in as `dial`.
 */

import type { MaybePromise } from "#base";
import type { BrokerUrl } from "./url.ts";

/** One end of a connection. Until `open` nothing is lost: bytes and the peer's end wait. */
export interface ClientPipe {
  /** Attaches the one receiver; bytes begin to flow. Never calls back from inside this call. */
  open(receiver: ClientPipeReceiver): void;
  /**
   * Hands bytes to the wire. `true`: they are taken and the buffer is free again. `false`: the pipe keeps the buffer until
   * `onWritten`. Once the pipe is ending it does nothing and returns `true`. Never throws.
   */
  write(bytes: Uint8Array): boolean;
  /** No `onBytes` until `resumeReading`. At any time, any number of times. */
  pauseReading(): void;
  /** Undoes `pauseReading`. Never calls back from inside this call. */
  resumeReading(): void;
  /** Sends what was written, then ends the connection. */
  end(): void;
  /** Drops the connection and everything that waits in it at once. */
  destroy(): void;
}

export interface ClientPipeReceiver {
  /** The chunk is valid during the call only, and never empty. */
  onBytes(chunk: Uint8Array): void;
  /** The oldest `write` that returned `false` has been taken: its buffer is free. Once per such write, in order. */
  onWritten(): void;
  /** Exactly once, the last call. `error` says why when the end was not orderly. */
  onClosed(error: Error | undefined): void;
}

/** Where to, and how long it may take. */
export interface DialRequest {
  readonly url: BrokerUrl;
  readonly timeoutMs: number;
}

/** Makes a connection. Throws, or rejects, when it cannot. */
export type Dial = (request: DialRequest) => MaybePromise<ClientPipe>;
