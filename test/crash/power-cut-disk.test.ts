// The disk of the power-cut rounds keeps what a disk has promised, and forgets the rest.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Random } from "#base";
import type { Disk, DiskFile } from "#store";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { powerCutDisk } from "./power-cut-disk.ts";

/** The system writes nothing by itself. */
const never: Random = { below: (bound) => bound - 1, bytes: (length) => new Uint8Array(length) };
/** It writes everything at once. */
const always: Random = { below: () => 0, bytes: (length) => new Uint8Array(length) };

async function folder(): Promise<string> {
  const parent = temporaryFolder();
  return join(parent, "disk");
}

async function disk(path: string, random = never): Promise<Disk> {
  const made = powerCutDisk(path, random);
  await made.lock();
  return made;
}

/** The next life: what lies in the folder is all that there is. */
async function afterCut(before: Disk): Promise<Disk> {
  await before.unlock();
  return await disk(before.name);
}

async function write(file: DiskFile, text: string, position = 0): Promise<void> {
  await new Promise<void>((done) => file.write([Buffer.from(text)], position, () => done()));
}

async function contents(of: Disk, name: string): Promise<string> {
  const file = await of.open(name, { access: "read", isSynced: false });
  const target = new Uint8Array(4096);
  return Buffer.from(target.subarray(0, await file.read(target, 0))).toString();
}

test("a synced write in a synced folder stays, everything else goes", async () => {
  const first = await disk(await folder());
  const kept = await first.open("kept", { access: "create", isSynced: true });
  await write(kept, "a".repeat(2000));
  const loose = await first.open("loose", { access: "create", isSynced: false });
  await write(loose, "b".repeat(2000));
  await first.syncFolder();
  await write(kept, "c".repeat(600), 1000);
  await write(loose, "d");
  const unnamed = await first.open("unnamed", { access: "create", isSynced: true });
  await write(unnamed, "e");
  await first.rename("kept", "renamed");
  expect(await contents(first, "renamed")).toBe("a".repeat(1000) + "c".repeat(600) + "a".repeat(400));
  expect(await contents(first, "loose")).toBe(`d${"b".repeat(1999)}`);

  const second = await afterCut(first);
  expect(await second.list()).toEqual([
    { name: "kept", sizeBytes: 2000 },
    { name: "loose", sizeBytes: 0 },
  ]);
  expect(await contents(second, "kept")).toBe("a".repeat(1000) + "c".repeat(600) + "a".repeat(400));
});

test("a sync makes safe what was written and cut off before", async () => {
  const first = await disk(await folder());
  const file = await first.open("file", { access: "create", isSynced: false });
  await first.syncFolder();
  await write(file, "x".repeat(1500));
  await file.truncate(700);
  await write(file, "y", 1499);
  expect(await contents(first, "file")).toBe(`${"x".repeat(700)}${"\0".repeat(799)}y`);
  await file.sync();
  const second = await afterCut(first);
  expect(await contents(second, "file")).toBe(`${"x".repeat(700)}${"\0".repeat(799)}y`);
});

test("a write that is to be safe lies on the disk in part before it counts", async () => {
  const path = await folder();
  const first = await disk(path);
  const file = await first.open("file", { access: "create", isSynced: true });
  await write(file, "a".repeat(4096));
  await first.syncFolder();
  const seen = new Set<string>();
  let isDone = false;
  file.write([Buffer.from("b".repeat(4096))], 0, () => {
    isDone = true;
  });
  while (!isDone) {
    seen.add(readFileSync(join(path, "file"), "utf8"));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([...seen].some((text) => text.includes("a") && text.includes("b"))).toBe(true);
  for (const text of seen) expect(text).toMatch(/^(?:a{512}|b{512}){8}$/);
});

test("what is not synced may be there all the same", async () => {
  const first = await disk(await folder(), always);
  const file = await first.open("file", { access: "create", isSynced: false });
  await first.syncFolder();
  await write(file, "written back");
  await first.rename("file", "renamed");
  const second = await afterCut(first);
  expect(await contents(second, "renamed")).toBe("written back");
});
