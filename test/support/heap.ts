/** What a process holds after its garbage has been collected, and whether a promise was left rejected. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect } from "vitest";
import { nextTurn } from "./next-turn.ts";

const MIB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Mebibytes of live objects and buffers. */
export async function liveMebibytes(): Promise<number> {
  // Finalizers of buffers run between collections.
  for (let i = 0; i < 3; i++) {
    collect();
    await nextTurn();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / MIB;
}

/** Mebibytes of the process as the system counts them. */
export function residentMebibytes(): number {
  return process.memoryUsage.rss() / MIB;
}

/** Fails the tests of a file when a promise of theirs is left rejected. */
export function expectNoRejections(): void {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  beforeAll(() => void process.on("unhandledRejection", onRejection));
  afterAll(() => {
    process.off("unhandledRejection", onRejection);
    expect(rejections).toEqual([]);
  });
}
