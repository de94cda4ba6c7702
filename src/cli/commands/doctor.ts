/** `martlet doctor`: whether a broker by this configuration is safe and sound on this machine. */

import { defineCommand } from "../command.ts";
import { options } from "../doctor/command-line.ts";

export const doctorCommand = defineCommand({
  name: "doctor",
  description: [
    "Looks at a configuration of the broker and at this machine, and tells what is reachable from where, who may log in and do what, what is unsafe, and how clock, limits, memory and disk are, with advice. Run it as the broker's user, before the broker or beside it.",
    "It listens on each port for a moment, writes a small file into the data folder and removes it, and changes nothing else. Secrets are not shown.",
    "Example: martlet doctor -c martlet.toml --probe",
    "Exit status here: 0 there are no problems, though there may be warnings, 1 there is at least one problem.",
  ],
  options,
  run: async (values) => (await import("../doctor/examining.ts")).runDoctor(values),
});
