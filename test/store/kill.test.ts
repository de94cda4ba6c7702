/** A real process on a real disk is killed: everything that it had called safe is there. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { systemClock, systemRandom } from "#base";
import { createStore } from "#store";
import { root } from "../../scripts/checkout.ts";

const ROUNDS = 4;

/** Adds the numbers from `first` on, drops those that are 500 behind, and says which were safe. */
const script = `
import { systemClock, systemRandom } from "./src/base/index.ts";
import { createStore } from "./src/store/index.ts";
const [mode, folder, first] = process.argv.slice(1);
const settings = { segmentBytes: 256 * 1024 };
const store = createStore({ mode, folder, clock: systemClock(), random: systemRandom(), settings });
await store.open(() => undefined);
const bytes = new Uint8Array(300);
const view = new DataView(bytes.buffer);
const ids = [];
let number = Number(first);
const safe = new Map();
store.listener = {
  onDurable(batch) {
    for (const [each, last] of safe) if (each <= batch) { safe.delete(each); process.stdout.write(last + "\\n"); }
    setImmediate(add);
  },
  onTrouble(error) { throw error; },
  onRecovered() {},
};
function add() {
  for (let i = 0; i < 40; i++) {
    view.setUint32(0, number++);
    ids.push(store.add(1, bytes, 0, 100 + (number % 200)));
    if (ids.length > 500) store.drop(ids.shift());
  }
  safe.set(store.batch, number - 1);
}
add();
`;

test.each(["durable", "os"] as const)("in mode %s", async (mode) => {
  const folder = await mkdtemp(join(tmpdir(), "martlet-kill-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  let first = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const args = [
      "--conditions",
      "martlet-dev",
      "--input-type=module",
      "-e",
      script,
      mode,
      folder,
      String(first),
    ];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let safe = -1;
    const lines = createInterface(child.stdout);
    lines.on("line", (line) => {
      safe = Number(line);
      if (safe > first + 3000 + round * 777) child.kill("SIGKILL");
    });
    await Promise.all([once(child, "exit"), once(lines, "close")]);
    expect(safe).toBeGreaterThan(first + 3000);

    const store = createStore({ mode, folder, clock: systemClock(), random: systemRandom() });
    const numbers: number[] = [];
    const report = await store.open((_kind, _id, bytes, start) => {
      numbers.push(new DataView(bytes.buffer, bytes.byteOffset + start).getUint32(0));
    });
    await store.close();
    expect(report).toMatchObject({ wasClosed: false, salvaged: [] });
    const present = new Set(numbers);
    // Whatever came after the last word may be there, too; the 500 before it are.
    const last = Math.max(...numbers);
    expect(last).toBeGreaterThanOrEqual(safe);
    for (let number = last - 499; number <= last; number++) expect(present.has(number)).toBe(true);
    first = last + 1;
  }
});
