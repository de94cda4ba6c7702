/**
 * From a scenario to its result.
 */

import { ProtocolVersion } from "#protocol";
import { dialerFor } from "./dial.ts";
import { runFairness } from "./fairness-load.ts";
import { type Findings, type LoadContext, resultOf } from "./findings.ts";
import { runFlow } from "./flow-load.ts";
import { runIdle } from "./idle-load.ts";
import { LoadRun } from "./load-run.ts";
import { runOffline } from "./offline-load.ts";
import type { Progress, ScenarioResult } from "./result.ts";
import { runRetained } from "./retained-load.ts";
import { checkLoad, type Scenario } from "./scenario.ts";
import { runStorm } from "./storm-load.ts";
import type { BenchTarget } from "./target.ts";
import { ProcessUsage } from "./usage.ts";

export interface RunOptions {
  /** How long is measured. Default 5. Loads that end by themselves take as long as they take. */
  readonly durationSeconds?: number;
  /** How long runs before it. Default 1. */
  readonly warmUpSeconds?: number;
  /** How long nothing may come, in the end, before what is missing counts as lost. Default 3. */
  readonly patienceSeconds?: number;
  /** Ends the run: all connections are closed, then it rejects. */
  readonly signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

const DEFAULT_DURATION_SECONDS = 5;
const DEFAULT_WARM_UP_SECONDS = 1;
const DEFAULT_PATIENCE_SECONDS = 3;

/**
 * Puts `scenario` on a broker and counts.
 *
 * @example
 * const qos1 = SCENARIOS.find(({ name }) => name === "qos1") as Scenario;
 * const result = await runScenario(qos1, { url: "mqtt://127.0.0.1:1883" });
 * console.log(result.deliveriesPerSecond, result.correct);
 *
 * @throws ConfigError for a URL or a load that cannot be; BenchError when the broker cannot be reached, lets nobody in,
 * or the run was aborted
 */
export async function runScenario(
  scenario: Scenario,
  target: BenchTarget,
  options: RunOptions = {},
): Promise<ScenarioResult> {
  const { load } = scenario;
  checkLoad(load);
  const usage = new ProcessUsage(target.processIds);
  const { durationSeconds = DEFAULT_DURATION_SECONDS, warmUpSeconds = DEFAULT_WARM_UP_SECONDS } = options;
  const run = new LoadRun({
    scenario: scenario.name,
    dialer: await dialerFor(target, {
      spread: load.kind === "storm" || load.kind === "idle",
      takesTurns: load.kind === "fairness" || (load.kind === "flow" && load.pace.kind === "rate"),
    }),
    version: load.protocolVersion ?? ProtocolVersion.MQTT_3_1_1,
    payloadBytes: "payloadBytes" in load ? load.payloadBytes : 0,
    patienceMs: (options.patienceSeconds ?? DEFAULT_PATIENCE_SECONDS) * 1000,
    signal: options.signal,
    onProgress: options.onProgress?.bind(options),
  });
  try {
    const context = {
      run,
      target,
      usage,
      durationMs: durationSeconds * 1000,
      warmUpMs: warmUpSeconds * 1000,
    };
    return resultOf(scenario, run, await findingsOf(context, scenario));
  } finally {
    await run.end();
  }
}

function findingsOf(context: LoadContext, { load }: Scenario): Promise<Findings> {
  switch (load.kind) {
    case "flow":
      return runFlow(context, load);
    case "storm":
      return runStorm(context, load);
    case "idle":
      return runIdle(context, load);
    case "retained":
      return runRetained(context, load);
    case "offline":
      return runOffline(context, load);
    case "fairness":
      return runFairness(context, load);
  }
}
