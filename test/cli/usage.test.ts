// What the program says to a command line, without a broker that runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPackageJson, root } from "../../scripts/checkout.ts";
import { commands } from "../../src/cli/commands.ts";
import { outcomeOf } from "./martlet-process.ts";

const commandNames = Object.keys(commands).join(", ");

describe("a command line that is not allowed", () => {
  it.each([
    [["--prot", "1"], "--prot: there is no such option. Did you mean --port?"],
    [["-x"], "-x: there is no such option. martlet --help lists them all."],
    [["-p"], "-p: a value is missing; write -p <port>."],
    [["--port="], "--port: a value is missing; write --port <port>."],
    [["--host", "--port", "1"], "--host: a value is missing; write --host <address>."],
    [["-p", "x"], '-p: "x" is not allowed; give a whole number from 0 to 65535.'],
    [["--port", "65536"], '--port: "65536" is not allowed; give a whole number from 0 to 65535.'],
    [["--port", "-1"], '--port: "-1" is not allowed; give a whole number from 0 to 65535.'],
    [["--port", "1e3"], '--port: "1e3" is not allowed; give a whole number from 0 to 65535.'],
    [["--verbose=1"], "--verbose: this option takes no value."],
    [["-v", "-q"], "--quiet: it contradicts --verbose; give one of them."],
    [["--no-ws", "--ws-port", "0"], "--no-ws: it contradicts --ws-port; give one of them."],
    [["-p", "9", "--ws-port", "9"], "--ws-port: 9 is the port for TCP; give WebSocket another, or --no-ws."],
    [["broker", "x"], "x: no argument is expected here; martlet --help lists the options."],
    [["brokr"], "brokr: there is no such command. Did you mean broker?"],
    [["serve"], `serve: there is no such command. The commands are: ${commandNames}.`],
    [["a\nb\u001b[2J"], `a\\nb\\x1b[2J: there is no such command. The commands are: ${commandNames}.`],
    [["--__proto__"], "--__proto__: there is no such option. martlet --help lists them all."],
  ])("%j", async (args, sentence) => {
    expect(await outcomeOf(args)).toEqual({
      code: 2,
      signal: null,
      stdout: "",
      stderr: `martlet: ${sentence}\n`,
    });
  });

  it.each([["0.0.0.0"], ["::"], ["192.0.2.1"], ["example.com"]])(
    "does not listen on %s for everybody by accident",
    async (host) => {
      const refused = await outcomeOf(["--host", "127.0.0.1", "--host", host]);
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toBe(
        `martlet: --host: other machines could reach ${host} and nobody would be asked for a password; add --allow-anonymous if you want that.\n`,
      );
    },
  );
});

describe("help and version", () => {
  it("shows the version", async () => {
    const { version } = readPackageJson();
    const shown = { code: 0, stdout: `martlet version ${version}\n`, stderr: "" };
    expect(await outcomeOf(["--version"])).toMatchObject(shown);
    expect(await outcomeOf(["broker", "--version"])).toMatchObject(shown);
  });

  it("shows the help that the reference has", async () => {
    const help = await outcomeOf(["--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    const page = readFileSync(join(root, "docs", "reference", "command-line.md"), "utf8");
    expect(page).toContain(help.stdout);
    expect(help.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it.each([
    [["help"], ["--help"]],
    [
      ["help", "certs"],
      ["certs", "--help"],
    ],
    [
      ["help", "pub"],
      ["pub", "--help"],
    ],
  ])("%j is %j", async (asked, meant) => {
    const help = await outcomeOf(asked);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toBe((await outcomeOf(meant)).stdout);
  });

  it("shows the help of one command", async () => {
    const help = await outcomeOf(["broker", "-h"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(/^Usage: martlet broker \[options\]\n/);
  });
});
