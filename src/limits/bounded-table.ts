/**
 * A table by key that never holds more than it may: a new key pushes out the one that was written longest ago. So whoever
 * invents keys (addresses, client ids) costs a fixed amount of memory and nothing more: a client id has 64 KiB if its client
 * likes, so of long keys only both ends and the length count. Every operation takes the same time, however full it is.
 */

/** Characters of a key that are kept as they are. */
const LONGEST_KEY = 256;
/** Of each end of a longer one. */
const KEPT_OF_END = 96;

/** The key of a row; the same for what it returns itself. */
function rowKey(key: string): string {
  if (key.length <= LONGEST_KEY) return key;
  // Joined, it is a text of its own; parts of a text would hold on to all of it.
  return [key.slice(0, KEPT_OF_END), String(key.length), key.slice(-KEPT_OF_END)].join("\u0000");
}

class Row<Value> {
  readonly key: string;
  value: Value;
  older: Row<Value> | undefined = undefined;
  newer: Row<Value> | undefined = undefined;

  constructor(key: string, value: Value) {
    this.key = key;
    this.value = value;
  }
}

export class BoundedTable<Value> {
  readonly #rows = new Map<string, Row<Value>>();
  #capacity: number;
  #oldest: Row<Value> | undefined = undefined;
  #newest: Row<Value> | undefined = undefined;

  /** @param capacity most rows, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** A smaller one forgets the oldest rows at once. */
  set capacity(capacity: number) {
    this.#capacity = capacity;
    this.#shrink();
  }

  get(key: string): Value | undefined {
    return this.#rows.get(rowKey(key))?.value;
  }

  /** Writes a row, which is the newest then. */
  set(written: string, value: Value): void {
    const key = rowKey(written);
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = new Row(key, value);
      this.#rows.set(key, row);
    } else {
      row.value = value;
      if (row === this.#newest) return;
      this.#unlink(row);
    }
    row.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = row;
    else this.#newest.newer = row;
    this.#newest = row;
    this.#shrink();
  }

  delete(written: string): boolean {
    const key = rowKey(written);
    const row = this.#rows.get(key);
    if (row === undefined) return false;
    this.#rows.delete(key);
    this.#unlink(row);
    return true;
  }

  /** From the oldest on, by what is kept of their keys. Rows may be deleted meanwhile, also the one at hand. */
  *entries(): IterableIterator<readonly [key: string, value: Value]> {
    for (let row = this.#oldest; row !== undefined; ) {
      const { key, value, newer } = row;
      yield [key, value];
      row = newer;
    }
  }

  #shrink(): void {
    while (this.#rows.size > this.#capacity && this.#oldest !== undefined) this.delete(this.#oldest.key);
  }

  #unlink(row: Row<Value>): void {
    if (row.older === undefined) this.#oldest = row.newer;
    else row.older.newer = row.newer;
    if (row.newer === undefined) this.#newest = row.older;
    else row.newer.older = row.older;
    row.older = undefined;
    row.newer = undefined;
  }
}
