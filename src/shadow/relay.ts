/**
 * One client and its connection to the old broker: every byte of each goes to the other, unchanged and in order, with the
 * back-pressure of both, and each half ends when its sender ends it. Whoever listens gets the bytes afterwards.
 *
 *     client ──bytes──▶ old broker      client ──FIN──▶ old broker
 *            ◀──bytes──                        ◀──FIN──
 */

import type { Socket } from "node:net";
import { describeError } from "#base";
import type { Upstream } from "./upstream.ts";

/** Who listens. What it throws does not matter to the relay, so it must not. */
interface RelayListener {
  /** The chunk's memory stays as it is. */
  onClientBytes(chunk: Uint8Array): void;
  onOldBytes(chunk: Uint8Array): void;
  onClientEnd(): void;
  onOldEnd(): void;
}

export interface RelayOptions {
  readonly client: Socket;
  readonly upstream: Upstream;
  /** The connection to the old broker, under way. */
  readonly old: Socket;
  readonly listener: RelayListener;
  /** There is no connection to the old broker; the client's ends. */
  readonly onUnreachable: (says: string) => void;
}

export class Relay {
  readonly #options: RelayOptions;
  #isConnected = false;

  /** `client` has to be paused; it is read once the old broker can be written to. */
  constructor(options: RelayOptions) {
    this.#options = options;
    const { client, old, upstream, listener } = options;
    old.once(upstream.readyEvent, () => {
      this.#isConnected = true;
      client.resume();
    });
    pump(
      client,
      old,
      (chunk) => listener.onClientBytes(chunk),
      () => listener.onClientEnd(),
    );
    pump(
      old,
      client,
      (chunk) => listener.onOldBytes(chunk),
      () => listener.onOldEnd(),
    );
    // Listening for bytes has set it flowing.
    client.pause();
    // When one of the two is gone for good, what the other has still to get goes out, and it ends.
    client.on("close", () => {
      listener.onClientEnd();
      old.destroySoon();
    });
    old.on("close", () => {
      listener.onOldEnd();
      client.destroySoon();
    });
    client.on("error", () => undefined);
    // A broker may break a connection off: then it has ended it.
    old.on("error", (error) => {
      if (!this.#isConnected) options.onUnreachable(describeError(error));
    });
  }

  /** Whether the client is so slow that nothing more is read from the old broker. */
  get isClientSlow(): boolean {
    return this.#options.client.writableNeedDrain;
  }

  /** Breaks both connections off. */
  destroy(): void {
    this.#options.client.destroy();
    this.#options.old.destroy();
  }
}

function pump(from: Socket, to: Socket, onBytes: (chunk: Uint8Array) => void, onEnd: () => void): void {
  from.on("data", (chunk: Buffer) => {
    if (!to.destroyed && !to.write(chunk)) from.pause();
    onBytes(chunk);
  });
  to.on("drain", () => from.resume());
  from.on("end", () => {
    to.end();
    onEnd();
  });
}
