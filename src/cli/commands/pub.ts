/** `martlet pub`: publishes, with the options of mosquitto_pub. */

import { defineCommand } from "../command.ts";
import { runTool } from "../messages/run-tool.ts";

const runArguments = (args: readonly string[]): Promise<number> =>
  runTool("pub", args, async (settings) => (await import("../messages/publish.ts")).publish(settings));

export const pubCommand = defineCommand({
  name: "pub",
  description: [],
  options: {},
  runArguments,
  run: () => runArguments([]),
});
