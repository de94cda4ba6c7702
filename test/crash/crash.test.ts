/**
 * What Martlet has acknowledged is there after SIGKILL and after a power cut, at whatever moment; and the harness sees it when
 * it is not. `npm run crash` does the same for longer.
 */

import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { crash, describeReport } from "./harness.ts";
import { martletTarget, powerCutTarget } from "./targets.ts";

/** A new one each time; a failure prints it. */
const seed = Date.now() % 0x1_0000_0000;
const timeout = 120_000;

test("25 kills of the real program", { timeout }, async () => {
  const report = await crash(martletTarget(), { rounds: 25, seed });
  expect(report.findings.total, describeReport(report)).toBe(0);
  expect(report.findings.kills).toBeGreaterThanOrEqual(25);
  expect(report.findings.delivered).toBeGreaterThan(report.findings.accepted);
});

test("10 power cuts", { timeout }, async () => {
  const report = await crash(powerCutTarget(), { rounds: 10, seed });
  expect(report.findings.total, describeReport(report)).toBe(0);
  expect(report.findings.delivered).toBeGreaterThan(report.findings.accepted);
});

// Long lives, so that each kill meets a broker that owes something, and short waits for what is lost anyway. What is left in
// the folders is of no use.
const found = { fewestAccepted: 150, quietMs: 300 };

test("a broker that keeps nothing is found out", { timeout }, async () => {
  const report = await crash(martletTarget(["--no-persistence"]), { rounds: 3, seed, ...found });
  if (report.folder !== undefined) rmSync(report.folder, { recursive: true, force: true });
  expect(report.findings.problems.sessionsLost).toBeGreaterThan(0);
  expect(report.findings.problems.subscriptionsLost).toBeGreaterThan(0);
  expect(report.findings.problems.lost).toBeGreaterThan(0);
});

test("a broker that does not wait for the disk is found out by a power cut", { timeout }, async () => {
  const report = await crash(powerCutTarget("os"), { rounds: 3, seed, ...found });
  if (report.folder !== undefined) rmSync(report.folder, { recursive: true, force: true });
  expect(report.findings.problems.lost).toBeGreaterThan(0);
});
