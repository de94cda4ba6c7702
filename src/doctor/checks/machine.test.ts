import { describe, expect, it } from "vitest";
import {
  configurationOf,
  exposedListenerOf,
  listenerOf,
  NOW_MS,
  troubles,
} from "../../../test/support/doctor.ts";
import type { FolderFacts, SystemFacts } from "../facts.ts";
import { checkClock, checkDisk, checkSystem } from "./machine.ts";

const GIB = 1_073_741_824;

describe("the clock", () => {
  it.each([
    [NOW_MS, undefined, []],
    [NOW_MS, NOW_MS + 60_000, []],
    [
      NOW_MS,
      NOW_MS + 600_000,
      [
        "warning The youngest file in the data folder was written 10 minutes after now, which is 2026-11-21T00:00:00Z: the clock has been set back.",
      ],
    ],
    [0, undefined, ["problem It is 1970-01-01T00:00:00Z by this machine's clock, which is long ago."]],
  ])("at %i with a file of %s", (nowMs, newestMs, expected) => {
    expect(troubles(checkClock({ nowMs, newestMs }))).toEqual(expected);
  });
});

describe("the system", () => {
  const good: SystemFacts = {
    nodeVersion: "26.1.0",
    isRoot: false,
    firstFreePort: 1_024,
    openFiles: 1_048_576,
    openFilesOf: "doctor",
    acceptQueue: 4_096,
    memoryBytes: 8 * GIB,
    heapLimitBytes: 4 * GIB,
  };
  const judge = async (system: Partial<SystemFacts>, isExposed = true): Promise<readonly string[]> => {
    const listeners = [isExposed ? await exposedListenerOf("10.0.0.1") : await listenerOf()];
    const configuration = await configurationOf();
    return troubles(checkSystem({ configuration, listeners, system: { ...good, ...system } }));
  };

  it.each([
    [{}, []],
    [{ openFiles: undefined, acceptQueue: undefined }, []],
    [{ openFiles: 100_100 }, []],
    [
      { openFiles: 1_024, openFilesOf: "broker" as const },
      [
        "warning The broker that runs may have 1024 files and connections open; limits.maximum_connections is 100000.",
      ],
    ],
    [{ nodeVersion: "22.0.0" }, ["problem Node.js 22.0.0 is too old."]],
    [
      { acceptQueue: 128 },
      [
        "note At most 128 connections wait until they are accepted: many clients that come at once may have to try again.",
      ],
    ],
    [
      { memoryBytes: GIB, heapLimitBytes: GIB / 2 },
      ["warning Retained messages and output may take 1.5 GiB; there are 1.0 GiB of memory."],
    ],
    [
      { memoryBytes: 3 * GIB },
      [
        "note Node.js may use 4.0 GiB for objects, and there are 3.0 GiB of memory: the system may end it before it tidies up.",
      ],
    ],
    [
      { isRoot: true },
      [
        "note This runs as root, which may read and write everything: what the broker's own user may not is not found.",
      ],
    ],
  ])("with %j", async (system, expected) => {
    expect(await judge(system)).toEqual(expected);
  });

  it("needs fewer files where only this machine's programs connect", async () => {
    expect((await judge({ openFiles: 1_024 }, false))[0]).toMatch(/^note This user may have 1024 files/);
  });
});

describe("the disk", () => {
  const good: FolderFacts = {
    path: "data",
    exists: true,
    isWritable: true,
    mode: 0o40_700,
    holder: undefined,
    freeBytes: 10 * GIB,
    fileSystem: 0xef53,
    newestMs: undefined,
    sync: { writes: 20, medianMs: 1, slowestMs: 3 },
  };
  const judge = async (
    folder: Partial<FolderFacts>,
    ...settings: readonly string[]
  ): Promise<readonly string[]> =>
    troubles(checkDisk({ ...good, ...folder }, await configurationOf(...settings)));
  const sync = (medianMs: number): Partial<FolderFacts> => ({
    sync: { writes: 20, medianMs, slowestMs: 90 },
  });

  it.each([
    [{}, []],
    [{ holder: "process 12" }, []],
    [{ exists: false, mode: undefined }, []],
    [{ isWritable: false }, ["problem This user may not write to data."]],
    [{ isWritable: false, exists: false }, ["problem data is not there, and this user may not make it."]],
    [{ mode: 0o40_755 }, ["warning data is open to every user (mode 0755); it holds messages."]],
    [{ freeBytes: GIB / 2 }, ["warning 512 MiB are free at data."]],
    [{ freeBytes: GIB / 16 }, ["problem 64 MiB are free at data."]],
    [{ freeBytes: undefined, sync: undefined, fileSystem: undefined }, []],
    [
      { fileSystem: 0x01021994 },
      ["warning data is in memory (tmpfs): a restart of the machine loses everything."],
    ],
    [
      { fileSystem: 0x794c7630 },
      ["warning data is in the layer of a container (overlay), which goes with it."],
    ],
    [
      { fileSystem: 0x6969 },
      [
        "warning data is on another machine or behind a program (NFS): when that is away, nothing is acknowledged, and not all of them keep what they say is written.",
      ],
    ],
    [
      sync(40),
      [
        "warning A small write is on the disk after 40 ms (median of 20; the slowest took 90 ms). A client that waits for each acknowledgement gets 25 messages a second through.",
      ],
    ],
    [
      sync(0.01),
      [
        "note A small write is on the disk after 0.01 ms (median of 20; the slowest took 90 ms). That is faster than a disk: something keeps it in memory.",
      ],
    ],
  ])("with %j", async (folder, expected) => {
    expect(await judge(folder)).toEqual(expected);
  });

  it("may be slow when nobody waits for it", async () => {
    expect(await judge(sync(40), "persistence.mode=os")).toEqual([]);
  });

  it("does not matter when nothing is kept", async () => {
    expect(troubles(checkDisk(undefined, await configurationOf("persistence.mode=memory")))).toEqual([]);
  });
});
