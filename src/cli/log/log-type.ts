/** The types of lines, by mosquitto's names, and how they relate to levels, to syslog's priorities and to topics. */

import type { LogLevel } from "#base";

export type LogType =
  | "error"
  | "warning"
  | "notice"
  | "information"
  | "debug"
  | "subscribe"
  | "unsubscribe"
  | "websockets";

interface Traits {
  readonly level: LogLevel;
  /** RFC 5424, 6.2.1. */
  readonly severity: number;
  /** Below `$SYS/broker/log/`. */
  readonly topic: string;
}

export const traitsOf: Readonly<Record<LogType, Traits>> = {
  error: { level: "error", severity: 3, topic: "E" },
  warning: { level: "warn", severity: 4, topic: "W" },
  notice: { level: "info", severity: 5, topic: "N" },
  information: { level: "info", severity: 6, topic: "I" },
  debug: { level: "debug", severity: 7, topic: "D" },
  subscribe: { level: "debug", severity: 5, topic: "M/subscribe" },
  unsubscribe: { level: "debug", severity: 5, topic: "M/unsubscribe" },
  websockets: { level: "debug", severity: 7, topic: "WS" },
};

/** Lines of the broker itself, which knows levels only. */
export const typeOfLevel: Readonly<Record<LogLevel, LogType>> = {
  error: "error",
  warn: "warning",
  info: "information",
  debug: "debug",
};
