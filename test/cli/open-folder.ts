// A folder with files that a broker which has given up root still reads, as it is for a mosquitto.conf.
import { chmodSync } from "node:fs";
import { folderWith } from "../config/folder.ts";

export function openFolderWith(files: Readonly<Record<string, string>>): string {
  const folder = folderWith(files);
  chmodSync(folder, 0o755);
  return folder;
}
