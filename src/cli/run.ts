/**
 * From the arguments to a command and its exit status. The one place where what goes wrong becomes a sentence for a person:
 * a stack is shown only for a bug.
 */

import { ConfigError, InvariantError, MartletError, nearest } from "#base";
import type { Command } from "./command.ts";
import { commands, DEFAULT_COMMAND } from "./commands.ts";
import { printable } from "./escape.ts";
import { ExitStatus } from "./exit-status.ts";
import { commandHelp, commandList } from "./help.ts";
import { commonOptions, readOptions } from "./options.ts";

/** Runs what `words` ask for and resolves with the exit status. Never rejects. */
export async function run(words: readonly string[]): Promise<number> {
  process.on("uncaughtException", (error) => {
    reportBug(error);
    process.exit(ExitStatus.BUG);
  });
  try {
    // `martlet help pub` is what other programs call it.
    const args = words[0] === "help" ? [...words.slice(1), "--help"] : words;
    const [first] = args;
    const isNamed = first !== undefined && !first.startsWith("-");
    const command = await load(isNamed ? first : DEFAULT_COMMAND);
    const given = isNamed ? args.slice(1) : args;
    if (command.runArguments !== undefined) return await command.runArguments(given);
    const values = readOptions(command.prepare?.(given) ?? given, { ...command.options, ...commonOptions });
    if (values["help"] === true) {
      console.log(isNamed ? commandHelp(command, usageOf(command)) : await programHelp());
      return ExitStatus.OK;
    }
    if (values["version"] === true) {
      const { version } = await import("#server");
      console.log(`martlet version ${version}`);
      return ExitStatus.OK;
    }
    return await command.run(values);
  } catch (error) {
    return report(error);
  }
}

/** The help of `martlet`: that of the command that runs without a name, and the list of all. */
export async function programHelp(): Promise<string> {
  const byDefault = await load(DEFAULT_COMMAND);
  const usage = ["martlet [options]", "martlet <command> [options]"];
  return `${commandHelp(byDefault, usage)}\n\n${commandList(commands)}`;
}

async function load(name: string): Promise<Command> {
  const names = Object.keys(commands);
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (known !== undefined) return await known.load();
  const near = nearest(name, names);
  const hint = near === undefined ? `The commands are: ${names.join(", ")}.` : `Did you mean ${near}?`;
  throw new ConfigError(name, `there is no such command. ${hint}`);
}

function usageOf({ name, usage = "[options]" }: Command): string[] {
  return [`martlet ${name} ${usage}`];
}

function report(error: unknown): number {
  if (!(error instanceof MartletError) || error instanceof InvariantError) {
    reportBug(error);
    return ExitStatus.BUG;
  }
  console.error(`martlet: ${printable(error.message)}`);
  return error instanceof ConfigError ? ExitStatus.USAGE : ExitStatus.FAILED;
}

function reportBug(error: unknown): void {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(`martlet: a bug ended the program; please report this: ${what}`);
}
