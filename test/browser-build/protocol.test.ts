// `martlet/protocol` runs in every runtime: a browser build of its source has no Node module and none of Node's globals.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, defaultClientConditions, type Plugin, parseSync } from "vite";
import { afterAll, expect, it } from "vitest";
import { readPackageJson, root } from "../../scripts/checkout.ts";

const nodeGlobals: readonly string[] = [
  "Buffer",
  "process",
  "global",
  "__dirname",
  "__filename",
  "require",
  "setImmediate",
];

const folder = mkdtempSync(join(tmpdir(), "martlet-browser-build-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Notes each import of a Node module before vite can put a stand-in in its place. */
function nodeModuleFinder(found: string[]): Plugin {
  return {
    name: "find-node-modules",
    enforce: "pre",
    resolveId(specifier, importer) {
      if (isBuiltin(specifier)) found.push(`${specifier} imported by ${importer ?? "the entry"}`);
      return null;
    },
  };
}

/** Builds a page script that uses everything the given module exports. */
async function buildForBrowser(source: string): Promise<{ code: string; nodeModules: string[] }> {
  const entry = join(folder, "entry.js");
  writeFileSync(entry, `import * as door from ${JSON.stringify(source)};\nglobalThis.door = { ...door };\n`);
  const nodeModules: string[] = [];
  const result = await build({
    root,
    configFile: false,
    logLevel: "silent",
    plugins: [nodeModuleFinder(nodeModules)],
    resolve: { conditions: ["martlet-dev", ...defaultClientConditions] },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      target: "es2022",
      rolldownOptions: { input: entry },
    },
  });
  const outputs = Array.isArray(result) ? result : "output" in result ? [result] : [];
  const code = outputs
    .flatMap((output) => output.output)
    .map((file) => (file.type === "chunk" ? file.code : ""))
    .join("\n");
  return { code, nodeModules };
}

/** The names of Node's globals that a script refers to; keys of objects and members do not count. */
function nodeGlobalsIn(code: string): string[] {
  const found = new Set<string>();
  const visit = (node: unknown, parent: Record<string, unknown> | undefined): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item, parent);
      return;
    }
    if (typeof node !== "object" || node === null) return;
    const fields = node as Record<string, unknown>;
    if (fields["type"] === "Identifier" && typeof fields["name"] === "string") {
      const isKey =
        parent !== undefined &&
        parent["computed"] !== true &&
        (parent["key"] === node || parent["property"] === node);
      if (!isKey && nodeGlobals.includes(fields["name"])) found.add(fields["name"]);
    }
    for (const value of Object.values(fields)) visit(value, fields);
  };
  visit(parseSync("entry.js", code).program, undefined);
  return [...found];
}

it("notices what must not be there", async () => {
  const bad = join(folder, "bad.js");
  writeFileSync(
    bad,
    `import { hostname } from "node:os";\nexport const here = () => [hostname(), Buffer.from("x"), { process: 1 }.process];\n`,
  );
  const { code, nodeModules } = await buildForBrowser(bad);
  expect(nodeModules).toHaveLength(1);
  expect(nodeModules[0]).toContain("node:os");
  expect(nodeGlobalsIn(code)).toEqual(["Buffer"]);
});

it("builds martlet/protocol for the browser without Node modules and Node globals", async () => {
  const target = readPackageJson().exports["./protocol"];
  const source = typeof target === "object" ? target["martlet-dev"] : undefined;
  expect(source).toBeDefined();
  const { code, nodeModules } = await buildForBrowser(join(root, String(source)));
  expect(nodeModules).toEqual([]);
  expect(nodeGlobalsIn(code)).toEqual([]);
  expect(code.length).toBeGreaterThan(1000);
});
