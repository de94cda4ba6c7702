// `martlet migrate`, as a program: what it prints, what it writes, and when it does not.
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readConfiguration } from "#config";
import { readMosquittoConf } from "#mosquitto";
import { databaseOfMosquitto } from "../mosquitto/mosquitto-with-state.ts";
import { freePort } from "../support/ports.ts";
import { runWell } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { MartletProcess } from "./martlet-process.ts";
import { openFolderWith } from "./open-folder.ts";
import { martlet } from "./run-martlet.ts";

const PASSWORD = "hunter2";

const same = `# a house
persistence true
persistence_location PLACE/
max_queued_messages 50
log_dest stderr
log_type all
listener 0 PLACE/socket
listener 18830 127.0.0.1
allow_anonymous true
max_connections 10
mount_point site/
connection up
address example.org:1884
remote_username bob
remote_password ${PASSWORD}
topic a/# both 1 local/ remote/
`;
const different = "autosave_interval 60\nallow_anonymous true\n";
const unsupported = "memory_limit 1000000\nallow_anonymous true\n";

/** A mosquitto.conf in a folder of its own; `PLACE` in it is that folder. */
function confOf(text: string): { readonly folder: string; readonly conf: string; readonly toml: string } {
  const folder = temporaryFolder();
  const conf = join(folder, "mosquitto.conf");
  writeFileSync(conf, text.replaceAll("PLACE", folder));
  return { folder, conf, toml: join(folder, "martlet.toml") };
}

describe("the configuration", () => {
  test.each([
    ["of a house with a bridge", same],
    ["of defaults", ""],
    ["with differences", `${different}sys_interval 3\nmax_keepalive 100\n`],
  ])("%s reads back to what mosquitto's file says", async (_, text) => {
    const { conf, toml } = confOf(text);
    const outcome = await martlet(["migrate", conf, "-o", toml, "--accept-differences"]);
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    const { document } = readMosquittoConf(conf);
    const meant = await readConfiguration({ document: () => document });
    const written = await readConfiguration({ file: toml });
    expect(written.configuration).toEqual(meant.configuration);
    expect(statSync(toml).mode & 0o777, "it may hold secrets").toBe(0o600);
  });

  test("goes to standard output without secrets, the report to standard error", async () => {
    const { conf, folder } = confOf(same);
    const { code, stdout, stderr } = await martlet(["migrate", conf]);
    expect(code).toBe(0);
    expect(stdout).toContain("# Made of ");
    expect(stdout).toContain(`maximum_messages = 50  # ${conf}:4\n`);
    expect(stdout).toContain('remote_password = "(hidden)"');
    expect(stdout + stderr).not.toContain(PASSWORD);
    expect(stderr).toContain(`${conf}:4: same        max_queued_messages 50: `);
    expect(stderr).toContain(`[queue.maximum_messages]\n`);
    expect(stderr).toMatch(/^\d+ same$/m);
    expect(existsSync(join(folder, "martlet.toml"))).toBe(false);
  });

  test("for a broker that is to say what mosquitto says, and be who mosquitto is", async () => {
    const { conf, toml } = confOf("listener 18830 127.0.0.1\nallow_anonymous true\n");
    const { stdout } = await martlet(["migrate", conf, "-o", toml]);
    expect(stdout).toContain(
      `${conf}: same        No user is named: started as root, the broker goes on as mosquitto, `,
    );
    expect(stdout).toContain(
      "for martlet.service: process.user: the unit is martlet already; take the line out.\n",
    );
    const place = [
      "--set",
      "listeners.0.port=0",
      "--set",
      "log.destination=stdout",
      "--set",
      "process.user=root",
    ];
    const broker = new MartletProcess(["-c", toml, ...place]);
    await broker.line(
      /martlet version \S+ starting\n.*Config loaded from .*martlet\.toml\.\n[^]*Opening ipv4 listen socket on port \d+\.\n.* running\n/,
    );
  });

  test("is not written where there is no folder for it, and nothing else then", async () => {
    const { conf, folder } = confOf(same);
    const toml = join(folder, "no/such/x.toml");
    const args = ["--database", await databaseOfMosquitto(), "--data", join(folder, "data")];
    expect(await martlet(["migrate", conf, "-o", toml, ...args])).toEqual({
      code: 2,
      stdout: "",
      stderr: `martlet: ${toml}: its folder is not there; make that first.\n`,
    });
    expect(existsSync(join(folder, "data"))).toBe(false);
  });

  test("is never written over a file", async () => {
    const { conf, toml } = confOf(same);
    writeFileSync(toml, "mine");
    expect(await martlet(["migrate", conf, "-o", toml])).toEqual({
      code: 2,
      stdout: "",
      stderr: `martlet: ${toml}: it is there already; give the name of a new file.\n`,
    });
    expect(readFileSync(toml, "utf8")).toBe("mine");
  });
});

