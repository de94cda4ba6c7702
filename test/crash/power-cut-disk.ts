/**
 * A real folder that is left as a power cut leaves it, whenever the process is killed.
 *
 * What is written without a sync stays in memory and is gone with the process, but for some sectors that the system would have
 * written by itself. A write that is to be safe goes to its file sector by sector in random order, with pauses, and counts
 * when the last is there; so a SIGKILL in between tears it. New names, renames and removals are in memory until the folder is
 * synced, which changes name after name in random order. Files lie in a second folder, `<folder>.files`, and have
 * links in the first for the names that are safe.
 */

import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import type { Random } from "#base";
import { type Disk, type DiskEntry, type DiskFile, nodeDisk, type OpenOptions, StoreError } from "#store";

const SECTOR_BYTES = 512;
/** A safe write pauses at most so often. */
const MOST_PAUSES = 12;
/** One of so many unsynced sectors is written all the same. */
const WRITTEN_BACK = 8;
const LOCK = /^lock/;

/** The folder `path` on a disk that forgets. */
export function powerCutDisk(path: string, random: Random): Disk {
  return new PowerCutDisk(resolve(path), random);
}

class PowerCutDisk implements Disk {
  readonly name: string;
  readonly #random: Random;
  /** For the lock and the checksum, which have nothing to do with power. */
  readonly #real: Disk;
  readonly #filesFolder: string;
  /** What this process sees, and what a power cut leaves. */
  #seen = new Map<string, Inode>();
  #safe = new Map<string, Inode>();
  #nextInode = 0;

  constructor(path: string, random: Random) {
    this.name = path;
    this.#random = random;
    this.#real = nodeDisk(path);
    this.#filesFolder = `${path}.files`;
  }

  checksum(bytes: Uint8Array, start: number, end: number, seed: number): number {
    return this.#real.checksum(bytes, start, end, seed);
  }

