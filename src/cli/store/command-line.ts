/** The options of `martlet store`. Loads nothing that the help does not need. */

import type { Options, OptionValues } from "../options.ts";

export const actions = ["info", "verify", "dump", "compact"] as const;
export type Action = (typeof actions)[number];

/** Bytes of a record that `dump` shows. */
export const DEFAULT_SHOWN_BYTES = 64;
const MOST_SHOWN_BYTES = 1024 * 1024 * 1024;

export const options = {
  action: { kind: "texts", placeholder: "<action>", help: "The same as <action>." },
  folder: { kind: "texts", placeholder: "<path>", help: "The same as <folder>." },
  json: { kind: "switch", help: "Write JSON: one object, or with dump one a line, records as base64." },
  kind: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 0,
    highest: 255,
    help: "With dump, only records of this kind.",
  },
  bytes: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 0,
    highest: MOST_SHOWN_BYTES,
    help: `With dump, how much of each record is shown. Default ${DEFAULT_SHOWN_BYTES}; with --json all of it.`,
  },
  salvage: {
    kind: "switch",
    help: "With compact, go on without what cannot be read. Copies of the damaged files stay in the folder as damaged-*.",
  },
} as const satisfies Options;

export type StoreValues = OptionValues<typeof options>;
