// Runs the cases against mosquitto, as a check of the cases: where it fails one, either the case is wrong or the row in
// `known-deviations.ts` says what mosquitto does differently.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { versionName } from "#protocol";
import type { Outcome } from "../../src/testing/conformance/case.ts";
import { runConformance } from "../../src/testing/conformance/run.ts";
import { formatTrace } from "../../src/testing/conformance/trace.ts";
import { knownDeviations } from "./known-deviations.ts";
import { mosquittoTarget, mosquittoVersion } from "./mosquitto.ts";

/** The one that the table was written for; Debian 12 has it. */
const testedVersion = "mosquitto version 2.0.11";
const installed = mosquittoVersion();
const reasonToSkip =
  installed === undefined
    ? "mosquitto is not installed"
    : installed === testedVersion
      ? undefined
      : `the deviations are known for ${testedVersion}, installed is ${installed}`;

describe("the conformance cases on mosquitto", () => {
  const target = mosquittoTarget();
  let outcomes: readonly Outcome[] = [];

  function deviation({ case: { name }, version }: Outcome): string | undefined {
    return knownDeviations[`${name} ${versionName(version)}`] ?? knownDeviations[name];
  }

  /** What failed without a known reason gets a second chance alone: a busy machine can be late in real time. */
  async function runAll(): Promise<readonly Outcome[]> {
    const first = await runConformance(target, { concurrency: 40 });
    return await Promise.all(
      first.map(async (outcome) => {
        if (outcome.status !== "failed" || deviation(outcome) !== undefined) return outcome;
        const [second] = await runConformance(target, { cases: [outcome.case], versions: [outcome.version] });
        return second ?? outcome;
      }),
    );
  }

  beforeAll(async () => {
    if (reasonToSkip === undefined) outcomes = await runAll();
  }, 90_000);

  afterAll(async () => await target.close?.());

  test("no case fails but for a known deviation", (context) => {
    if (reasonToSkip !== undefined) context.skip(reasonToSkip);
    const unexpected = outcomes
      .filter((outcome) => outcome.status === "failed" && deviation(outcome) === undefined)
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
    expect(Object.keys(knownDeviations).filter((row) => !used.has(row))).toEqual([]);
    const passed = outcomes
      .filter((outcome) => outcome.status === "passed" && deviation(outcome) !== undefined)
      .map((each) => `${each.case.name} ${versionName(each.version)}`);
    expect(passed).toEqual([]);
  });

  test("most cases tell something", (context) => {
    if (reasonToSkip !== undefined) context.skip(reasonToSkip);
    const told = outcomes.filter(({ status }) => status === "passed" || status === "failed");
    expect(told.length).toBeGreaterThan(0.9 * outcomes.length);
  });
});
