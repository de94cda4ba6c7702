import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { NodeLock } from "./node-lock.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "martlet-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function startProcess(script: string): ChildProcess {
  const child = spawn(
    process.execPath,
    ["--conditions", "martlet-dev", "--input-type=module", "-e", script],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** The number of a process that was there and is no more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid as number;
}

describe("the lock of a folder", () => {
  test("is taken, names its process, and is gone after release", async () => {
    const folder = makeFolder();
    const lock = new NodeLock(folder);
    await lock.take();
    expect(readFileSync(join(folder, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid}\\n`));
    expect(lock.holder()).toBe(`process ${process.pid}`);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(lock.holder()).toBeUndefined();
    await lock.take();
    lock.release();
  });

  test("is refused to a second one in the same process", async () => {
    const folder = makeFolder();
    const lock = new NodeLock(folder);
    await lock.take();
    const second = new NodeLock(folder);
    await expect(second.take()).rejects.toMatchObject({
      code: "MARTLET_STORE_LOCKED",
      message: `${folder} is in use by process ${process.pid}; stop it, or choose another folder.`,
    });
    second.release();
    expect(lock.holder()).toBeDefined();
    lock.release();
  });

  test("is refused as long as its process lives, and taken over when it is killed", async () => {
    const folder = makeFolder();
    const file = pathToFileURL(join(import.meta.dirname, "node-lock.ts")).href;
    const child = startProcess(
      `import { NodeLock } from ${JSON.stringify(file)};
       const lock = new NodeLock(${JSON.stringify(folder)});
       await lock.take();
       console.log("taken");
       setInterval(() => undefined, 1000);`,
    );
    await once(child.stdout as NodeJS.ReadableStream, "data");
    const lock = new NodeLock(folder);
    await expect(lock.take()).rejects.toThrow(`in use by process ${child.pid};`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(lock.holder()).toBeUndefined();
    await lock.take();
    expect(lock.holder()).toBe(`process ${process.pid}`);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("of a dead process goes to one of many that want it at once", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "lock"), `${await deadPid()}\n${hostname()}\n1\nword\n`);
    const file = pathToFileURL(join(import.meta.dirname, "node-lock.ts")).href;
    const racers = Array.from({ length: 4 }, () =>
      startProcess(
        `import { NodeLock } from ${JSON.stringify(file)};
         const lock = new NodeLock(${JSON.stringify(folder)});
         console.log("ready");
         await new Promise((resolve) => process.stdin.once("data", resolve));
         console.log(await lock.take().then(() => "taken", (error) => error.code));
         setInterval(() => undefined, 1000);`,
      ),
    );
    await Promise.all(racers.map((racer) => once(racer.stdout as NodeJS.ReadableStream, "data")));
    const answers = racers.map((racer) => once(racer.stdout as NodeJS.ReadableStream, "data"));
    for (const racer of racers) racer.stdin?.write("go");
    const said = (await Promise.all(answers)).map((chunks) => String(chunks[0]).trim());
    expect(said.toSorted()).toEqual([...Array<string>(3).fill("MARTLET_STORE_LOCKED"), "taken"]);
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  test("of a process whose number another one has by now is taken over", async () => {
    const folder = makeFolder();
    // This process lives, but it did not begin then.
    writeFileSync(join(folder, "lock"), `${process.ppid}\n${hostname()}\n1\nword\n`);
    const lock = new NodeLock(folder);
    await lock.take();
    lock.release();
  });

  test("of another host counts as long as it is touched", async () => {
    const folder = makeFolder();
    const path = join(folder, "lock");
    writeFileSync(path, "7\nelsewhere.example\n-\nword\n");
    const lock = new NodeLock(folder);
    await expect(lock.take()).rejects.toThrow("in use by process 7 on elsewhere.example;");
    const before = new Date(Date.now() - 60_000);
    utimesSync(path, before, before);
    await lock.take();
    lock.release();
  });

  test.each(["", "garbage\n"])("that says %j belongs to nobody", async (text) => {
    const folder = makeFolder();
    writeFileSync(join(folder, "lock"), text);
    const lock = new NodeLock(folder);
    await lock.take();
    lock.release();
  });
});
