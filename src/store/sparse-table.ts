/**
 * A hash table of locations with open addressing, for the few records that a given-up page of the index leaves. HOT.
 *
 *     words  [ key + 1, segment, offset, size + 1 ] × capacity        key + 1 = 0: free
 *
 * Keys are below 2^18. At most three quarters of the places are taken; removal closes the gap, so there are no grave
 * markers. A table without entries owns no array.
 */

const WORDS = 4;
const FIRST_CAPACITY = 8;
const NO_WORDS = new Uint32Array(0);

export class SparseTable {
  segment = 0;
  offset = 0;
  sizeAndOne = 0;
  size = 0;
  #words = NO_WORDS;
  #found = 0;

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Finds `key`; the answer stands in the fields. */
  find(key: number): boolean {
    const words = this.#words;
    if (words.length === 0) return false;
    const mask = words.length / WORDS - 1;
    for (let place = homeOf(key) & mask; ; place = (place + 1) & mask) {
      const at = place * WORDS;
      const taken = words[at] as number;
      if (taken === 0) return false;
      if (taken !== key + 1) continue;
      this.#found = place;
      this.segment = words[at + 1] as number;
      this.offset = words[at + 2] as number;
      this.sizeAndOne = words[at + 3] as number;
      return true;
    }
  }

  /** Sets what `key` stands for. Returns whether the key is new. */
  set(key: number, segment: number, offset: number, sizeAndOne: number): boolean {
    const isNew = !this.find(key);
    if (isNew) {
      if ((this.size + 1) * WORDS * 4 > this.#words.length * 3) {
        this.#resize(Math.max(FIRST_CAPACITY, (this.#words.length / WORDS) * 2));
      }
      this.size++;
    }
    const at = isNew ? this.#freePlace(key) : this.#found * WORDS;
    const words = this.#words;
    words[at] = key + 1;
    words[at + 1] = segment;
    words[at + 2] = offset;
    words[at + 3] = sizeAndOne;
    return isNew;
  }

  /** Removes what the last `find` found. */
  removeFound(): void {
    const words = this.#words;
    const mask = words.length / WORDS - 1;
    let gap = this.#found;
    for (let place = (gap + 1) & mask; ; place = (place + 1) & mask) {
      const taken = words[place * WORDS] as number;
      if (taken === 0) break;
      const home = homeOf(taken - 1) & mask;
      // One whose home lies behind the gap would not be found before it.
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      words.copyWithin(gap * WORDS, place * WORDS, place * WORDS + WORDS);
      gap = place;
    }
    words[gap * WORDS] = 0;
    this.size--;
    const capacity = words.length / WORDS;
    if (this.size === 0) this.#words = NO_WORDS;
    else if (capacity > FIRST_CAPACITY && this.size * 3 < capacity) this.#resize(capacity / 2);
  }

  #freePlace(key: number): number {
    const words = this.#words;
    const mask = words.length / WORDS - 1;
    let place = homeOf(key) & mask;
    while (words[place * WORDS] !== 0) place = (place + 1) & mask;
    return place * WORDS;
  }

  #resize(capacity: number): void {
    const old = this.#words;
    this.#words = new Uint32Array(capacity * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      const taken = old[at] as number;
      if (taken !== 0) this.#words.set(old.subarray(at, at + WORDS), this.#freePlace(taken - 1));
    }
  }
}

/** Spreads neighbouring keys over the table. */
function homeOf(key: number): number {
  const mixed = Math.imul(key, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
