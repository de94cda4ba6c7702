/** The options of `martlet doctor`. Loads nothing that the help does not need. */

import type { Options, OptionValues } from "../options.ts";

export const options = {
  config: {
    kind: "texts",
    short: "c",
    placeholder: "<file>",
    help: "The broker's configuration file, as martlet -c takes it. Default: what martlet does without one.",
  },
  set: {
    kind: "texts",
    placeholder: "<key=value>",
    help: "Set one key of the configuration, as in martlet --set; may be given several times.",
  },
  probe: {
    kind: "switch",
    help: "Also connect to each listener of the broker that runs: its certificate, and whether it lets in a client without a name.",
  },
  json: { kind: "switch", help: "Write the findings as one JSON object." },
} as const satisfies Options;

export type DoctorValues = OptionValues<typeof options>;
