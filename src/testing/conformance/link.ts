/**
 * The two ports below a case: a connection that carries bytes, and the passing of time. Real sockets and real time are in
 * `url-target.ts`, memory and virtual time in `virtual-target.ts`.
 */

/** One network connection to the broker. */
export interface Link {
  /** Bytes from the broker, and the end of the connection; set once, before anything can arrive. */
  listen(onBytes: (bytes: Uint8Array) => void, onClosed: () => void): void;
  send(bytes: Uint8Array): void;
  /** A frame that is not binary, where frames exist (WebSocket). */
  sendTextFrame?(content: string): void;
  /** Sends each byte of `bytes` in a frame of its own, where frames exist. */
  sendByteFrames?(bytes: Uint8Array): void;
  /** The sub-protocol that the broker chose, where there is one. */
  readonly subprotocol?: string;
  /** Ends the connection at once, as a network failure does. */
  destroy(): void;
}

/** How time passes for a case. */
export interface Pace {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Lets `ms` pass. */
  wait(ms: number): Promise<void>;
  /** Waits until `done()`, for `ms` at most; tells whether it was done. `signal` wakes it up. */
  until(done: () => boolean, ms: number, signal: Signal): Promise<boolean>;
}

/** Tells whoever waits that something happened. */
export class Signal {
  #waiting: (() => void)[] = [];

  raise(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }

  /** Calls `wake` at the next `raise`. */
  onNext(wake: () => void): void {
    this.#waiting.push(wake);
  }
}

/** The time of the machine. */
export const realPace: Pace = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  until(done, ms, signal) {
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        clearTimeout(timer);
        resolve(result);
      };
      const timer = setTimeout(() => finish(done()), ms);
      const look = (): void => {
        if (done()) finish(true);
        else signal.onNext(look);
      };
      look();
    });
  },
};
