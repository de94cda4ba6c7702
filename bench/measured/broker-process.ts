/**
 * The process of a `MeasuredBroker`: a broker on a free loopback port that answers each question of its parent with what it
 * uses. Runs with `--expose-gc`, and ends when its parent goes.
 */

import { createBroker } from "../../src/server/index.ts";
import { type Memory, memoryNow } from "./meter.ts";

export type BrokerQuestion = "cpu" | "memory" | "sizes";

/** What the process sends: first its port, then one answer for each question. */
export interface BrokerAnswers {
  readonly port: number;
  readonly cpu: {
    /** User and system, since the process began. */
    readonly microseconds: number;
    /** PUBLISH packets sent since then. */
    readonly deliveries: number;
  };
  readonly memory: {
    /** As it was found, before the garbage was collected. */
    readonly residentBytes: number;
    readonly collected: Memory;
  };
  /** What the broker's collections hold, by name. */
  readonly sizes: Readonly<Record<string, number>>;
}

const broker = createBroker({
  listeners: [{ protocol: "tcp", port: 0, host: "127.0.0.1" }],
  settings: { sysIntervalSeconds: 0 },
});

function tell<Subject extends keyof BrokerAnswers>(answer: BrokerAnswers[Subject]): void {
  process.send?.(answer);
}

async function answer(question: BrokerQuestion): Promise<void> {
  switch (question) {
    case "cpu": {
      const { user, system } = process.cpuUsage();
      tell<"cpu">({ microseconds: user + system, deliveries: broker.metrics.publishSent });
      return;
    }
    case "memory": {
      const residentBytes = process.memoryUsage.rss();
      tell<"memory">({ residentBytes, collected: await memoryNow() });
      return;
    }
    case "sizes":
      tell<"sizes">(broker.sizes);
  }
}

process.on("message", (question: BrokerQuestion) => void answer(question));
process.on("disconnect", () => process.exit());

await broker.start();
tell<"port">(broker.addresses[0]?.port as number);
