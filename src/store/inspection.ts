/** Looks into a journal without changing it: for people who want to know what is on their disk. */

import { seededRandom } from "#base";
import type { Disk } from "./disk.ts";
import { FORMAT_VERSION, segmentName } from "./format.ts";
import { defaultJournalSettings } from "./journal-settings.ts";
import { type Problem, Recovery } from "./recovery.ts";
import type { RecordVisitor, StoreRange } from "./store.ts";

/** One segment; sizes in bytes. */
export interface SegmentInspection {
  readonly file: string;
  readonly fileBytes: number;
  /** Up to the end of its last batch. */
  readonly usedBytes: number;
  readonly liveBytes: number;
}

/** The live records of one kind. */
export interface KindInspection {
  readonly kind: number;
  readonly records: number;
  /** Of the records themselves. */
  readonly bytes: number;
}

/** What `inspectJournal` found. */
export interface JournalInspection {
  readonly formatVersion: number;
  readonly segments: readonly SegmentInspection[];
  readonly kinds: readonly KindInspection[];
  readonly records: number;
  readonly liveBytes: number;
  /** Of all files in the folder. */
  readonly diskBytes: number;
  readonly lastBatch: number;
  readonly batches: number;
  readonly wasClosed: boolean;
  /** A write that a crash interrupted, at the end; the next start cuts it off. */
  readonly cut: StoreRange | undefined;
  readonly lostBatches: number;
  /** Damage, in the order of the log. */
  readonly problems: readonly Problem[];
}

/**
 * Reads all of a journal, checks every batch, and hands over what is live. Takes no lock: when somebody writes meanwhile, the
 * result is that of some moment, or an error. Damage is told, not thrown. After each batch it waits for what `afterBatch`
 * returns. Rejects with `StoreError` when there is no folder, or a newer version wrote it.
 */
export async function inspectJournal(
  disk: Disk,
  onRecord: RecordVisitor = () => undefined,
  afterBatch?: () => Promise<void> | undefined,
): Promise<JournalInspection> {
  const problems: Problem[] = [];
  const { segmentBytes } = defaultJournalSettings;
  const recovery = new Recovery(disk, seededRandom(0), segmentBytes, async (problem) => {
    problems.push(problem);
  });
  const entries = await disk.list();
  try {
    const found = await recovery.scan();
    const kinds = new Map<number, { kind: number; records: number; bytes: number }>();
    await recovery.visit((kind, id, bytes, start, end) => {
      const counts = kinds.get(kind) ?? { kind, records: 0, bytes: 0 };
      kinds.set(kind, counts);
      counts.records++;
      counts.bytes += end - start;
      onRecord(kind, id, bytes, start, end);
    }, afterBatch);
    const segments: SegmentInspection[] = [];
    for (let number = found.segments.firstNumber; ; number++) {
      const segment = found.segments.at(number);
      if (segment === undefined) break;
      const { fileBytes, end, liveBytes } = segment;
      segments.push({ file: segmentName(number), fileBytes, usedBytes: Math.min(end, fileBytes), liveBytes });
    }
    return {
      formatVersion: FORMAT_VERSION,
      segments,
      kinds: [...kinds.values()].toSorted((a, b) => a.kind - b.kind),
      records: found.index.records,
      liveBytes: found.segments.liveBytes,
      diskBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      lastBatch: found.batch,
      batches: found.frames,
      wasClosed: found.wasClosed,
      cut: found.cut,
      lostBatches: found.lostBatches,
      problems,
    };
  } finally {
    await recovery.close();
  }
}
