/** Programs in C of this folder, compiled when they are wanted and gone with the bench. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PeerMissing } from "./peer.ts";

/**
 * The program of that source.
 * @throws PeerMissing when there is no C compiler, or none that knows Linux
 */
export function compiled(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), "martlet-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const name = basename(source);
  const file = join(folder, basename(source, ".c"));
  const { error, status, stderr } = spawnSync("cc", ["-O2", "-o", file, source], { encoding: "utf8" });
  if (error !== undefined) throw new PeerMissing(`no C compiler (cc): ${error.message}`);
  if (status !== 0) throw new PeerMissing(`${name} does not compile here: ${stderr.slice(0, 500)}`);
  return file;
}
