/** The clock, the limits of the system, and the disk. */

import type { Configuration } from "#config";
import type { Facts, FolderFacts, SyncFacts } from "../facts.ts";
import { type Finding, note, ok, problem, warning } from "../finding.ts";
import { modeText } from "./reach.ts";

const MINUTE_MS = 60_000;
/** Nothing of this program is older. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);

/** Expiries, tokens and certificates all go by the clock. The time zone does not matter. */
export function checkClock({
  nowMs,
  newestMs,
}: {
  readonly nowMs: number;
  readonly newestMs: number | undefined;
}): Finding[] {
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z");
  const advice = "Set the clock, and keep it by NTP: expiries, tokens and certificates go by it.";
  if (nowMs < EARLIEST_MS)
    return [problem("clock", `It is ${now} by this machine's clock, which is long ago.`, advice)];
  if (newestMs !== undefined && newestMs > nowMs + MINUTE_MS) {
    const minutes = Math.round((newestMs - nowMs) / MINUTE_MS);
    return [
      warning(
        "clock",
        `The youngest file in the data folder was written ${minutes} minutes after now, which is ${now}: the clock has been set back.`,
        advice,
      ),
    ];
  }
  const known = newestMs === undefined ? "" : ", and no file in the data folder is younger";
  return [ok("clock", `It is ${now}${known}.`)];
}

/** Files that a broker has open besides its connections: listeners, journal, log, watched files. */
const OTHER_FILES = 100;
/** What a burst of connections needs that nobody has accepted yet; as Node asks for. */
const SHORTEST_ACCEPT_QUEUE = 511;
const OLDEST_NODE = 24;
/** Of the memory, for messages; the rest is for connections and the program. */
const MESSAGE_SHARE = 0.75;

export function checkSystem(facts: Pick<Facts, "configuration" | "listeners" | "system">): Finding[] {
  const { configuration, system } = facts;
  const { nodeVersion, isRoot, acceptQueue, memoryBytes, heapLimitBytes } = system;
  const found: Finding[] = [];
  found.push(
    Number.parseInt(nodeVersion, 10) >= OLDEST_NODE
      ? ok("system", `Node.js ${nodeVersion}.`)
      : problem("system", `Node.js ${nodeVersion} is too old.`, `Take ${OLDEST_NODE} or newer.`),
  );
  found.push(...checkOpenFiles(facts));
  if (acceptQueue !== undefined && acceptQueue < SHORTEST_ACCEPT_QUEUE)
    found.push(
      note(
        "system",
        `At most ${acceptQueue} connections wait until they are accepted: many clients that come at once may have to try again.`,
        `sysctl net.core.somaxconn=4096`,
      ),
    );
  const bound = configuration.retained.maximum_bytes + configuration.limits.maximum_total_output_bytes;
  if (bound > memoryBytes * MESSAGE_SHARE)
    found.push(
      warning(
        "system",
        `Retained messages and output may take ${sizeText(bound)}; there are ${sizeText(memoryBytes)} of memory.`,
        "Lower retained.maximum_bytes and limits.maximum_total_output_bytes.",
      ),
    );
  if (heapLimitBytes > memoryBytes)
    found.push(
      note(
        "system",
        `Node.js may use ${sizeText(heapLimitBytes)} for objects, and there are ${sizeText(memoryBytes)} of memory: the system may end it before it tidies up.`,
        "Set NODE_OPTIONS=--max-old-space-size to some 60 % of the memory, in MiB.",
      ),
    );
  else
    found.push(
      ok(
        "system",
        `${sizeText(memoryBytes)} of memory, of which Node.js uses at most ${sizeText(heapLimitBytes)} for objects.`,
      ),
    );
  if (isRoot)
    found.push(
      note(
        "system",
        "This runs as root, which may read and write everything: what the broker's own user may not is not found.",
        "Run it as the user of the broker.",
      ),
    );
  return found;
}

function checkOpenFiles({
  configuration,
  listeners,
  system,
}: Pick<Facts, "configuration" | "listeners" | "system">): Finding[] {
  const { openFiles, openFilesOf } = system;
  if (openFiles === undefined) return [];
  const { maximum_connections: wanted } = configuration.limits;
  const whose = openFilesOf === "broker" ? "The broker that runs" : "This user";
  const sentence = `${whose} may have ${openFiles} files and connections open; limits.maximum_connections is ${wanted}.`;
  if (openFiles >= wanted + OTHER_FILES) return [ok("system", sentence)];
  const advice = `Raise it (LimitNOFILE of systemd, ulimit -n) to ${wanted + OTHER_FILES} or more, or lower limits.maximum_connections: beyond it the system takes no connections, and nobody is told why.`;
  // A machine's own programs are few.
  const isExposed = listeners.some((listener) => listener.isExposed);
  return [isExposed ? warning("system", sentence, advice) : note("system", sentence, advice)];
}

