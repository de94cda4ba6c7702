/**
 * Runs cases against a target. Cases on one broker run next to each other, since most of their time is waiting; each
 * uses names of its own.
 */

import { describeError, type Random, systemRandom } from "#base";
import type { ProtocolVersion } from "#protocol";
import { PipeError } from "#transport";
import type { ConformanceCase, Outcome, OutcomeStatus } from "./case.ts";
import { conformanceCases } from "./cases/index.ts";
import { ConformanceContext } from "./context.ts";
import { ConformanceFailure, Inconclusive, NotSupported } from "./failure.ts";
import { RawPeer } from "./peer.ts";
import type { ConformanceTarget, Credentials } from "./target.ts";
import type { TraceEntry } from "./trace.ts";
import type { WireProperties } from "./wire/properties.ts";
import { connect } from "./wire/write.ts";

export interface RunOptions {
  /** All cases of the kit when absent. */
  readonly cases?: readonly ConformanceCase[];
  /** All versions of each case when absent. */
  readonly versions?: readonly ProtocolVersion[];
  /** How many cases run at a time. Default: 20. */
  readonly concurrency?: number;
  /** How long to wait for what has to come. Default: 5 seconds. */
  readonly patienceMs?: number;
  /** How long nothing has to come before a case believes that nothing comes. Default: 300 milliseconds. */
  readonly quietMs?: number;
  /** Where the names of the run come from. */
  readonly random?: Random;
  /** Called as each case ends. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

const DEFAULTS = { concurrency: 20, patienceMs: 5_000, quietMs: 300 } as const;

type Timing = Pick<Required<RunOptions>, "patienceMs" | "quietMs">;

/**
 * Runs every case in every version it applies to and resolves to the outcomes, in the order of the cases.
 *
 * @example
 * const outcomes = await runConformance(urlTarget("mqtt://127.0.0.1:1883"));
 * const failed = outcomes.filter((outcome) => outcome.status === "failed");
 */
export async function runConformance(
  target: ConformanceTarget,
  options: RunOptions = {},
): Promise<Outcome[]> {
  const { cases = conformanceCases, versions, onOutcome } = options;
  const timing: Timing = {
    patienceMs: options.patienceMs ?? DEFAULTS.patienceMs,
    quietMs: options.quietMs ?? DEFAULTS.quietMs,
  };
  const jobs = cases.flatMap((each) =>
    each.versions
      .filter((version) => versions === undefined || versions.includes(version))
      .map((version) => ({ case: each, version })),
  );
  const runId = (options.random ?? systemRandom())
    .below(36 ** 5)
    .toString(36)
    .padStart(5, "0");
  const announced = await probe(target, timing);
  const outcomes: Outcome[] = new Array<Outcome>(jobs.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index] as (typeof jobs)[number];
      const suffix = `${runId}${index.toString(36).padStart(3, "0")}`;
      const outcome = await runCase(target, job.case, job.version, { ...timing, suffix, announced });
      outcomes[index] = outcome;
      onOutcome?.(outcome);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? DEFAULTS.concurrency }, work));
  return outcomes;
}

interface CaseOptions extends Timing {
  readonly suffix: string;
  readonly announced: WireProperties;
}

async function runCase(
  target: ConformanceTarget,
  conformanceCase: ConformanceCase,
  version: ProtocolVersion,
  options: CaseOptions,
): Promise<Outcome> {
  const notes: string[] = [];
  const trace: TraceEntry[] = [];
  const broker = await target.prepare(conformanceCase.needs ?? {});
  const started = "notSupported" in broker ? 0 : broker.pace.now();
  const end = (status: OutcomeStatus, reason?: string, broken?: string): Outcome => ({
    case: conformanceCase,
    version,
    status,
    reason,
    broken,
    notes,
    trace,
    durationMs: "notSupported" in broker ? 0 : broker.pace.now() - started,
  });
  if ("notSupported" in broker) return end("not-supported", broker.notSupported);
  const context = new ConformanceContext({
    ...options,
    version,
    broker,
    record: (entry) =>
      trace.push({ ...withoutPassword(entry, broker.credentials), atMs: broker.pace.now() - started }),
    note: (text) => notes.push(text),
    announced: conformanceCase.needs?.broker === undefined ? options.announced : {},
  });
  try {
    await conformanceCase.run(context);
    context.checkPeers();
    return end("passed");
  } catch (error) {
    if (error instanceof ConformanceFailure) return end("failed", error.message, error.statement);
    if (error instanceof NotSupported) return end("not-supported", error.message);
    if (error instanceof Inconclusive) return end("inconclusive", error.message);
    // Not reaching the broker says nothing about statements, and neither does a bug of the kit.
    if (error instanceof PipeError) return end("inconclusive", describeError(error));
    return end("inconclusive", `the case could not run: ${describeError(error)}`);
  } finally {
    const recorded = trace.length;
    await context.cleanUp();
    trace.length = recorded;
    await broker.release();
  }
}

/** Reports get published; the password of the user is not for them. */
function withoutPassword<Entry extends Omit<TraceEntry, "atMs">>(
  entry: Entry,
  credentials?: Credentials,
): Entry {
  const password = credentials?.password;
  const { bytes } = entry;
  if (password === undefined || password.length === 0 || bytes === undefined || entry.direction !== "sent") {
    return entry;
  }
  // A packet in single bytes shows nothing anyway.
  if (bytes.length === 1) return { ...entry, bytes: Uint8Array.of() };
  if ((bytes[0] as number) >> 4 !== 1) return entry;
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(password);
  if (at < 0) return entry;
  const masked = bytes.slice();
  masked.fill(0x2a, at, at + password.length);
  return { ...entry, bytes: masked };
}

/** What a 5.0 client is told at CONNACK; empty when the broker speaks no 5.0. */
async function probe(target: ConformanceTarget, timing: Timing): Promise<WireProperties> {
  const broker = await target.prepare({});
  if ("notSupported" in broker) return {};
  try {
    const ignore = (): void => undefined;
    const peer = new RawPeer("probe", await broker.open("stream"), {
      ...timing,
      version: 5,
      pace: broker.pace,
      record: ignore,
      note: ignore,
      announced: {},
    });
    peer.send(connect(5, { ...broker.credentials, clientId: "martletprobe" }));
    const connack = await peer.expect("CONNACK");
    await peer.disconnect();
    return connack.reasonCode === 0 ? connack.properties : {};
  } catch (error) {
    const isAnswer = error instanceof ConformanceFailure || error instanceof NotSupported;
    if (isAnswer || error instanceof PipeError) return {};
    throw error;
  } finally {
    await broker.release();
  }
}
