/** `martlet migrate`: from mosquitto's files to Martlet's own, with a report on every line. */

import { defineCommand } from "../command.ts";
import { options } from "../migrate/command-line.ts";
import { namePositionals } from "../positionals.ts";

export const migrateCommand = defineCommand({
  name: "migrate",
  description: [
    "Turns a mosquitto.conf into a configuration of Martlet's, and tells of each line whether it means the same here, something different, or nothing. The report goes to standard output where the configuration goes to a file, and to standard error otherwise.",
    "Where a line does not mean the same, the exit status is 1 and no file and no folder is written, until --accept-differences says that you have read the report. What would make the broker less safe than it looks cannot be accepted: take the line out, or change it.",
    "Example: martlet migrate /etc/mosquitto/mosquitto.conf -o martlet.toml --database /var/lib/mosquitto/mosquitto.db --data martlet-data",
    "Exit status here: 0 every line means the same, or differences are accepted, 1 something does not, or a file is damaged.",
  ],
  options,
  usage: "<mosquitto.conf> [options]",
  prepare: (args) => namePositionals(args, options, ["file"]),
  run: async (values) => (await import("../migrate/migrating.ts")).migrate(values),
});
