/** Whether a broker would start by this configuration at all. */

import type { Facts } from "../facts.ts";
import { type Finding, ok, problem } from "../finding.ts";

export function checkStart({ startProblems }: Pick<Facts, "startProblems">): Finding[] {
  if (startProblems.length === 0)
    return [ok("start", "The configuration is allowed, and all files that it names can be used.")];
  return startProblems.map((what) => problem("start", `A broker does not start: ${what}`, "Mend it first."));
}
