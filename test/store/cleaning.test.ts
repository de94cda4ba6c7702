/** Disk use stays in bounds whatever lives and dies, cleaning is bounded itself, and nothing dead comes back. */

import { describe, expect, test } from "vitest";
import { seededRandom } from "#base";
import { Simulation, smallSettings } from "./simulation.ts";

const SEGMENT = 64 * 1024;
const settings = { ...smallSettings, segmentBytes: SEGMENT };

/** The promise: twice the live data and two segments. */
function excess({ store }: Simulation): number {
  const { diskBytes, liveBytes } = store.stats();
  return diskBytes - 2 * liveBytes - 2 * SEGMENT;
}

interface Churn {
  readonly turns: number;
  /** Does one turn's work; `number` counts them. */
  readonly turn: (simulation: Simulation, number: number) => void;
}

/** Plays a load a commit at a time and returns by how much the bound was broken at worst. */
async function worstExcess(simulation: Simulation, { turns, turn }: Churn): Promise<number> {
  let worst = Number.NEGATIVE_INFINITY;
  for (let number = 0; number < turns; number++) {
    turn(simulation, number);
    await simulation.committed();
    worst = Math.max(worst, excess(simulation));
  }
  return worst;
}

function oldest(simulation: Simulation, count: number): number[] {
  return [...simulation.records.keys()].slice(0, count);
}

const loads: Readonly<Record<string, Churn>> = {
  "a queue that is drained as it fills": {
    turns: 1200,
    turn(simulation) {
      for (let i = 0; i < 8; i++) simulation.add(1, 100);
      if (simulation.records.size > 60) for (const id of oldest(simulation, 8)) simulation.drop(id);
    },
  },
  "a queue beside many records that stay": {
    turns: 1500,
    turn(simulation, number) {
      if (number < 200) for (let i = 0; i < 8; i++) simulation.add(2, 120);
      else {
        const young = [...simulation.records.keys()].slice(1600);
        for (let i = 0; i < 8; i++) simulation.add(1, 100);
        if (young.length > 60) for (const id of young.slice(0, 8)) simulation.drop(id);
      }
    },
  },
  "one record in ten of a queue stays": {
    turns: 1500,
    turn(simulation, number) {
      for (let i = 0; i < 8; i++) simulation.add(1, 100);
      for (const id of simulation.records.keys()) {
        if (id > number * 8 - 60) break;
        if (id % 10 !== 0) simulation.drop(id);
      }
    },
  },
  "a few records that are replaced all the time": {
    turns: 1200,
    turn(simulation, number) {
      if (number === 0) for (let i = 0; i < 20; i++) simulation.add(1, 50);
      for (let i = 1; i <= 8; i++) simulation.replace(((number * 8 + i) % 20) + 1, 1, 150);
    },
  },
  "records of random age die": {
    turns: 1500,
    turn(simulation, number) {
      const random = seededRandom(number);
      for (let i = 0; i < 8; i++) simulation.add(1, random.below(300));
      const ids = [...simulation.records.keys()];
      while (ids.length > 200) {
        simulation.drop(ids.splice(random.below(ids.length), 1)[0] as number);
      }
    },
  },
  "one record a batch, all of which stay for long": {
    turns: 1500,
    turn(simulation, number) {
      simulation.add(1, 20);
      if (number > 400) for (const id of oldest(simulation, 1)) simulation.drop(id);
    },
  },
};

describe.each(Object.entries(loads))("disk use under %s", (_name, load) => {
  test("stays below twice the live data and two segments", async () => {
    const simulation = new Simulation({ seed: 1, settings });
    await simulation.open();
    expect(await worstExcess(simulation, load)).toBeLessThanOrEqual(0);
    expect(simulation.troubles).toEqual([]);
    await simulation.mustReadAll();
    await simulation.crash();
    await simulation.mustReadAll();
  });
});

/** What is left of so many records that die in one turn. */
const deaths: Readonly<Record<string, (number: number) => boolean>> = {
  everything: () => false,
  "every second record": (number) => number % 2 === 0,
  "all but one in ten": (number) => number % 10 === 0,
  "all but the oldest quarter": (number) => number < 1000,
  "all but the oldest half": (number) => number < 2000,
  "all but the youngest quarter": (number) => number >= 3000,
};

describe.each(Object.entries(deaths))("disk use when %s dies at once", (_name, stays) => {
  test.each([
    ["in one turn", 4000],
    ["in a few turns", 500],
  ])("stays below twice the live data and two segments after every batch, %s", async (_how, step) => {
    const simulation = new Simulation({ seed: 6, settings });
    await simulation.open();
    for (let turn = 0; turn < 200; turn++) {
      for (let i = 0; i < 20; i++) simulation.add(1, 200);
      await simulation.committed();
    }
    const ids = [...simulation.records.keys()];
    let worst = excess(simulation);
    for (let at = 0; at < ids.length; at += step) {
      for (let i = at; i < at + step; i++) if (!stays(i)) simulation.drop(ids[i] as number);
      await simulation.committed();
      worst = Math.max(worst, excess(simulation));
    }
    for (let turn = 0; turn < 50; turn++) {
      simulation.add(1, 200);
      await simulation.committed();
      worst = Math.max(worst, excess(simulation));
    }
    expect(worst).toBeLessThanOrEqual(0);
    expect(simulation.troubles).toEqual([]);
    await simulation.crash();
    await simulation.mustReadAll();
  });
});

