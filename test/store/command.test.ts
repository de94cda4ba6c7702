/** `martlet store` on a real folder, as a program. */

import { openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock, systemRandom, utf8Encode } from "#base";
import { createStore, type Store } from "#store";
import { outcomeOf } from "../cli/martlet-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const FIRST = "segment-0000000001.journal";

async function opened(folder: string): Promise<Store> {
  const store = createStore({ mode: "durable", folder, clock: systemClock(), random: systemRandom() });
  await store.open(() => undefined);
  return store;
}

/** A closed store: three batches, five records of kinds that the broker does not have, one of them gone. */
async function written(): Promise<string> {
  const folder = temporaryFolder();
  const store = await opened(folder);
  const add = async (kind: number, ...texts: string[]): Promise<number[]> => {
    const ids = texts.map((text) => store.add(kind, utf8Encode(text), 0, utf8Encode(text).length));
    const { batch } = store;
    while (store.durableBatch < batch) await new Promise((resolve) => setImmediate(resolve));
    return ids;
  };
  const [first] = await add(101, "hello", "a line\n and \u202e tricks");
  await add(102, "x".repeat(100), "\u0000\u0001\u0002");
  store.drop(first as number);
  await add(101, "");
  await store.close();
  return folder;
}

describe("martlet store", () => {
  it("info counts what there is", async () => {
    const folder = await written();
    const info = await outcomeOf(["store", "info", folder]);
    expect(info).toMatchObject({ code: 0, stderr: "" });
    expect(info.stdout).toMatch(/^format {8}1$/m);
    expect(info.stdout).toMatch(/^last batch {4}4, closed in order$/m);
    expect(info.stdout).toMatch(/^records {7}4 \(\d+ bytes\)$/m);
    expect(info.stdout).toMatch(/^ {2}kind 101 {4}2 \(22 bytes\)$/m);
    expect(info.stdout).toMatch(/^ {2}kind 102 {4}2 \(103 bytes\)$/m);
    const json = await outcomeOf(["store", "info", "--json", folder]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      formatVersion: 1,
      records: 4,
      batches: 4,
      wasClosed: true,
      problems: [],
      kinds: [
        { kind: 101, records: 2, bytes: 22 },
        { kind: 102, records: 2, bytes: 103 },
      ],
    });
  });

  it("dump shows the live records, safe for a terminal", async () => {
    const folder = await written();
    const dump = await outcomeOf(["store", "dump", folder]);
    expect(dump).toEqual({
      code: 0,
      signal: null,
      stderr: "",
      stdout: [
        '2  kind 101  22 bytes  "a line\\n and \\u202e tricks"',
        `3  kind 102  100 bytes  "${"x".repeat(64)}" …`,
        "4  kind 102  3 bytes  00 01 02",
        '5  kind 101  0 bytes  ""',
        "",
      ].join("\n"),
    });
    const short = await outcomeOf(["store", "dump", folder, "--kind", "102", "--bytes", "2"]);
    expect(short.stdout).toBe(
      '3  kind 102  100 bytes  "xx" …\n4  kind 102  3 bytes  00 01 … \n'.replace("… \n", "…\n"),
    );
    const json = await outcomeOf(["store", "dump", "--json", "--kind", "102", folder]);
    const lines = json.stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { id: 3, kind: 102, sizeBytes: 100, bytes: Buffer.from("x".repeat(100)).toString("base64") },
      { id: 4, kind: 102, sizeBytes: 3, bytes: "AAEC" },
    ]);
  });

  it("verify finds damage, and compact goes on without it when it is told to", async () => {
    const folder = await written();
    expect(await outcomeOf(["store", "verify", folder])).toMatchObject({
      code: 0,
      stdout: "4 batches with 4 live records: nothing is damaged.\n",
    });
    writeSync(openSync(join(folder, FIRST), "r+"), "?", 4096 + 50);
    const verify = await outcomeOf(["store", "verify", folder]);
    expect(verify).toMatchObject({ code: 1, stderr: "" });
    expect(verify.stdout).toContain(`damage: ${FIRST} is damaged at byte 4096: batch 1 cannot be read (`);
    const json = await outcomeOf(["store", "verify", "--json", folder]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      isGood: false,
      problems: [{ file: FIRST, offset: 4096 }],
    });

    const before = readFileSync(join(folder, FIRST));
    const refused = await outcomeOf(["store", "compact", folder]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("martlet store compact with --salvage");
    expect(readFileSync(join(folder, FIRST))).toEqual(before);

    const salvaged = await outcomeOf(["store", "compact", folder, "--salvage"]);
    expect(salvaged).toMatchObject({ code: 0, stderr: "" });
    expect(salvaged.stdout).toMatch(new RegExp(`^left out: ${FIRST} from byte 4096 on`));
    expect(salvaged.stdout).toMatch(/ now, 3 records\.\n$/);
    expect(readFileSync(join(folder, `damaged-${FIRST}`))).toEqual(before);
    expect(await outcomeOf(["store", "verify", folder])).toMatchObject({ code: 0 });
  });

  it("compact leaves what is live in one file of its size", async () => {
    const folder = temporaryFolder();
    const store = await opened(folder);
    const bytes = new Uint8Array(1000).fill(7);
    const ids = Array.from({ length: 3000 }, () => store.add(1, bytes, 0, bytes.length));
    await new Promise((resolve) => setImmediate(resolve));
    for (const id of ids.slice(10)) store.drop(id);
    await store.close();
    const compacted = await outcomeOf(["store", "compact", folder]);
    expect(compacted).toMatchObject({ code: 0, stderr: "" });
    expect(compacted.stdout).toMatch(/^[23]\.\d MiB before, 1\d\.\d KiB now, 10 records\.\n$/);
    expect(readdirSync(folder)).toEqual(["segment-0000000002.journal"]);
    const again = await opened(folder);
    expect(again.stats().records).toBe(10);
    await again.close();
  });

  it("looks at a folder in use with info only", async () => {
    const folder = await written();
    const store = await opened(folder);
    const holder = `process ${process.pid}`;
    const info = await outcomeOf(["store", "info", folder]);
    expect(info.code).toBe(0);
    expect(info.stdout).toMatch(new RegExp(`^in use by {5}${holder}; this is one moment of it$`, "m"));
    for (const action of ["verify", "dump", "compact"]) {
      const refused = await outcomeOf(["store", action, folder]);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain(`${folder} is in use by ${holder}; stop it`);
    }
    await store.close();
  });

  it.each([
    [[], "<action>: it is missing; give info, verify, dump or compact."],
    [["look", "x"], "look: there is no such action; give info, verify, dump or compact."],
    [["info"], "<folder>: it is missing; give the folder of the store."],
    [["info", "a", "b"], "b: no further argument is expected here."],
    [["info", "a", "--kind", "1"], "--kind: it is for dump."],
    [["dump", "a", "--salvage"], "--salvage: it is for compact."],
  ])("does not take %j", async (args, sentence) => {
    expect(await outcomeOf(["store", ...args])).toEqual({
      code: 2,
      signal: null,
      stdout: "",
      stderr: `martlet: ${sentence}\n`,
    });
  });

  it("says when there is nothing to look at, and makes nothing", async () => {
    const folder = join(temporaryFolder(), "nothing");
    for (const action of ["info", "verify", "dump", "compact"]) {
      expect(await outcomeOf(["store", action, folder])).toMatchObject({
        code: 1,
        stdout: "",
        stderr: `martlet: ${folder} does not exist.\n`,
      });
    }
  });
});