  async lock(): Promise<void> {
    await this.#real.lock();
    // The names that the life before has made safe are all that is left of it.
    rmSync(this.#filesFolder, { recursive: true, force: true });
    mkdirSync(this.#filesFolder);
    for (const name of readdirSync(this.name)) {
      if (LOCK.test(name)) continue;
      if (name.endsWith(".new")) {
        unlinkSync(join(this.name, name));
        continue;
      }
      const path = this.#newPath();
      linkSync(join(this.name, name), path);
      this.#seen.set(name, new Inode(path, this.#random));
    }
    this.#safe = new Map(this.#seen);
  }

  async unlock(): Promise<void> {
    await this.#real.unlock();
  }

  async lockHolder(): Promise<string | undefined> {
    return await this.#real.lockHolder();
  }

  async list(): Promise<DiskEntry[]> {
    return [...this.#seen].map(([name, { sizeBytes }]) => ({ name, sizeBytes }));
  }

  async open(name: string, { access, isSynced }: OpenOptions): Promise<DiskFile> {
    let inode = this.#seen.get(name);
    if (access === "create") {
      if (inode !== undefined) throw new StoreError("failed", `${name} is there already`);
      const path = this.#newPath();
      closeSync(openSync(path, "wx", 0o600));
      inode = new Inode(path, this.#random);
      this.#seen.set(name, inode);
    }
    if (inode === undefined) throw this.#missing(name);
    return new PowerCutFile(inode, isSynced);
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#seen.get(from);
    if (inode === undefined) throw this.#missing(from);
    this.#seen.delete(from);
    this.#seen.set(to, inode);
    if (this.#random.below(WRITTEN_BACK) === 0) this.#makeSafe(to);
  }

  async remove(name: string): Promise<void> {
    if (!this.#seen.delete(name)) throw this.#missing(name);
    if (this.#random.below(WRITTEN_BACK) === 0) this.#makeSafe(name);
  }

  async copy(from: string, to: string): Promise<void> {
    const source = await this.open(from, { access: "read", isSynced: false });
    const bytes = new Uint8Array(this.#seen.get(from)?.sizeBytes ?? 0);
    await source.read(bytes, 0);
    const target = await this.open(to, { access: "create", isSynced: false });
    await new Promise<void>((give) => target.write([bytes], 0, () => give()));
    await Promise.all([source.close(), target.close()]);
  }

  async syncFolder(): Promise<void> {
    const names = [...new Set([...this.#seen.keys(), ...this.#safe.keys()])];
    for (const name of shuffled(names, this.#random)) {
      if (this.#seen.get(name) === this.#safe.get(name)) continue;
      await turn();
      this.#makeSafe(name);
    }
  }

  /** The folder says of `name` what this process sees. */
  #makeSafe(name: string): void {
    const inode = this.#seen.get(name);
    const path = join(this.name, name);
    if (inode === undefined) {
      if (this.#safe.delete(name)) unlinkSync(path);
      return;
    }
    const link = `${path}.new`;
    linkSync(inode.path, link);
    renameSync(link, path);
    this.#safe.set(name, inode);
  }

  #newPath(): string {
    return join(this.#filesFolder, String(++this.#nextInode));
  }

  #missing(name: string): StoreError {
    return new StoreError("failed", `${name} is not there`);
  }
}

/** One file, whatever its names: what is seen, in front of what is safe. */
class Inode {
  readonly path: string;
  readonly #random: Random;
  readonly #descriptor: number;
  /** By number: what is seen and not safe. */
  readonly #unsafe = new Map<number, Uint8Array>();
  sizeBytes: number;
  /** What lies behind this in the file was cut off, and the file does not know it yet. */
  #cutAt = Number.POSITIVE_INFINITY;

  constructor(path: string, random: Random) {
    this.path = path;
    this.#random = random;
    // It stays open as long as the process lives; there are few.
    this.#descriptor = openSync(path, "r+");
    this.sizeBytes = statSync(path).size;
  }

  read(target: Uint8Array, position: number): number {
    const got = Math.max(0, Math.min(target.length, this.sizeBytes - position));
    for (let at = position; at < position + got; ) {
      const sector = Math.floor(at / SECTOR_BYTES);
      const start = sector * SECTOR_BYTES;
      const end = Math.min(start + SECTOR_BYTES, position + got);
      target.set(this.#sector(sector).subarray(at - start, end - start), at - position);
      at = end;
    }
    return got;
  }

  /** Returns the numbers of the sectors that are no longer safe. */
  write(parts: readonly Uint8Array[], position: number): number[] {
    const bytes = Buffer.concat(parts);
    const sectors: number[] = [];
    for (let at = position; at < position + bytes.length; ) {
      const sector = Math.floor(at / SECTOR_BYTES);
      const start = sector * SECTOR_BYTES;
      const end = Math.min(start + SECTOR_BYTES, position + bytes.length);
      const contents = this.#sector(sector).slice();
      contents.set(bytes.subarray(at - position, end - position), at - start);
      this.#unsafe.set(sector, contents);
      sectors.push(sector);
      at = end;
    }
    this.sizeBytes = Math.max(this.sizeBytes, position + bytes.length);
    return sectors;
  }

  /** The system writes some sectors whenever it likes. */
  writeBack(sectors: readonly number[]): void {
    if (this.#cutAt !== Number.POSITIVE_INFINITY) return;
    for (const sector of sectors) if (this.#random.below(WRITTEN_BACK) === 0) this.#flush(sector);
  }

  /** Sector by sector in random order, with pauses. */
  async makeSafe(sectors: readonly number[]): Promise<void> {
    if (this.#cutAt !== Number.POSITIVE_INFINITY) {
      ftruncateSync(this.#descriptor, this.#cutAt);
      this.#cutAt = Number.POSITIVE_INFINITY;
    }
    const every = Math.ceil(sectors.length / MOST_PAUSES);
    for (const [index, sector] of shuffled(sectors, this.#random).entries()) {
      if (index % every === 0) await turn();
      this.#flush(sector);
    }
  }

  async sync(): Promise<void> {
    await this.makeSafe([...this.#unsafe.keys()]);
    if (statSync(this.path).size > this.sizeBytes) ftruncateSync(this.#descriptor, this.sizeBytes);
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes >= this.sizeBytes) return;
    this.sizeBytes = sizeBytes;
    this.#cutAt = Math.min(this.#cutAt, sizeBytes);
    const last = Math.floor(sizeBytes / SECTOR_BYTES);
    for (const [sector, contents] of this.#unsafe) {
      if (sector === last) contents.fill(0, sizeBytes - last * SECTOR_BYTES);
      else if (sector > last) this.#unsafe.delete(sector);
    }
  }

  /** As it is seen: always whole, with zeros behind the end. */
  #sector(sector: number): Uint8Array {
    const unsafe = this.#unsafe.get(sector);
    if (unsafe !== undefined) return unsafe;
    const contents = new Uint8Array(SECTOR_BYTES);
    const start = sector * SECTOR_BYTES;
    readSync(this.#descriptor, contents, 0, SECTOR_BYTES, start);
    if (this.#cutAt < start + SECTOR_BYTES) contents.fill(0, Math.max(0, this.#cutAt - start));
    return contents;
  }

  #flush(sector: number): void {
    const contents = this.#unsafe.get(sector);
    if (contents === undefined) return;
    const start = sector * SECTOR_BYTES;
    writeSync(this.#descriptor, contents, 0, Math.min(SECTOR_BYTES, this.sizeBytes - start), start);
    this.#unsafe.delete(sector);
  }
}

class PowerCutFile implements DiskFile {
  readonly #inode: Inode;
  readonly #isSynced: boolean;

  constructor(inode: Inode, isSynced: boolean) {
    this.#inode = inode;
    this.#isSynced = isSynced;
  }

  write(parts: readonly Uint8Array[], position: number, done: (error: StoreError | undefined) => void): void {
    const sectors = this.#inode.write(parts, position);
    if (this.#isSynced) void this.#inode.makeSafe(sectors).then(() => done(undefined));
    else {
      this.#inode.writeBack(sectors);
      setImmediate(() => done(undefined));
    }
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.#inode.read(target, position);
  }

  async sync(): Promise<void> {
    await this.#inode.sync();
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#inode.truncate(sizeBytes);
  }

  async close(): Promise<void> {
    await turn();
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const shuffle = [...items];
  for (let i = shuffle.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [shuffle[i], shuffle[other]] = [shuffle[other] as Item, shuffle[i] as Item];
  }
  return shuffle;
}
