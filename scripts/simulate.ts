// `npm run simulate`: schedules of broker, store, transports, clients and clock in one process, each from one seed.
//
//   npm run simulate -- --seed 17                 one schedule, and whether all invariants held
//   npm run simulate -- --seed 17 --steps 12 --without 3,5 --trace
//                                                 with 12 steps but two of them, and all that happened
//   npm run simulate -- --seed 1 --count 5000     so many seeds from there on
//
// A failure of the tests prints such a line. The exit status is 1 when an invariant was broken.
import { parseArgs } from "node:util";
import { simulate, simulateMany } from "../src/testing/index.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "25" },
    without: { type: "string" },
    count: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`--${name} ${text}: this is not a whole number.`);
  process.exit(2);
}

const seed = wholeNumber("seed", values.seed);
const steps = wholeNumber("steps", values.steps);
const count = wholeNumber("count", values.count);
const without = values.without?.split(",").map((text) => wholeNumber("without", text)) ?? [];

if (count > 1) {
  const startedMs = performance.now();
  const { failures, ...sums } = await simulateMany({ firstSeed: seed, count, steps, without });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `${sums.count} schedules from seed ${seed} on: ${sums.messages} messages, ${sums.deliveries} deliveries, ${sums.outcomes} outcomes, ${sums.crashes} crashes, ${seconds} s`,
  );
  for (const line of failures) console.log(line);
  process.exitCode = failures.length === 0 ? 0 : 1;
} else {
  const result = await simulate({ seed, steps, without, trace: values.trace });
  for (const line of result.lines) console.log(line);
  console.log(
    result.failure === undefined ? `seed ${seed}: all invariants held` : `seed ${seed}: ${result.failure}`,
  );
  process.exitCode = result.failure === undefined ? 0 : 1;
}
