/** `martlet store`: looks into the folder of durable state, and makes it small. */

import { defineCommand } from "../command.ts";
import { namePositionals } from "../positionals.ts";
import { options } from "../store/command-line.ts";

export const storeCommand = defineCommand({
  name: "store",
  description: [
    "info shows what there is. verify checks every batch. dump shows every record, also what users have published: mind who reads it. compact rewrites everything, so that only what is live stays; the broker must not run then.",
    "info also works while a broker runs, and shows one moment of it. Exit status of verify: 0 nothing is damaged, 1 something is.",
    "Example: martlet store verify martlet-data",
  ],
  options,
  usage: "<info | verify | dump | compact> <folder> [options]",
  prepare: (args) => namePositionals(args, options, ["action", "folder"]),
  run: async (values) => (await import("../store/actions.ts")).useStore(values),
});
