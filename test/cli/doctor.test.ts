// `martlet doctor`, as a process: what it prints, and its exit status.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { areas, type Finding, levels } from "#doctor";
import { folderWith } from "../config/folder.ts";
import { blocksOf, textOf } from "../docs/pages.ts";
import { MartletProcess, outcomeOf } from "./martlet-process.ts";

const page = "docs/how-to/check-an-installation.md";
const blocks = blocksOf(page);
const written = (language: string): string => blocks.find((block) => block.language === language)?.text ?? "";

/** In memory and on a free port: nothing here depends on the machine. */
const harmless = ["--set", 'listeners=[{"port":0}]', "--set", "persistence.mode=memory"];

describe("martlet doctor", () => {
  it("says what the page says, and ends with 1", async () => {
    const folder = folderWith({ "martlet.toml": written("toml martlet.toml") });
    const { code, stdout, stderr } = await outcomeOf(["doctor", "-c", join(folder, "martlet.toml")]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toContain(`\n${written("text")}\n`);
    expect(stdout).toMatch(/\n\d+ problems, \d+ warnings?, \d+ notes?\.\n$/);
  });

  it("ends with 0 when nothing is a problem", async () => {
    const { code, stdout, stderr } = await outcomeOf(["doctor", ...harmless]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^The configuration\n {2}ok {7}The configuration is allowed/);
    expect(stdout).toContain("Nothing outlives the broker");
  });

  it("has colours where they are wanted", async () => {
    const { stdout } = await outcomeOf(["doctor", ...harmless], { env: { FORCE_COLOR: "1" } });
    expect(stdout).toContain("\u001b[32mok");
    expect(stdout).toContain("\u001b[36mnote");
  });

  it("writes JSON with what the page promises", async () => {
    const { code, stdout } = await outcomeOf(["doctor", ...harmless, "--json"]);
    expect(code).toBe(0);
    const { counts, findings } = JSON.parse(stdout) as {
      counts: Record<string, number>;
      findings: readonly Finding[];
    };
    expect(Object.keys(counts)).toEqual([...levels]);
    expect(counts["problem"]).toBe(0);
    expect(findings.length).toBe(Object.values(counts).reduce((sum, count) => sum + count));
    for (const { area, level, what } of findings) {
      expect(areas).toContain(area);
      expect(levels).toContain(level);
      expect(what).toMatch(/^\S.*\.$/);
    }
  });

  it("names each area on the page", () => {
    expect(pageAreas()).toEqual([...areas]);
  });

  it("tells of files that are missing, with their place", async () => {
    const folder = folderWith({ "martlet.toml": '[logins.password_file]\npath = "users"\n' });
    const file = join(folder, "martlet.toml");
    const { code, stdout } = await outcomeOf(["doctor", "-c", file, ...harmless, "--json"]);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `A broker does not start: ${file}:2:1: logins.password_file.path: ${folder}/users: there is no such file`,
    );
  });

  it("says of mistakes what the broker says", async () => {
    const folder = folderWith({ "martlet.toml": "[limits]\nmaximum_conections = 5\n" });
    const file = join(folder, "martlet.toml");
    expect(await outcomeOf(["doctor", "-c", file])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `martlet: ${file}:2:1: limits.maximum_conections: there is no such key. Did you mean maximum_connections?\n`,
    });
    expect((await outcomeOf(["doctor", "--set", "limits.nothing=1"])).code).toBe(2);
    expect((await outcomeOf(["doctor", "-c", file, "-c", file])).code).toBe(2);
  });

  it("probes a broker that runs", async () => {
    const folder = folderWith({});
    const settings = ["--set", `persistence.folder=${folder}/data`];
    const listening = ["--set", 'listeners=[{"name":"one","port":0}]'];
    const broker = new MartletProcess([...settings, ...listening]);
    const port = await broker.running();
    const there = [...settings, "--set", `listeners=[{"name":"one","port":${port}}]`];
    const { code, stdout } = await outcomeOf(["doctor", ...there, "--probe", "--json"]);
    expect(stdout).toContain("lets in a client that says nothing of itself, as configured.");
    expect(stdout).toContain(`is in use by process ${broker.child.pid}`);
    expect(stdout).toContain("The broker that runs may have");
    expect(code).toBe(0);
  });
});

/** The first column of its table. */
function pageAreas(): string[] {
  return [...textOf(page).matchAll(/^\| `(\w+)` \|/gm)].map(([, area = ""]) => area);
}
