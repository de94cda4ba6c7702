/** `martlet sub`: subscribes and shows what comes, with the options of mosquitto_sub. */

import { defineCommand } from "../command.ts";
import { runTool } from "../messages/run-tool.ts";

const runArguments = (args: readonly string[]): Promise<number> =>
  runTool("sub", args, async (settings) => (await import("../messages/subscribe.ts")).subscribe(settings));

export const subCommand = defineCommand({
  name: "sub",
  description: [],
  options: {},
  runArguments,
  run: () => runArguments([]),
});
