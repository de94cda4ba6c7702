/** What outlives the broker, what it tells, and what it is to the system: `[persistence]`, `[log]` and `[process]`. */

import { choice, list, path, table, text, toggle } from "../declare.ts";
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
    destination: list({
      item: choice({ choices: ["stdout", "stderr", "file", "syslog", "topic"] }),
      default: ["stdout"],
      says: "Where it goes, to one place or to several; an empty list is nowhere. `topic` publishes each line below `$SYS/broker/log/`: on `E`, `W`, `N`, `I`, `D`, `M/subscribe`, `M/unsubscribe` and `WS`, by its type.",
    }),
    file: path({ target: "made", says: 'The file, with `destination = "file"`.' }),
    facility: choice({
      choices: ["daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
      default: "daemon",
      says: "What syslog sorts the lines by.",
    }),
    syslog_socket: path({
      target: "made",
      default: "/dev/log",
      says: "Where syslog listens. A stream is connected to; a datagram socket is written to by the program `logger`.",
    }),
    types: list({
      item: choice({
        choices: [
          "error",
          "warning",
          "notice",
          "information",
          "debug",
          "subscribe",
          "unsubscribe",
          "websockets",
        ],
      }),
      says: "The types of lines that are told, in place of `level`: connections are `notice`; `debug` has each packet, from the next start on; nothing is of type `websockets`. Not set: `level` decides.",
    }),
    connections: toggle({
      default: true,
      says: "Whether connections and their ends are told.",
    }),
    format: choice({
      choices: ["text", "json"],
      default: "text",
      says: "One line an event, for people or for programs.",
    }),
    timestamp: toggle({
      default: true,
      says: "Whether a line of text begins with its time. Lines of syslog never do, and those in JSON always have it.",
    }),
    timestamp_format: text({
      says: "How that time is written, in the words of strftime, for example `%Y-%m-%dT%H:%M:%S`. Not set: seconds since 1970.",
    }),
    words: choice({
      choices: ["mosquitto-1.5", "mosquitto-2.0", "mosquitto-2.1"],
      default: "mosquitto-2.0",
      reload: "restart",
      says: "Whose words tell of clients and packets. Where this is set, or the configuration is a mosquitto.conf, start, reload and end are told as mosquitto does, too.",
    }),
    program: text({
      reload: "restart",
      says: "What the lines of start and end call the broker, for programs that look for it there. Not set: `martlet version` and the version.",
    }),
  },
);

export const process = table(
  { says: "What the broker is to the system that runs it.", reload: "restart" },
  {
    pid_file: path({
      target: "made",
      says: "Holds the number of the process while clients can connect. One that is left of another process is replaced.",
    }),
    user: text({
      says: "The user that the broker goes on as once it listens, when it was started as root. On a machine without a user `mosquitto` that one is `nobody`, as with mosquitto.",
    }),
  },
);
