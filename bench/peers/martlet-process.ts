/**
 * The process of the peer "martlet", of "martlet-rules" with `--rules` and of "martlet-limited" with `--limited`: everything else as
 * it comes, except that a session may queue as much as other brokers are allowed to here. Prints its port, and ends with its standard input. Started without the condition
 * `martlet-dev`, so it runs on `dist/`.
 */

import type * as Martlet from "../../src/index.ts";
import type * as Rules from "./rules.ts";

const { createBroker } = (await import(
  new URL("../../dist/index.js", import.meta.url).href
)) as typeof Martlet;

/** The load "offline" queues 50,000. */
const MOST_QUEUED = 1_000_000;
/** Far more than a device has to say. */
const MOST_A_SECOND = 100_000;

const gate = process.argv.includes("--rules")
  ? await ((await import("./rules.ts")) as typeof Rules).gateWithRules()
  : undefined;
const broker = createBroker({
  listeners: [{ protocol: "tcp", port: 0, host: "127.0.0.1" }],
  settings: {
    maximumQueuedMessages: MOST_QUEUED,
    ...(process.argv.includes("--limited") ? { maximumMessageRate: MOST_A_SECOND } : {}),
  },
  ...(gate === undefined ? {} : { gate }),
});
await broker.start();
console.log(broker.addresses[0]?.port);
// Whoever started it holds the other end.
process.stdin.on("end", () => process.exit()).resume();
