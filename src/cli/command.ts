/** What a command is made of. Its own file is loaded only when it is the one that runs. */

import type { Options, OptionValues } from "./options.ts";

export interface Command<O extends Options = Options> {
  readonly name: string;
  /** Paragraphs for its help. */
  readonly description: readonly string[];
  readonly options: O;
  /** What stands behind its name on a command line; for help. Default: `[options]`. */
  readonly usage?: string;
  /** Rewrites arguments that are no options, such as a URL, as options. */
  readonly prepare?: (args: readonly string[]) => readonly string[];
  /** Reads its arguments itself, help included, where the command line is not ours to choose. `run` is not called then. */
  readonly runArguments?: (args: readonly string[]) => Promise<number>;
  /** Resolves with the exit status when the command is done. */
  run(values: OptionValues<O>): Promise<number>;
}

/** A command whose `run` gets its values with their types. */
export function defineCommand<const O extends Options>(command: Command<O>): Command {
  return command as unknown as Command;
}
