/**
 * Lines to a file descriptor, written in the background: a reader that stalls or goes away costs lines, never the broker
 * its time or its memory. What one turn produces leaves in one write.
 */

import { write, writeSync } from "node:fs";

/** Bytes that may wait for a slow reader. */
const MOST_WAITING = 1024 * 1024;
/** Until the next attempt, when a descriptor that does not block is full. */
const RETRY_MS = 10;

export class LineWriter {
  readonly #descriptor: number;
  #waiting: string[] = [];
  #waitingLength = 0;
  #dropped = 0;
  /** What the write under way has left to do. */
  #rest: Buffer | undefined = undefined;
  #isScheduled = false;
  #isGone = false;
  #onIdle: (() => void) | undefined = undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Appends `line` and a line feed; dropped when too much waits, and then the next line says how many were. */
  write(line: string): void {
    if (this.#isGone) return;
    if (this.#waitingLength > MOST_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length + 1;
    if (this.#isScheduled || this.#rest !== undefined) return;
    this.#isScheduled = true;
    setImmediate(() => this.#start());
  }

  /** Resolves when all is written, or nobody reads any more. */
  async drained(): Promise<void> {
    if (this.#waiting.length === 0 && this.#rest === undefined) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Writes what waits at once, for a process that is about to end. May block until the reader reads. */
  flushSync(): void {
    if (this.#isGone || this.#waiting.length === 0) return;
    try {
      writeSync(this.#descriptor, this.#takeWaiting());
    } catch {
      this.#isGone = true;
    }
  }

  #start(): void {
    this.#isScheduled = false;
    if (this.#waiting.length === 0) {
      this.#onIdle?.();
      return;
    }
    this.#rest = Buffer.from(this.#takeWaiting(), "utf8");
    this.#writeRest();
  }

  #takeWaiting(): string {
    if (this.#dropped > 0) {
      this.#waiting.push(`(${this.#dropped} lines were dropped here: the output is not read fast enough)`);
      this.#dropped = 0;
    }
    const text = `${this.#waiting.join("\n")}\n`;
    this.#waiting = [];
    this.#waitingLength = 0;
    return text;
  }

  #writeRest(): void {
    const rest = this.#rest;
    if (rest === undefined) return;
    write(this.#descriptor, rest, (error, written) => {
      if (error?.code === "EAGAIN") {
        setTimeout(() => this.#writeRest(), RETRY_MS);
        return;
      }
      if (error !== null) {
        // The reader has gone, for example `martlet | head`: the broker goes on without words.
        this.#isGone = true;
        this.#waiting = [];
        this.#rest = undefined;
        this.#onIdle?.();
        return;
      }
      this.#rest = written < rest.length ? rest.subarray(written) : undefined;
      if (this.#rest === undefined) this.#start();
      else this.#writeRest();
    });
  }
}
