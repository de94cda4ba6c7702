/** How often the disk is asked, and how much is held in memory. */

import { describe, expect, test } from "vitest";
import { defaultJournalSettings } from "#store";
import { Simulation, smallSettings } from "./simulation.ts";

describe("group commit", () => {
  test("what one turn adds is one write", async () => {
    const simulation = new Simulation({ seed: 1, settings: { segmentBytes: 1024 * 1024 } });
    await simulation.open();
    simulation.add(1, 10);
    await simulation.committed();
    await simulation.pass(100); // until space is prepared
    const before = simulation.disk.writes;
    for (let i = 0; i < 2000; i++) simulation.add(1, 20);
    await simulation.committed();
    expect(simulation.disk.writes - before).toBe(1);
  });

  test("what arrives while a write is in flight shares the next one", async () => {
    const simulation = new Simulation({
      seed: 2,
      settings: { segmentBytes: 1024 * 1024 },
      disk: { delayMs: [10, 10] },
    });
    await simulation.open();
    simulation.add(1, 10);
    await simulation.committed();
    await simulation.pass(500);
    const before = simulation.disk.writes;
    // A hundred turns of a millisecond, and a write takes ten.
    for (let turn = 0; turn < 100; turn++) {
      for (let i = 0; i < 10; i++) simulation.add(1, 20);
      await simulation.pass(1);
    }
    await simulation.committed();
    expect(simulation.disk.writes - before).toBeLessThanOrEqual(12);
  });
});

describe("reading ahead", () => {
  test("a queue is read with few reads, and holds a bounded part of it", async () => {
    const simulation = new Simulation({ seed: 4 });
    await simulation.open();
    const ids: number[] = [];
    for (let turn = 0; turn < 100; turn++) {
      for (let i = 0; i < 20; i++) ids.push(simulation.add(1, 90));
      await simulation.committed();
    }
    const { store } = simulation;
    expect(store.stats().readAheadBytes).toBe(0);
    let most = 0;
    for (const id of ids) {
      await simulation.mustRead(id);
      most = Math.max(most, store.stats().readAheadBytes);
    }
    const { liveBytes, diskReads } = store.stats();
    const pieces = liveBytes / (smallSettings.readAheadBytes as number);
    expect(most).toBeLessThanOrEqual(smallSettings.readAheadTotalBytes as number);
    expect(diskReads).toBeLessThan(pieces * 1.5);
    expect(ids.length / diskReads).toBeGreaterThan(10);
  });

  test("readers of the same piece share one read", async () => {
    const simulation = new Simulation({ seed: 5 });
    await simulation.open();
    const ids = Array.from({ length: 10 }, () => simulation.add(1, 50));
    await simulation.committed();
    await Promise.all(ids.map((id) => simulation.mustRead(id)));
    expect(simulation.store.stats().diskReads).toBe(1);
  });

  test("records of any size and place are read", async () => {
    const simulation = new Simulation({ seed: 6 });
    await simulation.open();
    for (let size = 0; size < 6000; size += 37) simulation.add(1, size);
    await simulation.committed();
    await simulation.mustReadAll();
    const { readAheadBytes } = simulation.store.stats();
    expect(readAheadBytes).toBeLessThanOrEqual(smallSettings.readAheadTotalBytes as number);
  });
});

describe("memory", () => {
  test("a queued message takes less than 48 bytes with its delivery, and nothing of its body", async () => {
    const simulation = new Simulation({
      seed: 7,
      settings: { ...defaultJournalSettings, segmentBytes: 16 * 1024 * 1024 },
    });
    await simulation.open();
    const { store } = simulation;
    const [body, delivery] = [new Uint8Array(100), new Uint8Array(20)];
    const messages = 40_000;
    for (let i = 0; i < messages; i++) {
      store.add(1, body, 0, body.length);
      store.add(2, delivery, 0, delivery.length);
      if (i % 1000 === 999) await simulation.committed();
    }
    const { records, indexBytes, unwrittenBytes, readAheadBytes } = store.stats();
    expect(records).toBe(2 * messages);
    expect(indexBytes / messages).toBeLessThan(25);
    expect(unwrittenBytes + readAheadBytes).toBe(0);
  });
});
