import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigError, systemClock } from "#base";
import { VirtualClock } from "#testing";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { until } from "../../test/support/until.ts";
import { WatchedFile, type WatchedFileOptions } from "./watched-file.ts";

/** Every text that ends with a dot says something. */
function parse(text: string): string {
  if (!text.endsWith(".")) throw new ConfigError("file:1", "it has no dot.");
  return text;
}

function watched(path: string, options: Partial<WatchedFileOptions<string>> = {}) {
  const clock = new VirtualClock();
  const said: string[] = [];
  const file = new WatchedFile({
    path,
    parse,
    onChange: (content) => said.push(content),
    onProblem: (sentence) => said.push(`! ${sentence}`),
    clock,
    pollMs: 1_000,
    settleMs: 100,
    listens: false,
    ...options,
  });
  onTestFinished(() => file.close());
  /** What was said since the last time. */
  const heard = (): string[] => said.splice(0);
  return { file, clock, heard };
}

function start(text = "one.") {
  const folder = temporaryFolder();
  const path = join(folder, "f");
  writeFileSync(path, text);
  return { folder, path, ...watched(path) };
}

describe("at the start", () => {
  test("it is read", () => {
    expect(start().file.content).toBe("one.");
  });

  test("it has to be there, a file, not too large, and to say something", () => {
    const folder = temporaryFolder();
    const path = join(folder, "f");
    expect(() => watched(path)).toThrow(`${path}: there is no such file.`);
    expect(() => watched(folder)).toThrow(`${folder}: it is no file.`);
    writeFileSync(path, "half");
    expect(() => watched(path)).toThrow("file:1: it has no dot.");
    writeFileSync(path, "long.");
    expect(() => watched(path, { maximumBytes: 4 })).toThrow(`${path}: it is larger than 4 bytes.`);
    expect(() => watched(join(path, "g"))).toThrow("it cannot be read: ENOTDIR.");
  });
});

describe("a change", () => {
  test("counts when two looks find the same", () => {
    const { path, file, clock, heard } = start();
    clock.advance(10_000);
    writeFileSync(path, "two.");
    clock.advance(1_000);
    expect([file.content, heard()]).toEqual(["one.", []]);
    clock.advance(100);
    expect([file.content, heard()]).toEqual(["two.", ["two."]]);
    clock.advance(10_000);
    expect(heard()).toEqual([]);
  });

  test("of a file that is being written waits for its end", () => {
    const { path, clock, heard } = start();
    writeFileSync(path, "a.");
    clock.advance(1_000);
    for (const part of ["b.", "c.", "d."]) {
      appendFileSync(path, part);
      clock.advance(100);
      expect(heard()).toEqual([]);
    }
    clock.advance(100);
    expect(heard()).toEqual(["a.b.c.d."]);
  });

  test("that says the same is none", () => {
    const { path, clock, heard } = start();
    writeFileSync(path, "one.");
    utimesSync(path, 1, 1);
    clock.advance(5_000);
    expect(heard()).toEqual([]);
  });

  test("by renaming is one", () => {
    const { folder, path, clock, heard } = start();
    writeFileSync(join(folder, "new"), "two.");
    renameSync(join(folder, "new"), path);
    clock.advance(1_100);
    expect(heard()).toEqual(["two."]);
  });

  test("by swapping the link of a folder is one, as Kubernetes does it", () => {
    const folder = temporaryFolder();
    const at = (name: string): string => join(folder, name);
    for (const [name, text] of Object.entries({ "..1": "one.", "..2": "two." })) {
      mkdirSync(at(name));
      writeFileSync(join(at(name), "f"), text);
    }
    symlinkSync("..1", at("..data"));
    symlinkSync(join("..data", "f"), at("f"));
    const { file, clock, heard } = watched(at("f"));
    expect(file.content).toBe("one.");
    symlinkSync("..2", at("..data_tmp"));
    renameSync(at("..data_tmp"), at("..data"));
    rmSync(at("..1"), { recursive: true });
    clock.advance(1_100);
    expect(heard()).toEqual(["two."]);
  });
});

