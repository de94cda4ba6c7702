/** Disks that fail and disks that are full: nothing acknowledged is lost, and it goes on by itself. */

import { describe, expect, test } from "vitest";
import { inspectJournal, type StoreError } from "#store";
import { Simulation, smallSettings } from "./simulation.ts";

async function opened(seed: number, settings = smallSettings): Promise<Simulation> {
  const simulation = new Simulation({ seed, settings });
  await simulation.open();
  simulation.add(1, 100);
  await simulation.committed();
  return simulation;
}

describe("while writes fail", () => {
  test("everything is taken, told once, tried again and committed in the end", async () => {
    const simulation = await opened(1);
    const { store, disk } = simulation;
    let attempts = 0;
    disk.decide = ({ kind }) => {
      if (kind !== "write") return undefined;
      attempts++;
      return "failed";
    };
    simulation.add(1, 200);
    await simulation.until("trouble", () => !store.isHealthy);
    expect(simulation.troubles).toHaveLength(1);
    expect(simulation.troubles[0]).toMatchObject({ code: "MARTLET_STORE_FAILED", kind: "failed" });
    const { durableBatch } = store;
    const first = simulation.add(1, 300);
    simulation.replace(first, 2, 50);
    simulation.drop(simulation.add(3, 10));
    await simulation.mustReadAll();
    attempts = 0;
    await simulation.pass(60_000);
    // 100 ms, 200 ms and so on, up to 5 seconds.
    expect(attempts).toBeGreaterThan(10);
    expect(attempts).toBeLessThan(25);
    expect(store.durableBatch).toBe(durableBatch);
    expect(store.stats().lastError).toContain("write failed");
    disk.decide = undefined;
    await simulation.committed();
    expect(store.isHealthy).toBe(true);
    expect(simulation.troubles).toHaveLength(1);
    expect(simulation.recoveries).toBe(1);
    await simulation.mustReadAll();
    await simulation.crash();
    await simulation.mustReadAll();
  });

  test("a write that was done in part is no damage, whatever came to the disk of it", async () => {
    for (let seed = 0; seed < 30; seed++) {
      const simulation = await opened(seed);
      const { disk } = simulation;
      let left = 1 + (seed % 3);
      disk.decide = ({ kind }) => (kind === "write" && left-- > 0 ? "failed" : undefined);
      for (let i = 0; i < 5; i++) {
        simulation.add(1, 1500);
        await simulation.committed();
      }
      const report = await simulation.crash();
      expect(report.cut).toBeUndefined();
      const found = await simulation.settled(inspectJournal(simulation.disk));
      expect(found.problems).toEqual([]);
    }
  });

  test.each(["create", "rename", "sync-folder", "header"] as const)(
    "in %s of a new segment",
    async (step) => {
      const simulation = await opened(7);
      const { disk, store } = simulation;
      const [before] = (await disk.list()).map(({ name }) => name);
      disk.decide = ({ kind, name }) => {
        const isHit = {
          create: kind === "open",
          rename: kind === "rename",
          "sync-folder": kind === "sync-folder",
          header: kind === "write" && name !== before,
        }[step];
        return isHit ? "failed" : undefined;
      };
      while (store.isHealthy) {
        simulation.add(1, 1500);
        await simulation.pass(10);
      }
      const { batch } = store;
      await simulation.pass(3_000);
      expect(store.durableBatch).toBeLessThan(batch);
      disk.decide = undefined;
      await simulation.committed();
      expect(store.isHealthy).toBe(true);
      await simulation.mustReadAll();
      await simulation.crash();
      await simulation.mustReadAll();
    },
  );

  test("a store that may hold no more is not healthy, and takes everything still", async () => {
    const simulation = await opened(8);
    const { store, disk } = simulation;
    // A disk that does not answer is no trouble that could be told.
    disk.decide = ({ kind }) => (kind === "write" ? "never" : undefined);
    for (let i = 0; i < 40; i++) {
      simulation.add(1, 2000);
      await simulation.pass(1);
    }
    expect(store.stats().unwrittenBytes).toBeGreaterThan(smallSettings.maximumUnwrittenBytes as number);
    expect(store.isHealthy).toBe(false);
    expect(simulation.troubles).toEqual([]);
    await simulation.mustReadAll();
  });

  test("close gives up in time, and says how much is lost", async () => {
    const simulation = await opened(9);
    simulation.disk.decide = ({ kind }) => (kind === "write" ? "failed" : undefined);
    simulation.add(1, 100);
    const before = simulation.clock.now();
    await expect(simulation.settled(simulation.store.close())).rejects.toMatchObject({
      code: "MARTLET_STORE_FAILED",
      message: expect.stringMatching(
        /^simulated: \d+ bytes could not be written before the store was closed\. /,
      ),
    });
    expect(simulation.clock.now() - before).toBeLessThan(5_100);
    await expect(simulation.disk.lock()).rejects.toThrow("in use");
  });

  test("a read that the disk refuses is rejected, and works the next time", async () => {
    const simulation = await opened(10);
    const [id] = simulation.records.keys() as Iterable<number>;
    simulation.disk.decide = ({ kind }) => (kind === "read" ? "failed" : undefined);
    await expect(simulation.mustRead(id as number)).rejects.toMatchObject({ kind: "failed" });
    simulation.disk.decide = undefined;
    await simulation.mustRead(id as number);
    expect(simulation.store.isHealthy).toBe(true);
  });
});

