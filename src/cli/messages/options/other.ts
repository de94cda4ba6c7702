/** What every tool has, whatever it does. */

import { ALL, flag, type MessageOption, nothing, text } from "./message-option.ts";

export const otherOptions: readonly MessageOption[] = [
  text(
    ["-o"],
    "<file>",
    "options file",
    "other",
    "Read options from this file, one a line, instead of the usual one.",
    nothing,
  ),
  flag(["-d", "--debug"], ALL, "other", "Show every packet.", (settings) => {
    settings.debug = true;
  }),
  flag(["--quiet"], ALL, "other", "No words about errors.", (settings) => {
    settings.quiet = true;
  }),
  flag(["--help"], ALL, "other", "Show this help.", nothing),
  flag(["--version"], ALL, "other", "Show the version.", nothing),
];
