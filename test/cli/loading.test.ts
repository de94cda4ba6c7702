// What a command loads before it does anything: that decides how long it takes to start.
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../support/programs.ts";
import { program } from "./martlet-process.ts";

/** Says on standard error what is loaded. */
const probe = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { console.error(url); return next(url, context); } });`;

interface Loaded {
  /** Files of `cli/commands`, without their endings. */
  readonly commands: readonly string[];
  /** Other rooms, and packages. */
  readonly others: readonly string[];
}

async function loadedBy(...args: readonly string[]): Promise<Loaded> {
  const preloaded = `data:text/javascript,${encodeURIComponent(probe)}`;
  const { code, stderr } = await run(process.execPath, ["--import", preloaded, program, ...args]);
  expect(code).toBe(0);
  const found = (pattern: RegExp): string[] => {
    const names = stderr.split("\n").flatMap((url) => pattern.exec(url)?.[1] ?? []);
    return [...new Set(names)].toSorted();
  };
  return {
    commands: found(/\/dist\/cli\/commands\/([a-z]+)\.js$/),
    others: [
      ...found(/\/dist\/(?!cli\/)([a-z]+)\//),
      ...found(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/),
    ],
  };
}

describe("what is loaded", () => {
  it("the list of commands loads none but the one whose options it shows", async () => {
    expect((await loadedBy("--help")).commands).toEqual(["broker"]);
  });

  it.each(Object.keys(commands))("%s loads no other command", async (name) => {
    expect((await loadedBy(name, "--help")).commands).toEqual([name]);
  });

  it.each([
    ["bench", ["base"]],
    ["certs", ["base", "credentials"]],
    ["completion", ["base", "protocol"]],
    ["conformance", ["base"]],
    ["doctor", ["base"]],
    ["store", ["base"]],
    ["pub", ["base", "protocol"]],
    ["sub", ["base", "protocol"]],
    ["rr", ["base", "protocol"]],
  ])("the help of %s loads no more than %j", async (name, rooms) => {
    expect((await loadedBy(name, "--help")).others).toEqual(rooms);
  });

  it("the list of cases needs no WebSocket", async () => {
    expect((await loadedBy("conformance", "--list")).others).not.toContain("ws");
  });
});
