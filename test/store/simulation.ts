/**
 * A journal on a simulated disk under a virtual clock, and beside it the plain truth: what the records were after every batch.
 * A test crashes it and asks whether what comes back is one of those truths, and a late enough one.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { isPromise, seededRandom } from "#base";
import {
  Journal,
  type JournalSettings,
  type RecoveryReport,
  SimulatedDisk,
  type SimulatedDiskOptions,
  type StoreError,
} from "#store";
import { VirtualClock } from "#testing";

/** Small enough for many segments in a short test. */
export const smallSettings: Partial<JournalSettings> = {
  segmentBytes: 16 * 1024,
  batchBytes: 4096,
  readAheadBytes: 2048,
  readAheadTotalBytes: 8192,
  maximumUnwrittenBytes: 64 * 1024,
};

/** A record as text, so that truths are cheap to keep and to compare. */
export type Truth = ReadonlyMap<number, string>;

export interface SimulationOptions {
  readonly seed: number;
  /** `changing`: another one for each life. */
  readonly mode?: "durable" | "os" | "changing";
  readonly settings?: Partial<JournalSettings>;
  readonly disk?: Partial<SimulatedDiskOptions>;
}

/** Longer than any of the waits in a test takes in virtual milliseconds. */
const MOST_STEPS = 20_000;

export class Simulation {
  readonly clock = new VirtualClock();
  readonly settings: Partial<JournalSettings>;
  disk: SimulatedDisk;
  store: Journal;
  records = new Map<number, string>();
  readonly troubles: StoreError[] = [];
  recoveries = 0;
  readonly #mode: "durable" | "os" | "changing";
  /** The records after each batch of this life that changed them. */
  #truths = new Map<number, Truth>();
  /** The batch that the last change belongs to. */
  #openBatch = 0;
  #lives = 0;
  readonly #seed: number;

  constructor({ seed, mode = "durable", settings = smallSettings, disk = {} }: SimulationOptions) {
    this.#seed = seed;
    this.#mode = mode;
    this.settings = settings;
    this.disk = new SimulatedDisk({ clock: this.clock, random: seededRandom(seed), ...disk });
    this.store = this.#makeStore(false);
  }

  /** Opens what is on the disk and takes it as the truth. */
  async open(options: { salvage?: boolean } = {}): Promise<RecoveryReport> {
    this.store = this.#makeStore(options.salvage ?? false);
    this.records = new Map();
    const report = await this.settled(
      this.store.open((kind, id, bytes, start, end) => {
        if (this.records.has(id)) throw new TypeError(`record ${id} was handed over twice`);
        this.records.set(id, textOf(kind, bytes.subarray(start, end)));
      }),
    );
    this.store.listener = {
      onDurable: () => undefined,
      onTrouble: (error) => void this.troubles.push(error),
      onRecovered: () => void this.recoveries++,
    };
    this.#truths = new Map();
    this.#openBatch = report.batch;
    return report;
  }

  add(kind: number, sizeBytes: number): number {
    const bytes = this.#payload(sizeBytes);
    const id = this.store.add(kind, bytes, 0, bytes.length);
    this.#remember();
    this.records.set(id, textOf(kind, bytes));
    return id;
  }

  replace(id: number, kind: number, sizeBytes: number): void {
    const bytes = this.#payload(sizeBytes);
    this.store.replace(id, kind, bytes, 0, bytes.length);
    this.#remember();
    this.records.set(id, textOf(kind, bytes));
  }

  drop(id: number): void {
    this.store.drop(id);
    this.#remember();
    this.records.delete(id);
  }

  /** The bytes of `id` as the store reads them have to be the true ones. */
  async mustRead(id: number): Promise<void> {
    const expected = this.records.get(id);
    const given = this.store.read(id);
    const bytes = isPromise(given) ? await this.settled(given) : given;
    const found = textOf(Number(expected?.slice(0, expected.indexOf(":"))), bytes);
    if (found !== expected) throw new TypeError(`record ${id} reads ${found} instead of ${expected}`);
  }

  async mustReadAll(): Promise<void> {
    for (const id of this.records.keys()) await this.mustRead(id);
  }

  /** Time passes, a millisecond at a time. */
  async pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step++) {
      this.clock.advance(1);
      await nextTurn();
    }
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let step = 0; !condition(); step++) {
      if (step > MOST_STEPS) throw new TypeError(`waited in vain until ${what}`);
      await this.pass(1);
    }
  }

  async committed(): Promise<void> {
    const { batch } = this.store;
    await this.until("the batch is safe", () => this.store.durableBatch >= batch);
  }

  /** Time passes until the promise is settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const noted = promise.finally(() => {
      isSettled = true;
    });
    noted.catch(() => undefined);
    await this.until("a call ends", () => isSettled);
    return await noted;
  }

  /**
   * The machine or the process dies and the store opens again. What comes back has to be what was true after a batch that is
   * not older than the last safe one, and not newer than the last at all.
   */
  async crash(kind: "power" | "process" = "power"): Promise<RecoveryReport> {
    const { durableBatch, batch } = this.store;
    const mayLose = this.store.mode === "os" && kind === "power";
    const truths = this.#truths.set(this.#openBatch, this.records);
    this.disk = this.disk.crash(kind);
    const report = await this.open();
    if (!mayLose && report.batch < durableBatch) {
      throw new TypeError(`batch ${durableBatch} was safe, and ${report.batch} is the last that came back`);
    }
    if (report.batch > batch) throw new TypeError(`batch ${report.batch} came back and was never made`);
    mustBeEqual(this.records, truthAt(truths, report.batch));
    return report;
  }

  #makeStore(salvage: boolean): Journal {
    const life = ++this.#lives;
    const changing = life % 2 === 0 ? "durable" : "os";
    return new Journal({
      disk: this.disk,
      clock: this.clock,
      random: seededRandom(this.#seed + life),
      mode: this.#mode === "changing" ? changing : this.#mode,
      settings: this.settings,
      salvage,
    });
  }

  /** Called behind each change of the store, before the records here change: keeps what they were after the batch before. */
  #remember(): void {
    const { batch } = this.store;
    if (batch === this.#openBatch) return;
    this.#truths.set(this.#openBatch, new Map(this.records));
    this.#openBatch = batch;
  }

  #payloads = 0;
  #payload(sizeBytes: number): Uint8Array {
    const number = ++this.#payloads;
    const bytes = new Uint8Array(sizeBytes);
    for (let i = 0; i < sizeBytes; i++) bytes[i] = (number * 31 + i * 7 + (i >> 3)) & 0xff;
    return bytes;
  }
}

function truthAt(truths: ReadonlyMap<number, Truth>, batch: number): Truth {
  let found: Truth | undefined;
  let foundBatch = -1;
  for (const [number, truth] of truths) {
    if (number <= batch && number > foundBatch) [found, foundBatch] = [truth, number];
  }
  if (found === undefined) throw new TypeError(`nothing is known of batch ${batch}`);
  return found;
}

function mustBeEqual(found: Truth, expected: Truth): void {
  for (const [id, text] of expected) {
    if (found.get(id) !== text) throw new TypeError(`record ${id} is ${found.get(id)} instead of ${text}`);
  }
  for (const id of found.keys())
    if (!expected.has(id)) throw new TypeError(`record ${id} came back from the dead`);
}

function textOf(kind: number, bytes: Uint8Array): string {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return `${kind}:${bytes.length}:${sum}`;
}
