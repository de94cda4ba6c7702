/**
 * `--watch`: a table that is drawn anew twice a second, one line a topic with messages, rate, age and the last payload. Where
 * standard output is no terminal the table is written once, at the end.
 */

import { utf8Decode } from "#base";
import { printable } from "../escape.ts";
import { type Paint, paintFor } from "./paint.ts";
import type { MessageSettings } from "./settings.ts";
import type { ShownMessage } from "./shown-message.ts";

const REDRAW_MS = 500;
/** The rate is that of so many seconds. */
const WINDOW_SECONDS = 10;
/** A topic more pushes out the one that has been silent longest. */
const MOST_TOPICS = 10_000;
const FRESH_MS = 1_000;

interface Row {
  readonly topicName: string;
  count: number;
  /** Messages by the second in which they came, for the last seconds. */
  readonly seconds: Map<number, number>;
  atMs: number;
  isRetained: boolean;
  payload: Uint8Array;
}

export class WatchTable {
  readonly #rows = new Map<string, Row>();
  readonly #paint: Paint;
  readonly #isTerminal = process.stdout.isTTY === true;
  readonly #redraw: NodeJS.Timeout | undefined;
  readonly #openedAtMs = Date.now();
  #drawnLines = 0;

  constructor(settings: MessageSettings) {
    this.#paint = paintFor(settings.color);
    this.#redraw = this.#isTerminal ? setInterval(() => this.#draw(), REDRAW_MS) : undefined;
    if (this.#isTerminal) process.stdout.write("\x1b[?25l");
  }

  add({ topicName, payload, retain, atMs }: ShownMessage): void {
    const row = this.#rows.get(topicName) ?? {
      topicName,
      count: 0,
      seconds: new Map<number, number>(),
      atMs,
      isRetained: retain,
      payload,
    };
    row.count++;
    row.atMs = atMs;
    row.isRetained = retain;
    row.payload = payload.slice(0, 256);
    const second = Math.floor(atMs / 1000);
    row.seconds.set(second, (row.seconds.get(second) ?? 0) + 1);
    if (row.seconds.size > WINDOW_SECONDS) row.seconds.delete(row.seconds.keys().next().value ?? 0);
    this.#rows.delete(topicName);
    this.#rows.set(topicName, row);
    if (this.#rows.size > MOST_TOPICS) this.#rows.delete(this.#rows.keys().next().value ?? "");
  }

  /** Draws for the last time and gives the cursor back. */
  close(): void {
    clearInterval(this.#redraw);
    this.#draw();
    if (this.#isTerminal) process.stdout.write("\x1b[?25h");
  }

  #draw(): void {
    const columns = process.stdout.columns ?? 100;
    const height = this.#isTerminal ? (process.stdout.rows ?? 24) - 2 : Number.POSITIVE_INFINITY;
    const lines = this.lines(columns, height, Date.now());
    const back = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : "";
    const body = this.#isTerminal ? lines.map((line) => `${line}\x1b[K\n`).join("") : `${lines.join("\n")}\n`;
    process.stdout.write(this.#isTerminal ? `${back}${body}\x1b[J` : body);
    this.#drawnLines = lines.length;
  }

  /** The head and one line a topic, by name; those that do not fit are counted in the last line. */
  lines(columns: number, height: number, nowMs: number): string[] {
    const rows = [...this.#rows.values()].sort((a, b) => (a.topicName < b.topicName ? -1 : 1));
    const isCut = rows.length + 1 > height;
    const shown = isCut ? rows.slice(0, Math.max(0, height - 2)) : rows;
    const widest = Math.max(5, ...shown.map(({ topicName }) => printable(topicName).length));
    const width = Math.min(widest, Math.max(10, Math.floor(columns / 2)));
    const head = `${"topic".padEnd(width)} ${"count".padStart(8)} ${"rate/s".padStart(8)} ${"age".padStart(6)}  payload`;
    const lines = shown.map((row) => this.#line(row, width, columns, nowMs));
    const rest = isCut ? [this.#paint("quiet", `... and ${rows.length - shown.length} topics more`)] : [];
    return [this.#paint("quiet", head.slice(0, columns)), ...lines, ...rest];
  }

  /** Less than the window, as long as the table is younger. */
  #windowSeconds(nowMs: number): number {
    return Math.min(WINDOW_SECONDS, Math.max(1, (nowMs - this.#openedAtMs) / 1000));
  }

  #line(row: Row, width: number, columns: number, nowMs: number): string {
    const paint = this.#paint;
    const oldest = Math.floor(nowMs / 1000) - WINDOW_SECONDS;
    const recent = [...row.seconds].filter(([second]) => second > oldest);
    const rate = recent.reduce((sum, [, count]) => sum + count, 0) / this.#windowSeconds(nowMs);
    const figures = `${String(row.count).padStart(8)} ${rate.toFixed(1).padStart(8)} ${ageText(nowMs - row.atMs).padStart(6)}`;
    const room = Math.max(0, columns - width - figures.length - 3);
    const payload = `${row.isRetained ? "(r) " : ""}${printable(utf8Decode(row.payload))}`.slice(0, room);
    const topic = fitted(printable(row.topicName), width);
    const isFresh = nowMs - row.atMs < FRESH_MS;
    return `${paint("topic", topic)} ${isFresh ? paint("fresh", figures) : figures}  ${payload}`;
  }
}

function fitted(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 3)}...`;
}

/** `0.4s`, `12s`, `5m`, `3h`, `2d` */
function ageText(ageMs: number): string {
  const seconds = Math.max(0, ageMs) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  if (seconds < 120) return `${Math.floor(seconds)}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
