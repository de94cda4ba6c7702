/** A bundle of the client as a program's build makes it: minified, for browsers, with what is not used left out. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, defaultClientConditions } from "vite";
import { root } from "../../scripts/checkout.ts";

export interface Bundle {
  /** What a page loads at once. */
  readonly code: string;
  readonly gzipBytes: number;
  /** Node modules that something asked for. */
  readonly nodeModules: string[];
}

/** Bundles the text of an entry that stands in this folder. */
export async function bundle(entry: string, { format = "es" as "es" | "iife" } = {}): Promise<Bundle> {
  const folder = mkdtempSync(join(import.meta.dirname, ".bundle-"));
  const file = join(folder, "entry.ts");
  writeFileSync(file, entry.replaceAll('"./', '"../'));
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
      resolve: { conditions: ["martlet-dev", ...defaultClientConditions] },
      build: {
        write: false,
        minify: true,
        modulePreload: false,
        target: "es2022",
        rolldownOptions: {
          input: file,
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
