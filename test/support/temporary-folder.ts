// A folder for one test.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Makes an empty folder, which goes with the test that is running, and returns its path. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "martlet-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