test("what was closed in mode os is there after a power cut", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const simulation = new Simulation({ seed, mode: "os" });
    await simulation.open();
    for (let i = 0; i < 30; i++) {
      simulation.add(1, 900);
      await simulation.pass(3);
    }
    const records = new Map(simulation.records);
    await simulation.settled(simulation.store.close());
    simulation.disk = simulation.disk.crash("power");
    const report = await simulation.open();
    expect(report.wasClosed).toBe(true);
    expect(simulation.records).toEqual(records);
  }
});

describe("when the disk is full", () => {
  test("of other things, it goes on as soon as there is space", async () => {
    const simulation = await opened(20);
    const { disk, store } = simulation;
    disk.capacityBytes = disk.usedBytes;
    while (store.isHealthy) {
      simulation.add(1, 1000);
      await simulation.pass(10);
    }
    expect(simulation.troubles.map(({ kind }: StoreError) => kind)).toEqual(["full"]);
    for (let i = 0; i < 50; i++) {
      simulation.add(1, 1000);
      await simulation.pass(20);
    }
    expect(store.durableBatch).toBeLessThan(store.batch);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await simulation.committed();
    await simulation.until("all is well", () => store.isHealthy);
    expect(simulation.recoveries).toBe(1);
    await simulation.crash();
    await simulation.mustReadAll();
  });

  // The second number: records that were there before and stay.
  test.each([
    [64, 0],
    [256, 800],
  ])(
    "of its own records, it says so while there is room to drop some, and goes on (%i KiB, %i stay)",
    async (kib, stay) => {
      const segmentBytes = kib * 1024;
      const simulation = await opened(21, { ...smallSettings, segmentBytes });
      const { disk, store } = simulation;
      disk.capacityBytes = 10 * segmentBytes;
      for (let i = 0; i < stay; i++) {
        simulation.add(2, 200);
        if (i % 20 === 0) await simulation.committed();
      }
      const old = simulation.records.size;
      for (let round = 1; round <= 2; round++) {
        // A broker takes new messages as long as the store is healthy.
        for (let turn = 0; store.isHealthy; turn++) {
          for (let i = 0; i < 25; i++) simulation.add(1, 200);
          await simulation.committed();
          expect(turn).toBeLessThan(1000);
        }
        expect(simulation.troubles.map(({ kind }) => kind)).toEqual(Array<string>(round).fill("full"));
        expect(store.stats().diskBytes).toBeGreaterThan(8 * segmentBytes);
        // And its subscribers come back and take theirs.
        const ids = [...simulation.records.keys()].slice(old);
        for (let at = 0; at < ids.length; at += 30) {
          for (const id of ids.slice(at, at + 30)) simulation.drop(id);
          await simulation.committed();
        }
        await simulation.until("all is well", () => store.isHealthy);
        expect(simulation.recoveries).toBe(round);
      }
      await simulation.mustReadAll();
      await simulation.crash();
      await simulation.mustReadAll();
    },
  );
});
