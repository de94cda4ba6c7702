// A broker that runs takes over what its configuration says anew, and its log follows whoever rotates it.
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "../config/folder.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { connect5, HexClient, MartletProcess } from "./martlet-process.ts";
import { openFolderWith } from "./open-folder.ts";

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

describe("a mosquitto.conf with include_dir", () => {
  const conf = (folder: string, port: number): string =>
    `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest stdout\ninclude_dir ${folder}\n`;

  it("follows the files that it takes in: one that changes, one that comes, one that goes", async () => {
    const folder = openFolderWith({ "b.conf": "max_queued_messages 5\n" });
    const file = join(openFolderWith({ "mosquitto.conf": conf(folder, await freePort()) }), "mosquitto.conf");
    const martlet = new MartletProcess(["-c", file]);
    await martlet.line(/ running\n/);
    expect(martlet.lines[0]).toBe(`Loading config file ${join(folder, "b.conf")}`);

    writeFileSync(join(folder, "b.conf"), "max_queued_messages 6\n");
    await martlet.line(/Configuration: queue\.maximum_messages is 6 /);
    writeFileSync(join(folder, "c.conf"), "max_keepalive 99\n");
    await martlet.line(/Configuration: mqtt\.maximum_keep_alive_seconds is 99 /);
    writeFileSync(join(folder, "d.conf"), "max_keepalife 98\n");
    await martlet.line(/Unknown configuration variable "max_keepalife"\.\n/);
    rmSync(join(folder, "d.conf"));
    await martlet.line(/The configuration is unchanged\.\n/);
    rmSync(join(folder, "b.conf"));
    await martlet.line(/Configuration: queue\.maximum_messages is 1,?000 /);
    expect(martlet.hasEnded).toBe(false);
  });

  it("names them again at SIGHUP", async () => {
    const folder = openFolderWith({ "a.conf": "max_queued_messages 5\n" });
    const file = join(openFolderWith({ "mosquitto.conf": conf(folder, await freePort()) }), "mosquitto.conf");
    const martlet = new MartletProcess(["-c", file]);
    await martlet.line(/ running\n/);
    martlet.child.kill("SIGHUP");
    await martlet.line(/Reloading config\.\n\d+: Loading config file \S+a\.conf\n.*unchanged/);
  });
});

it("a file that the broker cannot read once it is somebody else is no reason not to start", async (context) => {
  if (process.getuid?.() !== 0) context.skip("only root can become another user");
  const port = await freePort();
  const text = `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest stdout\nuser nobody\n`;
  const file = join(folderWith({ "mosquitto.conf": text }), "mosquitto.conf");
  chmodSync(file, 0o600);
  const martlet = new MartletProcess(["-c", file]);
  await martlet.line(/ running\n/);
  await martlet.line(
    /mosquitto\.conf: it cannot be read: EACCES\. What changes in it counts after a restart\.\n/,
  );
  martlet.child.kill("SIGTERM");
  expect((await martlet.ended).code).toBe(0);
});

it("level debug says why a message did not arrive, from when it is wished", async () => {
  const text = (level: string): string =>
    configuration(`level = "${level}"`, '[logins]\nallow_anonymous = true\n[access]\nacl_file = "acl"\n');
  const folder = folderWith({ "martlet.toml": text("info"), acl: "topic write home/#\n" });
  const martlet = new MartletProcess(["-c", join(folder, "martlet.toml")]);
  const port = await martlet.running();
  const sensor = new HexClient(port);
  sensor.send(`${connect5("sensor-1")} 8207 0001 00 0001 23 00`); // to #
  await sensor.expect(/90/);
  const plant = new HexClient(port);
  const publish = "320b 0006 686f6d652f61 0001 00"; // QoS 1 to home/a
  plant.send(`${connect5("plant")} ${publish}`);
  await plant.expect(/400[23]0001/);
  expect(martlet.stdout).not.toContain("Not delivered");
  writeFileSync(join(folder, "martlet.toml"), text("debug"));
  await martlet.line(/Configuration: log\.level is "debug"/);
  plant.send(publish);
  await martlet.line(/Not delivered to sensor-1: 'home\/a' from plant \(receiver-not-permitted\)\n/);
  expect(martlet.stdout).not.toContain("Received PUBLISH");
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
  expect(code).toBe(1);
  expect(martlet.stderr).toBe(
    `martlet: ${folder}/martlet.toml:7:1: log.file: ${folder}/no/such/folder/broker.log cannot be written: its folder is not there; make that first.\n`,
  );
});
