// oxlint-disable vitest/no-conditional-expect -- what is expected depends on the place of the damage

/** Damage is found, told with file and offset, and never skipped in silence; salvage goes on without it. */

import { describe, expect, test } from "vitest";
import { type DiskFile, inspectJournal, StoreError } from "#store";
import { Simulation } from "./simulation.ts";

const FIRST_FRAME = 4096;
const FIRST = "segment-0000000001.journal";

interface Written {
  readonly simulation: Simulation;
  /** Where the frame of each batch begins in the first segment; the last one says that the store was closed. */
  readonly starts: readonly number[];
  readonly end: number;
  /** The records after each batch. */
  readonly truths: readonly ReadonlyMap<number, string>[];
}

/** A closed store of one segment with a few batches. */
async function written(seed = 1, batches = 8): Promise<Written> {
  const simulation = new Simulation({ seed });
  await simulation.open();
  const starts: number[] = [];
  const truths: ReadonlyMap<number, string>[] = [new Map()];
  let start = FIRST_FRAME;
  for (let i = 0; i < batches; i++) {
    starts.push(start);
    const before = simulation.store.stats().syncedBytes;
    simulation.add(1, 30 + i);
    simulation.add(2, 5);
    if (i > 2) simulation.drop(i);
    await simulation.committed();
    start += simulation.store.stats().syncedBytes - before;
    truths.push(new Map(simulation.records));
  }
  starts.push(start);
  await simulation.settled(simulation.store.close());
  return { simulation, starts, end: start + 40, truths };
}

async function fileOf(simulation: Simulation, name: string): Promise<DiskFile> {
  return await simulation.settled(simulation.disk.open(name, { access: "write", isSynced: true }));
}

