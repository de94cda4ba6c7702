/**
 * One direction of a TCP connection put together again: sorted by sequence numbers, what was sent twice taken once, and
 * what the capture lacks marked as a gap.
 *
 *     segments   [10..20) [30..40) [20..30) [20..30)     →     run [10..40)
 */

import { concatBytes } from "#base";
import type { Frame } from "./frames.ts";
import type { Segment } from "./segment.ts";

/** Bytes without a gap between them. */
export interface Run {
  readonly bytes: Uint8Array;
  /** Bytes that the capture lacks in front of it; 0 where the connection begins or nothing is known. */
  readonly missingBefore: number;
  /** It begins with the connection. */
  readonly isFromStart: boolean;
  /** In order: from which offset on the bytes came in which frame. */
  readonly origins: readonly Origin[];
}

export interface Origin {
  readonly offset: number;
  readonly frame: Frame;
}

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly frame: Frame;
}

export class DirectionStream {
  readonly #pieces: Piece[] = [];
  /** What `runs` has made of the pieces; undefined when there are new ones. */
  #runs: readonly Run[] | undefined;
  /** The sequence number behind SYN, if that was captured. */
  #first: number | undefined;
  /** The last sequence number seen, counted on beyond 32 bits. */
  #last: number | undefined;

  /** Whether `sequence` begins another connection than this one. */
  beginsAnew(sequence: number): boolean {
    return this.#first !== undefined && ((sequence + 1 - this.#first) | 0) !== 0;
  }

  add({ sequence, isSyn, payload, frame }: Segment): void {
    const start = this.#counted(sequence) + (isSyn ? 1 : 0);
    if (isSyn) this.#first = start;
    if (payload.length > 0) this.#pieces.push({ start, bytes: payload, frame });
    this.#runs = undefined;
  }

  /** The first bytes that were captured, at most `limit`. */
  head(limit: number): Uint8Array {
    return this.runs()[0]?.bytes.subarray(0, limit) ?? new Uint8Array(0);
  }

  /** All bytes, in runs. */
  runs(): readonly Run[] {
    this.#runs ??= this.#join();
    return this.#runs;
  }

  #join(): Run[] {
    // Of what was sent twice the first copy counts: sorting keeps the order of arrival.
    const pieces = this.#pieces.toSorted((a, b) => a.start - b.start);
    const runs: OpenRun[] = [];
    let next = this.#first;
    for (const { start, bytes, frame } of pieces) {
      const isGap = next !== undefined && start > next;
      let run = runs.at(-1);
      if (run === undefined || isGap) {
        run = {
          parts: [],
          length: 0,
          origins: [],
          missingBefore: next === undefined ? 0 : start - next,
          isFromStart: runs.length === 0 && start === this.#first,
        };
        runs.push(run);
      }
      const known = next === undefined ? 0 : Math.max(0, next - start);
      if (known >= bytes.length) continue;
      run.origins.push({ offset: run.length, frame });
      run.parts.push(bytes.subarray(known));
      run.length += bytes.length - known;
      next = start + bytes.length;
    }
    return runs
      .filter(({ length }) => length > 0)
      .map(({ parts, missingBefore, isFromStart, origins }) => ({
        bytes: concatBytes(parts),
        missingBefore,
        isFromStart,
        origins: inOrderOfArrival(origins),
      }));
  }

  /** The 32 bits of `sequence` as the number nearest to the last one. */
  #counted(sequence: number): number {
    const last = this.#last ?? sequence;
    const counted = last + ((sequence - last) | 0);
    this.#last = this.#last === undefined ? counted : Math.max(last, counted);
    return counted;
  }
}

interface OpenRun {
  readonly parts: Uint8Array[];
  readonly origins: Origin[];
  readonly missingBefore: number;
  readonly isFromStart: boolean;
  length: number;
}

/** A receiver gets bytes when all before them are there: none comes earlier than one before it. */
function inOrderOfArrival(origins: readonly Origin[]): Origin[] {
  let latest: Frame | undefined;
  return origins.map(({ offset, frame }) => {
    if (latest === undefined || frame.number > latest.number) latest = frame;
    return { offset, frame: latest };
  });
}

/** The frame with which the byte at `offset` came. */
export function originOf({ origins }: Run, offset: number): Frame {
  let low = 0;
  let high = origins.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((origins[middle] as Origin).offset <= offset) low = middle;
    else high = middle - 1;
  }
  return (origins[low] as Origin).frame;
}
