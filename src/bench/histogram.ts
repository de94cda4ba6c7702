/**
 * Counts of times, in buckets whose width grows with the value so that three digits stay right. HOT: `record` is a few
 * instructions, whatever the value.
 *
 *     value < 2048           one bucket each
 *     2048 .. 4095           1024 buckets of 2,  4096 .. 8191: 1024 buckets of 4, and so on up to 2^32
 */

const EXACT = 2048;
const HALF = EXACT / 2;
/** Doublings between 2048 and 2^32. */
const DOUBLINGS = 21;

/** One stretch of the distribution: how many values from `from` up to, not including, `to`. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export class Histogram {
  readonly #counts = new Uint32Array(EXACT + DOUBLINGS * HALF);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** The largest value, exactly; 0 when there is none. */
  get max(): number {
    return this.#max;
  }

  /** Counts a whole number from 0 up to 2^32. */
  record(value: number): void {
    const index = indexOf(value);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    if (value > this.#max) this.#max = value;
  }

  /** The value below or at which `share` (0 to 1) of all values lie, to within a thousandth; 0 when there is none. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] as number;
      if (seen >= wanted) return Math.min(this.#max, middleOf(index));
    }
    return 0;
  }

  /** How many values lie between each two of the rising `bounds`; from the first bound that is needed to the last. */
  bars(bounds: readonly number[]): Bar[] {
    const counts = new Array<number>(bounds.length - 1).fill(0);
    let at = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      const count = this.#counts[index] as number;
      if (count === 0) continue;
      const value = Math.min(this.#max, middleOf(index));
      while (at < counts.length - 1 && value >= (bounds[at + 1] as number)) at++;
      counts[at] = (counts[at] as number) + count;
    }
    const first = counts.findIndex((count) => count > 0);
    const last = counts.findLastIndex((count) => count > 0);
    if (first === -1) return [];
    return counts.slice(first, last + 1).map((count, index) => ({
      from: bounds[first + index] as number,
      to: bounds[first + index + 1] as number,
      count,
    }));
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#max = 0;
  }
}

function indexOf(value: number): number {
  if (value < EXACT) return value;
  const shift = 21 - Math.clz32(value);
  return shift * HALF + (value >>> shift);
}

/** The value that stands for all of a bucket. */
function middleOf(index: number): number {
  if (index < EXACT) return index;
  const shift = Math.floor(index / HALF) - 1;
  return (index - shift * HALF) * 2 ** shift + (2 ** shift - 1) / 2;
}
