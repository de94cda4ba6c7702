import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { PidFile } from "./pid-file.ts";

const fresh = (): string => join(temporaryFolder(), "broker.pid");
const textOf = (path: string): string => readFileSync(path, "utf8");

test("is empty until signals are answered, then names this process", () => {
  const path = fresh();
  writeFileSync(path, "4711\n");
  const file = new PidFile(path);
  expect(textOf(path)).toBe("");
  file.tell();
  file.tell();
  expect(textOf(path)).toBe(`${process.pid}\n`);
  file.remove();
  expect(existsSync(path)).toBe(false);
});

test("goes when the start fails before that", () => {
  const path = fresh();
  new PidFile(path).remove();
  expect(existsSync(path)).toBe(false);
});

test("stays when another process has written its own", () => {
  const path = fresh();
  const file = new PidFile(path);
  file.tell();
  writeFileSync(path, "4711\n");
  file.remove();
  expect(textOf(path)).toBe("4711\n");
});
