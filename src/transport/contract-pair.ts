/**
 * How a case of the contract is set up: two connected pipes, one or both of them open, and what is done with them again
 * and again. Every case ends with a look at what the pipes said until their close.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { must, pattern, Recorder, until } from "./contract-recorder.ts";
import type { Pipe } from "./pipe.ts";

/** Makes two connected pipes, neither of them open. `graceMs` is theirs. */
export type ConnectPipes = (graceMs: number) => Promise<readonly [Pipe, Pipe]>;

/** One promise of the port. `run` resolves when the pipes keep it. */
export interface PipeContractCase {
  readonly name: string;
  readonly run: (connect: ConnectPipes) => Promise<void>;
}

export const GRACE_MS = 5_000;
export const SHORT_GRACE_MS = 30;
/** What a transport may put around each write, in `unwrittenBytes`. */
export const FRAMING_BYTES = 16;
export const BLOCK_BYTES = 64 * 1024;

/** Gives what should not happen the chance to happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

/** A connected pair with a recorder at each opened end. */
export interface Pair {
  readonly a: Pipe;
  readonly b: Pipe;
  readonly atA: Recorder;
  readonly atB: Recorder;
}

/** A case on two open pipes. */
export function onOpenPair(
  name: string,
  body: (pair: Pair) => Promise<void>,
  graceMs = GRACE_MS,
): PipeContractCase {
  return {
    name,
    async run(connect) {
      const [a, b] = await connect(graceMs);
      const atA = Recorder.open(a);
      const atB = Recorder.open(b);
      await body({ a, b, atA, atB });
      await destroyAll([a, b], [atA, atB]);
    },
  };
}

/** A case in which only the first pipe is open. */
export function onHalfOpenPair(
  name: string,
  body: (a: Pipe, atA: Recorder, b: Pipe) => Promise<Recorder>,
): PipeContractCase {
  return {
    name,
    async run(connect) {
      const [a, b] = await connect(GRACE_MS);
      const atA = Recorder.open(a);
      await destroyAll([a, b], [atA, await body(a, atA, b)]);
    },
  };
}

/** Every case ends here: each pipe closes, exactly once, and says nothing more. */
export async function destroyAll(pipes: readonly Pipe[], recorders: readonly Recorder[]): Promise<void> {
  for (const pipe of pipes) pipe.destroy();
  await until("every pipe is closed", () => recorders.every((recorder) => recorder.closed));
  await settle();
  for (const recorder of recorders) must(recorder.violation === undefined, recorder.violation ?? "");
  for (const pipe of pipes) must(pipe.unwrittenBytes === 0, "bytes are unwritten after the close");
}

/** Writes `bytes` and scribbles over the buffer as soon as it is free. */
export async function writeAndReuse(pipe: Pipe, recorder: Recorder, bytes: Uint8Array): Promise<void> {
  const buffer = Uint8Array.from(bytes);
  const before = recorder.writtenCalls;
  if (!pipe.write(buffer)) await until("onWritten", () => recorder.writtenCalls > before);
  buffer.fill(0xee);
}

/** Ends the pipe in the way for peers that leave too, if it has one. */
export function sayGoodbye(pipe: Pipe, recorder: Recorder): void {
  if (pipe.endAfterGoodbye === undefined) pipe.end();
  else pipe.endAfterGoodbye();
  must(!recorder.closed, "onClosed from inside the call");
}

/** Writes blocks until `refusals` of them stay with the pipe, since the wire is full. Gives what was written. */
export async function fill(pipe: Pipe, recorder: Recorder, refusals: number): Promise<Buffer> {
  const blocks: Buffer[] = [];
  const before = recorder.writtenCalls;
  for (let kept = 0; ; await settle()) {
    // A transport may keep a write only until the turn is over.
    if (kept - (recorder.writtenCalls - before) >= refusals) return Buffer.concat(blocks);
    while (kept - (recorder.writtenCalls - before) < refusals) {
      must(blocks.length < 2_000, "the wire is never full");
      const block = pattern(BLOCK_BYTES, blocks.length + 1);
      blocks.push(block);
      if (!pipe.write(block)) kept++;
    }
  }
}
