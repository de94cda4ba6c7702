/**
 * A first-in first-out queue on one array that grows by doubling and is reused in place.
 *
 *     slots  [ _ _ c d e _ _ _ ]      head = 2, size = 3; capacity a power of two
 *
 * Empty rings own no array, so that a million idle sessions cost nothing here.
 */

const FIRST_CAPACITY = 8;

export class Ring<T> {
  #slots: (T | undefined)[] = NO_SLOTS as (T | undefined)[];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size++;
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head];
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return item;
  }

  /** The `index`-th item from the front. */
  at(index: number): T | undefined {
    return index < this.#size ? this.#slots[(this.#head + index) & (this.#slots.length - 1)] : undefined;
  }

  /** Removes the item at `index` and closes the gap; linear in the items before it. */
  removeAt(index: number): T | undefined {
    if (index >= this.#size) return undefined;
    const mask = this.#slots.length - 1;
    const removed = this.#slots[(this.#head + index) & mask];
    for (let i = index; i > 0; i--) {
      this.#slots[(this.#head + i) & mask] = this.#slots[(this.#head + i - 1) & mask];
    }
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & mask;
    this.#size--;
    return removed;
  }

  clear(): void {
    this.#slots = NO_SLOTS as (T | undefined)[];
    this.#head = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.at(i) as T;
  }

  #grow(): void {
    const capacity = this.#slots.length === 0 ? FIRST_CAPACITY : this.#slots.length * 2;
    const slots = new Array<T | undefined>(capacity).fill(undefined);
    for (let i = 0; i < this.#size; i++) slots[i] = this.at(i);
    this.#slots = slots;
    this.#head = 0;
  }
}

const NO_SLOTS: unknown[] = [];
