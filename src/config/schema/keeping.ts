/** What outlives the broker, and what it tells: `[persistence]` and `[log]`. */

import { choice, path, table, toggle } from "../declare.ts";
import { journalNumber } from "./shared.ts";

export const persistence = table(
  { says: "What outlives the broker, and where.", reload: "restart" },
  {
    mode: choice({
      choices: ["durable", "os", "memory"],
      default: "durable",
      says: "When a message counts as kept, and is acknowledged: `durable` is on the disk, `os` is handed to the system, `memory` is nowhere.",
    }),
    folder: path({
      target: "made",
      default: "martlet-data",
      says: "Where sessions, queued and retained messages are kept; of one broker alone. Unused with mode `memory`.",
    }),
    segment_bytes: journalNumber("segmentBytes", "bytes"),
    batch_bytes: journalNumber("batchBytes", "bytes"),
    maximum_unwritten_bytes: journalNumber("maximumUnwrittenBytes", "bytes"),
    read_ahead_bytes: journalNumber("readAheadBytes", "bytes"),
    read_ahead_total_bytes: journalNumber("readAheadTotalBytes", "bytes"),
    cleaning_bytes_per_second: journalNumber("cleaningBytesPerSecond", "bytes"),
    close_timeout_ms: journalNumber("closeTimeoutMs", "ms"),
  },
);

export const log = table(
  { says: "What the broker tells while it runs.", reload: "now" },
  {
    level: choice({
      choices: ["debug", "info", "warn", "error"],
      default: "info",
      says: "The least that is told.",
    }),
    packets: toggle({
      default: false,
      reload: "restart",
      says: "Whether each packet has a line, at level `debug`.",
    }),
    destination: choice({
      choices: ["stdout", "stderr", "file"],
      default: "stdout",
      says: "Where it goes.",
    }),
    file: path({ target: "made", says: 'The file, with `destination = "file"`.' }),
    format: choice({
      choices: ["text", "json"],
      default: "text",
      says: "One line an event, for people or for programs.",
    }),
  },
);
