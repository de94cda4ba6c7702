// `npm run nightly`: the tests that get better with time, run for long: the whole broker against its model, and the journal
// against crashes, with many more lives than in `npm test`. A failure prints the seed that replays it.
//
// MARTLET_PROPERTY_RUNS sets the number of lives of the broker; default 60,000, about four minutes on two cores.
// MARTLET_STORE_RUNS sets those of the journal, in each of its modes; default 5,000.
import { spawnSync } from "node:child_process";
import { root, toolPath } from "./checkout.ts";

const env = {
  ...process.env,
  MARTLET_PROPERTY_RUNS: process.env["MARTLET_PROPERTY_RUNS"] ?? "60000",
  MARTLET_STORE_RUNS: process.env["MARTLET_STORE_RUNS"] ?? "5000",
};
const tests = ["test/property", "test/store/crash.test.ts"];
// So many lives take longer than one test may otherwise take.
const options = ["--testTimeout", "7200000"];
const { status } = spawnSync(process.execPath, [toolPath("vitest", "vitest"), "run", ...tests, ...options], {
  cwd: root,
  stdio: "inherit",
  env,
});
process.exitCode = status ?? 1;
