// Runs after `npm ci` in a checkout: builds dist/, so that `npx martlet` works at once.
//
// Plain JavaScript on purpose: an install without the optional dependencies runs it with whatever Node npm runs on.
// Never fails an install: without the compiler or the sources it does nothing, and a build with type errors is
// reported here and fails in `npm test`.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const canBuild =
  existsSync(join(root, "node_modules", "typescript")) && existsSync(join(root, "src", "cli", "main.ts"));

if (canBuild) {
  const built = spawnSync(process.execPath, [join(root, "scripts", "build.ts"), "--quiet"], {
    cwd: root,
    stdio: "inherit",
  });
  if (built.status !== 0) {
    console.error("prepare: dist/ is not complete; run `npm run build` to see why.");
  }
}
