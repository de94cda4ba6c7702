import { versionName } from "#protocol";
import type { Outcome } from "../../src/testing/conformance/case.ts";
import type { Deviations } from "./known-deviations.ts";

/** Why `outcome` is known to fail on the broker; undefined when it is not. */
export function deviationOf(
  deviations: Deviations,
  { case: { name }, version }: Outcome,
): string | undefined {
  return deviations[`${name} ${versionName(version)}`] ?? deviations[name];
}
