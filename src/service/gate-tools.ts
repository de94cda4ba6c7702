/** What the parts of a configured gate stand on, and the files that they keep up with. */

import type { GateChange } from "#auth";
import { type Clock, type Log, type Random, systemClock, systemRandom } from "#base";
import { WatchedFile } from "#credentials";

/** What a gate is made with. */
export interface GateTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export const systemTools = (log: Log): GateTools => ({ clock: systemClock(), random: systemRandom(), log });

/**
 * The files behind a gate. Each is read at once, and again whenever it changes; what it says anew counts from then on, and what
 * cannot be read or is wrong leaves everything as it was and has its line in the log.
 */
export class GateFiles {
  readonly #tools: GateTools;
  readonly #files: Pick<WatchedFile<unknown>, "reload" | "close">[] = [];
  /** Told when logins or permissions are others than before. */
  onChange: (change: GateChange) => void = () => undefined;

  constructor(tools: GateTools) {
    this.#tools = tools;
  }

  /**
   * What the file says now; `onContent` gets what it says later.
   *
   * @throws ConfigError for a file that cannot be read, and what `parse` throws
   */
  open<T>(path: string, parse: (text: string) => T, onContent: (content: T) => void): T {
    const { log, clock } = this.#tools;
    const file = new WatchedFile<T>({
      path,
      parse,
      clock,
      onChange: (content) => {
        onContent(content);
        log.write("info", `${path} has changed and is taken over.`);
      },
      onProblem: (sentence) =>
        log.write("error", `${path} is not taken over, what it said before holds on: ${sentence}`),
    });
    this.#files.push(file);
    return file.content;
  }

  /** Looks at all of them now. */
  reload(): void {
    for (const file of this.#files) file.reload();
  }

  close(): void {
    for (const file of this.#files) file.close();
  }
}
