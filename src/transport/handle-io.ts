/**
 * Node's stream handles, the objects under its sockets, as far as pipes use them without the sockets. HOT.
 *
 * Node does not promise to leave them as they are. A call in a way that a version of Node does not expect may end the
 * process instead of throwing, so nothing here is used on a version on which the contract of the pipes has not been
 * run; `pipe-choice.ts` sees to that.
 *
 * All pipes of a process share one buffer for reading, which Node fills anew for each chunk, and one write request,
 * which is spent only when the system does not take the bytes at once.
 */

/** Whose handle it is; hears what Node reports. None of these is called from inside a call to the handle. */
export interface HandleOwner {
  /** So many bytes lie in `HandleIo.chunk`, or, when negative, the system's error number; `END_OF_INPUT` is one. */
  onRead(count: number): void;
  /** A write that was kept has come to its end: `status` 0, or the system's error number. */
  onWriteDone(bytes: Uint8Array, status: number): void;
  /** Only after `shutdown`. */
  onShutdownDone?(): void;
  /** The handle is gone. Only after `closeAndTell`. */
  onHandleClosed?(): void;
}

/** A handle that reads and writes: TCP, Unix socket, or TLS over one of them. */
export interface StreamHandle {
  /** Ours; Node knows nothing of it. */
  owner: HandleOwner | undefined;
  onread: (this: StreamHandle) => void;
  /** Bytes that the system has not taken. */
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  shutdown(request: ShutdownRequest): number;
  useUserBuffer(buffer: Uint8Array): void;
  close(onClosed?: (this: StreamHandle) => void): void;
  /** Both are absent on Unix sockets. */
  getpeername?(address: HandleAddress): number;
  getsockname?(address: HandleAddress): number;
}

/** A handle of a TCP connection, or one that listens for them. */
export interface TcpHandle extends StreamHandle {
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, initialDelaySeconds: number): number;
}

/** What `getpeername` fills in. */
export interface HandleAddress {
  address?: string;
  port?: number;
}

interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number, handle: StreamHandle) => void;
  /** Ours: keeps the bytes from being collected while the system reads them. Set behind the call that keeps them. */
  bytes: Uint8Array | undefined;
  /** Ours: how it ended, if that was from inside the call. TLS does so when the connection below it is broken. */
  status: number;
}

interface ShutdownRequest {
  oncomplete: (this: ShutdownRequest, status: number, handle: StreamHandle) => void;
}

/** What Node keeps for its own streams. */
export interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  /** Where Node leaves numbers for its callbacks. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/** The peer sends nothing more; libuv's number, the same on every system. */
export const END_OF_INPUT = -4095;
/** Node asks for this much at once from a socket, too. */
const READ_BUFFER_BYTES = 64 * 1024;

const PENDING = 1;

/** What a write came to; a negative number is the system's error. */
export const WriteOutcome = { TAKEN: 0, KEPT: 1 } as const;

export class HandleIo {
  readonly #binding: StreamBinding;
  readonly #state: Int32Array;
  readonly #asyncIndex: number;
  readonly #readBuffer = new Uint8Array(READ_BUFFER_BYTES);
  readonly #onRead: (this: StreamHandle) => void;
  #spare: WriteRequest;

  constructor(binding: StreamBinding) {
    const { streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = binding;
    this.#binding = binding;
    this.#state = streamBaseState;
    this.#asyncIndex = kLastWriteWasAsync;
    // What it returns would be the next buffer to read into.
    this.#onRead = function onRead(): void {
      this.owner?.onRead(streamBaseState[kReadBytesOrError] as number);
    };
    this.#spare = this.#newWriteRequest();
  }

  /** From now on `owner` hears of this handle, and nobody else. */
  own(handle: StreamHandle, owner: HandleOwner): void {
    handle.owner = owner;
    handle.onread = this.#onRead;
    handle.useUserBuffer(this.#readBuffer);
  }

  /** What has just been read; valid until the owner's `onRead` returns. */
  chunk(count: number): Uint8Array {
    return this.#readBuffer.subarray(0, count);
  }

  /** Hands `bytes` to the system. KEPT: they must not change until `onWriteDone`. */
  write(handle: StreamHandle, bytes: Uint8Array): number {
    const request = this.#spare;
    const error = handle.writeBuffer(request, bytes);
    if (error === 0 && this.#state[this.#asyncIndex] === 0) return WriteOutcome.TAKEN;
    this.#spare = this.#newWriteRequest();
    if (error !== 0) return error;
    if (request.status !== PENDING) return request.status;
    request.bytes = bytes;
    return WriteOutcome.KEPT;
  }

  /** Ends our direction behind what was written. 0: `onShutdownDone` follows. Otherwise the system's error number. */
  shutdown(handle: StreamHandle): number {
    const request = new this.#binding.ShutdownWrap();
    request.oncomplete = onShutdownDone;
    return handle.shutdown(request);
  }

  #newWriteRequest(): WriteRequest {
    const request = new this.#binding.WriteWrap();
    request.oncomplete = onWriteDone;
    request.bytes = undefined;
    request.status = PENDING;
    return request;
  }
}

/** Gives the handle back; `onHandleClosed` follows. */
export function closeAndTell(handle: StreamHandle): void {
  handle.close(onHandleClosed);
}

function onWriteDone(this: WriteRequest, status: number, handle: StreamHandle): void {
  const { bytes } = this;
  this.bytes = undefined;
  if (bytes === undefined) this.status = status;
  else handle.owner?.onWriteDone(bytes, status);
}

function onShutdownDone(this: ShutdownRequest, _status: number, handle: StreamHandle): void {
  handle.owner?.onShutdownDone?.();
}

function onHandleClosed(this: StreamHandle): void {
  this.owner?.onHandleClosed?.();
}
