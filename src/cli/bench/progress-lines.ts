/** How far a run is, on standard error: one line that changes on a terminal, a line now and then elsewhere. */

import type { Phase, Progress as RunProgress } from "#bench";
import { Progress } from "../conformance/progress.ts";
import { bar } from "./charts.ts";
import { rounded } from "./figures.ts";

const words: Readonly<Record<Phase, string>> = {
  connect: "connecting",
  subscribe: "subscribing",
  store: "storing",
  "warm-up": "warming up",
  measure: "measuring",
  drain: "waiting for the rest",
  "clean-up": "cleaning up",
};

const BAR_WIDTH = 20;
/** Between two lines where there is no terminal. */
const LINE_EVERY_SECONDS = 5;

export class ProgressLines {
  readonly #stream: NodeJS.WriteStream;
  readonly #line: Progress;
  #saidAt = 0;
  #phase: Phase | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#line = new Progress(stream);
  }

  show(progress: RunProgress): void {
    const { scenario, phase, share, elapsedSeconds, perSecond } = progress;
    const rate = perSecond > 0 ? `${rounded(perSecond)}/s` : "";
    if (this.#stream.isTTY) {
      const done = share === undefined ? " ".repeat(BAR_WIDTH) : bar(share, BAR_WIDTH).padEnd(BAR_WIDTH);
      const elapsed = `${elapsedSeconds.toFixed(1)} s`.padStart(7);
      this.#line.show(`${scenario}  ${words[phase].padEnd(20)} ${done} ${elapsed}  ${rate}`.trimEnd());
      return;
    }
    const isNew = phase === "measure" && phase !== this.#phase;
    this.#phase = phase;
    if (!isNew && elapsedSeconds - this.#saidAt < LINE_EVERY_SECONDS) return;
    this.#saidAt = elapsedSeconds;
    const parts = [`${scenario}: ${words[phase]}`, `${elapsedSeconds.toFixed(0)} s`, rate];
    this.#stream.write(`${parts.filter((part) => part !== "").join(", ")}\n`);
  }

  /** The run is over. */
  clear(): void {
    this.#line.clear();
    this.#saidAt = 0;
    this.#phase = undefined;
  }
}