describe("cleaning", () => {
  test("that cannot help makes nobody wait", async () => {
    const simulation = new Simulation({ seed: 7, settings });
    await simulation.open();
    const ids: number[] = [];
    for (let turn = 0; turn < 100; turn++) {
      for (let i = 0; i < 20; i++) ids.push(simulation.add(1, 200));
      await simulation.committed();
    }
    await simulation.pass(100);
    // The disk gives nothing back any more.
    simulation.disk.decide = ({ kind }) => (kind === "read" ? "failed" : undefined);
    for (const [at, id] of ids.entries()) if (at % 2 === 0) simulation.drop(id);
    await simulation.committed();
    expect(excess(simulation)).toBeGreaterThan(0);
    simulation.disk.decide = undefined;
    await simulation.pass(6_000);
    simulation.add(1, 200);
    await simulation.committed();
    expect(excess(simulation)).toBeLessThanOrEqual(0);
  });

  test("drops segments in which nothing lives without copying anything", async () => {
    const simulation = new Simulation({ seed: 2, settings });
    await simulation.open();
    for (let turn = 0; turn < 200; turn++) {
      const ids = Array.from({ length: 10 }, () => simulation.add(1, 100));
      await simulation.committed();
      for (const id of ids) simulation.drop(id);
      await simulation.committed();
    }
    await simulation.pass(50);
    const { copiedBytes, syncedBytes, segments, diskBytes } = simulation.store.stats();
    expect(syncedBytes).toBeGreaterThan(3 * SEGMENT);
    expect(copiedBytes).toBe(0);
    expect(segments).toBe(1);
    expect(diskBytes).toBeLessThanOrEqual(2 * SEGMENT);
    // A file that is no longer needed becomes the next segment.
    expect((await simulation.disk.list()).length).toBeLessThanOrEqual(2);
  });

  test("copies not faster than it may, as long as the bound is far", async () => {
    const bytesPerSecond = 32 * 1024;
    const slow = { ...smallSettings, segmentBytes: 256 * 1024, cleaningBytesPerSecond: bytesPerSecond };
    const simulation = new Simulation({ seed: 3, settings: slow });
    await simulation.open();
    const ids: number[] = [];
    for (let turn = 0; turn < 100; turn++) {
      for (let i = 0; i < 100; i++) ids.push(simulation.store.add(1, new Uint8Array(1000), 0, 1000));
      await simulation.committed();
    }
    // More than begins the cleaning, and less than makes it urgent.
    for (const [at, id] of ids.entries()) {
      if (at % 100 < 37) simulation.store.drop(id);
      if (at % 1000 === 0) await simulation.committed();
    }
    await simulation.until("cleaning begins", () => simulation.store.stats().copiedBytes > 0);
    const before = simulation.store.stats().copiedBytes;
    await simulation.pass(8_000);
    const copied = simulation.store.stats().copiedBytes - before;
    const largestStep = 128 * 1024 + 1100;
    expect(copied).toBeGreaterThan(0);
    expect(copied).toBeLessThanOrEqual(8 * bytesPerSecond + largestStep);
  });

  test("goes on after a restart and does not disturb a store that nobody writes to", async () => {
    const simulation = new Simulation({ seed: 4, settings });
    await simulation.open();
    const ids = Array.from({ length: 1200 }, () => simulation.add(1, 100));
    await simulation.committed();
    for (const id of ids.slice(5)) simulation.drop(id);
    await simulation.crash();
    await simulation.pass(200);
    expect(simulation.store.stats().batches).toBe(0);
    simulation.add(1, 10);
    await simulation.committed();
    await simulation.pass(200);
    expect(excess(simulation)).toBeLessThanOrEqual(0);
    await simulation.mustReadAll();
  });

  test("compact leaves little beside what is live", async () => {
    const simulation = new Simulation({ seed: 5, settings });
    await simulation.open();
    const ids = Array.from({ length: 900 }, () => simulation.add(1, 100));
    await simulation.committed();
    for (const id of ids) if (id % 4 !== 0) simulation.drop(id);
    await simulation.settled(simulation.store.close());
    await simulation.open();
    await simulation.settled(simulation.store.compact());
    await simulation.settled(simulation.store.close());
    const report = await simulation.open();
    expect(report.records).toBe(225);
    const { diskBytes, liveBytes, segments } = simulation.store.stats();
    // Live data, headers of the segments and of a few frames, and the ends of the segments.
    expect(segments).toBe(Math.ceil(liveBytes / (SEGMENT * (7 / 8) - 4096)));
    expect(diskBytes).toBeLessThan(liveBytes + segments * (4096 + SEGMENT / 8 + 400));
    await simulation.mustReadAll();
  });
});
