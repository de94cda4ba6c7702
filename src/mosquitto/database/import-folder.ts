/**
 * From a mosquitto.db on the disk to a data folder of Martlet's. The folder appears when it is whole: what is interrupted leaves
 * nothing where the broker would look.
 */

import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigError, systemClock, systemRandom } from "#base";
import { whyUnreadable } from "#config";
import { Journal, nodeDisk } from "#store";
import { type ImportReport, importMosquittoDatabase } from "./import-database.ts";
import { readMosquittoDatabase } from "./read-database.ts";

/**
 * Reads `file` and makes `folder` of it.
 *
 * @param folder has to be empty, or not there while the folder around it is
 * @throws ConfigError when the file cannot be read or the folder cannot be used
 * @throws MosquittoDatabaseError when the file is damaged
 * @throws StoreError when the store cannot be written
 */
export async function importMosquittoFile(file: string, folder: string): Promise<ImportReport> {
  const database = readMosquittoDatabase(bytesOf(file), file);
  refuseUnlessEmpty(folder);
  const whole = resolve(folder);
  const staging = stagingBeside(whole);
  const clock = systemClock();
  const random = systemRandom();
  try {
    const makeStore = (): Journal => new Journal({ disk: nodeDisk(staging), clock, random });
    const report = await importMosquittoDatabase({ database, makeStore, clock, random });
    renameSync(staging, whole);
    return report;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(file, `${whyUnreadable(error)}.`);
  }
}

function refuseUnlessEmpty(folder: string): void {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw new ConfigError(folder, `${whyUnreadable(error)}.`);
  }
  if (names.length > 0) {
    throw new ConfigError(
      folder,
      "there is something in this folder; give an empty one or one that is not there.",
    );
  }
}

/** On the same disk, so that it can be renamed. */
function stagingBeside(folder: string): string {
  try {
    return mkdtempSync(`${folder}.importing-`);
  } catch {
    throw new ConfigError(
      folder,
      `a folder cannot be made in ${dirname(folder)}; check that it is there and its rights.`,
    );
  }
}
