import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { InvariantError, seededRandom } from "#base";
import { VirtualClock } from "#testing";
import { type DiskFile, writeAt } from "./disk.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const SECTOR = 512;

function setUp(seed = 1) {
  const clock = new VirtualClock();
  const disk = new SimulatedDisk({ clock, random: seededRandom(seed) });
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const noted = promise.finally(() => {
      isSettled = true;
    });
    noted.catch(() => undefined);
    for (let i = 0; !isSettled && i < 1000; i++) {
      clock.advance(1);
      await nextTurn();
    }
    return await noted;
  };
  const create = async (name: string, isSynced: boolean): Promise<DiskFile> => {
    return await settled(disk.open(name, { access: "create", isSynced }));
  };
  return { clock, disk, settled, create };
}

/** A file of `sectors` sectors that is safe, name included. */
async function safeFile(seed: number, sectors: number, isSynced: boolean) {
  const stage = setUp(seed);
  const file = await stage.create("a", true);
  await stage.settled(writeAt(file, [new Uint8Array(sectors * SECTOR).fill(1)], 0));
  await stage.settled(stage.disk.syncFolder());
  const again = await stage.settled(stage.disk.open("a", { access: "write", isSynced }));
  return { ...stage, file: again };
}

/** What stands in each sector: one value, or the sector is broken. */
function sectorsOf(disk: SimulatedDisk): number[] {
  const bytes = disk.contents("a");
  return Array.from({ length: bytes.length / SECTOR }, (_, sector) => {
    const part = bytes.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    expect(new Set(part).size).toBe(1);
    return part[0] as number;
  });
}

/** All that happens over many seeds. */
async function over<T>(play: (seed: number) => Promise<T>): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) seen.add(JSON.stringify(await play(seed)));
  return seen;
}

describe("a simulated disk", () => {
  test("keeps a synced write in every crash", async () => {
    const seen = await over(async (seed) => {
      const { disk, settled, file } = await safeFile(seed, 3, true);
      await settled(writeAt(file, [new Uint8Array(SECTOR).fill(2)], SECTOR));
      return sectorsOf(disk.crash());
    });
    expect([...seen]).toEqual(["[1,2,1]"]);
  });

  test("keeps or loses each sector of other writes, and all of them when only the process dies", async () => {
    const play = async (seed: number, kind: "power" | "process") => {
      const { disk, settled, file } = await safeFile(seed, 2, false);
      await settled(writeAt(file, [new Uint8Array(2 * SECTOR).fill(2)], 0));
      expect(sectorsOf(disk)).toEqual([2, 2]);
      return sectorsOf(disk.crash(kind));
    };
    expect([...(await over((seed) => play(seed, "power")))].toSorted()).toEqual([
      "[1,1]",
      "[1,2]",
      "[2,1]",
      "[2,2]",
    ]);
    expect([...(await over((seed) => play(seed, "process")))]).toEqual(["[2,2]"]);
  });

  test("keeps what a sync has made safe", async () => {
    const seen = await over(async (seed) => {
      const { disk, settled, file } = await safeFile(seed, 2, false);
      await settled(writeAt(file, [new Uint8Array(2 * SECTOR).fill(2)], 0));
      await settled(file.sync());
      return sectorsOf(disk.crash());
    });
    expect([...seen]).toEqual(["[2,2]"]);
  });

  test("tears what is under way", async () => {
    const seen = await over(async (seed) => {
      const { disk, file } = await safeFile(seed, 2, true);
      file.write([new Uint8Array(2 * SECTOR).fill(2)], 0, () => expect.unreachable());
      return sectorsOf(disk.crash());
    });
    expect([...seen].toSorted()).toEqual(["[1,1]", "[1,2]", "[2,1]", "[2,2]"]);
  });

  test("shows a failed write that no sync saves", async () => {
    const seen = await over(async (seed) => {
      const { disk, settled, file } = await safeFile(seed, 2, false);
      disk.decide = ({ kind }) => (kind === "write" ? "failed" : undefined);
      await expect(settled(writeAt(file, [new Uint8Array(2 * SECTOR).fill(2)], 0))).rejects.toThrow("failed");
      disk.decide = undefined;
      expect(sectorsOf(disk)).toEqual([2, 2]);
      await settled(file.sync());
      return sectorsOf(disk.crash());
    });
    expect(seen.size).toBe(4);
  });

  test("keeps or loses each name until the folder is synced", async () => {
    const seen = await over(async (seed) => {
      const { disk, settled, create } = setUp(seed);
      await create("a", true);
      await settled(disk.syncFolder());
      await settled(disk.rename("a", "b"));
      await create("c", true);
      return (await disk.crash().list()).map(({ name }) => name).toSorted();
    });
    expect([...seen].toSorted()).toEqual(['["a","c"]', '["a"]', '["b","c"]', '["b"]']);
  });

  test("has only so much space", async () => {
    const { disk, settled, create } = setUp();
    const file = await create("a", true);
    disk.capacityBytes = 1000;
    await settled(writeAt(file, [new Uint8Array(1000)], 0));
    await settled(writeAt(file, [new Uint8Array(500)], 500));
    await expect(settled(writeAt(file, [new Uint8Array(2)], 999))).rejects.toMatchObject({ kind: "full" });
    expect(disk.usedBytes).toBe(1000);
  });

  test("does not let two writes meet, nor a closed file be used", async () => {
    const { create, settled } = setUp();
    const file = await create("a", true);
    const first = writeAt(file, [new Uint8Array(10)], 0);
    await expect(writeAt(file, [new Uint8Array(10)], 9)).rejects.toThrow(InvariantError);
    await settled(first);
    await settled(file.close());
    await expect(writeAt(file, [new Uint8Array(1)], 0)).rejects.toThrow(InvariantError);
  });

  test("a bit that is turned stays so, and the seed repeats everything", async () => {
    const { disk } = await safeFile(1, 1, true);
    disk.flipBit("a", 100, 3);
    const next = disk.crash();
    expect(next.contents("a")[100]).toBe(9);
    expect(() => next.flipBit("a", 5000, 1)).toThrow(InvariantError);
  });

  test("after a crash nothing that was asked for ends", async () => {
    const { disk, clock, file } = await safeFile(1, 1, true);
    const next = disk.crash();
    file.write([new Uint8Array(SECTOR).fill(7)], 0, () => expect.unreachable());
    clock.advance(1000);
    expect(sectorsOf(next)).toEqual([1]);
  });
});
