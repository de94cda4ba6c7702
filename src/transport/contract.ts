/**
 * What every pipe must do, as cases that know no test runner: each rejects with `InvariantError` when the pipe
 * breaks it.
 *
 * Uses buffers the way the broker does, scribbling over them as soon as the pipe says they are free. Waits for
 * conditions with a deadline and never for a time.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { must, mustHaveFailed, mustHaveReceived, pattern, Recorder, until } from "./contract-recorder.ts";
import type { Pipe } from "./pipe.ts";

/** Makes two connected pipes, neither of them open. `graceMs` is theirs. */
export type ConnectPipes = (graceMs: number) => Promise<readonly [Pipe, Pipe]>;

/** One promise of the port. `run` resolves when the pipes keep it. */
export interface PipeContractCase {
  readonly name: string;
  readonly run: (connect: ConnectPipes) => Promise<void>;
}

const GRACE_MS = 5_000;
const SHORT_GRACE_MS = 30;
/** What a transport may put around each write, in `unwrittenBytes`. */
const FRAMING_BYTES = 16;

/** Gives what should not happen the chance to happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

/** A connected pair with a recorder at each opened end. */
interface Pair {
  readonly a: Pipe;
  readonly b: Pipe;
  readonly atA: Recorder;
  readonly atB: Recorder;
}

