// The files of packaging/, judged by the programs that read them, and by the broker that they start. A container engine is not
// asked: the lines of the Dockerfile are held against the checkout, and its health check runs.
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/checkout.ts";
import { MartletProcess, program } from "../cli/martlet-process.ts";
import { martlet } from "../cli/run-martlet.ts";
import { run, runWell } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const read = (file: string): string => readFileSync(join(root, "packaging", file), "utf8");
const service = read("systemd/martlet.service");
const dockerfile = read("Dockerfile");

function makeFolder(): string {
  const folder = realpathSync(temporaryFolder());
  return folder;
}

/** The configuration with its places below `folder`, and a port that is free. */
function configurationIn(folder: string): string {
  const text = read("martlet.toml")
    .replaceAll("/var/lib/martlet", folder)
    .replaceAll("/var/log/martlet", folder)
    .replace("port = 1883", "port = 0");
  const file = join(folder, "martlet.toml");
  writeFileSync(file, text);
  return file;
}

/** What stands behind `name=` in the unit. */
function setting(name: string): string {
  return new RegExp(`^${name}=(.*)$`, "m").exec(service)?.[1] ?? "";
}

test("systemd takes the unit, and finds it well shut in", async () => {
  const file = join(makeFolder(), "martlet.service");
  writeFileSync(file, service.replaceAll("/usr/local/bin/martlet", "/bin/true"));
  const { stdout, stderr } = await runWell("systemd-analyze", ["verify", "--man=no", file]);
  expect(stdout + stderr).toBe("");
  const judged = await runWell("systemd-analyze", ["security", "--offline=yes", "--threshold=20", file]);
  expect(judged.stdout).toMatch(/Overall exposure level for martlet\.service: [01]\.\d OK/);
});

test("systemd takes the drop-in for mosquitto's unit, which then starts Martlet", async () => {
  const folder = makeFolder();
  const dropIn = read("systemd/mosquitto.service.d/martlet.conf");
  expect(dropIn).toContain("\nType=exec\n");
  const commands = [...dropIn.matchAll(/^Exec(?:StartPre|Start)=(.*)$/gm)].map(([, command]) => command);
  const program = "/usr/local/bin/martlet -c /etc/mosquitto/mosquitto.conf";
  expect(commands).toEqual([`${program} --test-config`, "", program]);
  const unit = join(folder, "mosquitto.service");
  writeFileSync(unit, readFileSync("/lib/systemd/system/mosquitto.service"));
  mkdirSync(`${unit}.d`);
  const judge = async (text: string) => {
    writeFileSync(join(`${unit}.d`, "martlet.conf"), text.replaceAll("/usr/local/bin/martlet", "/bin/true"));
    return await run("systemd-analyze", ["verify", "--man=no", unit]);
  };
  expect(await judge(dropIn)).toMatchObject({ code: 0, stdout: "", stderr: "" });
  // It is looked at: beside mosquitto's own command there may be no other.
  const { code, stderr } = await judge(dropIn.replace("ExecStart=\n", ""));
  expect(code).toBe(1);
  expect(stderr).toContain("more than one ExecStart=");
});

test("systemd takes the user", async () => {
  const line = read("systemd/martlet.sysusers.conf");
  const { stdout, stderr } = await runWell("systemd-sysusers", ["--root", makeFolder(), "--dry-run", "-"], {
    input: line,
  });
  expect(stdout + stderr).toMatch(/Creating user '?martlet'? \(Martlet MQTT broker\)/);
});

