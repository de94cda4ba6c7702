/**
 * Where the broker's words go, as a port. A line is one sentence for a person plus fields for a machine.
 */

export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  write(level: LogLevel, sentence: string, fields?: LogFields): void;
}

/** Says nothing; the default of an embedded broker. */
export const silentLog: Log = { write: () => undefined };
