/**
 * `npm run bench:linear`: whether cost stays linear. Tables of rising numbers of connections, subscriptions, retained messages
 * and receivers, each with the memory of one and the CPU time of a delivery, and the bounds that they have to keep.
 *
 * Each point is a process of its own. Connections are real sockets; the rest is measured inside the process, without any.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";
import { digits, NOTHING, times } from "./compare/number-format.ts";
import { chosen, parsedOrExit } from "./compare/options.ts";
import { textTable } from "./compare/table.ts";
import { type ConnectionsPoint, connectionsPoint } from "./linear/connections.ts";
import type { Point } from "./linear/probe.ts";
import { socketLimit } from "./measured/socket-limit.ts";

const probe = fileURLToPath(new URL("./linear/probe.ts", import.meta.url));

interface Bound {
  /** A whole sentence without its full stop. */
  readonly words: string;
  readonly value: number | undefined;
  readonly most: number;
  readonly unit: "bytes" | "times";
}

interface LinearTable {
  readonly name: string;
  readonly title: string;
  readonly counts: readonly number[];
  /** Prints the table; returns its bounds. */
  readonly run: (counts: readonly number[]) => Promise<Bound[]>;
}

/** From one point to the last; a doubling of what merely exists should cost nothing. */
const MOST_GROWTH_FIXED = 1.25;
/** Traffic to a million different topics finds none of them in the processor's caches; no more than that may show. */
const MOST_GROWTH_SPREAD = 3;

const THOUSAND_TO_MILLION = [1_000, 10_000, 100_000, 1_000_000];
const LARGEST = 1_000_000;

const tables: readonly LinearTable[] = [
  {
    name: "connections",
    title: "Connections on sockets, each subscribed to a topic of its own",
    counts: [1_000, 2_000, 4_000, 8_000, 16_000],
    run: runConnections,
  },
  inProcess("exact", "Subscriptions without wildcards, of 100 clients", { mostBytes: 250 }),
  inProcess("plus", "Subscriptions with one +, of 100 clients", {}),
  inProcess("retained", "Retained messages of 64 bytes, delivered to one subscription to all", {
    mostBytes: 350,
  }),
  {
    name: "fan-out",
    title: "Receivers of each message, in this process",
    counts: [1, 10, 100, 1_000],
    run: async (counts) => {
      const points = counts.map((count) => pointOf("fan-out", count));
      const rows = points.map(({ count, spreadMicroseconds }) => [
        countText(count),
        digits(spreadMicroseconds),
      ]);
      console.log(textTable({ head: ["receivers", "µs a delivery"], rows }));
      return [];
    },
  },
];

const help = `npm run bench:linear -- [options]

  --only <names>      with commas: ${tables.map(({ name }) => name).join(",")}
  --largest <number>  leaves out larger counts`;

function parse() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      largest: { type: "string", default: String(LARGEST) },
      help: { type: "boolean", default: false },
    },
  });
  return {
    tables: chosen("--only", values.only, tables),
    largest: Number(values.largest),
    help: values.help,
  };
}

const options = parsedOrExit(parse, help);
if (options.help) {
  console.log(help);
  process.exit();
}
const bounds: Bound[] = [];
for (const { title, counts, run } of options.tables) {
  console.log(`\n${styleText("bold", title)}\n`);
  bounds.push(...(await run(counts.filter((count) => count <= options.largest))));
}
console.log("");
for (const bound of bounds) console.log(verdictOn(bound));
process.exitCode = bounds.every((bound) => isKept(bound) !== false) ? 0 : 1;

