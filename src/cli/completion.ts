/** Scripts that complete commands and options, made from the tables that the command lines are read by. */

import type { Command } from "./command.ts";
import type { KnownCommand } from "./commands.ts";
import { optionsOf } from "./messages/read-arguments.ts";
import { commonOptions, type Options } from "./options.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

interface Word {
  readonly names: readonly string[];
  readonly help: string;
  readonly takesValue: boolean;
  /** What its value may be, where that is a list. */
  readonly values: readonly string[];
}

/** A command with all that its words are made of. */
interface CompletedCommand extends Command {
  readonly summary: string;
}

/** Loads every command: their options are the words. */
export async function completionScript(
  shell: Shell,
  known: Readonly<Record<string, KnownCommand>>,
): Promise<string> {
  const loaded = Object.values(known).map(async ({ summary, load }) => ({ ...(await load()), summary }));
  return scriptFor(shell, await Promise.all(loaded));
}

function scriptFor(shell: Shell, commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      return zsh(commands);
    case "fish":
      return fish(commands);
  }
}

function wordsOf({ name, options }: Command): Word[] {
  if (name === "pub" || name === "sub" || name === "rr") {
    return optionsOf(name)
      .filter(({ refused }) => refused === undefined)
      .map(({ names, help, value }) => ({
        names,
        help,
        takesValue: value !== undefined,
        values: valuesOf(names, help),
      }));
  }
  const all: Options = { ...options, ...commonOptions };
  return Object.entries(all).map(([long, { short, help, kind }]) => ({
    names: [...(short === undefined ? [] : [`-${short}`]), `--${long}`],
    help,
    takesValue: kind !== "switch",
    values: [],
  }));
}

function valuesOf(names: readonly string[], help: string): string[] {
  if (names.includes("--format")) return (help.split(": ")[1] ?? "").replace(/\.$/, "").split(", ");
  if (names.includes("-V")) return ["5", "311", "31"];
  if (names.includes("-q") || names.includes("--will-qos")) return ["0", "1", "2"];
  if (names.includes("--retain-handling")) return ["always", "new", "never"];
  if (names.includes("--color")) return ["auto", "always", "never"];
  if (names.includes("--tls-version")) return ["tlsv1.3", "tlsv1.2"];
  return [];
}

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map((command) => {
    const words = wordsOf(command);
    const lists = words
      .filter(({ values }) => values.length > 0)
      .map(({ names, values }) => `        ${names.join("|")}) words="${values.join(" ")}" ;;`);
    const files = words.filter(({ takesValue, values }) => takesValue && values.length === 0);
    const names = files.flatMap((word) => word.names).join("|");
    return [
      `    ${command.name})`,
      '      case "$previous" in',
      ...lists,
      ...(names === "" ? [] : [`        ${names}) COMPREPLY=($(compgen -f -- "$current")); return ;;`]),
      `        *) words="${words.flatMap((word) => word.names).join(" ")}" ;;`,
      "      esac ;;",
    ].join("\n");
  });
  return [
    "# bash completion for martlet",
    "_martlet() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words=""',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")}" -- "$current"))`,
    "    return",
    "  fi",
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _martlet martlet",
  ].join("\n");
}

function zsh(commands: readonly CompletedCommand[]): string {
  const list = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map((command) => {
    const words = wordsOf(command).flatMap(({ names, help, takesValue, values }) => {
      const action = values.length > 0 ? `(${values.join(" ")})` : "_files";
      const said = help.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
      return names.map(
        (name) => `        ${quoted(`*${name}[${said}]${takesValue ? `:value:${action}` : ""}`)}`,
      );
    });
    return [`    ${command.name})`, "      _arguments \\", `${words.join(" \\\n")} ;;`].join("\n");
  });
  return [
    "#compdef martlet",
    "_martlet() {",
    "  local -a commands=(",
    ...list,
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe command commands",
    "    return",
    "  fi",
    '  local command="$words[2]"',
    "  shift words",
    "  (( CURRENT-- ))",
    '  case "$command" in',
    ...cases,
    "  esac",
    "}",
    'if [ "$funcstack[1]" = "_martlet" ]; then _martlet "$@"; else compdef _martlet martlet; fi',
  ].join("\n");
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const { name, summary } = command;
    const inside = `complete -c martlet -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c martlet -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...wordsOf(command).map(({ names, help, takesValue, values }) => {
        const spelt = names.map((each) =>
          each.startsWith("--") ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`,
        );
        const value = takesValue ? ` -r${values.length > 0 ? ` -f -a ${quoted(values.join(" "))}` : ""}` : "";
        return `${inside} ${spelt.join(" ")} -d ${quoted(help)}${value}`;
      }),
    ];
  });
  return ["# fish completion for martlet", ...lines].join("\n");
}

/** For a shell, in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
