// `npm run crash`: kills brokers under load, and counts what they have lost of what they acknowledged.
//
//   npm run crash                                  200 rounds of Martlet, 100 of them on a disk that loses power
//   npm run crash -- --target mosquitto --rounds 25
//   npm run crash -- --seed 7 --json
//
// The exit status is 1 when something was lost, came twice or is wrong. Martlet is killed as it is in dist/, built before.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { type CrashReport, crash, describeReport } from "../test/crash/harness.ts";
import type { Target } from "../test/crash/target.ts";
import { aedesTarget, martletTarget, mosquittoTarget, powerCutTarget } from "../test/crash/targets.ts";
import { root } from "./checkout.ts";

const help = `npm run crash -- [options]
  --target <names>   with commas: martlet, power, mosquitto, aedes. Default martlet,power
  --rounds <n>       kills of each target. Default 200 for martlet, 100 for power, 25 for the others
  --seed <n>         of what is random. Default: another one each time
  --spare            kills nobody, and cuts connections only: what a broker gets wrong anyway
  --json             the counts as JSON on standard output
  --args <text>      arguments for martlet instead of its folder, for example --args=--no-persistence`;

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "martlet,power" },
    rounds: { type: "string" },
    seed: { type: "string" },
    args: { type: "string" },
    spare: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const args = values.args?.split(" ");
const known: Readonly<Record<string, { rounds: number; targets: () => Target[] }>> = {
  martlet: { rounds: 200, targets: () => [martletTarget(args)] },
  power: { rounds: 100, targets: () => [powerCutTarget()] },
  mosquitto: {
    rounds: 25,
    targets: () => [
      mosquittoTarget(["persistence true"]),
      mosquittoTarget(["persistence true", "autosave_on_changes true", "autosave_interval 1"]),
    ],
  },
  aedes: { rounds: 25, targets: () => [aedesTarget()] },
};

const chosen = values.target.split(",").map((name) => known[name]);
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (values.help || chosen.includes(undefined) || (rounds !== undefined && !(rounds > 0))) {
  console.error(help);
  process.exit(values.help ? 0 : 2);
}

const build = spawnSync(process.execPath, ["scripts/build.ts", "--quiet"], { cwd: root, stdio: "inherit" });
if (build.status !== 0) process.exit(1);

const seed = values.seed === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(values.seed);
for (const choice of chosen) {
  for (const target of choice?.targets() ?? []) {
    const report = await crash(target, {
      rounds: rounds ?? choice?.rounds ?? 1,
      seed,
      isSpared: values.spare,
      onRound: (round, { total }) => {
        if (process.stderr.isTTY)
          process.stderr.write(`\r${target.title}: round ${round}, ${total} problems `);
      },
    });
    if (process.stderr.isTTY) process.stderr.write("\n");
    console.log(values.json ? JSON.stringify(asJson(report)) : describeReport(report));
    if (report.findings.total > 0) process.exitCode = 1;
  }
}

function asJson({ target, rounds: done, seed: used, folder, findings }: CrashReport): object {
  const { kills, published, accepted, owed, delivered, repeated, willsOwed, retainedRead, problems } =
    findings;
  return {
    target,
    rounds: done,
    seed: used,
    kills,
    published,
    accepted,
    owed,
    delivered,
    repeated,
    willsOwed,
    retainedRead,
    ...problems,
    folder,
    lines: findings.lines,
  };
}
