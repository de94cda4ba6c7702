/**
 * A connection that misbehaves, around a real one: cut after so many bytes, gone silent, late, in small pieces, or saying
 * things twice. What it does comes from a seed or is said outright.
 */

import type { Clock } from "#base";
import type { ClientPipe, ClientPipeReceiver } from "../../src/client/pipe.ts";

export interface Faults {
  /** Cut behind so many bytes to the broker; the bytes before arrive. */
  readonly cutOutboundAt?: number;
  readonly cutInboundAt?: number;
  /** From then on nothing passes, either way, and nobody is told. */
  readonly silentAfter?: number;
  /** Everything from the broker is this late. */
  readonly delayMs?: number;
  /** What comes from the broker comes in pieces of this size. */
  readonly pieceBytes?: number;
  /** The chunk with this number comes twice. */
  readonly repeatChunk?: number;
}

export class FaultyPipe implements ClientPipe, ClientPipeReceiver {
  readonly #pipe: ClientPipe;
  readonly #clock: Clock;
  readonly #faults: Faults;
  #receiver: ClientPipeReceiver | undefined;
  #outbound = 0;
  #inbound = 0;
  #chunks = 0;
  #isCut = false;
  #isClosed = false;

  constructor(pipe: ClientPipe, clock: Clock, faults: Faults) {
    this.#pipe = pipe;
    this.#clock = clock;
    this.#faults = faults;
  }

  get #isSilent(): boolean {
    return this.#outbound + this.#inbound > (this.#faults.silentAfter ?? Number.POSITIVE_INFINITY);
  }

  open(receiver: ClientPipeReceiver): void {
    this.#receiver = receiver;
    this.#pipe.open(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isCut) return true;
    const room = (this.#faults.cutOutboundAt ?? Number.POSITIVE_INFINITY) - this.#outbound;
    this.#outbound += bytes.length;
    if (this.#isSilent) return true;
    if (bytes.length < room) return this.#pipe.write(bytes);
    this.#isCut = true;
    this.#pipe.write(bytes.slice(0, room));
    this.#clock.schedule(1, () => this.#break());
    return true;
  }

  pauseReading(): void {
    this.#pipe.pauseReading();
  }

  resumeReading(): void {
    this.#pipe.resumeReading();
  }

  end(): void {
    this.#pipe.end();
  }

  destroy(): void {
    this.#pipe.destroy();
  }

  onBytes(chunk: Uint8Array): void {
    if (this.#isCut) return;
    const room = (this.#faults.cutInboundAt ?? Number.POSITIVE_INFINITY) - this.#inbound;
    this.#inbound += chunk.length;
    if (this.#isSilent) return;
    const bytes = chunk.slice(0, room);
    const isRepeated = this.#chunks++ === this.#faults.repeatChunk;
    const { delayMs } = this.#faults;
    const pass = (): void => {
      this.#pass(bytes);
      if (isRepeated) this.#pass(bytes);
    };
    if (delayMs === undefined) pass();
    else this.#clock.schedule(delayMs, pass);
    if (chunk.length < room) return;
    this.#isCut = true;
    this.#clock.schedule(1 + (delayMs ?? 0), () => this.#break());
  }

  onWritten(): void {
    if (!this.#isClosed) this.#receiver?.onWritten();
  }

  onClosed(error: Error | undefined): void {
    if (this.#isClosed || this.#isSilent) return;
    this.#isClosed = true;
    this.#receiver?.onClosed(error);
  }

  #pass(bytes: Uint8Array): void {
    const { pieceBytes = bytes.length } = this.#faults;
    for (let at = 0; at < bytes.length && !this.#isClosed; at += pieceBytes) {
      this.#receiver?.onBytes(bytes.slice(at, at + pieceBytes));
    }
  }

  #break(): void {
    this.#pipe.destroy();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#receiver?.onClosed(new Error("cut"));
  }
}
