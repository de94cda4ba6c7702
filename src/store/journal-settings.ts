/** The limits of a journal, with their defaults. */

import { ConfigError } from "#base";

/** Sizes in bytes. */
export interface JournalSettings {
  /** Size of a segment file. Larger batches get a file of their own size. */
  readonly segmentBytes: number;
  /** While a write is in flight, a batch that has grown to this size is closed at the end of the turn. */
  readonly batchBytes: number;
  /** While more than this waits to be written, the store is not healthy. It still takes everything. */
  readonly maximumUnwrittenBytes: number;
  /** What is read at once when one record is wanted. */
  readonly readAheadBytes: number;
  /** What is kept of it altogether. */
  readonly readAheadTotalBytes: number;
  /** How fast live data is copied out of sparse segments, as long as disk use is within its bound. */
  readonly cleaningBytesPerSecond: number;
  /** How long `close` tries to commit what is left. */
  readonly closeTimeoutMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const defaultJournalSettings: JournalSettings = {
  segmentBytes: 64 * MIB,
  batchBytes: MIB,
  maximumUnwrittenBytes: 64 * MIB,
  readAheadBytes: 64 * KIB,
  readAheadTotalBytes: 4 * MIB,
  cleaningBytesPerSecond: 16 * MIB,
  closeTimeoutMs: 5_000,
};

/** Lowest and highest value of each. */
export const journalSettingRanges: Readonly<Record<keyof JournalSettings, readonly [number, number]>> = {
  segmentBytes: [16 * KIB, 1024 * MIB],
  batchBytes: [KIB, 64 * MIB],
  maximumUnwrittenBytes: [0, Number.MAX_SAFE_INTEGER],
  readAheadBytes: [512, 16 * MIB],
  readAheadTotalBytes: [0, Number.MAX_SAFE_INTEGER],
  cleaningBytesPerSecond: [KIB, Number.MAX_SAFE_INTEGER],
  closeTimeoutMs: [0, 600_000],
};

/** All settings, from those that are given. Throws `ConfigError` that names the one that is not allowed. */
export function completeJournalSettings(given: Partial<JournalSettings> = {}): JournalSettings {
  const settings = { ...defaultJournalSettings, ...given };
  for (const name of Object.keys(journalSettingRanges) as (keyof JournalSettings)[]) {
    const value = settings[name];
    const [lowest, highest] = journalSettingRanges[name];
    if (Number.isSafeInteger(value) && value >= lowest && value <= highest) continue;
    throw new ConfigError(
      name,
      `${value} is not allowed; it is a whole number from ${lowest} to ${highest}.`,
    );
  }
  return settings;
}
