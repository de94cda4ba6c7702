// A mosquitto.conf with files beside it, read as the broker reads it.
import { join } from "node:path";
import { type Configuration, ConfigurationError, readConfiguration } from "#config";
import { mosquittoDocument, type OptionReport, readMosquittoConf } from "#mosquitto";
import { folderWith } from "../config/folder.ts";

export interface Read {
  readonly configuration: Configuration;
  readonly reports: readonly OptionReport[];
}

/** `FOLDER` in the text stands for the folder that the file is in. */
export function confWith(text: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = folderWith(files);
  const inFolder = folderWith({ "mosquitto.conf": text.replaceAll("FOLDER", folder) });
  return join(inFolder, "mosquitto.conf");
}

export async function read(text: string, files: Readonly<Record<string, string>> = {}): Promise<Read> {
  const file = confWith(text, files);
  const { options } = readMosquittoConf(file);
  const { configuration } = await readConfiguration({ document: () => mosquittoDocument(file).document });
  return { configuration, reports: options };
}

/** What is said of a file that is not taken, without the folders in front of names. */
export async function refusalOf(
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const file = confWith(text, files);
  try {
    await readConfiguration({ document: () => mosquittoDocument(file).document });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.lines.map((line) => line.replaceAll(/\/[^ :]*\/(martlet-config-\w+\/)?/g, ""));
  }
  return [];
}
