/** The cases of the contract about ends: orderly ones, those that are broken off, and what is ignored afterwards. */

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  fill,
  onHalfOpenPair,
  onOpenPair,
  type PipeContractCase,
  SHORT_GRACE_MS,
  sayGoodbye,
  settle,
} from "./contract-pair.ts";
import { must, mustHaveFailed, mustHaveReceived, pattern, Recorder, until } from "./contract-recorder.ts";

export const endCases: readonly PipeContractCase[] = [
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

  onOpenPair("the peer's end is orderly also while our writes wait", async ({ a, b, atA, atB }) => {
    a.pauseReading();
    await fill(b, atB, 3);
    a.end();
    await until("both are closed", () => atA.closed && atB.closed);
    must(atA.error === undefined && atB.error === undefined, "the end was not orderly");
    must(atA.receivedBytes === 0, "bytes came after end");
  }),

  onOpenPair("end and destroy from inside onBytes and onWritten", async ({ a, b, atA, atB }) => {
    b.pauseReading();
    await fill(a, atA, 3);
    atB.onChunk = () => b.end();
    atA.onWrittenCall = () => a.destroy();
    b.resumeReading();
    await until("both are closed", () => atA.closed && atB.closed);
    must(atB.chunks.length === 1, "a chunk came after end");
  }),

  onOpenPair("a write at the moment of the peer's end does no harm", async ({ a, b, atA, atB }) => {
    a.end();
    for (let turn = 0; !atB.closed; turn++) {
      must(turn < 100_000, "the pipe does not close");
      b.write(Uint8Array.of(turn & 0xff));
      await nextTurn();
    }
    await until("the other is closed", () => atA.closed);
    must(atA.receivedBytes === 0, "bytes came after end");
  }),

  onOpenPair("destroy closes both, our end without an error", async ({ a, atA, atB }) => {
    a.destroy();
    must(!atA.closed, "onClosed from inside destroy");
    await until("both are closed", () => atA.closed && atB.closed);
    must(atA.error === undefined, "our own destroy is no error");
  }),

  onOpenPair("destroy drops what waits", async ({ a, b, atA, atB }) => {
    b.pauseReading();
    await fill(a, atA, 3);
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
    await fill(a, atA, 3);
    const written = atA.writtenCalls;
    b.destroy();
    await until("the pipe is closed", () => atA.closed);
    mustHaveFailed(atA, "reset");
    must(atA.writtenCalls === written, "onWritten for bytes that were dropped");
  }),

  onOpenPair("after a goodbye what was written arrives, and both close in order", async ({ a, atA, atB }) => {
    const expected = pattern(3_000_000);
    a.write(expected);
    sayGoodbye(a, atA);
    must(a.write(Uint8Array.of(1)), "a write after the end was kept");
    await until("both are closed", () => atA.closed && atB.closed);
    mustHaveReceived(atB, expected);
    must(atA.error === undefined && atB.error === undefined, "the end was not orderly");
  }),

  onOpenPair("after a goodbye with nothing on its way both close in order", async ({ a, atA, atB }) => {
    a.write(Uint8Array.of(1));
    await until("the byte arrived", () => atB.receivedBytes === 1);
    sayGoodbye(a, atA);
    await until("both are closed", () => atA.closed && atB.closed);
    must(atA.error === undefined && atB.error === undefined, "the end was not orderly");
  }),

  onOpenPair(
    "a write to a peer that is gone ends also a pipe that is not read",
    async ({ a, b, atA, atB }) => {
      a.pauseReading();
      b.destroy();
      await until("the other is closed", () => atB.closed);
      await until("the pipe is closed", () => {
        a.write(Uint8Array.of(1));
        return atA.closed;
      });
      // Some pipes see the peer's end first.
      if (atA.error !== undefined) mustHaveFailed(atA, "reset");
    },
  ),

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
];
