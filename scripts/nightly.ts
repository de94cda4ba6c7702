// `npm run nightly`: the tests that get better with time, run for long: the whole broker against its model with many more
// lives than in `npm test`. A failure prints the seed that replays it.
//
// MARTLET_PROPERTY_RUNS sets the number of lives; default 60,000, about four minutes on two cores.
import { spawnSync } from "node:child_process";
import { root, toolPath } from "./checkout.ts";

const runs = process.env["MARTLET_PROPERTY_RUNS"] ?? "60000";
const { status } = spawnSync(process.execPath, [toolPath("vitest", "vitest"), "run", "test/property"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, MARTLET_PROPERTY_RUNS: runs },
});
process.exitCode = status ?? 1;
