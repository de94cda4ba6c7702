/** `martlet conformance`: how well a broker keeps to the standards. */

import { defineCommand } from "../command.ts";
import { options, prepareArguments } from "../conformance/command-line.ts";

export const conformanceCommand = defineCommand({
  name: "conformance",
  description: [
    "Runs short exchanges against the broker and reports which statements of the standards it keeps: passed, failed with the packets exchanged, not supported, or inconclusive where the standard leaves a choice. Uses topics below conformance/ and removes what it leaves there.",
    "Exit status here: 0 nothing failed, 1 failures, 3 no connection, 4 no MQTT broker, 5 the login or the rights were refused, 6 the broker does not speak a version that was asked for.",
  ],
  options,
  usage: "<url> [options]",
  /** The URL needs no name, and `--version 5.0` is the version of MQTT. */
  prepare: (args) => prepareArguments(args, options),
  run: async (values) => (await import("../conformance/grading.ts")).gradeBroker(values),
});
