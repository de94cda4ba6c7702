/** What the system lets a broker have, and how its disk does. */

import { constants, existsSync, statfsSync } from "node:fs";
import { open, readdir, stat, unlink } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { getHeapStatistics } from "node:v8";
import type { Configuration } from "#config";
import { nodeDisk } from "#store";
import type { FolderFacts, SyncFacts, SystemFacts } from "../facts.ts";
import { isFolder, modeOf, textOf } from "./files.ts";
import { mayWrite } from "./listeners.ts";

/** @param holder who has the data folder, for example `process 123` */
export function systemFacts(holder: string | undefined): SystemFacts {
  const pid = /^process (\d+)$/.exec(holder ?? "")?.[1];
  const ofBroker = pid === undefined ? undefined : openFilesOf(pid);
  const constrained = process.constrainedMemory();
  return {
    nodeVersion: process.versions.node,
    isRoot: process.getuid?.() === 0,
    firstFreePort: numberIn("/proc/sys/net/ipv4/ip_unprivileged_port_start"),
    openFiles: ofBroker ?? openFilesOf("self"),
    openFilesOf: ofBroker === undefined ? "doctor" : "broker",
    acceptQueue: numberIn("/proc/sys/net/core/somaxconn"),
    memoryBytes: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
    heapLimitBytes: getHeapStatistics().heap_size_limit,
  };
}

function numberIn(path: string): number | undefined {
  const text = textOf(path)?.trim() ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Node itself raises the soft limit to the hard one, so what a Node process has is what it can have. */
function openFilesOf(pid: string): number | undefined {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(textOf(`/proc/${pid}/limits`) ?? "") ?? [];
  if (soft === "unlimited") return Number.MAX_SAFE_INTEGER;
  return soft !== undefined && /^\d+$/.test(soft) ? Number(soft) : undefined;
}

/** Undefined when nothing is kept. Writes a small file for a moment. */
export async function folderFacts({
  mode,
  folder,
}: Configuration["persistence"]): Promise<FolderFacts | undefined> {
  if (mode === "memory") return undefined;
  const path = resolve(folder);
  const exists = isFolder(path);
  const place = exists ? path : nearestFolder(path);
  const isWritable = mayWrite(place) && (exists || !isInTheWay(place, path));
  const space = spaceAt(place);
  return {
    path: folder,
    exists,
    isWritable,
    mode: exists ? modeOf(path) : undefined,
    // Who may not write there may not read the lock either.
    holder: exists && isWritable ? await nodeDisk(path).lockHolder() : undefined,
    freeBytes: space?.freeBytes,
    fileSystem: process.platform === "linux" ? space?.type : undefined,
    newestMs: exists ? await newestIn(path) : undefined,
    sync: isWritable ? await syncFacts(place) : undefined,
  };
}

/** The one that `path` would be made in. */
function nearestFolder(path: string): string {
  const above = dirname(path);
  return isFolder(above) || above === path ? above : nearestFolder(above);
}

/** Whether a file stands where a folder on the way from `folder` to `path` would be made. */
function isInTheWay(folder: string, path: string): boolean {
  const [next = ""] = relative(folder, path).split(sep);
  return existsSync(join(folder, next));
}

interface Space {
  readonly freeBytes: number;
  readonly type: number;
}

/** Undefined where this user may not ask. */
function spaceAt(folder: string): Space | undefined {
  try {
    const { bavail, bsize, type } = statfsSync(folder);
    return { freeBytes: bavail * bsize, type };
  } catch {
    return undefined;
  }
}

async function newestIn(folder: string): Promise<number | undefined> {
  let newest: number | undefined;
  for (const name of await readdir(folder).catch(() => [])) {
    // A broker that runs may have taken it away meanwhile.
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile() === true) newest = Math.max(newest ?? 0, found.mtimeMs);
  }
  return newest;
}

const WRITES = 20;
const WRITE_BYTES = 4_096;
/** A disk that takes longer has said enough. */
const LONGEST_MS = 3_000;

/** How long writes take that wait for the disk, as those of the journal do. */
async function syncFacts(folder: string): Promise<SyncFacts | undefined> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_DSYNC } = constants;
  // Not where the system has no such writes.
  if (O_DSYNC === undefined) return undefined;
  const path = join(folder, `.martlet-doctor-${process.pid}`);
  const times: number[] = [];
  try {
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_DSYNC, 0o600);
    try {
      const bytes = new Uint8Array(WRITE_BYTES);
      const deadline = performance.now() + LONGEST_MS;
      while (times.length < WRITES && performance.now() < deadline) {
        const start = performance.now();
        await file.write(bytes, 0, WRITE_BYTES, times.length * WRITE_BYTES);
        times.push(performance.now() - start);
      }
    } finally {
      await file.close();
      await unlink(path);
    }
  } catch {
    return undefined; // no room, for example; that has its own finding
  }
  times.sort((one, other) => one - other);
  return { writes: times.length, medianMs: times[times.length >> 1] ?? 0, slowestMs: times.at(-1) ?? 0 };
}
