/**
 * @module store: durable state behind one port: a journal on disk, and memory. A disk that fails on request is for tests.
 */

export { type StoreContractCase, type StoreStage, storeContract } from "./contract.ts";
export { createStore, type StoreOptions } from "./create-store.ts";
export type { Disk, DiskEntry, DiskFile, OpenOptions } from "./disk.ts";
export { StoreError, type StoreErrorKind } from "./errors.ts";
export {
  inspectJournal,
  type JournalInspection,
  type KindInspection,
  type SegmentInspection,
} from "./inspection.ts";
export { Journal, type JournalOptions } from "./journal.ts";
export { defaultJournalSettings, type JournalSettings, journalSettingRanges } from "./journal-settings.ts";
export { MemoryStore } from "./memory-store.ts";
export { nodeDisk } from "./node-disk.ts";
export {
  type DiskFault,
  type DiskOperation,
  SimulatedDisk,
  type SimulatedDiskOptions,
} from "./simulated-disk.ts";
export type {
  RecordVisitor,
  RecoveryReport,
  Store,
  StoreListener,
  StoreMode,
  StoreRange,
  StoreStats,
} from "./store.ts";
