/** Colours for a terminal, and none elsewhere. */

import { styleText } from "node:util";

const styles = {
  topic: "cyan",
  key: "blue",
  text: "green",
  number: "yellow",
  word: "magenta",
  quiet: "gray",
  fresh: "bold",
  trouble: "red",
} as const;

export type Paint = (role: keyof typeof styles, text: string) => string;

export const plain: Paint = (_, text) => text;

/** Colours if `when` says so, or if standard output is a terminal and NO_COLOR is not set. */
export function paintFor(when: "auto" | "always" | "never"): Paint {
  const isTerminal =
    process.stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  if (when === "never" || (when === "auto" && !isTerminal)) return plain;
  return (role, text) => styleText(styles[role], text, { validateStream: false });
}
