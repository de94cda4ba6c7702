/** `--help` of a message tool, in the form of all commands; its options come from their table. */

import { wrap } from "../wrapped-text.ts";
import type { MessageOption, OptionGroup } from "./options/message-option.ts";
import { optionsOf } from "./read-arguments.ts";
import type { Tool } from "./settings.ts";

const TEXT_COLUMN = 28;

const titles: Readonly<Record<OptionGroup, string>> = {
  message: "Messages",
  output: "Output",
  connection: "Connection",
  will: "Will",
  TLS: "TLS",
  other: "Other",
};

export interface HelpPage {
  readonly usage: readonly string[];
  readonly description: readonly string[];
  readonly examples: readonly string[];
}

const exitStatus = [
  "Exit status:",
  "  0        ended as asked",
  "  1        a wrong command line, or no connection",
  "  1-5      MQTT 3: the broker refused, with this return code",
  "  7        the connection was lost",
  "  27       nothing came within the time of -W",
  "  128-162  MQTT 5.0: the broker refused, with this reason code",
];

export function helpText(tool: Tool, { usage, description, examples }: HelpPage): string {
  const lines = usage.map((line, index) => `${index === 0 ? "Usage:" : "      "} martlet ${tool} ${line}`);
  for (const paragraph of description) lines.push("", ...wrap(paragraph, ""));
  lines.push("", "Examples:", ...examples.map((example) => `  ${example}`));
  for (const [group, title] of Object.entries(titles)) {
    const options = optionsOf(tool).filter(
      (option) => option.group === group && option.refused === undefined,
    );
    if (options.length > 0) lines.push("", `${title}:`, ...options.flatMap(optionLines));
  }
  const refused = optionsOf(tool).filter((option) => option.refused !== undefined);
  lines.push("", "Known and not supported:", ...refused.flatMap(refusedLines));
  lines.push(
    "",
    ...wrap(`Options are also read from $XDG_CONFIG_HOME/mosquitto_${tool} (or ~/.config), one a line.`, ""),
  );
  return [...lines, "", ...exitStatus].join("\n");
}

function optionLines(option: MessageOption): string[] {
  return entry(option, option.help);
}

function refusedLines(option: MessageOption): string[] {
  return entry(option, `${option.refused ?? ""}.`);
}

function entry({ names, value }: MessageOption, help: string): string[] {
  const [first] = names;
  const spelt = first.startsWith("--") ? `    ${names.join(", ")}` : names.join(", ");
  const head = `  ${spelt}${value === undefined ? "" : ` ${value}`}`;
  const text = wrap(help, " ".repeat(TEXT_COLUMN));
  if (head.length >= TEXT_COLUMN) return [head, ...text];
  return [head.padEnd(TEXT_COLUMN) + (text[0] ?? "").trimStart(), ...text.slice(1)];
}