async function runConnections(counts: readonly number[]): Promise<Bound[]> {
  const limit = socketLimit();
  const points: ConnectionsPoint[] = [];
  for (const count of counts.filter((each) => each <= limit)) points.push(await connectionsPoint(count));
  const rows = points.map((point) => [
    countText(point.count),
    bytes(point.heapBytesEach),
    bytes(point.residentBytesEach),
    digits(point.cpuMicroseconds),
    digits(point.floorMicroseconds),
  ]);
  console.log(
    textTable({ head: ["connections", "heap B each", "RSS B each", "µs a delivery", "floor µs"], rows }),
  );
  if (points.length < counts.length)
    console.log(`\nno more than ${limit} sockets may be open here (ulimit -n)`);
  const growth = growthOf(points, ({ cpuMicroseconds }) => cpuMicroseconds);
  const floorGrowth = growthOf(points, ({ floorMicroseconds }) => floorMicroseconds) ?? 1;
  const words = "A delivery among many connections grows no more than the floor's";
  return [{ words, value: growth, most: floorGrowth * MOST_GROWTH_FIXED, unit: "times" }];
}

function inProcess(name: string, title: string, { mostBytes }: { readonly mostBytes?: number }): LinearTable {
  return {
    name,
    title,
    counts: THOUSAND_TO_MILLION,
    async run(counts) {
      const points = counts.map((count) => pointOf(name, count));
      const rows = points.map((point) => [
        countText(point.count),
        bytes(point.heapBytesEach),
        bytes(point.residentBytesEach),
        digits(point.fixedMicroseconds),
        digits(point.spreadMicroseconds),
      ]);
      console.log(textTable({ head: ["count", "heap B each", "RSS B each", "µs fixed", "µs spread"], rows }));
      return boundsOf(name, points, mostBytes);
    },
  };
}

function boundsOf(name: string, points: readonly Point[], mostBytes: number | undefined): Bound[] {
  const largest = points.find(({ count }) => count === LARGEST);
  const found: Bound[] = [
    {
      words: `${name}: a delivery to others costs the same, however many there are`,
      value: growthOf(points, ({ fixedMicroseconds }) => fixedMicroseconds),
      most: MOST_GROWTH_FIXED,
      unit: "times",
    },
    {
      words: `${name}: a delivery to one of all costs about the same`,
      value: growthOf(points, ({ spreadMicroseconds }) => spreadMicroseconds),
      most: MOST_GROWTH_SPREAD,
      unit: "times",
    },
  ];
  if (mostBytes !== undefined) {
    const words = `${name}: each of a million takes at most ${mostBytes} bytes`;
    found.push({ words, value: largest?.heapBytesEach, most: mostBytes, unit: "bytes" });
  }
  return found;
}

/** The last to the first. */
function growthOf<P>(points: readonly P[], pick: (point: P) => number | undefined): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  const from = first === undefined ? undefined : pick(first);
  const to = last === undefined ? undefined : pick(last);
  return from === undefined || to === undefined || points.length < 2 ? undefined : to / from;
}

function pointOf(kind: string, count: number): Point {
  const args = ["--expose-gc", "--conditions", "martlet-dev", probe, kind, String(count)];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`the probe of ${count} ${kind} failed`);
  return JSON.parse(stdout) as Point;
}

/** Undefined when it was not measured. */
function isKept({ value, most }: Bound): boolean | undefined {
  return value === undefined ? undefined : value <= most;
}

function verdictOn(bound: Bound): string {
  const { words, value, most, unit } = bound;
  const written = (number: number): string => (unit === "times" ? times(number) : String(Math.round(number)));
  const kept = isKept(bound);
  if (kept === undefined || value === undefined) return `  ${words}: not measured`;
  const text = `${kept ? "✓" : "✗"} ${words}: ${written(value)} (at most ${written(most)})`;
  return styleText(kept ? "green" : "red", text);
}

/** `1`, `16k`, `1M` */
function countText(count: number): string {
  if (count >= 1e6) return `${count / 1e6}M`;
  return count >= 1000 ? `${count / 1000}k` : String(count);
}

/** Of one; small counts drown in what a process does anyway. */
function bytes(value: number): string {
  return value <= 0 ? NOTHING : Math.round(value).toLocaleString("en-US");
}
