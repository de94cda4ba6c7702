/**
 * A disk in memory that does everything a real one may do: takes its time, runs out of space, fails, and in a crash tears
 * what is under way and loses or keeps, sector by sector and name by name, what was not synced.
 *
 * Deterministic: the same calls with the same clock and seed give the same results. It gives every operation a number and
 * asks `decide` about it, so that a test can fail or stop any of them. Two writes to the same place at once are a bug of
 * the caller and throw.
 */

import { type Clock, InvariantError, type Random } from "#base";
import { crc32 } from "./crc32.ts";
import type { Disk, DiskEntry, DiskFile, OpenOptions } from "./disk.ts";
import { StoreError } from "./errors.ts";
import { SimulatedFile } from "./simulated-file.ts";

/** What a test may stop or fail. `number` counts all operations of this disk from 0 on. */
export interface DiskOperation {
  readonly number: number;
  readonly kind:
    | "write"
    | "read"
    | "sync"
    | "truncate"
    | "open"
    | "rename"
    | "remove"
    | "copy"
    | "sync-folder";
  readonly name: string;
}

/** `failed` and `full`: it ends with this error, and may have been done in part. `never`: it does not end. */
export type DiskFault = "failed" | "full" | "never";

/** What a simulated disk is made of. */
export interface SimulatedDiskOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Each operation takes from the first to the second. Default: 1 to 5 milliseconds. */
  readonly delayMs?: readonly [number, number];
  /** Space for all files together. Default: no limit. */
  readonly capacityBytes?: number;
}

type NameChange = (names: Map<string, SimulatedFile>) => void;

/**
 * A folder that a test can crash.
 *
 *     const disk = new SimulatedDisk({ clock, random: seededRandom(1) });
 *     const store = new Journal({ disk, clock, random: seededRandom(2) });
 *     // … and in the middle of a write:
 *     const afterwards = disk.crash();
 */
export class SimulatedDisk implements Disk {
  readonly name = "simulated";
  /** Asked about each operation when it begins; undefined lets it succeed. */
  decide: ((operation: DiskOperation) => DiskFault | undefined) | undefined;
  /** Room for all files together; a test may change it at any time. */
  capacityBytes: number;
  /** Operations so far. */
  operations = 0;
  /** Of those, writes to files. */
  writes = 0;
  readonly #options: SimulatedDiskOptions;
  #names: Map<string, SimulatedFile>;
  /** The names that outlive a crash, and the changes since that may or may not. */
  #safeNames: Map<string, SimulatedFile>;
  #nameChanges: NameChange[] = [];
  #isLocked = false;
  /** It has crashed: nothing that is asked of it ends. */
  isDead = false;

  constructor(options: SimulatedDiskOptions, names: ReadonlyMap<string, SimulatedFile> = new Map()) {
    this.#options = options;
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
    this.#names = new Map(names);
    this.#safeNames = new Map(names);
  }

