/** What this process uses: memory after its garbage has been collected, and processor time. Needs `--expose-gc`. */

export interface Memory {
  /** Live objects and buffers. */
  readonly heapBytes: number;
  /** The whole process, as the system counts it. */
  readonly residentBytes: number;
}

/** Finalizers of buffers run between collections. */
const COLLECTIONS = 4;

export async function memoryNow(): Promise<Memory> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("start this with --expose-gc");
  for (let i = 0; i < COLLECTIONS; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, residentBytes: rss };
}

/** Microseconds of processor time that `work` takes, user and system. */
export function cpuMicroseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