/** A case on two open pipes. */
function onOpenPair(name: string, body: (pair: Pair) => Promise<void>, graceMs = GRACE_MS): PipeContractCase {
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
function onHalfOpenPair(
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
async function destroyAll(pipes: readonly Pipe[], recorders: readonly Recorder[]): Promise<void> {
  for (const pipe of pipes) pipe.destroy();
  await until("every pipe is closed", () => recorders.every((recorder) => recorder.closed));
  await settle();
  for (const recorder of recorders) must(recorder.violation === undefined, recorder.violation ?? "");
  for (const pipe of pipes) must(pipe.unwrittenBytes === 0, "bytes are unwritten after the close");
}

/** Writes `bytes` and scribbles over the buffer as soon as it is free. */
async function writeAndReuse(pipe: Pipe, recorder: Recorder, bytes: Uint8Array): Promise<void> {
  const buffer = Uint8Array.from(bytes);
  const before = recorder.writtenCalls;
  if (!pipe.write(buffer)) await until("onWritten", () => recorder.writtenCalls > before);
  buffer.fill(0xee);
}

/** Writes blocks until `refusals` of them are kept by the pipe. Gives what was written. */
function fill(pipe: Pipe, refusals: number): Buffer {
  const blocks: Buffer[] = [];
  for (let kept = 0; kept < refusals; ) {
    must(blocks.length < 2_000, "the wire is never full");
    const block = pattern(64 * 1024, blocks.length + 1);
    blocks.push(block);
    if (!pipe.write(block)) kept++;
  }
  return Buffer.concat(blocks);
}

/** The contract; run every case with the dialer's end first, and once more with the acceptor's. */
export const pipeContract: readonly PipeContractCase[] = [
  onOpenPair("bytes arrive in order, whatever the sizes", async ({ a, atA, atB }) => {
    const sizes = [1, 2, 125, 126, 127, 128, 1_000, 65_535, 65_536, 70_000, 1_000_000, 5_000_000];
    const sent = sizes.map((size) => pattern(size, size));
    for (const bytes of sent) await writeAndReuse(a, atA, bytes);
    const expected = Buffer.concat(sent);
    await until("all bytes arrived", () => atB.receivedBytes === expected.length);
    mustHaveReceived(atB, expected);
  }),

  onOpenPair("many small writes of one turn arrive in order", async ({ a, atA, atB }) => {
    const expected = pattern(50_000);
    let kept = 0;
    for (let at = 0, size = 1; at < expected.length; at += size, size = (size % 50) + 1) {
      if (!a.write(expected.subarray(at, at + size))) kept++;
    }
    await until(
      "all bytes arrived",
      () => atB.receivedBytes === expected.length && atA.writtenCalls === kept,
    );
    mustHaveReceived(atB, expected);
  }),

  onOpenPair("both directions at once", async ({ a, b, atA, atB }) => {
    const [toA, toB] = [pattern(800_000, 3), pattern(900_000, 4)];
    await Promise.all([writeAndReuse(a, atA, toB), writeAndReuse(b, atB, toA)]);
    await until(
      "all bytes arrived",
      () => atA.receivedBytes === toA.length && atB.receivedBytes === toB.length,
    );
    mustHaveReceived(atA, toA);
    mustHaveReceived(atB, toB);
  }),

  onOpenPair("an empty write is no event for the peer", async ({ a, atB }) => {
    a.write(new Uint8Array(0));
    a.write(Uint8Array.of(7));
    await until("the byte arrived", () => atB.receivedBytes > 0);
    mustHaveReceived(atB, Uint8Array.of(7));
  }),

  onOpenPair("a peer that does not read fills the wire, and nothing is lost", async ({ a, b, atA, atB }) => {
    b.pauseReading();
    const refusals = 5;
    const sent = fill(a, refusals);
    await settle();
    const blocks = sent.length / (64 * 1024);
    must(a.unwrittenBytes > 0, "nothing is unwritten");
    must(a.unwrittenBytes <= sent.length + blocks * FRAMING_BYTES, "more is unwritten than was written");
    must(atB.receivedBytes === 0, "bytes came that must not");
    must(atA.writtenCalls < refusals, "everything was taken at once");
    b.resumeReading();
    await until(
      "all bytes arrived",
      () => atB.receivedBytes === sent.length && atA.writtenCalls === refusals,
    );
    mustHaveReceived(atB, sent);
    must(a.unwrittenBytes === 0, "bytes are still unwritten");
    must(a.write(Uint8Array.of(1)), "the wire is not free again");
  }),

  onOpenPair("pausing and resuming may be repeated", async ({ a, b, atB }) => {
    b.pauseReading();
    b.pauseReading();
    a.write(Uint8Array.of(1));
    await settle();
    must(atB.receivedBytes === 0, "bytes came that must not");
    b.resumeReading();
    must(atB.receivedBytes === 0, "onBytes from inside resumeReading");
    b.resumeReading();
    await until("the byte arrived", () => atB.receivedBytes === 1);
    b.resumeReading();
    a.write(Uint8Array.of(2));
    await until("the second byte arrived", () => atB.receivedBytes === 2);
  }),

  onOpenPair("no chunk comes after a pause from inside onBytes", async ({ a, b, atB }) => {
    atB.onChunk = () => b.pauseReading();
    const expected = pattern(300_000);
    for (let at = 0; at < expected.length; at += 1_000) a.write(expected.subarray(at, at + 1_000));
    for (let chunk = 1; atB.receivedBytes < expected.length; chunk++) {
      await until("a chunk arrived", () => atB.chunks.length >= chunk);
      await nextTurn();
      must(atB.chunks.length === chunk, "a chunk came in spite of the pause");
      b.resumeReading();
    }
    mustHaveReceived(atB, expected);
  }),

  onHalfOpenPair("what was sent before open is not lost", async (a, atA, b) => {
    a.write(Uint8Array.of(1, 2, 3));
    a.end();
    await settle();
    const atB = Recorder.open(b);
    await until("both are closed", () => atA.closed && atB.closed);
    mustHaveReceived(atB, Uint8Array.of(1, 2, 3));
    must(atB.error === undefined, "the end was not orderly");
    return atB;
  }),

  onHalfOpenPair("a pause before open holds", async (a, _atA, b) => {
    b.pauseReading();
    a.write(Uint8Array.of(1));
    const atB = Recorder.open(b);
    await settle();
    must(atB.receivedBytes === 0, "bytes came that must not");
    b.resumeReading();
    await until("the byte arrived", () => atB.receivedBytes === 1);
    return atB;
  }),

  onHalfOpenPair("a pause and a resume before open lose nothing", async (a, _atA, b) => {
    b.pauseReading();
    a.write(Uint8Array.of(1));
    b.resumeReading();
    await settle();
    const atB = Recorder.open(b);
    await until("the byte arrived", () => atB.receivedBytes === 1);
    return atB;
  }),

  onHalfOpenPair("a connection that broke before open says so at open", async (a, _atA, b) => {
    a.destroy();
    await settle();
    const atB = Recorder.open(b);
    await until("the pipe is closed", () => atB.closed);
    return atB;
  }),

  onOpenPair("end sends what was written, then both close in order", async ({ a, atA, atB }) => {
    const expected = pattern(3_000_000);
    a.write(expected);
    a.end();
    await until("both are closed", () => atA.closed && atB.closed);
    mustHaveReceived(atB, expected);
    must(atA.error === undefined && atB.error === undefined, "the end was not orderly");
  }),

  onOpenPair("end from both sides at once is orderly", async ({ a, b, atA, atB }) => {
    a.end();
    b.end();
    await until("both are closed", () => atA.closed && atB.closed);
    must(atA.error === undefined && atB.error === undefined, "the end was not orderly");
  }),

  onOpenPair("nothing is received after end", async ({ a, b, atA }) => {
    b.write(Uint8Array.of(1));
    a.end();
    await until("the pipe is closed", () => atA.closed);
    must(atA.receivedBytes === 0, "bytes came after end");
  }),

  onOpenPair("end of a paused pipe still ends", async ({ a, b, atA, atB }) => {
    a.pauseReading();
    b.write(pattern(100_000));
    a.end();
    await until("both are closed", () => atA.closed && atB.closed);
    must(atA.receivedBytes === 0, "bytes came after end");
  }),

  onOpenPair(
    "end breaks off when the peer does not follow",
    async ({ a, b, atA }) => {
      b.pauseReading();
      a.write(Uint8Array.of(1));
      a.end();
      await until("the pipe is closed", () => atA.closed);
      mustHaveFailed(atA, "timed-out");
    },
    SHORT_GRACE_MS,
  ),

  onOpenPair("the peer's end waits behind unread bytes", async ({ a, b, atB }) => {
    b.pauseReading();
    a.write(Uint8Array.of(1));
    a.end();
    await settle();
    must(!atB.closed, "the end overtook bytes");
    b.resumeReading();
    await until("the pipe is closed", () => atB.closed);
    mustHaveReceived(atB, Uint8Array.of(1));
    must(atB.error === undefined, "the end was not orderly");
  }),

  onOpenPair("destroy closes both, our end without an error", async ({ a, atA, atB }) => {
    a.destroy();
    must(!atA.closed, "onClosed from inside destroy");
    await until("both are closed", () => atA.closed && atB.closed);
    must(atA.error === undefined, "our own destroy is no error");
  }),

  onOpenPair("destroy drops what waits", async ({ a, b, atA, atB }) => {
    b.pauseReading();
    fill(a, 3);
    const written = atA.writtenCalls;
    a.destroy();
    must(a.unwrittenBytes === 0, "bytes are still unwritten");
    await until("the pipe is closed", () => atA.closed);
    must(atA.writtenCalls === written, "onWritten for bytes that were dropped");
    b.destroy();
    await until("the other is closed", () => atB.closed);
  }),

  onOpenPair("destroy from inside onBytes is the last of the bytes", async ({ a, b, atB }) => {
    atB.onChunk = () => b.destroy();
    for (let i = 0; i < 100; i++) a.write(pattern(1_000));
    await until("the pipe is closed", () => atB.closed);
    must(atB.chunks.length === 1, "a chunk came after destroy");
  }),

  onOpenPair("a peer that breaks off leaves a typed error and no onWritten", async ({ a, b, atA }) => {
    b.pauseReading();
    fill(a, 3);
    await settle();
    const written = atA.writtenCalls;
    b.destroy();
    await until("the pipe is closed", () => atA.closed);
    mustHaveFailed(atA, "reset");
    must(atA.writtenCalls === written, "onWritten for bytes that were dropped");
  }),

  onOpenPair("after end everything is ignored", async ({ a, atA, atB }) => {
    a.end();
    must(a.write(Uint8Array.of(1)), "a write after the end was kept");
    a.end();
    a.pauseReading();
    await until("both are closed", () => atA.closed && atB.closed);
    must(atB.receivedBytes === 0, "bytes came that must not");
    must(a.write(Uint8Array.of(1)), "a write after the end was kept");
    a.pauseReading();
    a.resumeReading();
    a.end();
    a.destroy();
  }),

  onOpenPair("after destroy everything is ignored", async ({ a, atA, atB }) => {
    a.destroy();
    must(a.write(Uint8Array.of(1)), "a write after the end was kept");
    a.destroy();
    a.end();
    a.resumeReading();
    await until("both are closed", () => atA.closed && atB.closed);
    must(atB.receivedBytes === 0, "bytes came that must not");
  }),

  {
    name: "pipes do not wait for each other",
    async run(connect) {
      const [slow, fast] = [await connect(GRACE_MS), await connect(GRACE_MS)];
      const pipes = [...slow, ...fast];
      const recorders = pipes.map((pipe) => Recorder.open(pipe));
      slow[1].pauseReading();
      fill(slow[0], 2);
      const expected = pattern(200_000);
      fast[0].write(expected);
      const atFast = recorders[3] as Recorder;
      await until("the bytes arrived", () => atFast.receivedBytes === expected.length);
      must(recorders[1]?.receivedBytes === 0, "bytes came in spite of the pause");
      await destroyAll(pipes, recorders);
    },
  },

  onOpenPair("each end knows the other's address", async ({ a, b }) => {
    must(a.peer.transport === b.peer.transport, "two transports");
    must(a.peer.remoteAddress === b.peer.localAddress, "the addresses do not match");
    must(a.peer.remotePort === b.peer.localPort, "the ports do not match");
    must(a.peer.localPort === b.peer.remotePort, "the ports do not match");
  }),
];
