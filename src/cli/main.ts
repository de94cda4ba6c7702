#!/usr/bin/env node
/** The program `martlet`. Loads nothing before it knows that it can run here. */

const OLDEST_NODE = 24;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  console.error(`martlet: Node.js ${OLDEST_NODE} or newer is needed; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else {
  const { run } = await import("./run.ts");
  process.exitCode = await run(process.argv.slice(2));
}
