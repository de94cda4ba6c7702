/**
 * One file of a simulated disk: what reads see, what is safe, and what may become of the rest in a crash.
 *
 * A sector of 512 bytes is old or new, never broken. What is written without a sync is kept in every version since the last
 * one; a crash picks one of them for each sector. A failed write is seen by reads, and later syncs do not save it: that is
 * what systems do that mark a page clean after an error.
 */

import { InvariantError, type Random } from "#base";

const SECTOR_BYTES = 512;
const NOTHING = new Uint8Array(0);

/** A write under way. Its parts are looked at when it ends: they must not change until then. */
export interface SimulatedWrite {
  readonly parts: readonly Uint8Array[];
  readonly start: number;
  readonly end: number;
  readonly isSynced: boolean;
}

export class SimulatedFile {
  #seen: Uint8Array = NOTHING;
  #seenSize = 0;
  #safe: Uint8Array = NOTHING;
  #safeSize = 0;
  /** By sector: what it was made since it was last safe, oldest first. */
  readonly #unsafe = new Map<number, Uint8Array[]>();
  readonly #underWay = new Set<SimulatedWrite>();

  constructor(contents: Uint8Array = NOTHING) {
    this.#seen = contents.slice();
    this.#seenSize = contents.length;
    this.#safe = contents.slice();
    this.#safeSize = contents.length;
  }

  get size(): number {
    return this.#seenSize;
  }

  contents(): Uint8Array {
    return this.#seen.slice(0, this.#seenSize);
  }

  read(target: Uint8Array, position: number): number {
    const got = Math.max(0, Math.min(target.length, this.#seenSize - position));
    target.set(this.#seen.subarray(position, position + got));
    return got;
  }

  flipBit(offset: number, bit: number): void {
    if (offset >= this.#safeSize) throw new InvariantError("There is no safe byte to flip a bit of.");
    this.#seen[offset] = (this.#seen[offset] as number) ^ (1 << bit);
    this.#safe[offset] = (this.#safe[offset] as number) ^ (1 << bit);
  }

  beginWrite(parts: readonly Uint8Array[], start: number, isSynced: boolean): SimulatedWrite {
    const end = parts.reduce((sum, { length }) => sum + length, start);
    for (const other of this.#underWay) {
      if (start < other.end && other.start < end)
        throw new InvariantError("Two writes to one place at once.");
    }
    const write = { parts, start, end, isSynced };
    this.#underWay.add(write);
    return write;
  }

  completeWrite(write: SimulatedWrite): void {
    this.#underWay.delete(write);
    this.#see(write);
    for (const sector of sectorsOf(write)) {
      if (write.isSynced) this.#makeSafe(sector, write.end);
      else this.#remember(sector);
    }
  }

  /** Reads may see all of it; what is safe is any part. Without space nothing behind the old end is seen. */
  failWrite(write: SimulatedWrite, random: Random, isFull: boolean): void {
    this.#underWay.delete(write);
    const seen = isFull ? Math.min(write.end, Math.max(write.start, this.#seenSize)) : write.end;
    const part = { ...write, end: seen };
    if (seen <= write.start) return;
    this.#see(part);
    for (const sector of sectorsOf(part)) if (random.below(2) === 0) this.#makeSafe(sector, part.end);
  }

  sync(): void {
    for (const sector of this.#unsafe.keys()) this.#makeSafe(sector, this.#seenSize);
    this.#safeSize = this.#seenSize;
  }

  truncate(sizeBytes: number): void {
    this.#seen.fill(0, sizeBytes, Math.max(sizeBytes, this.#seenSize));
    this.#seenSize = Math.min(this.#seenSize, sizeBytes);
    for (let sector = Math.floor(sizeBytes / SECTOR_BYTES); sector * SECTOR_BYTES < this.#safeSize; sector++)
      this.#remember(sector);
  }

  /** The process dies: what is under way is done, in part or not at all. */
  endWrites(random: Random): void {
    for (const write of this.#underWay) {
      const sectors = [...sectorsOf(write)];
      const done = random.below(sectors.length + 1);
      const isWhole = random.below(2) === 0;
      const end = isWhole
        ? write.end
        : Math.min(write.end, ((sectors[done] ?? Number.POSITIVE_INFINITY) as number) * SECTOR_BYTES);
      if (end <= write.start) continue;
      const part = { ...write, end };
      this.#see(part);
      for (const sector of sectorsOf(part)) this.#remember(sector);
    }
    this.#underWay.clear();
  }

  /** Everything that is not safe is in any of its versions; from now on that is what is there. */
  losePower(random: Random): void {
    for (const [sector, versions] of this.#unsafe) {
      const kept = random.below(versions.length + 1);
      const version = versions[kept - 1];
      if (version === undefined) continue;
      const start = sector * SECTOR_BYTES;
      this.#safe = grown(this.#safe, start + version.length);
      this.#safe.set(version, start);
      this.#safeSize = Math.max(this.#safeSize, start + version.length);
    }
    this.#unsafe.clear();
    this.#seen = this.#safe.slice();
    this.#seenSize = this.#safeSize;
  }

  #see({ parts, start, end }: SimulatedWrite): void {
    this.#seen = grown(this.#seen, end);
    let at = start;
    for (const part of parts) {
      const shown = part.subarray(0, Math.max(0, end - at));
      this.#seen.set(shown, at);
      at += part.length;
    }
    this.#seenSize = Math.max(this.#seenSize, end);
  }

  #makeSafe(sector: number, end: number): void {
    const start = sector * SECTOR_BYTES;
    const upTo = Math.min(start + SECTOR_BYTES, this.#seenSize);
    this.#unsafe.delete(sector);
    if (upTo <= start) return; // cut off
    this.#safe = grown(this.#safe, upTo);
    this.#safe.set(this.#seen.subarray(start, upTo), start);
    this.#safeSize = Math.max(this.#safeSize, Math.min(end, upTo));
  }

  #remember(sector: number): void {
    const start = sector * SECTOR_BYTES;
    const versions = this.#unsafe.get(sector) ?? [];
    versions.push(this.#seen.slice(start, Math.min(start + SECTOR_BYTES, this.#seenSize)));
    this.#unsafe.set(sector, versions);
  }
}

function* sectorsOf({ start, end }: { start: number; end: number }): Iterable<number> {
  for (let sector = Math.floor(start / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) yield sector;
}

function grown(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length >= size) return bytes;
  const larger = new Uint8Array(Math.max(size, bytes.length * 2));
  larger.set(bytes);
  return larger;
}
