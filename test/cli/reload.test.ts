// A broker that runs takes over what its configuration says anew, and its log follows whoever rotates it.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { folderWith } from "../config/folder.ts";
import { until } from "../support/until.ts";
import { MartletProcess } from "./martlet-process.ts";

const configuration = (log: string, more = ""): string =>
  `[[listeners]]\nport = 0\n[persistence]\nmode = "memory"\n[log]\n${log}\n${more}`;

it("SIGHUP and a changed file are taken over; what is wrong is said and changes nothing", async () => {
  const folder = folderWith({ "martlet.toml": configuration('level = "info"') });
  const file = join(folder, "martlet.toml");
  const martlet = new MartletProcess(["-c", file]);
  await martlet.running();
  martlet.child.kill("SIGHUP");
  await martlet.line(/SIGHUP received: reading the configuration and its files again\.\n.*unchanged/);

  writeFileSync(file, configuration('level = "info"', "[limits]\nmaximum_subscriptions = 3\n"));
  await martlet.line(/Configuration: limits\.maximum_subscriptions .*3/);

  writeFileSync(file, configuration('level = "loud"'));
  await martlet.line(/The configuration is not allowed; the one before it stays in force\./);
  await martlet.line(/martlet\.toml:6:1: log\.level: /);
  expect(martlet.hasEnded).toBe(false);
});

it("writes to a file, in JSON if that is wished, and opens it anew on SIGHUP", async () => {
  const folder = folderWith({
    "martlet.toml": configuration('destination = "file"\nfile = "broker.log"\nformat = "json"'),
  });
  const log = join(folder, "broker.log");
  const martlet = new MartletProcess(["-c", join(folder, "martlet.toml")]);
  const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  await until("it runs", () => textOf(log).includes(" running"));
  const objects = textOf(log)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(objects[0]).toMatchObject({ level: "info", message: expect.stringContaining("starting") });
  expect(Date.parse(String(objects[0]?.["time"]))).toBeGreaterThan(0);
  expect(martlet.stdout).toBe("");

  renameSync(log, `${log}.1`);
  martlet.child.kill("SIGHUP");
  await until("the new file is written to", () => textOf(log).includes("SIGHUP"));
  expect(textOf(`${log}.1`)).not.toContain("SIGHUP");
});

it("a log file that cannot be written stops the start, with its key", async () => {
  const folder = folderWith({
    "martlet.toml": configuration('destination = "file"\nfile = "no/such/folder/broker.log"'),
  });
  const martlet = new MartletProcess(["-c", join(folder, "martlet.toml")]);
  const { code } = await martlet.ended;
  expect(code).not.toBe(0);
  expect(martlet.stderr).toMatch(/^martlet: log\.file: .*broker\.log cannot be written: /);
});
