/**
 * A pipe on Node's own handle of a TCP or Unix socket: what `SocketPipe` does, without a `net.Socket` and its two
 * streams in between. HOT.
 *
 * A chunk lies in the buffer that all pipes read into; bytes go to the system as they are handed over. An idle pipe is
 * this one object: no closure, no buffer, no timer. The peer's FIN ends the pipe in an orderly way; there is no
 * half-open state. Addresses are asked for when somebody wants them.
 */

import type { Clock } from "#base";
import { brokenPipeOf, PipeError } from "./errors.ts";
import {
  closeAndTell,
  END_OF_INPUT,
  type HandleIo,
  type HandleOwner,
  type StreamHandle,
  WriteOutcome,
} from "./handle-io.ts";
import { peerAddressOfHandle } from "./peer-address.ts";
import type { PeerAddress, Pipe, PipeReceiver } from "./pipe.ts";

/** What the pipes of one listener share. */
export interface HandleHome {
  readonly io: HandleIo;
  readonly clock: Clock;
  /** How long `end` waits for the peer. */
  readonly graceMs: number;
  readonly transport: "tcp" | "unix";
  /** Pipes that are not closed. */
  openPipes: number;
}

const Phase = { FLOWING: 0, ENDING: 1, CLOSED: 2, REPORTED: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** What only a pipe that is ending needs to remember. */
interface Ending {
  readonly cancelGrace: () => void;
  isShutDown: boolean;
  hasPeerEnded: boolean;
}

/** One end of a connection. */
export class HandlePipe implements Pipe, HandleOwner {
  readonly #handle: StreamHandle;
  readonly #home: HandleHome;
  #receiver: PipeReceiver | undefined;
  #peer: PeerAddress | undefined;
  #phase: Phase = Phase.FLOWING;
  #isPaused = false;
  #unwrittenBytes = 0;
  #ending: Ending | undefined;
  #error: PipeError | undefined;

  /** `handle` is connected, and nobody reads from it. */
  constructor(handle: StreamHandle, home: HandleHome) {
    this.#handle = handle;
    this.#home = home;
    home.openPipes++;
    home.io.own(handle, this);
  }

  /** Asked for when it is first wanted. After a reset the system does not know the remote end any more. */
  get peer(): PeerAddress {
    this.#peer ??= peerAddressOfHandle(this.#handle, this.#home.transport);
    return this.#peer;
  }

  open(receiver: PipeReceiver): void {
    this.#receiver = receiver;
    if (this.#phase === Phase.CLOSED) this.#home.clock.afterTurn(() => this.#report());
    else if (!this.#isPaused && this.#phase === Phase.FLOWING) this.#startReading();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== Phase.FLOWING || bytes.length === 0) return true;
    const outcome = this.#home.io.write(this.#handle, bytes);
    if (outcome === WriteOutcome.TAKEN) return true;
    if (outcome === WriteOutcome.KEPT) {
      this.#unwrittenBytes += bytes.length;
      return false;
    }
    this.#breakOff(outcome, "write");
    return true;
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  pauseReading(): void {
    if (this.#isPaused || this.#phase !== Phase.FLOWING) return;
    this.#isPaused = true;
    if (this.#receiver !== undefined) this.#handle.readStop();
  }

  resumeReading(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // Before `open` the bytes would have nowhere to go.
    if (this.#receiver !== undefined && this.#phase === Phase.FLOWING) this.#startReading();
  }

  end(): void {
    if (this.#phase !== Phase.FLOWING) return;
    const { io, clock, graceMs } = this.#home;
    this.#phase = Phase.ENDING;
    if (io.shutdown(this.#handle) !== 0) {
      // There is no peer any more who could follow, and whose address the system would know.
      this.#close();
      return;
    }
    this.#ending = {
      cancelGrace: clock.schedule(graceMs, () => this.#giveUp()),
      isShutDown: false,
      hasPeerEnded: false,
    };
    // Without reading on, the peer's end would never be seen.
    if (this.#isPaused || this.#receiver === undefined) this.#startReading();
    this.#isPaused = false;
  }

  /** With nothing of ours on its way closing sends the FIN too. An address that nobody has asked for is then lost. */
  endAfterGoodbye(): void {
    if (this.#phase === Phase.FLOWING && this.#unwrittenBytes === 0) this.#close();
    else this.end();
  }

  destroy(): void {
    if (this.#phase >= Phase.CLOSED) return;
    this.#rememberPeer();
    this.#close();
  }

  /** @internal */
  onRead(count: number): void {
    if (count > 0) {
      if (this.#phase === Phase.FLOWING) this.#receiver?.onBytes(this.#home.io.chunk(count));
    } else if (count === END_OF_INPUT) this.#onPeerEnd();
    else if (count < 0) this.#finish(brokenPipeOf(count, "read"));
  }

  /** @internal */
  onWriteDone(bytes: Uint8Array, status: number): void {
    if (this.#phase >= Phase.CLOSED) return;
    if (status < 0) {
      this.#finish(brokenPipeOf(status, "write"));
      return;
    }
    this.#unwrittenBytes -= bytes.length;
    this.#receiver?.onWritten();
  }

  /** @internal */
  onShutdownDone(): void {
    const ending = this.#ending;
    if (ending === undefined) return;
    ending.isShutDown = true;
    if (ending.hasPeerEnded) this.#finish(undefined);
  }

  /** @internal */
  onHandleClosed(): void {
    this.#report();
  }

  /** The peer has ended; so do we, within the grace period. */
  #onPeerEnd(): void {
    // With nothing of ours on its way, to close is to end.
    if (this.#phase === Phase.FLOWING && this.#unwrittenBytes > 0) this.end();
    const ending = this.#ending;
    if (ending === undefined || ending.isShutDown) this.#finish(undefined);
    else ending.hasPeerEnded = true;
  }

  #startReading(): void {
    const error = this.#handle.readStart();
    if (error !== 0) this.#breakOff(error, "read");
  }

  #giveUp(): void {
    this.#finish(new PipeError("timed-out", "The peer did not follow the end of the connection in time"));
  }

  /** The system refused a call, which is told later, since nobody expects it from inside the call. */
  #breakOff(errorNumber: number, call: string): void {
    this.#error = brokenPipeOf(errorNumber, call);
    this.#rememberPeer();
    this.#close();
  }

  /** Tells the receiver, then lets go: until then the system still knows the addresses. Never from inside a call. */
  #finish(error: PipeError | undefined): void {
    if (this.#phase >= Phase.CLOSED) return;
    if (this.#receiver === undefined) this.#rememberPeer();
    this.#markClosed();
    this.#error = error;
    try {
      this.#report();
    } finally {
      this.#handle.close();
    }
  }

  /** Lets go; the receiver is told when the handle is gone. */
  #close(): void {
    this.#markClosed();
    closeAndTell(this.#handle);
  }

  /** For those who ask when the handle is gone. */
  #rememberPeer(): void {
    this.#peer ??= this.peer;
  }

  #markClosed(): void {
    this.#phase = Phase.CLOSED;
    this.#unwrittenBytes = 0;
    this.#home.openPipes--;
    this.#ending?.cancelGrace();
    this.#ending = undefined;
  }

  /** Waits for `open` if that has not come. */
  #report(): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#phase === Phase.REPORTED) return;
    this.#phase = Phase.REPORTED;
    receiver.onClosed(this.#error);
  }
}