  /** Sizes of all files. */
  get usedBytes(): number {
    let bytes = 0;
    for (const file of this.#names.values()) bytes += file.size;
    return bytes;
  }

  /**
   * The machine loses power, or only the process dies; gives the disk that the next start finds. Nothing under way on this
   * one ever ends.
   */
  crash(kind: "power" | "process" = "power"): SimulatedDisk {
    this.isDead = true;
    const { random } = this.#options;
    const next = { ...this.#options, capacityBytes: this.capacityBytes };
    for (const file of this.#names.values()) file.endWrites(random);
    if (kind === "process") {
      const survivor = new SimulatedDisk(next, this.#names);
      survivor.#safeNames = new Map(this.#safeNames);
      survivor.#nameChanges = this.#nameChanges;
      return survivor;
    }
    const names = new Map(this.#safeNames);
    for (const change of this.#nameChanges) if (random.below(2) === 0) change(names);
    for (const file of new Set(names.values())) file.losePower(random);
    return new SimulatedDisk(next, names);
  }

  /** The bytes of a file as reads see them. */
  contents(name: string): Uint8Array {
    return this.#fileCalled(name).contents();
  }

  /** Turns one bit of a file, safely: the damage is there after a crash, too. */
  flipBit(name: string, offset: number, bit: number): void {
    this.#fileCalled(name).flipBit(offset, bit);
  }

  checksum(bytes: Uint8Array, start: number, end: number, seed: number): number {
    return crc32(bytes, start, end, seed);
  }

  async lock(): Promise<void> {
    if (this.#isLocked) throw new StoreError("locked", `${this.name} is in use by process 1.`);
    this.#isLocked = true;
  }

  async unlock(): Promise<void> {
    this.#isLocked = false;
  }

  async lockHolder(): Promise<string | undefined> {
    return this.#isLocked ? "process 1" : undefined;
  }

  async list(): Promise<DiskEntry[]> {
    return [...this.#names].map(([name, { size }]) => ({ name, sizeBytes: size }));
  }

  async open(name: string, { access, isSynced }: OpenOptions): Promise<DiskFile> {
    await this.#operation("open", name);
    if (access === "create") {
      if (this.#names.has(name)) throw new StoreError("failed", `${name} is there already.`);
      const file = new SimulatedFile();
      this.#change((names) => names.set(name, file));
    }
    return new OpenFile(this, name, this.#fileCalled(name), isSynced);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#operation("rename", from);
    const file = this.#fileCalled(from);
    this.#change((names) => {
      if (names.get(from) !== file) return;
      names.delete(from);
      names.set(to, file);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#operation("remove", name);
    const file = this.#fileCalled(name);
    this.#change((names) => {
      if (names.get(name) === file) names.delete(name);
    });
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#operation("copy", from);
    const file = new SimulatedFile(this.#fileCalled(from).contents());
    this.#change((names) => names.set(to, file));
  }

  async syncFolder(): Promise<void> {
    await this.#operation("sync-folder", "");
    this.#safeNames = new Map(this.#names);
    this.#nameChanges = [];
  }

  /** @internal begins an operation; calls `end` when it is over, with an error when it has failed */
  begin(kind: DiskOperation["kind"], name: string, end: (error: StoreError | undefined) => void): void {
    const fault = this.decide?.({ number: this.operations, kind, name });
    this.operations++;
    if (kind === "write") this.writes++;
    if (fault === "never" || this.isDead) return;
    const { clock, random, delayMs = [1, 5] } = this.#options;
    const [least, most] = delayMs;
    clock.schedule(least + (random.below(1001) / 1000) * (most - least), () => {
      if (this.isDead) return;
      end(fault === undefined ? undefined : new StoreError(fault, `${name}: ${kind} ${fault}.`));
    });
  }

  /** @internal as a promise */
  async #operation(kind: DiskOperation["kind"], name: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.begin(kind, name, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** @internal */
  get random(): Random {
    return this.#options.random;
  }

  #fileCalled(name: string): SimulatedFile {
    const file = this.#names.get(name);
    if (file === undefined) throw new StoreError("failed", `${name} does not exist.`);
    return file;
  }

  #change(change: NameChange): void {
    change(this.#names);
    this.#nameChanges.push(change);
  }
}

class OpenFile implements DiskFile {
  readonly #disk: SimulatedDisk;
  readonly #name: string;
  readonly #file: SimulatedFile;
  readonly #isSynced: boolean;
  #isClosed = false;

  constructor(disk: SimulatedDisk, name: string, file: SimulatedFile, isSynced: boolean) {
    this.#disk = disk;
    this.#name = name;
    this.#file = file;
    this.#isSynced = isSynced;
  }

  write(parts: readonly Uint8Array[], position: number, done: (error: StoreError | undefined) => void): void {
    this.#mustBeOpen();
    const disk = this.#disk;
    if (disk.isDead) return;
    const write = this.#file.beginWrite(parts, position, this.#isSynced);
    disk.begin("write", this.#name, (fault) => {
      const growth = Math.max(0, write.end - this.#file.size);
      const isFull = growth > 0 && disk.usedBytes + growth > disk.capacityBytes;
      const error = fault ?? (isFull ? new StoreError("full", `${this.#name}: no space left.`) : undefined);
      if (error === undefined) this.#file.completeWrite(write);
      else this.#file.failWrite(write, disk.random, error.kind === "full");
      done(error);
    });
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    await this.#operation("read");
    return this.#file.read(target, position);
  }

  async sync(): Promise<void> {
    await this.#operation("sync");
    this.#file.sync();
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#operation("truncate");
    this.#file.truncate(sizeBytes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #operation(kind: DiskOperation["kind"]): Promise<void> {
    this.#mustBeOpen();
    await new Promise<void>((resolve, reject) => {
      this.#disk.begin(kind, this.#name, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new InvariantError(`${this.#name} is used after it was closed.`);
  }
}
