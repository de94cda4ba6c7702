// Where the checkout and its tools are, for the other scripts.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root folder of the checkout. */
export const root: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the scripts and tests read from package.json. */
export interface PackageJson {
  name: string;
  version: string;
  exports: Record<string, string | Record<string, string>>;
  imports: Record<string, Record<string, string>>;
  bin: Record<string, string>;
  dependencies?: Record<string, string>;
  [field: string]: unknown;
}

/** Reads the package.json of the checkout. */
export function readPackageJson(): PackageJson {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as PackageJson;
}

/**
 * The JavaScript file behind a program of an installed package.
 * Starting it with `process.execPath` keeps the Node version and works without a shell.
 */
export function toolPath(packageName: string, program: string): string {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    bin: string | Record<string, string>;
  };
  const file = typeof bin === "string" ? bin : bin[program];
  if (file === undefined) throw new Error(`${packageName} has no program called ${program}`);
  return join(folder, file);
}
