// What a broker is to its system: background, ports, PID file, user, and signals that ask for its state.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderWith } from "../config/folder.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { connect5, HexClient, MartletProcess, occupy, outcomeOf } from "./martlet-process.ts";

const common = ["-p", "0", "--no-ws", "--no-persistence"];

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

describe("-d", () => {
  it("ends once clients can connect, and the broker goes on until it is told to stop", async () => {
    const folder = folderWith({});
    const [pidFile, log] = [join(folder, "broker.pid"), join(folder, "broker.log")];
    const outcome = await outcomeOf([
      ...common,
      "-d",
      "--set",
      `process.pid_file=${pidFile}`,
      "--set",
      "log.destination=file",
      "--set",
      `log.file=${log}`,
    ]);
    const pid = Number(textOf(pidFile));
    onTestFinished(() => {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, "SIGKILL");
    });
    expect(outcome).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    // Lines reach the file a moment after the broker is ready.
    const portIn = (text: string): string => /mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1] ?? "";
    await until("the log tells the port", () => portIn(textOf(log)) !== "");
    const client = new HexClient(Number(portIn(textOf(log))));
    client.send(connect5("early"));
    await client.expect(/^20..0000/);
    client.socket.destroy();
    // A session of its own: the terminal's signals do not reach it.
    const [, , , , , session] = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
    expect(Number(session)).toBe(pid);
    process.kill(pid, "SIGTERM");
    await until("it has ended", () => !existsSync(`/proc/${pid}`) || isZombie(pid));
    expect(textOf(log)).toMatch(/ terminating\n$/);
    expect(existsSync(pidFile)).toBe(false);
  });

  it("says why it cannot start, and ends as the broker would have", async () => {
    const other = await occupy(0);
    const failed = await outcomeOf(["-d", "-p", String(other?.port), "--no-ws"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      `martlet: Port ${other?.port} on 127.0.0.1 is in use by another program.`,
    );
    const misused = await outcomeOf(["-d", "--set", "log.levl=warn"]);
    expect(misused.code).toBe(2);
    expect(misused.stderr).toContain("Did you mean log.level?");
  });
});

/** Ended, and only its number is kept by whoever has taken it over. */
function isZombie(pid: number): boolean {
  return / Z /.test(textOf(`/proc/${pid}/stat`));
}

it("-p several times is a listener for each", async () => {
  const first = await occupy(0);
  const second = await occupy(0);
  const ports = [first?.port ?? 0, second?.port ?? 0];
  await Promise.all([first, second].map((server) => new Promise((resolve) => server?.close(resolve))));
  const martlet = new MartletProcess([...ports.flatMap((port) => ["-p", String(port)]), "--no-ws"]);
  await martlet.running();
  for (const port of ports) {
    const client = new HexClient(port);
    client.send(connect5(`at-${port}`));
    await client.expect(/^20..0000/);
  }
  const contradiction = await outcomeOf(["-p", "1883", "-p", "8083"]);
  expect(contradiction).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("8083 is the port for TCP"),
  });
});

