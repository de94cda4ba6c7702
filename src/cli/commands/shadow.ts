/** `martlet shadow`: stands before another broker and tells what Martlet would do differently. */

import { defineCommand } from "../command.ts";
import { options } from "../shadow/command-line.ts";

export const shadowCommand = defineCommand({
  name: "shadow",
  description: [
    "Stands before another broker until Ctrl-C: passes every byte through unchanged both ways, gives a Martlet in this process the same packets, and writes a line for each difference in answers, deliveries, order, retained messages and disconnects. Clients get the old broker's answers only.",
    "Put it where the clients connect, and the old broker somewhere else. For example: martlet shadow --upstream mqtt://127.0.0.1:1884 -c mosquitto.conf",
    "Exit status here: 0 there was no difference, 1 there was one, or it could not start, 3 there was none, but not everything could be compared, or nothing was.",
  ],
  options,
  usage: "--upstream <url> [options]",
  run: async (values) => (await import("../shadow/shadowing.ts")).runShadow(values),
});
