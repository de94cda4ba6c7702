/**
 * Who got which message: finds what is lost, comes twice, or comes out of order. HOT.
 *
 * Each stream (from one publisher to one receiver) is numbered from 0. As long as a message is the next of its stream
 * that is one comparison; only a stream with gaps remembers which numbers are missing, so that a late message is told
 * from one that came twice.
 */

/** One way to count. */
export interface Counter {
  /** Messages, each counted once. */
  readonly distinct: number;
  /** Deliveries of a message that had already come. */
  readonly duplicated: number;
  /** Messages that came after a later one. */
  readonly disordered: number;
  /** Counts message `sequence` of `stream`. */
  count(stream: number, sequence: number): void;
}

/** Missing numbers remembered for one stream; older ones are given up, and count as duplicates if they come after all. */
const MOST_MISSING = 4096;

export class Tally implements Counter {
  readonly #next: Uint32Array;
  readonly #missing = new Map<number, Set<number>>();
  distinct = 0;
  duplicated = 0;
  disordered = 0;

  constructor(streams: number) {
    this.#next = new Uint32Array(streams);
  }

  count(stream: number, sequence: number): void {
    if (this.#next[stream] === sequence) {
      this.#next[stream] = sequence + 1;
      this.distinct++;
    } else this.#countIrregular(stream, sequence);
  }

  #countIrregular(stream: number, sequence: number): void {
    const next = this.#next[stream] as number;
    if (sequence > next) {
      this.#remember(stream, next, sequence);
      this.#next[stream] = sequence + 1;
      this.distinct++;
    } else if (this.#missing.get(stream)?.delete(sequence) === true) {
      this.distinct++;
      this.disordered++;
    } else this.duplicated++;
  }

  #remember(stream: number, from: number, to: number): void {
    let missing = this.#missing.get(stream);
    if (missing === undefined) {
      missing = new Set();
      this.#missing.set(stream, missing);
    }
    for (let sequence = Math.max(from, to - MOST_MISSING); sequence < to; sequence++) missing.add(sequence);
    for (const oldest of missing) {
      if (missing.size <= MOST_MISSING) break;
      missing.delete(oldest);
    }
  }
}

/** Messages that may come in any order, each once: what is retained. */
export class UnorderedTally implements Counter {
  readonly #seen: Uint8Array;
  distinct = 0;
  duplicated = 0;
  readonly disordered = 0;

  constructor(messages: number) {
    this.#seen = new Uint8Array(messages);
  }

  count(_stream: number, sequence: number): void {
    if (this.#seen[sequence] === 0) {
      this.#seen[sequence] = 1;
      this.distinct++;
    } else this.duplicated++;
  }
}

/** Sequence numbers of one publisher that a group remembers; at most so many may be under way at once. */
const REMEMBERED = 1 << 16;

/**
 * The same where any receiver of a group may get a message: each message once in the group, and what one receiver gets of a
 * publisher in order.
 */
export class SharedTally implements Counter {
  readonly #publishers: number;
  /** One above the largest that a receiver got of a publisher. */
  readonly #next: Uint32Array;
  /** One above the largest that anybody got of a publisher. */
  readonly #highest: Uint32Array;
  /** A ring of bits for each publisher: who of the last `REMEMBERED` have come. */
  readonly #seen: Uint32Array[];
  distinct = 0;
  duplicated = 0;
  disordered = 0;

  constructor(receivers: number, publishers: number) {
    this.#publishers = publishers;
    this.#next = new Uint32Array(receivers * publishers);
    this.#highest = new Uint32Array(publishers);
    this.#seen = Array.from({ length: publishers }, () => new Uint32Array(REMEMBERED / 32));
  }

  count(stream: number, sequence: number): void {
    const publisher = stream % this.#publishers;
    if (!this.#isNew(publisher, sequence)) {
      this.duplicated++;
      return;
    }
    this.distinct++;
    if (sequence < (this.#next[stream] as number)) this.disordered++;
    else this.#next[stream] = sequence + 1;
  }

  #isNew(publisher: number, sequence: number): boolean {
    const seen = this.#seen[publisher] as Uint32Array;
    const highest = this.#highest[publisher] as number;
    if (sequence >= highest) {
      const passed = Math.min(sequence - highest, REMEMBERED);
      for (let i = 1; i <= passed; i++) clearBit(seen, sequence - i);
      this.#highest[publisher] = sequence + 1;
    } else if (highest - sequence > REMEMBERED || hasBit(seen, sequence)) return false;
    setBit(seen, sequence);
    return true;
  }
}

function wordOf(sequence: number): number {
  return (sequence & (REMEMBERED - 1)) >>> 5;
}

function hasBit(bits: Uint32Array, sequence: number): boolean {
  return ((bits[wordOf(sequence)] as number) & (1 << (sequence & 31))) !== 0;
}

function setBit(bits: Uint32Array, sequence: number): void {
  const word = wordOf(sequence);
  bits[word] = (bits[word] as number) | (1 << (sequence & 31));
}

function clearBit(bits: Uint32Array, sequence: number): void {
  const word = wordOf(sequence);
  bits[word] = (bits[word] as number) & ~(1 << (sequence & 31));
}
