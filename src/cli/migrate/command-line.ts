/** The options of `martlet migrate`. Loads nothing that the help does not need. */

import type { Options, OptionValues } from "../options.ts";

export const reportForms = ["text", "json"] as const;
export type ReportForm = (typeof reportForms)[number];

export const options = {
  file: { kind: "texts", placeholder: "<path>", help: "The same as <mosquitto.conf>." },
  output: {
    kind: "texts",
    short: "o",
    placeholder: "<martlet.toml>",
    help: "Write the configuration to this new file, readable by its owner only. Default: standard output, with secrets hidden.",
  },
  database: {
    kind: "texts",
    placeholder: "<mosquitto.db>",
    help: "Also move retained messages, sessions and what waits for them. Stop mosquitto first.",
  },
  data: {
    kind: "texts",
    placeholder: "<folder>",
    help: "With --database, the data folder to make, which then is that of the configuration. Default: the folder that the configuration has.",
  },
  report: {
    kind: "texts",
    placeholder: "<form>",
    help: "How the report is written: text, the default, or json, one object.",
  },
  "accept-differences": {
    kind: "switch",
    help: "End with 0, and write files, although some options have another effect or none.",
  },
} as const satisfies Options;

export type MigrateValues = OptionValues<typeof options>;
