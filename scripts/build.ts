// Builds dist/ from src/ with tsc, incrementally, and removes what earlier builds left of deleted sources.
//
// Options: --quiet prints errors only.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, toolPath } from "./checkout.ts";

const quiet = process.argv.includes("--quiet");
const started = performance.now();
const dist = join(root, "dist");

// One path in dist/ without its ending, for each source that is compiled.
const wanted = new Set(
  globSync("**/*.ts", { cwd: join(root, "src") })
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -".ts".length)),
);
if (existsSync(dist)) {
  for (const file of globSync("**/*.{js,js.map,d.ts,d.ts.map}", { cwd: dist })) {
    if (!wanted.has(file.replace(/(\.js|\.d\.ts)(\.map)?$/, ""))) rmSync(join(dist, file));
  }
}
// tsc trusts its build record even when outputs are gone.
for (const file of wanted) {
  if (!existsSync(join(dist, `${file}.js`)) || !existsSync(join(dist, `${file}.d.ts`))) {
    rmSync(join(dist, ".tsbuildinfo"), { force: true });
    break;
  }
}

const compiled = spawnSync(process.execPath, [toolPath("typescript", "tsc"), "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
const main = join(dist, "cli", "main.js");
if (existsSync(main)) chmodSync(main, 0o755);
if (!quiet && compiled.status === 0) {
  console.log(`built ${wanted.size} files in ${Math.round(performance.now() - started)} ms`);
}
process.exitCode = compiled.status ?? 1;