async function failureOf(opening: Promise<unknown>): Promise<StoreError> {
  try {
    await opening;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new TypeError("the store opened");
}

describe("a bit that is not what it was", () => {
  test("anywhere in the log is told with its file and the place of its batch", async () => {
    const { simulation, starts, end, truths } = await written();
    for (let offset = FIRST_FRAME; offset < end; offset++) {
      const bit = offset % 8;
      const frame = starts.findLastIndex((start) => start <= offset);
      simulation.disk.flipBit(FIRST, offset, bit);
      if (frame === starts.length - 1) {
        // The very last thing cannot be told from a write that a crash interrupted. It held nothing.
        const { problems, wasClosed } = await simulation.settled(inspectJournal(simulation.disk));
        expect([problems, wasClosed]).toEqual([[], false]);
      } else {
        const error = await failureOf(simulation.open());
        expect(error).toMatchObject({ code: "MARTLET_STORE_CORRUPT", file: FIRST, offset: starts[frame] });
        expect(error.message).toContain(`batch ${frame + 1} cannot be read`);
        expect(error.message).toContain("salvage");
      }
      simulation.disk.flipBit(FIRST, offset, bit);
    }
    await simulation.open();
    expect(simulation.records).toEqual(truths.at(-1));
  });

  test("in one copy of a segment's header does no harm", async () => {
    const { simulation, truths } = await written();
    for (let offset = 0; offset < 64; offset++) {
      simulation.disk.flipBit(FIRST, offset, offset % 8);
      const found = await simulation.settled(inspectJournal(simulation.disk));
      expect(found.problems).toEqual([]);
      expect(found.records).toBe(truths.at(-1)?.size);
      simulation.disk.flipBit(FIRST, offset, offset % 8);
    }
  });
});

describe("salvage", () => {
  test("goes on without a batch, says which bytes, keeps a copy, and heals the folder", async () => {
    const { simulation, starts, truths } = await written();
    const [, , third, fourth] = starts as [number, number, number, number];
    simulation.disk.flipBit(FIRST, third + 50, 3);
    const damaged = simulation.disk.contents(FIRST);
    const report = await simulation.open({ salvage: true });
    expect(report.salvaged).toEqual([{ file: FIRST, offset: third, sizeBytes: fourth - third }]);
    expect(simulation.disk.contents(`damaged-${FIRST}`)).toEqual(damaged);
    // Batch 3 had added records 5 and 6.
    const expected = new Map(truths.at(-1));
    expected.delete(5);
    expected.delete(6);
    expect(simulation.records).toEqual(expected);
    await simulation.until("what is left is rewritten", () => simulation.store.stats().copiedBytes > 0);
    await simulation.pass(100);
    await simulation.settled(simulation.store.close());
    const again = await simulation.open();
    expect(again.salvaged).toEqual([]);
    expect(simulation.records).toEqual(expected);
    await simulation.mustReadAll();
  });

  test("goes on without a segment that is missing or has no header", async () => {
    for (const damage of ["missing", "header"] as const) {
      const simulation = new Simulation({ seed: 3 });
      await simulation.open();
      const ids = Array.from({ length: 40 }, () => 0);
      for (let i = 0; i < ids.length; i++) {
        ids[i] = simulation.add(1, 1000);
        await simulation.committed();
      }
      const all = new Map(simulation.records);
      await simulation.settled(simulation.store.close());
      const second = "segment-0000000002.journal";
      if (damage === "missing") await simulation.settled(simulation.disk.remove(second));
      else for (const offset of [3, 2051]) simulation.disk.flipBit(second, offset, 0);
      const error = await failureOf(simulation.open());
      expect(error).toMatchObject({ code: "MARTLET_STORE_CORRUPT", file: second });
      expect(error.message).toContain(damage === "missing" ? "is missing" : "has no readable header");
      const report = await simulation.open({ salvage: true });
      expect(report.salvaged.map(({ file }) => file)).toEqual([second]);
      const lost = [...all.keys()].filter((id) => !simulation.records.has(id));
      expect(lost.length).toBeGreaterThan(5);
      expect(lost.length).toBeLessThan(15);
      for (const [id, text] of simulation.records) expect(all.get(id)).toBe(text);
      await simulation.pass(500);
      await simulation.settled(simulation.store.close());
      await simulation.open();
      expect(simulation.records.size).toBe(all.size - lost.length);
      await simulation.mustReadAll();
    }
  });
});

describe("the end of the log", () => {
  test("may be cut anywhere: whole batches before it count", async () => {
    const { simulation, starts, end, truths } = await written(5, 4);
    const { disk } = simulation;
    for (let size = end; size >= FIRST_FRAME; size--) {
      const file = await fileOf(simulation, FIRST);
      await simulation.settled(file.truncate(size));
      await simulation.settled(file.sync());
      await simulation.settled(file.close());
      const whole = starts.filter((start, at) => (starts[at + 1] ?? end) <= size).length;
      const found = new Map<number, number>();
      const { problems, lastBatch, cut } = await simulation.settled(
        inspectJournal(disk, (kind, id) => void found.set(id, kind)),
      );
      expect(problems).toEqual([]);
      expect(lastBatch).toBe(whole);
      const truth = truths[Math.min(whole, truths.length - 1)] as ReadonlyMap<number, string>;
      expect([...found.keys()].toSorted((a, b) => a - b)).toEqual([...truth.keys()]);
      const restBytes = size - (starts[whole] ?? end);
      if (restBytes >= 40) expect(cut).toEqual({ file: FIRST, offset: starts[whole], sizeBytes: restBytes });
    }
  });

  test("is found where payloads look like batches", async () => {
    const { simulation, end } = await written(6);
    const bytes = simulation.disk.contents(FIRST).slice(FIRST_FRAME, end);
    await simulation.open();
    for (let i = 0; i < 3; i++) simulation.store.add(1, bytes, 0, bytes.length);
    await simulation.committed();
    const { records } = simulation.store.stats();
    // The next write is torn in all ways that the seeds give.
    simulation.store.add(1, bytes, 0, bytes.length);
    await simulation.pass(1);
    simulation.disk = simulation.disk.crash();
    const report = await simulation.open();
    expect(report.records - records).toBeGreaterThanOrEqual(0);
    expect(report.records - records).toBeLessThanOrEqual(1);
  });
});

describe("a folder", () => {
  test("of a newer format is refused, whatever is in it", async () => {
    const { simulation } = await written();
    const file = await fileOf(simulation, FIRST);
    const header = simulation.disk.contents(FIRST).slice(0, 64);
    header[12] = 9;
    const sum = simulation.disk.checksum(header, 12, 64, 0);
    header.set([sum & 0xff, (sum >> 8) & 0xff, (sum >> 16) & 0xff, sum >>> 24], 8);
    await simulation.settled(
      new Promise<void>((resolve) => {
        file.write([header], 0, () => resolve());
      }),
    );
    const error = await failureOf(simulation.open({ salvage: true }));
    expect(error).toMatchObject({ code: "MARTLET_STORE_FORMAT", file: FIRST });
    expect(error.message).toBe(
      `${FIRST} has format 9, and this version of Martlet reads up to 1. Use the version that wrote it, or a newer one.`,
    );
  });

  test("may hold files of others, which stay as they are", async () => {
    const { simulation, truths } = await written();
    await simulation.settled(simulation.disk.copy(FIRST, "notes.txt"));
    await simulation.settled(simulation.disk.copy(FIRST, "segment-1.journal"));
    await simulation.open();
    expect(simulation.records).toEqual(truths.at(-1));
    const names = (await simulation.disk.list()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["notes.txt", "segment-1.journal"]));
  });

  test("that failed to open can be opened again", async () => {
    const { simulation, starts, truths } = await written();
    simulation.disk.flipBit(FIRST, starts[1] as number, 1);
    await failureOf(simulation.open());
    simulation.disk.flipBit(FIRST, starts[1] as number, 1);
    await simulation.open();
    expect(simulation.records).toEqual(truths.at(-1));
  });
});
