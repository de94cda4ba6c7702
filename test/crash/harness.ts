/**
 * Kills a broker again and again under load, and counts what it has broken of its word.
 *
 *     start ─▶ load, a random while ─▶ SIGKILL ─▶ start ─▶ …  ─▶ now and then: everything drained and compared, SIGKILL
 *
 * All rounds are on one folder with one set of clients. Some kills come while the broker starts, some while everybody fetches
 * what is left. Chance comes from the seed; how far the broker has come at a kill does not, so a seed replays a run roughly.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, seededRandom } from "#base";
import type { World } from "./clients.ts";
import { Findings } from "./findings.ts";
import { Ledger } from "./ledger.ts";
import { Population } from "./population.ts";
import { RetainedModel } from "./retained-model.ts";
import type { Target, TargetProcess } from "./target.ts";
import { WillModel } from "./will-model.ts";

/** Rounds between two comparisons. */
const DRAIN_EVERY = 8;
const SHORTEST_LIFE_MS = 10;
const LONGEST_LIFE_MS = 320;
const ACCEPTED_LIMIT_MS = 10_000;
const QUIET_MS = 3_000;

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  /** A life lasts at least until so many messages are acknowledged in it, whatever chance says. Default 0. */
  readonly fewestAccepted?: number;
  /** The broker lives on, and only connections are cut: what is wrong then has nothing to do with kills. Default false. */
  readonly isSpared?: boolean;
  /** What has not come when nothing has happened for so long is lost. Default 3000. */
  readonly quietMs?: number;
  /** Called after each round. */
  readonly onRound?: (round: number, findings: Findings) => void;
}

export interface CrashReport {
  readonly target: string;
  readonly rounds: number;
  readonly seed: number;
  /** What the broker has left there; undefined when nothing was wrong, and it is gone. */
  readonly folder: string | undefined;
  readonly findings: Findings;
}

/** Puts `target` through so many rounds. */
export async function crash(target: Target, options: CrashOptions): Promise<CrashReport> {
  const { rounds, seed, onRound } = options;
  const run = new CrashRun(target, options);
  for (let round = 1; round <= rounds; round++) {
    const isGood = await run.round(round === rounds || round % DRAIN_EVERY === 0);
    onRound?.(round, run.findings);
    if (!isGood) break;
  }
  await run.end();
  const isClean = run.findings.total === 0;
  if (isClean) rmSync(run.folder, { recursive: true, force: true });
  return {
    target: target.title,
    rounds,
    seed,
    folder: isClean ? undefined : run.folder,
    findings: run.findings,
  };
}

/** What a failing test shows. */
export function describeReport({ target, seed, folder, findings }: CrashReport): string {
  const { problems, lines, kills, accepted, delivered } = findings;
  return [
    `${target}, seed ${seed}: ${kills} kills, ${accepted} messages acknowledged, ${delivered} delivered.`,
    ...(findings.total === 0 ? ["Nothing was wrong."] : [JSON.stringify(problems), ...lines]),
    ...(folder === undefined ? [] : [`The broker's folder: ${folder}`]),
  ].join("\n");
}

class CrashRun {
  readonly folder = mkdtempSync(join(tmpdir(), "martlet-crash-"));
  readonly findings = new Findings();
  readonly #target: Target;
  readonly #random: Random;
  readonly #population: Population;
  readonly #fewestAccepted: number;
  readonly #isSpared: boolean;
  #child: TargetProcess | undefined;
  #port = 0;
  /** How long the last start took. */
  #startMs = 200;

  constructor(target: Target, options: CrashOptions) {
    const { seed, fewestAccepted = 0, quietMs = QUIET_MS, isSpared = false } = options;
    this.#target = target;
    this.#fewestAccepted = fewestAccepted;
    this.#isSpared = isSpared;
    this.#random = seededRandom(seed);
    const { findings } = this;
    const { newestVersion, hasOneOrder } = target;
    const world: World = {
      random: this.#random,
      findings,
      ledger: new Ledger(findings, { hasOneOrder }),
      retained: new RetainedModel(),
      wills: new WillModel(findings),
      newestVersion,
    };
    this.#population = new Population(world, quietMs);
  }

  /** Returns false when the broker does not start any more. */
  async round(isDrained: boolean): Promise<boolean> {
    if (!this.#isSpared && this.#random.below(6) === 0) await this.#killStarting();
    if (this.#child === undefined && !(await this.#start())) return false;
    const mood = this.#fewestAccepted === 0 && this.#random.below(6) === 0 ? "drain" : "work";
    const enough = this.findings.accepted + this.#fewestAccepted;
    this.#population.begin(this.#port, mood, { readsRetained: this.#random.below(2) === 0 });
    await this.#pause(SHORTEST_LIFE_MS + this.#random.below(LONGEST_LIFE_MS - SHORTEST_LIFE_MS));
    const deadline = performance.now() + ACCEPTED_LIMIT_MS;
    while (this.findings.accepted < enough && performance.now() < deadline) await this.#pause(10);
    if (isDrained) await this.#population.drain(this.#port);
    if (this.#isSpared) this.#population.cut();
    else await this.#kill();
    return true;
  }

  async end(): Promise<void> {
    if (this.#child !== undefined) await this.#kill();
  }

  async #start(): Promise<boolean> {
    const child = await this.#target.start(this.folder);
    this.#child = child;
    this.findings.begin();
    const started = performance.now();
    const port = await child.port();
    if (port === undefined) {
      this.findings.add("notStarted", `life ${this.findings.life}: ${child.said}`);
      return false;
    }
    this.#port = port;
    this.#startMs = performance.now() - started;
    return true;
  }

  async #kill(): Promise<void> {
    await this.#child?.kill();
    this.#child = undefined;
    this.findings.kills++;
    await this.#population.down();
  }

  async #killStarting(): Promise<void> {
    const child = await this.#target.start(this.folder);
    await this.#pause(this.#random.below(Math.ceil(this.#startMs * 1.2)));
    await child.kill();
    this.findings.kills++;
  }

  async #pause(durationMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, durationMs));
  }
}
