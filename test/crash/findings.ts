/** What a run of the crash harness has counted, and a line for each thing that must not be. */

/** Lines beyond this are counted only. */
const MOST_LINES = 40;

/** What must not be. */
const PROBLEMS = [
  "lost",
  "qos2Twice",
  "outOfOrder",
  "unexpected",
  "subscriptionsLost",
  "sessionsLost",
  "retainedWrong",
  "unreleased",
  "willsLost",
  "willsTwice",
  "willsUnexpected",
  "notStarted",
] as const;
export type Problem = (typeof PROBLEMS)[number];

export class Findings {
  /** Of the broker's life; the first is 1. */
  life = 0;
  kills = 0;
  published = 0;
  accepted = 0;
  /** Deliveries that the broker owed, one for each message and subscriber. */
  owed = 0;
  delivered = 0;
  /** QoS 1 deliveries that came again, as they may. */
  repeated = 0;
  willsOwed = 0;
  retainedRead = 0;
  readonly problems: Record<Problem, number> = Object.fromEntries(
    PROBLEMS.map((problem) => [problem, 0]),
  ) as Record<Problem, number>;
  readonly lines: string[] = [];
  #lifeStarted = 0;

  /** Another life of the broker begins. */
  begin(): void {
    this.life++;
    this.#lifeStarted = performance.now();
  }

  /** Now, for a history: `life 3 +120 ms`. */
  get moment(): string {
    return `life ${this.life} +${Math.round(performance.now() - this.#lifeStarted)} ms`;
  }

  add(problem: Problem, sentence: string): void {
    this.problems[problem]++;
    if (this.lines.length < MOST_LINES) this.lines.push(`${problem}: ${sentence}`);
  }

  get total(): number {
    return PROBLEMS.reduce((sum, problem) => sum + this.problems[problem], 0);
  }
}
