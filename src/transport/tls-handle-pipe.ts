/**
 * A pipe on the handle of a TLS connection whose handshake Node's own `TLSSocket` has done and verified. HOT.
 *
 *     TLSSocket ── TLS handle ── TCP handle      the socket keeps the handshake, errors and the end;
 *                    │                           bytes pass it by
 *                  pipe
 *
 * TLS decrypts all that one read held, even when the reader pauses meanwhile: what then comes is kept, at most what one
 * read held. It encrypts one write at a time and copies it, so further writes wait here; small ones go out together.
 */

import type { TLSSocket } from "node:tls";
import { type Clock, copyBytes, Ring } from "#base";
import { brokenPipe, brokenPipeOf, PipeError } from "./errors.ts";
import {
  END_OF_INPUT,
  type HandleIo,
  type HandleOwner,
  type StreamHandle,
  WriteOutcome,
} from "./handle-io.ts";
import type { PeerAddress, PeerCertificate, Pipe, PipeReceiver } from "./pipe.ts";
import { certificateOf, type TlsPeer } from "./tls-peer.ts";

/** What the pipes of one listener share. */
export interface TlsHandleHome {
  readonly io: HandleIo;
  readonly clock: Clock;
  /** How long `end` waits for the peer. */
  readonly graceMs: number;
}

interface TlsHandle extends StreamHandle {
  /** The handle that carries the encrypted bytes. */
  readonly _parent: StreamHandle;
}

/** Writes that wait are joined up to this size. TLS has copied them when the call returns, so all pipes share it. */
const joined = new Uint8Array(64 * 1024);

