import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { writeAt } from "./disk.ts";
import { nodeDisk } from "./node-disk.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "martlet-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe("a folder of the machine", () => {
  test("is made when it is locked, for its owner alone", async () => {
    const path = join(makeFolder(), "a", "b");
    const disk = nodeDisk(path);
    await expect(disk.list()).rejects.toMatchObject({
      code: "MARTLET_STORE_FAILED",
      message: `${path} does not exist.`,
    });
    await disk.lock();
    const file = await disk.open("x", { access: "create", isSynced: true });
    await file.close();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(path)) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    await disk.unlock();
  });

  test("keeps what is written, in parts and at any place", async () => {
    const disk = nodeDisk(makeFolder());
    for (const isSynced of [true, false]) {
      const file = await disk.open(`file-${isSynced}`, { access: "create", isSynced });
      await writeAt(file, [new Uint8Array(10).fill(1), new Uint8Array(0), new Uint8Array(3).fill(2)], 5);
      await writeAt(file, [Uint8Array.of(9)], 6);
      const bytes = new Uint8Array(30);
      expect(await file.read(bytes, 4)).toBe(14);
      expect([...bytes.subarray(0, 14)]).toEqual([0, 1, 9, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
      await file.truncate(7);
      await file.sync();
      expect(await file.read(bytes, 0)).toBe(7);
      await file.close();
    }
    expect((await disk.list()).toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: "file-false", sizeBytes: 7 },
      { name: "file-true", sizeBytes: 7 },
    ]);
  });

  test("renames, copies and removes", async () => {
    const folder = makeFolder();
    const disk = nodeDisk(folder);
    writeFileSync(join(folder, "a"), "A");
    mkdirSync(join(folder, "no file"));
    await disk.copy("a", "b");
    await disk.rename("a", "c");
    await disk.syncFolder();
    expect((await disk.list()).map(({ name }) => name).toSorted()).toEqual(["b", "c"]);
    await disk.remove("b");
    await expect(disk.remove("b")).rejects.toMatchObject({ file: "b", kind: "failed" });
    await expect(disk.open("c", { access: "create", isSynced: false })).rejects.toThrow("is in the way");
  });

  test("a file waits with its end for what is under way", async () => {
    const disk = nodeDisk(makeFolder());
    const file = await disk.open("a", { access: "create", isSynced: true });
    const bytes = new Uint8Array(1_000_000).fill(3);
    const writing = writeAt(file, [bytes, bytes], 0);
    await file.close();
    await writing;
    expect(() => file.write([bytes], 0, () => undefined)).toThrow("is closed");
    expect(await disk.list()).toEqual([{ name: "a", sizeBytes: 2_000_000 }]);
  });

  test("a folder that is a file is said to be in the way", async () => {
    const path = join(makeFolder(), "data");
    writeFileSync(path, "");
    await expect(nodeDisk(path).lock()).rejects.toThrow(`${path} is in the way`);
  });
});
