// What users install: the packed tarball in an empty folder, with every export loaded and type checked and the program
// started. Runs on dist/, which `npm test` builds before the tests.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPackageJson, root, toolPath } from "../../scripts/checkout.ts";

const manifest = readPackageJson();
/** "martlet", "martlet/protocol" … as users write them; no data files. */
const specifiers = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== "string")
  .map(([door]) => `${manifest.name}${door.slice(1)}`);

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(program: string, args: string[], cwd: string): Outcome {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8", timeout: 120_000 });
  return { status, stdout, stderr };
}

let folder: string;
let installed: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "martlet-package-"));
  const built = run(process.execPath, [join(root, "scripts", "build.ts"), "--quiet"], root);
  expect(built, "build").toMatchObject({ status: 0 });
  const packed = run(process.execPath, [join(root, "scripts", "pack.ts"), join(folder, "tarball")], root);
  expect(packed, "pack").toMatchObject({ status: 0 });

  const user = join(folder, "user");
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const install = [
    "install",
    packed.stdout.trim(),
    "--no-audit",
    "--no-fund",
    "--omit=dev",
    "--loglevel=error",
  ];
  expect(run("npm", install, user), "npm install").toMatchObject({ status: 0 });
  folder = user;
  installed = join(user, "node_modules", manifest.name);
}, 180_000);

afterAll(() => {
  if (folder !== undefined) rmSync(join(folder, ".."), { recursive: true, force: true });
});

describe("the installed package", () => {
  it("carries nothing that only development needs", () => {
    const published = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<
      string,
      unknown
    >;
    for (const field of ["private", "workspaces", "scripts", "devDependencies", "optionalDependencies"]) {
      expect(published, field).not.toHaveProperty(field);
    }
    expect(JSON.stringify(published)).not.toContain("martlet-dev");
    expect(published).toMatchObject({
      name: manifest.name,
      version: manifest.version,
      license: "Apache-2.0",
    });
    const shipped = ["README.md", "LICENSE", "CHANGELOG.md", "docs/reference/martlet.schema.json"];
    for (const file of [...shipped, "dist/index.js"]) {
      expect(existsSync(join(installed, file)), file).toBe(true);
    }
    for (const file of ["src", "test", "scripts", "bench", "dist/.tsbuildinfo"]) {
      expect(existsSync(join(installed, file)), file).toBe(false);
    }
  });

  it("installs its declared dependencies and no Node of its own", () => {
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      expect(existsSync(join(folder, "node_modules", dependency)), dependency).toBe(true);
    }
    expect(existsSync(join(folder, "node_modules", ".bin", "node"))).toBe(false);
  });

  it.each(specifiers)("loads %s", (specifier) => {
    const script = `console.log(Object.keys(await import(${JSON.stringify(specifier)})).length)`;
    const loaded = run(process.execPath, ["--input-type=module", "--eval", script], folder);
    expect(loaded).toMatchObject({ status: 0, stderr: "" });
    expect(Number(loaded.stdout)).toBeGreaterThan(0);
  });

  it.each([
    { moduleResolution: "nodenext", module: "nodenext" },
    { moduleResolution: "bundler", module: "esnext" },
  ])("has types that resolve with moduleResolution $moduleResolution", (options) => {
    const lines = specifiers.map((specifier, index) => `import * as door${index} from "${specifier}";`);
    lines.push(
      `export const doors: object[] = [${specifiers.map((_, index) => `door${index}`).join(", ")}];`,
    );
    writeFileSync(join(folder, "user.ts"), `${lines.join("\n")}\n`);
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          ...options,
          target: "es2024",
          lib: ["es2024"],
          strict: true,
          noEmit: true,
          // The declarations themselves are judged too.
          skipLibCheck: false,
          types: ["node"],
          typeRoots: [join(root, "node_modules", "@types")],
        },
        files: ["user.ts"],
      }),
    );
    const checked = run(process.execPath, [toolPath("typescript", "tsc"), "-p", "tsconfig.json"], folder);
    expect(checked).toMatchObject({ status: 0, stdout: "" });
  });

  it("starts the program", () => {
    const [name] = Object.keys(manifest.bin);
    const program = join(folder, "node_modules", ".bin", String(name));
    const start = (option: string): Outcome =>
      process.platform === "win32"
        ? run(process.execPath, [join(installed, String(manifest.bin[String(name)])), option], folder)
        : run(program, [option], folder);
    const version = start("--version");
    expect(version).toMatchObject({ status: 0 });
    expect(version.stdout).toContain(manifest.version);
    const help = start("--help");
    expect(help).toMatchObject({ status: 0 });
    expect(help.stdout.toLowerCase()).toContain("usage");
  });
});