describe("what is not the same", () => {
  test.each([
    ["different", different, "autosave_interval 60"],
    ["unsupported", unsupported, "memory_limit 1000000"],
  ])("is %s, told with its line, and not written until it is accepted", async (verdict, text, line) => {
    const { conf, toml } = confOf(text);
    const without = await martlet(["migrate", conf, "-o", toml]);
    expect(without.code).toBe(1);
    expect(without.stdout).toContain(`${conf}:1: ${verdict.padEnd(11)} ${line}: `);
    expect(without.stdout).toContain(`1 ${verdict}`);
    expect(without.stderr).toBe(
      "martlet: No file is written, since not everything means the same; --accept-differences accepts that.\n",
    );
    expect(existsSync(toml)).toBe(false);
    expect((await martlet(["migrate", conf, "-o", toml, "--accept-differences"])).code).toBe(0);
    expect(existsSync(toml)).toBe(true);
  });

  test("is said below what goes to standard output, which is written anyhow", async () => {
    const { code, stdout, stderr } = await martlet(["migrate", confOf(different).conf]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining("[[listeners]]") as string });
    expect(stderr).toMatch(
      /\nmartlet: Nothing but this output is written, since not everything means the same; --accept-differences accepts that\.\n$/,
    );
  });

  test("cannot be accepted where the broker would be less safe", async () => {
    const { conf, toml } = confOf("plugin /usr/lib/my_plugin.so\n");
    const outcome = await martlet(["migrate", conf, "-o", toml, "--accept-differences"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toContain(`${conf}:1: refused     plugin /usr/lib/my_plugin.so: `);
    expect(outcome.stderr).toContain("martlet: No file is written: ");
    expect(existsSync(toml)).toBe(false);
  });

  test("as JSON is one object", async () => {
    const { conf, toml } = confOf(different);
    const { stdout } = await martlet([
      "migrate",
      conf,
      "-o",
      toml,
      "--report",
      "json",
      "--accept-differences",
    ]);
    const report = JSON.parse(stdout) as { readonly options: readonly unknown[] };
    expect(report).toMatchObject({
      counts: { same: 2, different: 1, unsupported: 0, refused: 0 },
      written: [toml],
      forUnit: [expect.stringContaining("process.user")],
    });
    expect(report.options[0]).toMatchObject({
      file: conf,
      line: 1,
      name: "autosave_interval",
      value: "60",
      scope: "general",
      verdict: "different",
    });
  });

  test("a file that mosquitto would not take ends with its words", async () => {
    const { conf } = confOf("persistence true\nno_such_thing 1\n");
    expect(await martlet(["migrate", conf])).toEqual({
      code: 1,
      stdout: "",
      stderr: `martlet: Error: Unknown configuration variable "no_such_thing".\nmartlet: Error found at ${conf}:2.\n`,
    });
  });
});

describe("the database", () => {
  test("is moved, and martlet starts on both files", async () => {
    const { conf, toml, folder } = confOf(
      "persistence true\nlistener 18830 127.0.0.1\nallow_anonymous true\n",
    );
    chmodSync(folder, 0o755);
    const file = await databaseOfMosquitto();
    const data = join(folder, "data");
    const args = ["migrate", conf, "-o", toml, "--accept-differences", "--database", file, "--data", data];
    const moved = await martlet(args);
    expect(moved).toMatchObject({ code: 0, stderr: "" });
    expect(moved.stdout).toContain(
      "moved: 3 retained messages, 4 sessions with 3 subscriptions, 8 messages that wait for them and 3 in flight\n" +
        "published: 1 messages that mosquitto held back until PUBREL\n",
    );
    expect(moved.stdout).toContain(`\n${data} is written\n${toml} is written\n`);
    expect(readFileSync(toml, "utf8")).toContain(`folder = "${data}"  # --data\n`);
    const broker = new MartletProcess([
      "-c",
      toml,
      "--set",
      "listeners.0.port=0",
      "--set",
      "log.destination=stdout",
    ]);
    await broker.line(/Restored 4 sessions, 3 subscriptions and 3 retained messages/);
    await broker.line(/ running\n/);
  });

  test("is told of where mosquitto has left it, with the command that moves it, until there is something", async () => {
    const port = await freePort();
    const folder = openFolderWith({});
    const [conf, database] = [join(folder, "mosquitto.conf"), join(folder, "mosquitto.db")];
    writeFileSync(database, readFileSync(await databaseOfMosquitto()));
    chmodSync(folder, 0o777);
    const lines = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "log_dest stdout"];
    const kept = ["persistence true", `persistence_location ${folder}/`];
    writeFileSync(conf, `${[...lines, ...kept].join("\n")}\n`);
    const startAndStop = async (): Promise<string> => {
      const broker = new MartletProcess(["-c", conf]);
      await broker.line(/ running\n/);
      const message = ["-q", "1", "-r", "-t", "new", "-m", "here"];
      await runWell("mosquitto_pub", ["-h", "127.0.0.1", "-p", String(port), ...message]);
      broker.child.kill("SIGTERM");
      expect((await broker.ended).code).toBe(0);
      return broker.stdout;
    };
    const data = join(folder, "martlet-data");
    const command = `martlet migrate ${conf} --database ${database} --data ${data} --accept-differences`;
    const first = await startAndStop();
    expect(first).toContain(
      `: The sessions and retained messages in ${database} are mosquitto's, and are not taken over: the data folder ${data} begins empty. To have them, stop this broker, remove that folder, and run: ${command}\n`,
    );
    expect(await startAndStop()).not.toContain("not taken over");
    rmSync(data, { recursive: true });
    expect(await martlet(command.split(" ").slice(1))).toMatchObject({ code: 0 });
    const last = await startAndStop();
    expect(last).toContain("Restored 4 sessions, 3 subscriptions and 3 retained messages");
    expect(last).not.toContain("not taken over");
  });

  test("is not moved into a folder that has something, nor when it is damaged", async () => {
    const { conf, toml, folder } = confOf("persistence true\nallow_anonymous true\n");
    const database = join(folder, "mosquitto.db");
    writeFileSync(database, "no database at all");
    const args = ["migrate", conf, "-o", toml, "--accept-differences", "--database", database];
    expect(await martlet([...args, "--data", join(folder, "data")])).toMatchObject({
      code: 1,
      stderr: `martlet: ${database}, byte 0: this is no database of mosquitto.\n`,
    });
    const whole = await databaseOfMosquitto();
    const full = await martlet([...args.slice(0, -1), whole, "--data", folder]);
    expect(full).toMatchObject({
      code: 2,
      stderr: `martlet: ${folder}: there is something in this folder; give an empty one or one that is not there.\n`,
    });
    expect(existsSync(toml)).toBe(false);
    expect(existsSync(join(folder, "data"))).toBe(false);
  });

  test("is not moved where nothing would look at it", async () => {
    const { conf } = confOf("allow_anonymous true\n");
    const { code, stderr } = await martlet([
      "migrate",
      conf,
      "--accept-differences",
      "--database",
      "mosquitto.db",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("set persistence true there");
  });
});

test.each([
  [["migrate"], "<mosquitto.conf>: it is missing"],
  [["migrate", "a", "b"], "<mosquitto.conf>: it is given twice"],
  [["migrate", "a", "--data", "d"], "--data: it is for what --database gives"],
  [["migrate", "a", "--report", "xml"], '--report: "xml" is not allowed; it is text or json'],
])("%j is refused", async (args, sentence) => {
  const { code, stderr } = await martlet(args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) as string });
});