/** Of `statfs`, on Linux. */
const fileSystems: ReadonlyMap<number, readonly [name: string, kind: "memory" | "network" | "layer"]> =
  new Map([
    [0x01021994, ["tmpfs", "memory"]],
    [0x858458f6, ["ramfs", "memory"]],
    [0x6969, ["NFS", "network"]],
    [0x517b, ["SMB", "network"]],
    [0xff534d42, ["CIFS", "network"]],
    [0xfe534d42, ["SMB 2", "network"]],
    [0x01021997, ["9P", "network"]],
    [0x00c36400, ["Ceph", "network"]],
    [0x5346414f, ["AFS", "network"]],
    [0x65735546, ["FUSE", "network"]],
    [0x794c7630, ["overlay", "layer"]],
  ]);

const MIB = 1_048_576;
const LEAST_FREE_BYTES = 1_024 * MIB;
const OTHERS = 0o007;
const SLOW_SYNC_MS = 20;
/** Faster than any disk that waits for its medium. */
const INCREDIBLE_SYNC_MS = 0.05;

/** Undefined: nothing is kept, so there is nothing to look at. */
export function checkDisk(folder: FolderFacts | undefined, { persistence }: Configuration): Finding[] {
  if (folder === undefined) return [ok("disk", "Nothing is kept on a disk.")];
  const { path, exists, isWritable, holder, mode } = folder;
  if (!isWritable)
    return [
      problem(
        "disk",
        exists
          ? `This user may not write to ${path}.`
          : `${path} is not there, and this user may not make it.`,
        "Give the broker's user the right to it, or set persistence.folder.",
      ),
    ];
  const found: Finding[] = [];
  if (!exists) found.push(ok("disk", `${path} is not there yet; the broker makes it.`));
  else if (holder === undefined) found.push(ok("disk", `${path} is there, and no broker runs in it.`));
  else found.push(ok("disk", `${path} is in use by ${holder}.`));
  if (mode !== undefined && (mode & OTHERS) !== 0)
    found.push(
      warning(
        "disk",
        `${path} is open to every user (mode ${modeText(mode)}); it holds messages.`,
        `chmod o= ${path}`,
      ),
    );
  return [
    ...found,
    ...checkSpace(folder, persistence),
    ...checkFileSystem(folder),
    ...(folder.sync === undefined ? [] : checkSync(folder.sync, persistence.mode)),
  ];
}

function checkSpace({ freeBytes, path }: FolderFacts, persistence: Configuration["persistence"]): Finding[] {
  if (freeBytes === undefined) return [];
  const sentence = `${sizeText(freeBytes)} are free at ${path}.`;
  const advice = "Make room; a broker whose disk is full acknowledges nothing more.";
  // The journal prepares a segment while it fills another, and copies what is live out of a third.
  if (freeBytes < 3 * persistence.segment_bytes) return [problem("disk", sentence, advice)];
  return [freeBytes < LEAST_FREE_BYTES ? warning("disk", sentence, advice) : ok("disk", sentence)];
}

function checkFileSystem({ fileSystem, path }: FolderFacts): Finding[] {
  const [name, kind] = (fileSystem === undefined ? undefined : fileSystems.get(fileSystem)) ?? [];
  switch (kind) {
    case undefined:
      return [];
    case "memory":
      return [
        warning(
          "disk",
          `${path} is in memory (${name}): a restart of the machine loses everything.`,
          "Choose a disk.",
        ),
      ];
    case "network":
      return [
        warning(
          "disk",
          `${path} is on another machine or behind a program (${name}): when that is away, nothing is acknowledged, and not all of them keep what they say is written.`,
          "Choose a disk of this machine.",
        ),
      ];
    case "layer":
      return [
        warning(
          "disk",
          `${path} is in the layer of a container (${name}), which goes with it.`,
          "Mount a volume there.",
        ),
      ];
  }
}

function checkSync(
  { writes, medianMs, slowestMs }: SyncFacts,
  mode: Configuration["persistence"]["mode"],
): Finding[] {
  const sentence = `A small write is on the disk after ${msText(medianMs)} (median of ${writes}; the slowest took ${msText(slowestMs)}).`;
  if (mode === "durable" && medianMs > SLOW_SYNC_MS)
    return [
      warning(
        "disk",
        `${sentence} A client that waits for each acknowledgement gets ${Math.max(1, Math.round(1_000 / medianMs))} messages a second through.`,
        'Choose a faster disk; or set persistence.mode to "os", if a power cut may lose the last messages.',
      ),
    ];
  if (medianMs < INCREDIBLE_SYNC_MS)
    return [
      note(
        "disk",
        `${sentence} That is faster than a disk: something keeps it in memory.`,
        "Make sure that this survives a power cut.",
      ),
    ];
  return [ok("disk", sentence)];
}

function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
}

const GIB = 1_024 * MIB;

function sizeText(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}
