/** A bare socket, for devices that write hex: bytes out, bytes in, nothing understood. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { until } from "./until.ts";

export class RawSocket {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Writes the bytes in one piece. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Writes byte by byte, each in a packet of its own as far as the system allows. */
  async dribble(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      await new Promise<void>((resolve, reject) => {
        this.#socket.write(Uint8Array.of(byte), (error) => (error ? reject(error) : setImmediate(resolve)));
      });
    }
  }

  /** Waits until `count` bytes have come, takes them and returns them as hex. */
  async read(count: number): Promise<string> {
    await until(
      `${count} bytes on a bare socket, of which ${this.#received.length} have come`,
      () => this.#received.length >= count || this.closed,
    );
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(taken.length);
    return hexOf(taken);
  }

  async untilClosed(): Promise<void> {
    await until("the broker closes a bare socket", () => this.closed);
  }

  /** What has come and was not read, as hex. */
  get unread(): string {
    return hexOf(this.#received);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Connects to a TCP port of this machine, or to a Unix socket; the socket ends with the test. */
export async function rawSocket(
  target: { readonly port: number } | { readonly path: string },
): Promise<RawSocket> {
  const socket = connect("port" in target ? { ...target, host: "127.0.0.1" } : target);
  await once(socket, "connect");
  const raw = new RawSocket(socket);
  onTestFinished(() => raw.destroy());
  return raw;
}

/** Bytes of hex text; white space does not count. */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, "");
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) throw new Error(`not hex: ${text}`);
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

/** `20 02 00 00` */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
