// A folder with configuration files, for one test.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigurationError, type ConfigurationSources, type Reading, readConfiguration } from "#config";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Writes `files` into a new folder and returns its path. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What a file of that text says. */
export async function readText(
  text: string,
  sources: ConfigurationSources = {},
  name = "martlet.toml",
): Promise<Reading> {
  return await readConfiguration({ ...sources, file: join(folderWith({ [name]: text }), name) });
}

/** All problems, without the folder in front of the file's name. */
export async function problemsIn(
  text: string,
  sources: ConfigurationSources = {},
  name = "martlet.toml",
): Promise<readonly string[]> {
  const folder = folderWith({ [name]: text });
  return await problemsOf({ ...sources, file: join(folder, name) }, folder);
}

export async function problemsOf(sources: ConfigurationSources, folder = ""): Promise<readonly string[]> {
  try {
    await readConfiguration(sources);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.lines.map((line) => (folder === "" ? line : line.replaceAll(`${folder}/`, "")));
  }
  return [];
}
