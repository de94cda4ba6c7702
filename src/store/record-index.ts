/**
 * Where each live record is: its id to segment, offset and size. HOT; benchmark: bench/micro/journal-on-disk.ts.
 *
 * Ids rise, so young records lie side by side. They are kept in pages of 1,024 ids, twelve bytes an id. When many pages have
 * become sparse, the first of them are given up, and their survivors move to a hash table that 256 neighbouring pages share:
 * a few records that stay while millions come and go cost twenty to forty bytes each instead of a page. A page from which
 * everything goes soon is not worth the move.
 *
 *     id ─▶ page id / 1024   [segment, offset, size + 1] × 1024          segment 0: not live
 *        └▶ table id / 2^18  [key, segment, offset, size + 1] × capacity
 *
 * Answers stand in the fields `segment`, `offset` and `size`, so that nothing is allocated to ask.
 */

import { SparseTable } from "./sparse-table.ts";

const PAGE_IDS = 1024;
const PAGE_WORDS = 3 * PAGE_IDS;
const TABLE_IDS = 256 * PAGE_IDS;
/** A page with fewer live records is sparse, once newer ones have begun. */
const SPARSE_BELOW = 340;
/** So many sparse pages are left to drain. */
const MOST_SPARSE = 32;
/** Pages kept for reuse. */
const FREE_PAGES = 16;

class Page {
  readonly words = new Uint32Array(PAGE_WORDS);
  live = 0;
}

export class RecordIndex {
  segment = 0;
  /** Of the first byte of the record, in the segment. */
  offset = 0;
  size = 0;
  records = 0;

  readonly #pages = new Map<number, Page>();
  readonly #tables = new Map<number, SparseTable>();
  /** Sparse pages, in the order in which they became so. */
  readonly #sparse = new Set<number>();
  readonly #free: Page[] = [];
  /** The page of the highest ids so far; it is never given up. */
  #newest = -1;
  #newestPage: Page | undefined;
  #tableBytes = 0;

  /** Memory of the typed arrays. */
  get bytes(): number {
    return (this.#pages.size + this.#free.length) * PAGE_WORDS * 4 + this.#tableBytes;
  }

  /** Finds `id`; the answer stands in the fields. */
  find(id: number): boolean {
    const number = Math.floor(id / PAGE_IDS);
    const page = number === this.#newest ? this.#newestPage : this.#pages.get(number);
    if (page === undefined) return this.#findSparse(id);
    const at = (id - number * PAGE_IDS) * 3;
    const segment = page.words[at] as number;
    if (segment === 0) return false;
    this.segment = segment;
    this.offset = page.words[at + 1] as number;
    this.size = (page.words[at + 2] as number) - 1;
    return true;
  }

  /** Says where `id` is now, whether it was known or not. */
  set(id: number, segment: number, offset: number, size: number): void {
    const number = Math.floor(id / PAGE_IDS);
    let page = number === this.#newest ? this.#newestPage : this.#pages.get(number);
    if (page === undefined) {
      if (number < this.#newest) {
        this.#setSparse(id, segment, offset, size);
        return;
      }
      page = this.#begin(number);
    }
    const at = (id - number * PAGE_IDS) * 3;
    if (page.words[at] === 0) {
      page.live++;
      this.records++;
    }
    page.words[at] = segment;
    page.words[at + 1] = offset;
    page.words[at + 2] = size + 1;
  }

  /** Forgets `id`; where it was stands in the fields. */
  remove(id: number): boolean {
    const number = Math.floor(id / PAGE_IDS);
    const page = number === this.#newest ? this.#newestPage : this.#pages.get(number);
    if (page === undefined) return this.#removeSparse(id);
    const at = (id - number * PAGE_IDS) * 3;
    const segment = page.words[at] as number;
    if (segment === 0) return false;
    this.segment = segment;
    this.offset = page.words[at + 1] as number;
    this.size = (page.words[at + 2] as number) - 1;
    page.words[at] = 0;
    page.live--;
    this.records--;
    if (page.live < SPARSE_BELOW && number !== this.#newest) this.#thin(number, page);
    return true;
  }

  #begin(number: number): Page {
    const last = this.#newestPage;
    const lastNumber = this.#newest;
    const page = this.#free.pop() ?? new Page();
    this.#pages.set(number, page);
    this.#newest = number;
    this.#newestPage = page;
    if (last !== undefined && last.live < SPARSE_BELOW) this.#thin(lastNumber, last);
    return page;
  }

  /** Little or nothing is left in a page. */
  #thin(number: number, page: Page): void {
    if (page.live === 0) {
      this.#sparse.delete(number);
      this.#giveUp(number, page);
      return;
    }
    if (this.#sparse.has(number)) return;
    this.#sparse.add(number);
    if (this.#sparse.size <= MOST_SPARSE) return;
    for (const first of this.#sparse) {
      this.#sparse.delete(first);
      this.#giveUp(first, this.#pages.get(first) as Page);
      return;
    }
  }

  /** Moves what lives in a page to the table. */
  #giveUp(number: number, page: Page): void {
    const { words } = page;
    if (page.live > 0) {
      const first = number * PAGE_IDS;
      const table = this.#tableOf(first);
      const before = table.bytes;
      const base = first % TABLE_IDS;
      for (let i = 0; i < PAGE_IDS; i++) {
        const segment = words[i * 3] as number;
        if (segment === 0) continue;
        table.set(base + i, segment, words[i * 3 + 1] as number, words[i * 3 + 2] as number);
      }
      this.#tableBytes += table.bytes - before;
    }
    this.#pages.delete(number);
    if (this.#free.length >= FREE_PAGES) return;
    words.fill(0);
    page.live = 0;
    this.#free.push(page);
  }

  #tableOf(id: number): SparseTable {
    const number = Math.floor(id / TABLE_IDS);
    let table = this.#tables.get(number);
    if (table === undefined) {
      table = new SparseTable();
      this.#tables.set(number, table);
    }
    return table;
  }

  #findSparse(id: number): boolean {
    const table = this.#tables.get(Math.floor(id / TABLE_IDS));
    if (table?.find(id % TABLE_IDS) !== true) return false;
    this.#answer(table);
    return true;
  }

  #setSparse(id: number, segment: number, offset: number, size: number): void {
    const table = this.#tableOf(id);
    const before = table.bytes;
    if (table.set(id % TABLE_IDS, segment, offset, size + 1)) this.records++;
    this.#tableBytes += table.bytes - before;
  }

  #removeSparse(id: number): boolean {
    const number = Math.floor(id / TABLE_IDS);
    const table = this.#tables.get(number);
    if (table?.find(id % TABLE_IDS) !== true) return false;
    this.#answer(table);
    const before = table.bytes;
    table.removeFound();
    this.#tableBytes += table.bytes - before;
    this.records--;
    if (table.size === 0) this.#tables.delete(number);
    return true;
  }

  #answer(table: SparseTable): void {
    this.segment = table.segment;
    this.offset = table.offset;
    this.size = table.sizeAndOne - 1;
  }
}
