/**
 * How many hold each message of the store, where it is more than one: a hash table in typed arrays, twelve bytes a place.
 * A `Map` takes two to four times that, which for a message that waits in two sessions is more than all the rest. HOT.
 *
 *     place = hash(id) and on   ids[place] 0 = free   counts[place]       at most three quarters are taken
 */

const FIRST_CAPACITY = 16;

export class HolderCounts {
  #ids = new Float64Array(FIRST_CAPACITY);
  #counts = new Uint32Array(FIRST_CAPACITY);
  #size = 0;

  /** Messages that more than one holds. */
  get size(): number {
    return this.#size;
  }

  /** Memory of the arrays. */
  get memoryBytes(): number {
    return this.#ids.byteLength + this.#counts.byteLength;
  }

  /** One more holds `id`, which one held before it was counted. */
  add(id: number): void {
    const place = this.#placeOf(id);
    if (this.#ids[place] === id) {
      this.#counts[place] = (this.#counts[place] as number) + 1;
      return;
    }
    this.#ids[place] = id;
    this.#counts[place] = 2;
    this.#size++;
    const capacity = this.#ids.length;
    if (this.#size * 4 > capacity * 3) this.#resize(capacity * 2);
  }

  /** One less holds `id`. Returns how many are left. */
  remove(id: number): number {
    const place = this.#placeOf(id);
    if (this.#ids[place] !== id) return 0;
    const left = (this.#counts[place] as number) - 1;
    this.#counts[place] = left;
    if (left === 1) this.#free(place);
    return left;
  }

  /** Where `id` is, or where it would be. */
  #placeOf(id: number): number {
    const ids = this.#ids;
    const mask = ids.length - 1;
    let place = hash(id) & mask;
    while (ids[place] !== 0 && ids[place] !== id) place = (place + 1) & mask;
    return place;
  }

  /** Frees a place, and moves up what had to make way for it. */
  #free(start: number): void {
    const ids = this.#ids;
    const counts = this.#counts;
    const mask = ids.length - 1;
    let hole = start;
    for (let place = (hole + 1) & mask; ids[place] !== 0; place = (place + 1) & mask) {
      const wanted = hash(ids[place] as number) & mask;
      // It stays when its wish lies between the hole and its place.
      if (((place - wanted) & mask) < ((place - hole) & mask)) continue;
      ids[hole] = ids[place] as number;
      counts[hole] = counts[place] as number;
      hole = place;
    }
    ids[hole] = 0;
    this.#size--;
    const capacity = ids.length;
    if (capacity > FIRST_CAPACITY && this.#size * 6 < capacity) this.#resize(capacity / 2);
  }

  #resize(capacity: number): void {
    const ids = this.#ids;
    const counts = this.#counts;
    this.#ids = new Float64Array(capacity);
    this.#counts = new Uint32Array(capacity);
    for (let from = 0; from < ids.length; from++) {
      const id = ids[from] as number;
      if (id === 0) continue;
      const place = this.#placeOf(id);
      this.#ids[place] = id;
      this.#counts[place] = counts[from] as number;
    }
  }
}

/** Neighbours stay neighbours; ids above 2^32 do not fall on those below. */
function hash(id: number): number {
  return (id ^ ((id / 0x1_0000_0000) * 0x9e37)) >>> 0;
}
