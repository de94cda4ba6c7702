// The scripts of `martlet completion`, and what bash makes of one.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "./martlet-process.ts";

describe("martlet completion", () => {
  it.each([
    ["martlet s", "sub store shadow"],
    ["martlet sub --retain", "--retained-only --retain-as-published --retain-handling"],
    ["martlet sub --format c", "cbor"],
    ["martlet doctor --p", "--probe"],
    ["martlet pub --stdin", "--stdin-file --stdin-line"],
  ])("bash completes %s", async (line, expected) => {
    const { stdout } = await outcomeOf(["completion", "bash"]);
    const words = line.split(" ").map((word) => `'${word}'`);
    const ask = `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _martlet; echo "\${COMPREPLY[@]}"`;
    expect(execFileSync("bash", ["-c", `${stdout}\n${ask}`], { encoding: "utf8" })).toBe(`${expected}\n`);
  });

  it.each(["zsh", "fish"])("writes a script for %s that names every command", async (shell) => {
    const { stdout, code } = await outcomeOf(["completion", shell]);
    for (const name of ["broker", "pub", "sub", "rr"]) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
    expect(stdout).toContain("retained-only");
    expect(code).toBe(0);
  });

  it("names the shells that it knows", async () => {
    const refused = await outcomeOf(["completion", "tcsh"]);
    expect(refused).toMatchObject({ code: 2, stderr: "martlet: completion: give one of bash, zsh, fish.\n" });
  });
});
