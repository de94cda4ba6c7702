/** `martlet broker`: a broker until it is told to stop. */

import { options } from "../broker/command-line.ts";
import { defineCommand } from "../command.ts";

export const brokerCommand = defineCommand({
  name: "broker",
  description: [
    "Runs an MQTT broker for MQTT 3.1, 3.1.1 and 5.0 until Ctrl-C. What it acknowledges is on the disk, and there again when it starts the next time. It writes one line for each event to standard output.",
    "Everything that can be set is a key of a configuration file (-c), an environment variable and --set; the options below are short names for the most common. For example: martlet -c martlet.toml --set log.level=debug",
  ],
  options,
  run: async (values) => (await import("../broker/running.ts")).runBroker(values),
});
