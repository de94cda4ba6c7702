/** The cases of the contract about bytes: order, back-pressure, pauses, and who sent them. */

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  BLOCK_BYTES,
  destroyAll,
  FRAMING_BYTES,
  fill,
  GRACE_MS,
  onHalfOpenPair,
  onOpenPair,
  type PipeContractCase,
  settle,
  writeAndReuse,
} from "./contract-pair.ts";
import { must, mustHaveReceived, pattern, Recorder, until } from "./contract-recorder.ts";
import type { PeerAddress } from "./pipe.ts";

export const byteCases: readonly PipeContractCase[] = [
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
    const sent = await fill(a, atA, refusals);
    const writtenCalls = atA.writtenCalls;
    const blocks = sent.length / BLOCK_BYTES;
    must(a.unwrittenBytes > 0, "nothing is unwritten");
    must(a.unwrittenBytes <= sent.length + blocks * FRAMING_BYTES, "more is unwritten than was written");
    must(atB.receivedBytes === 0, "bytes came that must not");
    b.resumeReading();
    await until(
      "all bytes arrived",
      () => atB.receivedBytes === sent.length && atA.writtenCalls === writtenCalls + refusals,
    );
    mustHaveReceived(atB, sent);
    must(a.unwrittenBytes === 0, "bytes are still unwritten");
    await writeAndReuse(a, atA, Uint8Array.of(1));
    must(a.unwrittenBytes === 0, "the wire is not free again");
  }),

  onOpenPair("a large write passes a reader that pauses at each chunk", async ({ a, b, atA, atB }) => {
    const expected = pattern(10_000_000);
    atB.onChunk = () => {
      b.pauseReading();
      setImmediate(() => b.resumeReading());
    };
    if (!a.write(expected)) await until("onWritten", () => atA.writtenCalls === 1);
    await until("all bytes arrived", () => atB.receivedBytes === expected.length);
    mustHaveReceived(atB, expected);
  }),

  onOpenPair("an echo from inside onBytes", async ({ a, b, atA, atB }) => {
    const expected = pattern(2_000_000);
    // The chunk is not the receiver's to keep, so that a copy goes back.
    atB.onChunk = () => b.write(atB.chunks.at(-1) as Uint8Array);
    a.write(expected);
    await until("all bytes came back", () => atA.receivedBytes === expected.length);
    mustHaveReceived(atA, expected);
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

  {
    name: "pipes do not wait for each other",
    async run(connect) {
      const [slow, fast] = [await connect(GRACE_MS), await connect(GRACE_MS)];
      const pipes = [...slow, ...fast];
      const recorders = pipes.map((pipe) => Recorder.open(pipe));
      slow[1].pauseReading();
      await fill(slow[0], recorders[0] as Recorder, 2);
      const expected = pattern(200_000);
      fast[0].write(expected);
      const atFast = recorders[3] as Recorder;
      await until("the bytes arrived", () => atFast.receivedBytes === expected.length);
      must(recorders[1]?.receivedBytes === 0, "bytes came in spite of the pause");
      await destroyAll(pipes, recorders);
    },
  },

  {
    name: "pipes keep their bytes apart",
    async run(connect) {
      const pairs = await Promise.all([connect(GRACE_MS), connect(GRACE_MS), connect(GRACE_MS)]);
      const pipes = pairs.flat();
      const recorders = pipes.map((pipe) => Recorder.open(pipe));
      const sent = pairs.map((_, index) => pattern(1_000_000, index + 1));
      for (let at = 0; at < 1_000_000; at += 10_000) {
        for (const [index, [first]] of pairs.entries())
          first.write(sent[index]?.subarray(at, at + 10_000) as Uint8Array);
      }
      for (const [index, bytes] of sent.entries()) {
        const receiver = recorders[index * 2 + 1] as Recorder;
        await until("all bytes arrived", () => receiver.receivedBytes === bytes.length);
        mustHaveReceived(receiver, bytes);
      }
      await destroyAll(pipes, recorders);
    },
  },

  onOpenPair("the address is known up to the end, and what was known stays", async ({ a, atA, b, atB }) => {
    const near = a.peer;
    const seen: PeerAddress[] = [];
    atB.onClose = () => seen.push(b.peer);
    a.end();
    await until("both are closed", () => atA.closed && atB.closed);
    must(seen[0]?.remotePort === near.localPort, "the port is not known at the end");
    must(seen[0] === b.peer && near === a.peer, "the address changes");
  }),

  onOpenPair("each end knows the other's address", async ({ a, b }) => {
    must(a.peer.transport === b.peer.transport, "two transports");
    must(a.peer.remoteAddress === b.peer.localAddress, "the addresses do not match");
    must(a.peer.remotePort === b.peer.localPort, "the ports do not match");
    must(a.peer.localPort === b.peer.remotePort, "the ports do not match");
  }),
];
