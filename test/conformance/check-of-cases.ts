// Runs the cases against a broker of somebody else, as a check of the cases: where it fails one, either the case is wrong
// or a row in `known-deviations.ts` says what the broker does differently.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ProtocolVersion, versionName } from "#protocol";
import type { Outcome } from "../../src/testing/conformance/case.ts";
import { runConformance } from "../../src/testing/conformance/run.ts";
import type { ConformanceTarget } from "../../src/testing/conformance/target.ts";
import { formatTrace } from "../../src/testing/conformance/trace.ts";
import { deviationOf } from "./deviation-of.ts";
import { type Deviations } from "./known-deviations.ts";

interface Check {
  readonly target: ConformanceTarget;
  readonly deviations: Deviations;
  readonly versions: readonly ProtocolVersion[];
  readonly reasonToSkip?: string | undefined;
}

const RUN_LIMIT_MS = 90_000;

export function checkOfCases({ target, deviations, versions, reasonToSkip }: Check): void {
  describe(`the conformance cases on ${target.name}`, () => {
    let outcomes: readonly Outcome[] = [];

    /** What failed without a known reason gets a second chance alone: a busy machine can be late in real time. */
    async function runAll(): Promise<readonly Outcome[]> {
      const first = await runConformance(target, { versions, concurrency: 40 });
      return await Promise.all(
        first.map(async (outcome) => {
          if (outcome.status !== "failed" || deviationOf(deviations, outcome) !== undefined) return outcome;
          const again = { cases: [outcome.case], versions: [outcome.version] };
          const [second] = await runConformance(target, again);
          return second ?? outcome;
        }),
      );
    }

    beforeAll(async () => {
      if (reasonToSkip === undefined) outcomes = await runAll();
    }, RUN_LIMIT_MS);

    afterAll(async () => await target.close?.());

    test("no case fails but for a known deviation", (context) => {
      if (reasonToSkip !== undefined) context.skip(reasonToSkip);
      const unexpected = outcomes
        .filter((outcome) => outcome.status === "failed" && deviationOf(deviations, outcome) === undefined)
        .map(
          (each) =>
            `${each.case.name} ${versionName(each.version)}: ${each.reason}\n${formatTrace(each.trace)}`,
        );
      expect(unexpected).toEqual([]);
    });

    test("every known deviation still shows", (context) => {
      if (reasonToSkip !== undefined) context.skip(reasonToSkip);
      const used = new Set<string>();
      for (const outcome of outcomes.filter((each) => each.status === "failed")) {
        used.add(`${outcome.case.name} ${versionName(outcome.version)}`).add(outcome.case.name);
      }
      expect(Object.keys(deviations).filter((row) => !used.has(row))).toEqual([]);
      const passed = outcomes
        .filter((outcome) => outcome.status === "passed" && deviationOf(deviations, outcome) !== undefined)
        .map((each) => `${each.case.name} ${versionName(each.version)}`);
      expect(passed).toEqual([]);
    });

    test("most cases tell something, and none stumbles", (context) => {
      if (reasonToSkip !== undefined) context.skip(reasonToSkip);
      const told = outcomes.filter(({ status }) => status === "passed" || status === "failed");
      expect(told.length).toBeGreaterThan(0.9 * outcomes.length);
      expect(outcomes.filter(({ reason }) => reason?.includes("could not run") === true)).toEqual([]);
    });
  });
}
