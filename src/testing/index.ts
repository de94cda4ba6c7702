/**
 * @module testing: what programs test MQTT with: a clock that a test moves, pipes without ports, and the conformance cases.
 *
 * @example
 * ```ts
 * import { createBroker } from "martlet";
 * import { VirtualClock } from "martlet/testing";
 *
 * const clock = new VirtualClock();
 * const broker = await createBroker({ clock }).start();
 * clock.advance(30 * 24 * 3600 * 1000); // thirty days, at once
 * ```
 */

export { seededRandom } from "#base";
export { memoryPipes } from "#transport";
export type { ConformanceCase, Outcome, OutcomeStatus } from "./conformance/case.ts";
export { conformanceCases } from "./conformance/cases/index.ts";
export { brokenStatements, type Grade, gradeOutcomes } from "./conformance/grade.ts";
export { type PreflightResult, preflight } from "./conformance/preflight.ts";
export { type RunOptions, runConformance } from "./conformance/run.ts";
export type { ConformanceTarget } from "./conformance/target.ts";
export { dissectEntry, formatTrace } from "./conformance/trace.ts";
export { type UrlTargetOptions, urlTarget } from "./conformance/url-target.ts";
export { virtualTarget } from "./conformance/virtual-target.ts";
export { martletTarget } from "./martlet-target.ts";
export type { SimulationOptions, SimulationResult, SimulationsResult } from "./simulation/options.ts";
export { simulate, simulateMany } from "./simulation/simulate.ts";
export type { Step } from "./simulation/steps.ts";
export { VirtualClock } from "./virtual-clock.ts";