const Phase = { FLOWING: 0, ENDING: 1, CLOSED: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** One end of a TLS connection. */
export class TlsHandlePipe implements Pipe, HandleOwner {
  readonly peer: PeerAddress;
  readonly #socket: TLSSocket;
  readonly #handle: TlsHandle;
  readonly #home: TlsHandleHome;
  #receiver: PipeReceiver | undefined;
  #phase: Phase = Phase.FLOWING;
  #isPaused = false;
  #hasPeerEnded = false;
  /** What was decrypted while nobody read. */
  readonly #unread = new Ring<Uint8Array>();
  /** Kept writes that TLS has not been given. */
  readonly #unwritten = new Ring<Uint8Array>();
  /** Those and the kept ones in flight. */
  #unwrittenBytes = 0;
  #isWriting = false;
  /** How many kept writes, and of how many bytes, are in flight. */
  #keptInFlight = 0;
  #keptBytesInFlight = 0;
  readonly pskIdentity: string | undefined;
  readonly #tlsPeer: TlsPeer;
  #certificate: PeerCertificate | undefined;
  #cancelGrace: (() => void) | undefined;

  /** `socket` has just finished its handshake and has not been read. */
  constructor(socket: TLSSocket, home: TlsHandleHome, peer: TlsPeer) {
    this.peer = peer.address;
    this.pskIdentity = peer.pskIdentity;
    this.#tlsPeer = peer;
    this.#socket = socket;
    this.#home = home;
    this.#handle = (socket as unknown as { readonly _handle: TlsHandle })._handle;
    this.#handle.readStop();
    home.io.own(this.#handle, this);
    for (let chunk = readLeftover(socket); chunk !== null; chunk = readLeftover(socket)) {
      this.#unread.push(chunk);
    }
    // After the handshake Node reports what TLS finds wrong and leaves the socket open.
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  /** Asked for when it is first wanted; ask before the pipe closes. */
  get peerCertificate(): PeerCertificate | undefined {
    this.#certificate ??= certificateOf(this.#socket, this.#tlsPeer);
    return this.#certificate;
  }

  open(receiver: PipeReceiver): void {
    this.#receiver = receiver;
    this.#home.clock.afterTurn(this.#phase === Phase.CLOSED ? this.#report : this.#flow);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== Phase.FLOWING || this.#socket.destroyed || bytes.length === 0) return true;
    if (this.#isWriting) {
      this.#unwritten.push(bytes);
    } else {
      this.#giveToTls(bytes);
      // Encrypted and taken by the system; only Node does not say so before the turn ends.
      if (!this.#isWriting || this.#handle._parent.writeQueueSize === 0) return true;
      this.#keptInFlight = 1;
      this.#keptBytesInFlight = bytes.length;
    }
    this.#unwrittenBytes += bytes.length;
    return false;
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  pauseReading(): void {
    if (this.#isPaused || this.#phase !== Phase.FLOWING) return;
    this.#isPaused = true;
    this.#handle.readStop();
  }

  resumeReading(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#home.clock.afterTurn(this.#flow);
  }

  end(): void {
    if (this.#phase !== Phase.FLOWING) return;
    this.#phase = Phase.ENDING;
    this.#isPaused = false;
    this.#unread.clear();
    this.#cancelGrace = this.#home.clock.schedule(this.#home.graceMs, () =>
      this.#socket.destroy(
        new PipeError("timed-out", "The peer did not follow the end of the connection in time"),
      ),
    );
    // Without reading on, the peer's end would never be seen.
    this.#handle.readStart();
    if (!this.#isWriting) this.#socket.end(this.#onEnded);
  }

  destroy(): void {
    this.#markClosed();
    this.#socket.destroy();
  }

  /** @internal */
  onRead(count: number): void {
    if (count > 0) {
      if (this.#phase !== Phase.FLOWING) return;
      const chunk = this.#home.io.chunk(count);
      if (this.#isReading && this.#unread.size === 0) this.#receiver?.onBytes(chunk);
      else this.#unread.push(chunk.slice());
    } else if (count === END_OF_INPUT) {
      this.#hasPeerEnded = true;
      if (this.#phase === Phase.ENDING || (this.#isReading && this.#unread.size === 0)) this.#onPeerEnd();
    } else if (count < 0) this.#socket.destroy(brokenPipeOf(count, "read"));
  }

  /** @internal */
  onWriteDone(_bytes: Uint8Array, status: number): void {
    this.#isWriting = false;
    if (this.#phase === Phase.CLOSED || this.#socket.destroyed) return;
    if (status < 0) {
      this.#socket.destroy(brokenPipeOf(status, "write"));
      return;
    }
    const kept = this.#keptInFlight;
    this.#unwrittenBytes -= this.#keptBytesInFlight;
    this.#keptInFlight = 0;
    this.#keptBytesInFlight = 0;
    this.#writeWaiting();
    for (let i = 0; i < kept && !this.#socket.destroyed; i++) this.#receiver?.onWritten();
  }

  get #isReading(): boolean {
    return this.#receiver !== undefined && !this.#isPaused;
  }

  /** Hands over what was kept, then lets more come, or handles the peer's end that stood behind it. */
  readonly #flow = (): void => {
    while (this.#phase === Phase.FLOWING && this.#isReading) {
      const chunk = this.#unread.shift();
      if (chunk !== undefined) {
        this.#receiver?.onBytes(chunk);
        continue;
      }
      if (this.#hasPeerEnded) this.#onPeerEnd();
      else this.#handle.readStart();
      return;
    }
  };

  /** The peer has ended; so do we, within the grace period. */
  #onPeerEnd(): void {
    this.end();
    if (this.#socket.writableFinished) this.#socket.destroy();
  }

  /** Our direction has ended. */
  readonly #onEnded = (): void => {
    if (this.#hasPeerEnded) this.#socket.destroy();
  };

  #giveToTls(bytes: Uint8Array): void {
    const outcome = this.#home.io.write(this.#handle, bytes);
    this.#isWriting = outcome === WriteOutcome.KEPT;
    if (outcome < 0) this.#socket.destroy(brokenPipeOf(outcome, "write"));
  }

  /** The next of the writes that wait, and as many as can be joined to it; or the end, when it stands behind them. */
  #writeWaiting(): void {
    const waiting = this.#unwritten;
    const first = waiting.shift();
    if (first === undefined) {
      if (this.#phase === Phase.ENDING) this.#socket.end(this.#onEnded);
      return;
    }
    let length = first.length;
    this.#keptInFlight = 1;
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      if (length + next.length > joined.length) break;
      if (this.#keptInFlight === 1) copyBytes(joined, 0, first, 0, first.length);
      length = copyBytes(joined, length, next, 0, next.length);
      this.#keptInFlight++;
      waiting.shift();
    }
    this.#keptBytesInFlight = length;
    this.#giveToTls(this.#keptInFlight === 1 ? first : joined.subarray(0, length));
    if (!this.#isWriting) this.onWriteDone(first, 0);
  }

  readonly #onError = (error: Error): void => {
    this.#socket.destroy(error);
  };

  readonly #onClose = (): void => {
    this.#markClosed();
    this.#report();
  };

  #markClosed(): void {
    this.#phase = Phase.CLOSED;
    this.#unread.clear();
    this.#unwritten.clear();
    this.#unwrittenBytes = 0;
    this.#cancelGrace?.();
  }

  /** Waits for the close and for `open`; the later one tells. */
  readonly #report = (): void => {
    const receiver = this.#receiver;
    if (receiver === undefined || !this.#socket.closed) return;
    this.#receiver = undefined;
    const error = this.#socket.errored;
    receiver.onClosed(error === null ? undefined : brokenPipe(error));
  };
}

/** What the socket itself has read before the pipe took over. */
function readLeftover(socket: TLSSocket): Uint8Array | null {
  return socket.readableLength > 0 ? (socket.read() as Uint8Array | null) : null;
}
