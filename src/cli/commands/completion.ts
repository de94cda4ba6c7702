/** `martlet completion`: words for the Tab key of bash, zsh and fish. */

import { ConfigError } from "#base";
import { defineCommand } from "../command.ts";
import { completionScript, shells } from "../completion.ts";
import { ExitStatus } from "../exit-status.ts";
import type { Options } from "../options.ts";
import { namePositionals } from "../positionals.ts";

const options = {
  shell: { kind: "texts", placeholder: "<shell>", help: `The same as <shell>: ${shells.join(", ")}.` },
} as const satisfies Options;

export const completionCommand = defineCommand({
  name: "completion",
  usage: "<shell>",
  description: [
    "Writes a script for bash, zsh or fish that completes the commands and options of martlet.",
    "Example: martlet completion bash > ~/.local/share/bash-completion/completions/martlet, or in ~/.bashrc: source <(martlet completion bash). For zsh put it as _martlet into a folder of $fpath, for fish as ~/.config/fish/completions/martlet.fish.",
  ],
  options,
  prepare: (args) => namePositionals(args, options, ["shell"]),
  async run({ shell = [] }) {
    const [name, surplus] = shell;
    const known = shells.find((each) => each === name);
    if (known === undefined || surplus !== undefined) {
      throw new ConfigError("completion", `give one of ${shells.join(", ")}.`);
    }
    const { commands } = await import("../commands.ts");
    console.log(await completionScript(known, commands));
    return ExitStatus.OK;
  },
});
