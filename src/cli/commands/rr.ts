/** `martlet rr`: a request and its response, with the options of mosquitto_rr. */

import { defineCommand } from "../command.ts";
import { runTool } from "../messages/run-tool.ts";

const runArguments = (args: readonly string[]): Promise<number> =>
  runTool("rr", args, async (settings) => (await import("../messages/request.ts")).request(settings));

export const rrCommand = defineCommand({
  name: "rr",
  description: [],
  options: {},
  runArguments,
  run: () => runArguments([]),
});
