/**
 * @module bench: puts loads on a broker and counts exactly what becomes of every message. Node only.
 */

export { BenchError, type BenchErrorKind } from "./errors.ts";
export { raisePriority } from "./priority.ts";
export type {
  Fairness,
  Latency,
  LatencyBar,
  Phase,
  Progress,
  RatePoint,
  ScenarioResult,
} from "./result.ts";
export { type RunOptions, runScenario } from "./run.ts";
export type {
  FairnessLoad,
  FlowLoad,
  IdleLoad,
  Load,
  LoadVersion,
  OfflineLoad,
  Pace,
  RetainedLoad,
  Scenario,
  StormLoad,
} from "./scenario.ts";
export { SCENARIOS } from "./scenarios.ts";
export type { BenchTarget } from "./target.ts";
