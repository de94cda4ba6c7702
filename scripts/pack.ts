// `npm run pack:publish`: makes the tarball that is published.
//
// The checkout's own package.json serves development: it carries Node itself, tools, scripts and a source condition.
// This stages a folder with dist/, README, LICENSE, CHANGELOG, the schema of configuration files and a package.json without
// those, and packs that.
// dist/ has to be built before.
//
//   node scripts/pack.ts [target folder]      prints the path of the tarball; the default target is the checkout
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readPackageJson, root } from "./checkout.ts";

const sourceCondition = "martlet-dev";
const onlyForDevelopment = [
  "private",
  "workspaces",
  "scripts",
  "devDependencies",
  "optionalDependencies",
  "files",
];
const documents = ["README.md", "LICENSE", "CHANGELOG.md", "docs/reference/martlet.schema.json"];

function withoutSourceCondition(
  entries: Record<string, string | Record<string, string>>,
): Record<string, string | Record<string, string>> {
  const kept: Record<string, string | Record<string, string>> = {};
  for (const [name, target] of Object.entries(entries)) {
    kept[name] =
      typeof target === "string"
        ? target
        : Object.fromEntries(Object.entries(target).filter(([condition]) => condition !== sourceCondition));
  }
  return kept;
}

/** The package.json that users get. */
function publishedPackageJson(): Record<string, unknown> {
  const full = readPackageJson();
  const published: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(full)) {
    if (!onlyForDevelopment.includes(field)) published[field] = value;
  }
  published["exports"] = withoutSourceCondition(full.exports);
  published["imports"] = withoutSourceCondition(full.imports);
  return published;
}

if (!existsSync(join(root, "dist", "cli", "main.js"))) {
  throw new Error("dist/ is missing or not complete: run `npm run build` first");
}
const target = resolve(process.argv[2] ?? root);
const stage = mkdtempSync(join(tmpdir(), "martlet-pack-"));
try {
  mkdirSync(target, { recursive: true });
  cpSync(join(root, "dist"), join(stage, "dist"), {
    recursive: true,
    filter: (file) => !file.endsWith(".tsbuildinfo"),
  });
  for (const file of documents) cpSync(join(root, file), join(stage, file));
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(publishedPackageJson(), null, 2)}\n`);
  const packed = spawnSync("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", target], {
    cwd: stage,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (packed.status !== 0) throw new Error(`npm pack failed: ${packed.stderr}`);
  const [tarball] = JSON.parse(packed.stdout) as { filename: string }[];
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  console.log(join(target, tarball.filename));
} finally {
  rmSync(stage, { recursive: true, force: true });
}
