// Every block of TypeScript in the pages and in doc comments compiles, by the doors that users have, in one run of tsc;
// and blocks that stand for an example are that example, letter for letter.
import { spawnSync } from "node:child_process";
import { globSync, symlinkSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { readPackageJson, root, toolPath } from "../../scripts/checkout.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type Block, blocksInComments, blocksOf, pages, textOf } from "./pages.ts";

const sources = globSync("src/**/*.ts", { cwd: root, exclude: ["src/**/*.test.ts"] });
const blocks: Block[] = [
  ...pages().flatMap(blocksOf),
  ...sources.map((file) => file.split(sep).join("/")).flatMap(blocksInComments),
]
  // One that begins with a brace is a part of something larger.
  .filter(({ language, text }) => language === "ts" && !text.startsWith("{"));

/** The doors as the compiler finds them, at their sources. */
function doors(): Record<string, string[]> {
  const { name, exports } = readPackageJson();
  const found: Record<string, string[]> = {};
  for (const [door, target] of Object.entries(exports)) {
    if (typeof target !== "string") {
      found[name + door.slice(1)] = [join(root, String(target["martlet-dev"]))];
    }
  }
  return found;
}

describe("blocks of TypeScript", () => {
  it("compile", { timeout: 120_000 }, () => {
    expect(blocks.length).toBeGreaterThan(5);
    const folder = temporaryFolder();
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
    const files = blocks.map(({ text }, index) => {
      const file = `block-${index}.ts`;
      writeFileSync(join(folder, file), `${text}export {};\n`);
      return file;
    });
    const compilerOptions = {
      target: "es2024",
      lib: ["es2024", "dom"],
      module: "nodenext",
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noImplicitReturns: false,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
      types: ["node"],
      customConditions: ["martlet-dev"],
      paths: doors(),
    };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const tsc = [toolPath("typescript", "tsc"), "-p", "tsconfig.json", "--pretty", "false"];
    const { status, stdout } = spawnSync(process.execPath, tsc, { cwd: folder, encoding: "utf8" });
    const said = stdout.replaceAll(/block-(\d+)\.ts/g, (_, index) => `${blocks[Number(index)]?.place} `);
    expect({ status, said }).toEqual({ status: 0, said: "" });
  });

  it("are the examples that they stand for", () => {
    const claims = pages().flatMap((file) =>
      [...textOf(file).matchAll(/^<!-- (examples\/\S+) -->\n\n```ts\n(.*?)^```$/gms)].map((claim) => ({
        file,
        example: String(claim[1]),
        text: String(claim[2]),
      })),
    );
    expect(claims.map(({ file, example }) => [file, example])).toEqual([
      ["README.md", "examples/embed.ts"],
      ["docs/how-to/embed-in-a-test.md", "examples/in-memory.ts"],
    ]);
    for (const { example, text } of claims) expect(text, example).toBe(textOf(example));
  });
});