describe("process.pid_file", () => {
  it("is there while clients can connect, in place of one that was left", async () => {
    const folder = folderWith({ "broker.pid": "4194304\n", victim: "precious" });
    const file = join(folder, "broker.pid");
    const martlet = new MartletProcess([...common, "--set", `process.pid_file=${file}`]);
    await martlet.running();
    expect(textOf(file)).toBe(`${martlet.child.pid}\n`);
    martlet.child.kill("SIGTERM");
    expect((await martlet.ended).code).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it("is not written through a link", async () => {
    const folder = folderWith({ victim: "precious" });
    const file = join(folder, "broker.pid");
    symlinkSync(join(folder, "victim"), file);
    const martlet = new MartletProcess([...common, "--set", `process.pid_file=${file}`]);
    await martlet.running();
    expect(textOf(join(folder, "victim"))).toBe("precious");
    expect(lstatSync(file).isFile()).toBe(true);
  });

  it("stays when another process has written its own", async () => {
    const file = join(folderWith({}), "broker.pid");
    const martlet = new MartletProcess([...common, "--set", `process.pid_file=${file}`]);
    await martlet.running();
    writeFileSync(file, "1\n");
    martlet.child.kill("SIGTERM");
    await martlet.ended;
    expect(textOf(file)).toBe("1\n");
  });

  it("goes when a second signal ends the process at once", async () => {
    const file = join(folderWith({}), "broker.pid");
    const martlet = new MartletProcess([...common, "--set", `process.pid_file=${file}`]);
    const client = new HexClient(await martlet.running());
    client.send(connect5("half-open"));
    await client.expect(/^20..0000/);
    martlet.child.kill("SIGTERM");
    await martlet.line(/ received: /);
    const again = setInterval(() => martlet.child.kill("SIGTERM"), 50);
    expect((await martlet.ended.finally(() => clearInterval(again))).code).toBe(143);
    expect(existsSync(file)).toBe(false);
  });

  it("stops the start when it cannot be written", async () => {
    const failed = await outcomeOf([...common, "--set", "process.pid_file=/nonexistent/broker.pid"]);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toBe(
      "martlet: --set process.pid_file: /nonexistent/broker.pid cannot be written: its folder is not there; make that first.\n",
    );
  });
});

/** A mosquitto.conf that keeps what it has in its own folder, which is open to everybody; with further lines. */
async function mosquittoConf(
  ...lines: string[]
): Promise<{ readonly folder: string; readonly conf: string; readonly port: number }> {
  const port = await freePort();
  const folder = folderWith({});
  chmodSync(folder, 0o777);
  const conf = join(folder, "mosquitto.conf");
  const own = lines.some((line) => line.startsWith("log_dest"))
    ? lines
    : [...lines, `log_dest file ${folder}/mosquitto.log`];
  const kept = ["persistence true", `persistence_location ${folder}/`, `pid_file ${folder}/mosquitto.pid`];
  writeFileSync(conf, [`listener ${port} 127.0.0.1`, "allow_anonymous true", ...kept, ...own, ""].join("\n"));
  return { folder, conf, port };
}

function idOf(user: string): number {
  return Number(execFileSync("id", ["-u", user], { encoding: "utf8" }));
}

function userOf({ child }: MartletProcess): number {
  return lstatSync(`/proc/${child.pid}`).uid;
}

describe("process.user", () => {
  const isRoot = process.getuid?.() === 0;

  it("is who the broker goes on as, groups included, with what it writes", async (context) => {
    if (!isRoot) context.skip("only root can become another user");
    const folder = folderWith({});
    chmodSync(folder, 0o755);
    const [data, log, pidFile] = ["data", "broker.log", "broker.pid"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const martlet = new MartletProcess([
      "-p",
      "0",
      "--no-ws",
      "--data",
      data,
      "--set",
      "process.user=nobody",
      "--set",
      "log.destination=stdout,file",
      "--set",
      `log.file=${log}`,
      "--set",
      `process.pid_file=${pidFile}`,
      "--set",
      "persistence.segment_bytes=64KiB",
    ]);
    const port = await martlet.running();
    const status = readFileSync(`/proc/${martlet.child.pid}/status`, "utf8");
    const [, uids = ""] = /^Uid:\s+(.*)$/m.exec(status) ?? [];
    const [, groups = ""] = /^Groups:\s+(.*)$/m.exec(status) ?? [];
    const uid = Number(uids.split("\t")[0]);
    expect(uid).toBeGreaterThan(0);
    expect(new Set(uids.split("\t")).size).toBe(1);
    expect(groups.trim().split(" ")).not.toContain("0");
    expect([data, log, pidFile].map((path) => lstatSync(path).uid)).toEqual([uid, uid, uid]);
    // It can go on writing what it keeps, in new files as well.
    const client = new HexClient(port);
    client.send("1017 0004 4d515454 05 02 003c 05 11 ffffffff 0005 6b65657073");
    await client.expect(/^20..0000/);
    for (let id = 1; id <= 4; id++) {
      const payload = "00".repeat(40_000);
      const length = 40_000 + 6;
      const bytes = [
        (length % 128) | 0x80,
        (Math.floor(length / 128) % 128) | 0x80,
        Math.floor(length / 16_384),
      ];
      const size = bytes.map((each) => each.toString(16).padStart(2, "0")).join("");
      client.send(`33${size} 0001 6${id} 000${id} 00 ${payload}`);
      await client.expect(new RegExp(`4003000${id}10|4002000${id}`));
    }
    martlet.child.kill("SIGTERM");
    client.socket.destroy();
    expect((await martlet.ended).code).toBe(0);
    // The folder is another user's: the file cannot be removed, but it names nobody.
    expect(textOf(pidFile)).toBe("");
  });

  it("is mosquitto for a mosquitto.conf that names nobody, and what is written goes on being written", async (context) => {
    if (!isRoot) context.skip("only root can become another user");
    const { folder, conf, port } = await mosquittoConf();
    const [log, pidFile] = [join(folder, "mosquitto.log"), join(folder, "mosquitto.pid")];
    const start = async (): Promise<MartletProcess> => {
      const martlet = new MartletProcess(["-c", conf]);
      await until("it runs", () => textOf(log).endsWith(" running\n") || martlet.hasEnded);
      return martlet;
    };
    const martlet = await start();
    expect(userOf(martlet)).toBe(idOf("mosquitto"));
    const data = join(folder, "martlet-data");
    expect([data, log, pidFile].map((path) => lstatSync(path).uid)).toEqual([
      userOf(martlet),
      userOf(martlet),
      userOf(martlet),
    ]);
    const client = new HexClient(port);
    client.send(`${connect5("keeper")} 330a 0004 6b657074 0001 00 31`); // QoS 1, retained, to kept
    await client.expect(/40030001/);
    // Whoever rotates logs.
    renameSync(log, `${log}.1`);
    martlet.child.kill("SIGHUP");
    await until("there is a new log", () => textOf(log).includes("Reloading config."));
    martlet.child.kill("SIGTERM");
    expect((await martlet.ended).code).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
    const again = await start();
    expect(textOf(log)).toContain("1 retained messages");
    again.child.kill("SIGTERM");
    expect((await again.ended).code).toBe(0);
  });

  it("is root where a mosquitto.conf says so, and nobody where there is no mosquitto", async (context) => {
    if (!isRoot) context.skip("only root can become another user");
    const { conf: ofRoot } = await mosquittoConf("user root", "log_dest stdout");
    const root = new MartletProcess(["-c", ofRoot]);
    await root.line(/process\.user: a broker should not run as root\.\n[^]* running\n/);
    expect(userOf(root)).toBe(0);
    // A machine that mosquitto was taken from.
    const programs = folderWith({ id: '#!/bin/sh\n[ "$3" = mosquitto ] && exit 1\nexec /usr/bin/id "$@"\n' });
    chmodSync(join(programs, "id"), 0o755);
    const { conf } = await mosquittoConf("log_dest stdout");
    const martlet = new MartletProcess(["-c", conf], { env: { PATH: `${programs}:${process.env["PATH"]}` } });
    await martlet.line(
      /process\.user: there is no user mosquitto on this machine; the broker goes on as nobody\.\n[^]* running\n/,
    );
    expect(userOf(martlet)).toBe(idOf("nobody"));
  });

  it("who can less than root is told of, file by file", async (context) => {
    if (!isRoot) context.skip("only root can become another user");
    const closed = folderWith({ passwords: "", "broker.log": "" });
    const { conf } = await mosquittoConf(
      `password_file ${join(closed, "passwords")}`,
      `log_dest file ${join(closed, "broker.log")}`,
      "log_dest stdout",
    );
    const martlet = new MartletProcess(["-c", conf]);
    await martlet.line(/ running\n/);
    expect(martlet.lines).toContain(
      `logins.password_file.path: mosquitto may not read ${join(closed, "passwords")}; what changes in it counts after a restart.`,
    );
    expect(martlet.stdout).toContain(
      `log.file: mosquitto may not make files beside ${join(closed, "broker.log")}; `,
    );
  });

  it("who cannot get at what is kept stops the start", async (context) => {
    if (!isRoot) context.skip("only root can become another user");
    const folder = folderWith({});
    const data = join(folder, "data");
    const failed = await outcomeOf(["-p", "0", "--no-ws", "--data", data, "--set", "process.user=nobody"]);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toBe(
      `martlet: --set process.user: nobody cannot use ${data}: ${folder} is closed to that user; let it through (chmod o+x), or choose another persistence.folder.\n`,
    );
  });

  it("that is not there stops the start, before anything listens", async (context) => {
    if (!isRoot) context.skip("only root can become another user");
    const failed = await outcomeOf([...common, "--set", "process.user=no-such-user"]);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toBe(
      "martlet: --set process.user: there is no user no-such-user on this machine; make one of that name, or name another.\n",
    );
    expect(failed.stdout).toBe("");
  });

  it("is nothing to tell of where a mosquitto.conf names nobody and the broker is not root", async () => {
    const { conf } = await mosquittoConf("log_dest stdout");
    const martlet = new MartletProcess(["-c", conf], isRoot ? { uid: 65_534 } : {});
    await martlet.line(/ running\n/);
    expect(martlet.stdout).not.toContain("process.user");
  });

  it("is told to be of no use for who is not root", async () => {
    const martlet = new MartletProcess(
      [...common, "--set", "process.user=daemon"],
      isRoot ? { uid: 65_534 } : {},
    );
    await martlet.line(/process\.user: only root can become daemon; .*\n/);
    await martlet.running();
  });
});

describe("signals", () => {
  it("SIGUSR1 says that all is saved, and opens no debugger", async () => {
    const martlet = new MartletProcess(["-p", "0", "--no-ws"]);
    await martlet.running();
    martlet.child.kill("SIGUSR1");
    await martlet.line(/SIGUSR1 received: what was acknowledged is in \S+ already\.\n/);
    martlet.child.kill("SIGTERM");
    await martlet.ended;
    expect(martlet.stderr).toBe("");
  });

  it("SIGUSR2 shows the subscriptions as a tree", async () => {
    const martlet = new MartletProcess(common);
    const client = new HexClient(await martlet.running());
    client.send(connect5("tree"));
    client.send("820d 0001 00 0003 612f62 00 0001 61 01"); // a/b and a
    await client.expect(/90/);
    martlet.child.kill("SIGUSR2");
    await martlet.line(/SIGUSR2 received: 2 subscriptions\.\n.*\ta \(tree, 1\)\n.*\t {2}b \(tree, 0\)\n/);
  });

  it("SIGHUP is told in mosquitto's words where those are asked for", async () => {
    const martlet = new MartletProcess([...common, "--set", "log.words=mosquitto-2.1"]);
    await martlet.line(/ running\n/);
    martlet.child.kill("SIGHUP");
    await martlet.line(/: Reloading config\.\n/);
  });
});