test("the broker has the options of the unit, and the places of the unit are those of the configuration", async () => {
  const folder = makeFolder();
  const file = configurationIn(folder);
  for (const name of ["ExecStartPre", "ExecStart"]) {
    expect(setting(name)).toMatch(
      /^\/usr\/local\/bin\/martlet -c \/etc\/martlet\/martlet\.toml( --test-config)?$/,
    );
  }
  const tested = await martlet(["-c", file, "--test-config"]);
  expect(tested).toMatchObject({ code: 0, stderr: "" });
  expect(setting("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
  expect(setting("Type"), "the broker does not tell systemd that it is ready").toBe("exec");
  const configuration = read("martlet.toml");
  expect(configuration).toContain(`folder = "/var/lib/${setting("StateDirectory")}/data"`);
  expect(configuration).toContain(`file = "/var/log/${setting("LogsDirectory")}/martlet.log"`);
});

test("logrotate turns the log over, and the broker goes on in a new file", async () => {
  const folder = makeFolder();
  const broker = new MartletProcess(["-c", configurationIn(folder)]);
  const log = join(folder, "martlet.log");
  const said = (file: string, text: string): boolean =>
    existsSync(file) && readFileSync(file, "utf8").includes(text);
  await until("it runs", () => said(log, " running\n") || broker.hasEnded);
  const { username } = userInfo();
  const rules = read("logrotate/martlet");
  expect(rules).toContain("systemctl kill --signal=HUP martlet.service\n");
  const rotation = join(folder, "logrotate.conf");
  const ours = rules
    .replaceAll("/var/log/martlet", folder)
    .replace("su martlet martlet", `su ${username} ${username}`)
    .replace("systemctl kill --signal=HUP martlet.service", `kill -HUP ${broker.child.pid}`);
  writeFileSync(rotation, ours, { mode: 0o644 });
  const state = join(folder, "state");
  const { stderr } = await runWell("/usr/sbin/logrotate", ["-d", "--state", state, rotation]);
  expect(stderr).not.toMatch(/error|unknown/);
  await runWell("/usr/sbin/logrotate", ["--force", "--state", state, rotation]);
  expect(said(`${log}.1`, " running\n"), "the old log").toBe(true);
  await until("there is a new log", () => existsSync(log));
  broker.child.kill("SIGTERM");
  await broker.ended;
  expect(said(log, " terminating\n"), "the new log").toBe(true);
});

test("the Dockerfile copies what is there and what its .dockerignore lets through", () => {
  const letThrough = new Set(
    read("Dockerfile.dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1)),
  );
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, words = ""]) =>
    words.split(" "),
  );
  expect(copied.length).toBeGreaterThan(8);
  for (const each of copied) {
    expect(letThrough, each).toContain(each);
    expect(existsSync(join(root, each)), each).toBe(true);
  }
  expect([...letThrough].toSorted()).toEqual(copied.toSorted());
  for (const [, script = ""] of dockerfile.matchAll(/node (scripts\/\S+)/g)) {
    expect(statSync(join(root, script)).isFile(), script).toBe(true);
  }
  const { files = [], engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    files?: string[];
    engines: { node: string };
  };
  expect(files.length).toBeGreaterThan(0);
  const bases = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, version]) => Number(version));
  expect(bases).toHaveLength(2);
  const lowest = Number(/\d+/.exec(engines.node)?.[0]);
  for (const base of bases) expect(base).toBeGreaterThanOrEqual(lowest);
  expect(/^USER (\w+)$/m.exec(dockerfile)?.[1]).toBe("martlet");
});

test("the health check of the image is good beside a broker, and not without one", async () => {
  const [, check = "[]"] = /^HEALTHCHECK [^]*?CMD (\[.*\])$/m.exec(dockerfile) ?? [];
  const [name, ...args] = JSON.parse(check) as string[];
  expect(name).toBe("martlet");
  expect(existsSync(program)).toBe(true);
  const folder = makeFolder();
  const broker = new MartletProcess(["-c", configurationIn(folder), "--set", "log.destination=stdout"]);
  const port = String(await broker.running());
  const onPort = args.map((word) => (word === "1883" ? port : word));
  expect(onPort).not.toEqual(args);
  expect(await martlet(onPort)).toMatchObject({ code: 0, stderr: "" });
  broker.child.kill("SIGTERM");
  await broker.ended;
  expect((await martlet(onPort)).code).not.toBe(0);
});
