/** How a message is shown. */

import { UsageError } from "../settings.ts";
import { valueFormatNames } from "../values/names.ts";
import { flag, type MessageOption, READERS } from "./message-option.ts";

export const outputOptions: readonly MessageOption[] = [
  flag(["-v", "--verbose"], READERS, "output", "Show the topic before the payload.", (settings) => {
    settings.verbose = true;
  }),
  {
    names: ["-F"],
    tools: READERS,
    value: "<format>",
    missing: "format",
    help: "What to show of a message: %t topic, %p payload, %q QoS, %r retain, %j all as JSON, %I time; the page in docs has all.",
    group: "output",
    apply: (settings, value) => {
      settings.format = value;
    },
  },
  {
    names: ["--format"],
    tools: READERS,
    value: "<name>",
    missing: "format",
    help: `What the payload is, to show it readable: ${valueFormatNames.join(", ")}.`,
    group: "output",
    apply: (settings, value) => {
      if (!(valueFormatNames as readonly string[]).includes(value)) {
        throw new UsageError(
          `Error: Unknown format '${value}'. The formats are: ${valueFormatNames.join(", ")}.\n`,
        );
      }
      settings.valueFormat = value;
    },
  },
  {
    names: ["--color"],
    tools: READERS,
    value: "<when>",
    missing: "time",
    help: "auto (on a terminal), always or never. Default auto; NO_COLOR is obeyed.",
    group: "output",
    apply: (settings, value) => {
      if (value !== "auto" && value !== "always" && value !== "never") {
        throw new UsageError(`Error: Unknown value '${value}' for --color; give auto, always or never.\n`);
      }
      settings.color = value;
    },
  },
  flag(["-N"], READERS, "output", "No line feed after a message.", (settings) => {
    settings.endOfLine = false;
  }),
  flag(["--pretty"], READERS, "output", "Indent the JSON of %j and %J.", (settings) => {
    settings.pretty = true;
  }),
  flag(
    ["-w", "--watch"],
    ["sub"],
    "output",
    "A live table: one line a topic, with rate and age.",
    (settings) => {
      settings.watch = true;
    },
  ),
  flag(
    ["--message-rate"],
    ["sub"],
    "output",
    "Each second the number of messages, instead of the messages.",
    (settings) => {
      settings.messageRate = true;
    },
  ),
  flag(["--latency"], ["rr"], "output", "Show how long the response took.", (settings) => {
    settings.latency = true;
  }),
];
