/** `martlet bench`: puts a load on any broker and counts what becomes of every message. */

import { options, prepareArguments } from "../bench/command-line.ts";
import { defineCommand } from "../command.ts";

export const benchCommand = defineCommand({
  name: "bench",
  description: [
    "Runs one scenario after the other and reports throughput, latency and CPU time, and whether every message came exactly as its QoS promises. The load needs a processor of its own: where its CPU time is near the broker's, or the machine has other work, figures are lower than the broker's best. Uses topics below bench/.",
    "For example: martlet bench mqtt://127.0.0.1:1883 qos1 --duration 10. Without a URL it is the broker on this machine, without a scenario a short selection.",
    "Exit status here: 0 every count was right, 1 messages were lost, came twice or out of order, or connections broke or were refused, 3 no connection, 5 the broker lets nobody in.",
  ],
  options,
  usage: "[<url>] [<scenario> ...] [options]",
  prepare: (args) => prepareArguments(args, options),
  run: async (values) => (await import("../bench/measuring.ts")).measureBroker(values),
});
