/**
 * Clients that connect, are let in, disconnect and come again, a fixed number at a time.
 */

import { type Findings, type LoadContext, NOTHING_COUNTED } from "./findings.ts";
import { COURSE_POINTS } from "./flow-load.ts";
import type { LoadRun } from "./load-run.ts";
import { Measurement } from "./measurement.ts";
import type { StormLoad } from "./scenario.ts";

/** A client that did not get in waits so long before it tries again: a broker that is down is not hammered on. */
const RETRY_MS = 100;

export async function runStorm(context: LoadContext, load: StormLoad): Promise<Findings> {
  const { run, usage, durationMs, warmUpMs } = context;
  // Whether the broker is there at all is said at once.
  await run.connect([run.link("s", 0)]);
  const storm = new Storm(run);
  const counter = (): number => storm.connects;
  run.enter("warm-up", { counter });
  const ended = Promise.all(Array.from({ length: load.connections }, () => storm.blow()));
  // When the run is ended before, everything that waits says so; once is enough.
  ended.catch(() => undefined);
  await run.pass(warmUpMs);

  const startedMs = performance.now();
  run.enter("measure", { counter, share: () => (performance.now() - startedMs) / durationMs });
  const before = storm.connects;
  const measurement = new Measurement(usage);
  await run.pass(durationMs);
  measurement.end();
  const connects = storm.connects - before;
  const course = run.course(COURSE_POINTS);

  storm.isOver = true;
  run.enter("drain", { counter });
  await run.ended(ended);
  return {
    measurement,
    deliveries: connects,
    published: 0,
    counts: NOTHING_COUNTED,
    promises: { delivery: true, once: true },
    course,
    special: { connectsPerSecond: measurement.seconds === 0 ? 0 : connects / measurement.seconds },
  };
}

class Storm {
  connects = 0;
  isOver = false;
  readonly #run: LoadRun;
  #clients = 0;

  constructor(run: LoadRun) {
    this.#run = run;
  }

  /** One place in the storm: a client after the other, until it is over. */
  async blow(): Promise<void> {
    const { problems } = this.#run;
    while (!this.isOver) {
      const link = this.#run.link("s", ++this.#clients);
      problems.connections++;
      const outcome = await link.connect();
      if (outcome.kind === "connected") {
        this.connects++;
        link.leave();
        this.#run.forget(link);
      } else {
        this.#run.forget(link);
        if (this.#run.isEnded) return;
        this.#run.count(outcome);
        await this.#run.pass(RETRY_MS);
      }
    }
  }
}
