// `npm test`: every check of the project in one run.
//
//   npm test                 everything
//   npm test -- broker       the static steps, and of the tests those whose path contains "broker"
//   npm test -- -t takeover  arguments go to vitest as they are
//
// Each static step counts as one test. The last line is always `N passed, N failed, N skipped`; before it stands every
// skipped test with its reason. The run fails when something failed, when a test was skipped without a reason and when
// no test ran.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, toolPath } from "./checkout.ts";
import type { TestCounts } from "./vitest-reporter.ts";

interface Step {
  name: string;
  /** Arguments for Node. */
  args: string[];
}

const steps: Step[] = [
  { name: "typecheck", args: [toolPath("typescript", "tsc"), "-p", "tsconfig.json", "--noEmit"] },
  {
    name: "typecheck:browser",
    args: [toolPath("typescript", "tsc"), "-p", "tsconfig.browser.json", "--noEmit"],
  },
  { name: "lint", args: [toolPath("oxlint", "oxlint"), "--type-aware"] },
  { name: "rooms", args: ["scripts/check-rooms.ts"] },
  { name: "format:check", args: [toolPath("@biomejs/biome", "biome"), "check", "."] },
  { name: "knip", args: [toolPath("knip", "knip"), "--no-progress"] },
  { name: "build", args: ["scripts/build.ts"] },
];

/** A step that hangs is ended and counts as failed. */
const stepTimeoutMs = 45 * 60_000;

/** Runs Node and tells whether it ended with 0; what it prints goes to this run's output. */
function run(name: string, args: string[], environment: Record<string, string> = {}): boolean {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const child = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }), ...environment },
    timeout: stepTimeoutMs,
  });
  const passed = child.status === 0;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`-- ${name}: ${passed ? "passed" : "FAILED"} in ${seconds} s`);
  return passed;
}

/** Runs vitest once and returns its counts; `undefined` when it ended before it could count. */
function runVitest(args: string[]): { passed: boolean; counts: TestCounts | undefined } {
  const folder = mkdtempSync(join(tmpdir(), "martlet-test-"));
  const countsFile = join(folder, "counts.json");
  const reporters = ["--reporter=default", "--reporter=./scripts/vitest-reporter.ts"];
  try {
    const passed = run("tests", [toolPath("vitest", "vitest"), "run", ...reporters, ...args], {
      MARTLET_TEST_COUNTS: countsFile,
    });
    const counts = existsSync(countsFile)
      ? (JSON.parse(readFileSync(countsFile, "utf8")) as TestCounts)
      : undefined;
    return { passed, counts };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const failures: string[] = [];
let passed = 0;
let failed = 0;

for (const step of steps) {
  if (run(step.name, step.args)) passed += 1;
  else {
    failed += 1;
    failures.push(step.name);
  }
}

const { passed: vitestPassed, counts } = runVitest(process.argv.slice(2));
const skipped = counts?.skipped ?? [];
if (counts === undefined || counts.passed + counts.failed + skipped.length === 0) {
  failed += 1;
  failures.push("tests: no test ran");
} else {
  passed += counts.passed;
  // A failure outside any test (a file that does not load) counts as one; so does an exit code nothing else explains.
  const testFailures = counts.failed + counts.failedOutsideTests;
  const failedTests = testFailures === 0 && !vitestPassed ? 1 : testFailures;
  failed += failedTests;
  if (failedTests > 0) failures.push(`tests: ${failedTests} failed`);
  if (counts.passed + counts.failed === 0) {
    failed += 1;
    failures.push("tests: every test was skipped");
  }
}

// The conformance ledger prints its own counts: which statements of the specifications are tested, and which waived.
const ledger = "scripts/ledger.ts";
if (existsSync(join(root, ledger))) {
  if (run("ledger", ["--conditions", "martlet-dev", ledger])) passed += 1;
  else {
    failed += 1;
    failures.push("ledger");
  }
}

console.log("");
for (const test of skipped) {
  console.log(
    `skipped: ${test.file} > ${test.name}: ${test.reason === "" ? "NO REASON GIVEN" : test.reason}`,
  );
}
const unexplained = skipped.filter((test) => test.reason === "").length;
if (unexplained > 0) {
  failed += 1;
  failures.push(`tests: ${unexplained} skipped without a reason; use ctx.skip("why")`);
}
for (const failure of failures) console.log(`failed: ${failure}`);

process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
