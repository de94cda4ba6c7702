/** A bundle of the client as a program's build makes it: minified, for browsers, with what is not used left out. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, defaultClientConditions } from "vite";
import { readPackageJson, root } from "../../scripts/checkout.ts";

export interface Bundle {
  /** What a page loads at once. */
  readonly code: string;
  readonly gzipBytes: number;
  /** Node modules that something asked for. */
  readonly nodeModules: string[];
}

/** Bundles the text of an entry that stands in this folder. */
export function bundle(entry: string, { format = "es" as "es" | "iife" } = {}): Promise<Bundle> {
  return bundleWith(entry, format, []);
}

/** Bundles a program that imports "martlet/client", which is found by `conditions` as a runtime's bundler would. */
export function bundleFor(program: string, conditions: readonly string[]): Promise<Bundle> {
  const door = doorFor(readPackageJson().exports["./client"], conditions);
  const source = door.replace("./dist/", `${root}/src/`).replace(/\.js$/, ".ts");
  return bundleWith(program.replace('"martlet/client"', JSON.stringify(source)), "es", conditions);
}

/** The file that an entry of `exports` gives for `conditions`: the first key that is one of them. */
export function doorFor(target: unknown, conditions: readonly string[]): string {
  if (typeof target === "string") return target;
  for (const [condition, inner] of Object.entries(target as object)) {
    if (condition === "default" || conditions.includes(condition)) return doorFor(inner, conditions);
  }
  throw new Error(`no door for ${conditions.join()}`);
}

/**
 * Bundles test files for a page: vitest is `page-runner.ts` there, and of the test kit only what needs no Node. The script
 * leaves `runCases` in the page.
 */
export function bundleTests(files: readonly string[]): Promise<Bundle> {
  const imports = files.map((file) => `import ${JSON.stringify(join(root, file))};`);
  const entry = `${imports.join("\n")}
import { runCases } from "vitest";
Object.assign(globalThis, { runCases });
`;
  return bundleWith(entry, "iife", [], {
    vitest: join(import.meta.dirname, "page-runner.ts"),
    "#testing": join(import.meta.dirname, "page-testing.ts"),
  });
}

async function bundleWith(
  entry: string,
  format: "es" | "iife",
  conditions: readonly string[],
  alias: Readonly<Record<string, string>> = {},
): Promise<Bundle> {
  const folder = mkdtempSync(join(import.meta.dirname, ".bundle-"));
  const file = join(folder, "entry.ts");
  writeFileSync(file, entry.replaceAll('"./', '"../'));
  const isTests = Object.keys(alias).length > 0;
  const nodeModules: string[] = [];
  try {
    const result = await build({
      root,
      configFile: false,
      logLevel: "silent",
      plugins: [
        {
          name: "find-node-modules",
          enforce: "pre",
          resolveId(specifier) {
            if (isBuiltin(specifier)) nodeModules.push(specifier);
            return null;
          },
        },
      ],
      resolve: {
        alias,
        conditions: ["martlet-dev", ...(conditions.length > 0 ? conditions : defaultClientConditions)],
      },
      build: {
        write: false,
        minify: true,
        modulePreload: false,
        target: "es2022",
        rolldownOptions: {
          input: file,
          // A test file is there for what it does when it is loaded.
          ...(isTests ? { treeshake: false } : {}),
          output: { format, ...(format === "iife" ? { codeSplitting: false } : {}) },
        },
      },
    });
    const outputs = Array.isArray(result) ? result : "output" in result ? [result] : [];
    const code = outputs
      .flatMap(({ output }) => output)
      .map((chunk) => (chunk.type === "chunk" && chunk.isEntry ? chunk.code : ""))
      .join("\n");
    return { code, gzipBytes: gzipSync(code, { level: 9 }).length, nodeModules };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
