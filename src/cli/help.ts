/** Help, written from the tables that the command line is read by. */

import type { Command } from "./command.ts";
import type { KnownCommand } from "./commands.ts";
import { commonOptions, type Option, type Options } from "./options.ts";
import { wrap } from "./wrapped-text.ts";

/** The help of `command`, for a terminal of 80 columns or more. */
export function commandHelp(command: Command, usage: readonly string[]): string {
  const lines = usage.map((line, index) => `${index === 0 ? "Usage:" : "      "} ${line}`);
  for (const paragraph of command.description) lines.push("", ...wrap(paragraph, ""));
  lines.push("", "Options:", ...optionLines({ ...command.options, ...commonOptions }));
  lines.push("", ...exitStatusLines);
  return lines.join("\n");
}

/** What stands below the help of `martlet` itself. */
export function commandList(all: Readonly<Record<string, KnownCommand>>): string {
  const lines = Object.entries(all).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  return ["Commands:", ...lines].join("\n");
}

const exitStatusLines = [
  "Exit status:",
  "  0    ended as asked",
  "  1    could not start or go on, for example because a port is taken",
  "  2    the command line is not understood or not allowed",
  "  3    a mosquitto.conf is not allowed",
  "  70   a bug in Martlet",
  "  128+ ended at once by a second signal, for example 130 after Ctrl-C twice",
];

const TEXT_COLUMN = 26;

function optionLines(options: Options): string[] {
  return Object.entries(options).flatMap(([name, option]) => {
    const head = optionHead(name, option);
    const text = wrap(option.help, " ".repeat(TEXT_COLUMN));
    if (head.length > TEXT_COLUMN) return [head.trimEnd(), ...text];
    const [first = "", ...rest] = text;
    return [head.padEnd(TEXT_COLUMN) + first.trimStart(), ...rest];
  });
}

function optionHead(name: string, option: Option): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `  ${short}--${name}${option.kind === "switch" ? "" : ` ${option.placeholder}`} `;
}
