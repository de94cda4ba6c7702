/**
 * The tools of the contract: a receiver that remembers, and ways to wait for and insist on what it saw.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { InvariantError } from "#base";
import { PipeError, type PipeErrorKind } from "./errors.ts";
import type { Pipe, PipeReceiver } from "./pipe.ts";

const DEADLINE_MS = 10_000;

/** Throws `InvariantError` with `otherwise` unless the condition holds. */
export function must(condition: boolean, otherwise: string): void {
  if (!condition) throw new InvariantError(`A pipe broke its contract: ${otherwise}`);
}

/** Waits until `condition` holds. Throws when it does not within ten seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    must(performance.now() < deadline, `waited in vain until ${what}`);
    await nextTurn();
  }
}

/** The bytes received so far are exactly `expected`. */
export function mustHaveReceived(recorder: Recorder, expected: Uint8Array): void {
  must(Buffer.concat(recorder.chunks).equals(expected), "other bytes arrived than were sent");
}

/** The pipe closed with a `PipeError` of this kind. */
export function mustHaveFailed({ error }: Recorder, kind: PipeErrorKind): void {
  must(error instanceof PipeError && error.kind === kind, `the error is not ${kind}`);
}

/** Bytes in which a lost, doubled or moved block shows. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Remembers what a pipe tells it, and checks the promises that hold for every pipe at all times. */
export class Recorder implements PipeReceiver {
  readonly chunks: Buffer[] = [];
  receivedBytes = 0;
  writtenCalls = 0;
  closed = false;
  error: Error | undefined;
  /** Called for each chunk, after it has been recorded. */
  onChunk: (() => void) | undefined;
  /** Called after each `onWritten`, and from inside `onClosed`. */
  onWrittenCall: (() => void) | undefined;
  onClose: (() => void) | undefined;
  violation: string | undefined;
  #insideOpen = false;

  static open(pipe: Pipe): Recorder {
    const recorder = new Recorder();
    recorder.#insideOpen = true;
    pipe.open(recorder);
    recorder.#insideOpen = false;
    return recorder;
  }

  onBytes(chunk: Uint8Array): void {
    this.#check("onBytes");
    if (chunk.length === 0) this.violation ??= "an empty chunk";
    this.chunks.push(Buffer.from(chunk));
    this.receivedBytes += chunk.length;
    this.onChunk?.();
  }

  onWritten(): void {
    this.#check("onWritten");
    this.writtenCalls++;
    this.onWrittenCall?.();
  }

  onClosed(error: Error | undefined): void {
    this.#check("onClosed");
    this.closed = true;
    this.error = error;
    this.onClose?.();
  }

  #check(call: string): void {
    if (this.#insideOpen) this.violation ??= `${call} from inside open`;
    if (this.closed) this.violation ??= `${call} after onClosed`;
  }
}
