import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigError } from "#base";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { createFile, PRIVATE_MODE, replaceFile } from "./files.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("replacing a file", () => {
  test("makes one where there is none, for its owner only, whatever the mask is", () => {
    const folder = temporaryFolder();
    const path = join(folder, "secret");
    const mask = process.umask(0);
    onTestFinished(() => void process.umask(mask));
    replaceFile(path, "one\n", PRIVATE_MODE);
    expect([readFileSync(path, "utf8"), modeOf(path)]).toEqual(["one\n", 0o600]);
    process.umask(0o277);
    replaceFile(path, "two\n", 0o640);
    expect([readFileSync(path, "utf8"), modeOf(path)]).toEqual(["two\n", 0o640]);
    expect(readdirSync(folder)).toEqual(["secret"]);
  });

  test("puts another file in its place: who has the old one open reads the old one to its end", () => {
    const path = join(temporaryFolder(), "secret");
    replaceFile(path, "old", PRIVATE_MODE);
    const before = statSync(path).ino;
    replaceFile(path, "new", PRIVATE_MODE);
    expect(statSync(path).ino).not.toBe(before);
  });

  test("follows a link", () => {
    const folder = temporaryFolder();
    const target = join(folder, "target");
    const link = join(folder, "link");
    writeFileSync(target, "old");
    symlinkSync(target, link);
    replaceFile(link, "new", PRIVATE_MODE);
    expect(readFileSync(target, "utf8")).toBe("new");
    expect(readdirSync(folder).toSorted()).toEqual(["link", "target"]);
  });

  test("leaves nothing behind when it cannot be", () => {
    const folder = temporaryFolder();
    const path = join(folder, "taken");
    mkdirSync(join(path, "inside"), { recursive: true });
    expect(() => replaceFile(path, "x", PRIVATE_MODE)).toThrow(ConfigError);
    expect(() => replaceFile(join(folder, "none", "x"), "x", PRIVATE_MODE)).toThrow(/it cannot be written/);
    expect(readdirSync(folder)).toEqual(["taken"]);
  });
});

describe("creating a file", () => {
  test("never takes the place of one that is there", () => {
    const folder = temporaryFolder();
    const path = join(folder, "key");
    createFile(path, "one", PRIVATE_MODE);
    expect(modeOf(path)).toBe(0o600);
    expect(() => createFile(path, "two", PRIVATE_MODE)).toThrow(`${path}: it is there already.`);
    expect(readFileSync(path, "utf8")).toBe("one");
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  test("says why it cannot", () => {
    const path = join(temporaryFolder(), "none", "key");
    expect(() => createFile(path, "x", PRIVATE_MODE)).toThrow(
      `${path}: it cannot be written: its folder is not there; make that first.`,
    );
    expect(existsSync(path)).toBe(false);
  });
});

test("a file of somebody else stays his, when root replaces it", (context) => {
  if (process.getuid?.() !== 0) {
    context.skip("only root can give files away");
    return;
  }
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const path = join(folder, "accounts");
  replaceFile(path, "old", PRIVATE_MODE);
  chownSync(path, 12_345, 54_321);
  replaceFile(path, "new", PRIVATE_MODE);
  expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 54_321 });
});
