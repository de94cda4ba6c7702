// A vitest reporter that writes the counts of a run, and each skipped test with its reason, to the file named by the
// environment variable MARTLET_TEST_COUNTS. `npm test` reads that file for its closing line.
import { writeFileSync } from "node:fs";
import type { Reporter, TestModule, TestRunEndReason, Vitest } from "vitest/node";

/** A test that did not run. `reason` is what it gave to `ctx.skip(reason)`, empty when it gave none. */
export interface SkippedTest {
  file: string;
  name: string;
  reason: string;
}

/** What one run of vitest came to. */
export interface TestCounts {
  passed: number;
  failed: number;
  /** Failures outside any test: files that did not load, errors that nobody caught. */
  failedOutsideTests: number;
  skipped: SkippedTest[];
}

export default class CountsReporter implements Reporter {
  #nameFilter = false;

  onInit(vitest: Vitest): void {
    this.#nameFilter = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly unknown[],
    _reason: TestRunEndReason,
  ): void {
    const counts: TestCounts = {
      passed: 0,
      failed: 0,
      failedOutsideTests: unhandledErrors.length,
      skipped: [],
    };
    for (const module of modules) {
      counts.failedOutsideTests += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failedOutsideTests += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") counts.passed += 1;
        else if (result.state === "failed") counts.failed += 1;
        else {
          const reason = result.state === "skipped" ? (result.note ?? "") : "";
          // With a name filter (-t) vitest reports every test it leaves out as skipped.
          if (reason === "" && this.#nameFilter) continue;
          counts.skipped.push({ file: module.relativeModuleId, name: test.fullName, reason });
        }
      }
    }
    const file = process.env["MARTLET_TEST_COUNTS"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}
