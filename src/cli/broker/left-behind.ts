/**
 * What mosquitto has kept and Martlet does not look at: said when a data folder begins while a mosquitto.db lies where the
 * mosquitto.conf has it. Not again once the folder is there.
 */

import { readdirSync, statSync } from "node:fs";
import { quoted } from "../shell-words.ts";

interface Kept {
  /** The mosquitto.conf. */
  readonly conf: string;
  /** Where mosquitto keeps its state; undefined where it keeps none. */
  readonly database: string | undefined;
  /** Where Martlet will keep its own. */
  readonly folder: string;
}

/** A sentence with the command that takes it over, or undefined. Before the folder is made. */
export function leftBehind({ conf, database, folder }: Kept): string | undefined {
  if (database === undefined || !hasBytes(database) || !isNew(folder)) return undefined;
  const command = [
    "martlet",
    "migrate",
    conf,
    "--database",
    database,
    "--data",
    folder,
    "--accept-differences",
  ];
  return `The sessions and retained messages in ${database} are mosquitto's, and are not taken over: the data folder ${folder} begins empty. To have them, stop this broker, remove that folder, and run: ${command.map(quoted).join(" ")}`;
}

function hasBytes(file: string): boolean {
  try {
    return statSync(file).size > 0;
  } catch {
    return false;
  }
}

function isNew(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch {
    return true;
  }
}