describe("trouble keeps the old content and is said once", () => {
  test("missing", () => {
    const { path, file, clock, heard } = start();
    unlinkSync(path);
    clock.advance(20_000);
    expect([file.content, heard()]).toEqual(["one.", ["! there is no such file."]]);
    writeFileSync(path, "two.");
    clock.advance(1_100);
    expect([file.content, heard()]).toEqual(["two.", ["two."]]);
    unlinkSync(path);
    clock.advance(20_000);
    expect(heard()).toEqual(["! there is no such file."]);
  });

  test("back as it was: nothing to say, and the next trouble is said again", () => {
    const { path, clock, heard } = start();
    unlinkSync(path);
    clock.advance(2_000);
    writeFileSync(path, "one.");
    clock.advance(2_000);
    unlinkSync(path);
    clock.advance(2_000);
    expect(heard()).toEqual(["! there is no such file.", "! there is no such file."]);
  });

  test("a folder in its place", () => {
    const { path, file, clock, heard } = start();
    unlinkSync(path);
    mkdirSync(path);
    clock.advance(20_000);
    expect([file.content, heard()]).toEqual(["one.", ["! it is no file."]]);
  });

  test("half written, and then whole", () => {
    const { path, file, clock, heard } = start();
    writeFileSync(path, "two");
    clock.advance(20_000);
    expect([file.content, heard()]).toEqual(["one.", ["! file:1: it has no dot."]]);
    writeFileSync(path, "two, still");
    clock.advance(20_000);
    expect(heard()).toEqual([]);
    appendFileSync(path, ".");
    clock.advance(1_100);
    expect([file.content, heard()]).toEqual(["two, still.", ["two, still."]]);
  });

  test("too large", () => {
    const path = join(temporaryFolder(), "f");
    writeFileSync(path, "one.");
    const { clock, heard } = watched(path, { maximumBytes: 10 });
    writeFileSync(path, `${"x".repeat(10)}.`);
    clock.advance(20_000);
    expect(heard()).toEqual(["! it is larger than 10 bytes."]);
  });

  test("whoever cannot take it over", () => {
    const path = join(temporaryFolder(), "f");
    writeFileSync(path, "one.");
    const onChange = (): never => {
      throw new ConfigError("password_file", "no.");
    };
    const { file, clock, heard } = watched(path, { onChange });
    writeFileSync(path, "two.");
    clock.advance(20_000);
    expect([file.content, heard()]).toEqual(["one.", ["! password_file: no."]]);
  });
});

describe("on demand", () => {
  test("it is read at once", () => {
    const { path, file, clock, heard } = start();
    writeFileSync(path, "two.");
    file.reload();
    expect([file.content, heard()]).toEqual(["two.", ["two."]]);
    clock.advance(20_000);
    expect(heard()).toEqual([]);
  });

  test("trouble is said again", () => {
    const { path, file, clock, heard } = start();
    unlinkSync(path);
    clock.advance(20_000);
    heard();
    file.reload();
    expect([file.content, heard()]).toEqual(["one.", ["! there is no such file."]]);
    file.reload();
    expect(heard()).toEqual(["! there is no such file."]);
  });

  test("it is closed, and nothing waits for it any more", () => {
    const { path, file, clock, heard } = start();
    file.close();
    writeFileSync(path, "two.");
    clock.advance(20_000);
    expect([clock.nextAlarm, heard()]).toEqual([undefined, []]);
  });
});

describe("the system's word comes before the next look", () => {
  test("of a file in the same folder, written or renamed", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "f");
    writeFileSync(path, "one.");
    const { heard } = watched(path, { clock: systemClock(), listens: true, pollMs: 3_600_000, settleMs: 5 });
    let said: string[] = [];
    const hears = async (text: string): Promise<void> =>
      await until(text, () => {
        said = [...said, ...heard()];
        return said.includes(text);
      });
    writeFileSync(path, "two.");
    await hears("two.");
    writeFileSync(join(folder, "new"), "three.");
    renameSync(join(folder, "new"), path);
    await hears("three.");
    unlinkSync(path);
    await hears("! there is no such file.");
    expect(said).toEqual(["two.", "three.", "! there is no such file."]);
  });
});
