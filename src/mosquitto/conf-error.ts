/**
 * What is wrong in a mosquitto.conf, in mosquitto's own words: watchers of logs look for them. Like mosquitto it says the first
 * mistake only.
 */

import { ConfigurationError, type Place } from "#config";

/** A line of a file. */
export interface FileLine {
  readonly file: string;
  /** From 1; 0 for the file as a whole. */
  readonly line: number;
  /** The line that included the file. */
  readonly includedAt?: FileLine | undefined;
}

/** A mistake that mosquitto would not start with either, or one that Martlet would not. */
export class MosquittoConfError extends ConfigurationError {
  readonly #at: FileLine | undefined;
  readonly #sentence: string;

  /** @param sentence as mosquitto says it, without `Error: ` */
  constructor(sentence: string, at?: FileLine) {
    super([{ place: placeOf(at), path: [], says: sentence }]);
    this.#at = at;
    this.#sentence = sentence;
  }

  /** `Error: …`, and then where, from the innermost file to the one that was named. */
  override get lines(): readonly string[] {
    const lines = [`Error: ${this.#sentence}`];
    for (let at = this.#at; at !== undefined; at = at.includedAt) {
      lines.push(`Error found at ${at.file}:${at.line}.`);
    }
    return lines;
  }
}

/** The place of a line. */
export function placeOf(at: FileLine | undefined): Place {
  if (at === undefined) return { kind: "default" };
  return { kind: "file", file: at.file, line: at.line, column: at.line === 0 ? 0 : 1 };
}
