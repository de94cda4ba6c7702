// Each key of [log], by what a broker that runs writes.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderWith } from "../config/folder.ts";
import { Program } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { connect5, HexClient, MartletProcess, occupy, outcomeOf } from "./martlet-process.ts";

const common = ["-p", "0", "--no-ws", "--no-persistence"];

/** A broker with further settings, such as `log.level=debug`. */
function brokerWith(...settings: string[]): MartletProcess {
  return new MartletProcess([...common, ...settings.flatMap((each) => ["--set", each])]);
}

/** A client that connects, subscribes to `a`, publishes there, unsubscribes and goes in order. */
async function clientLife(martlet: MartletProcess, port: number): Promise<void> {
  const client = new HexClient(port);
  client.send(connect5("life"));
  await client.expect(/^20..0000/);
  client.send("8207 0001 00 0001 61 01");
  client.send("3004 0001 61 00");
  client.send("a206 0002 00 0001 61");
  await client.expect(/b0/);
  client.send("e000");
  await client.peerEnd();
  client.socket.destroy();
  martlet.child.kill("SIGTERM");
  await martlet.ended;
}

it("log.types: only lines of those types", async () => {
  const martlet = brokerWith("log.types=notice,subscribe,information", "log.packets=true", "log.level=error");
  await clientLife(martlet, await martlet.running());
  const lines = martlet.lines.filter((line) => line.includes("life"));
  expect(lines.map((line) => line.replace(/:\d+ as/, ":P as"))).toEqual([
    "New client connected from 127.0.0.1:P as life (p5, c1, k60).",
    "life 1 a",
    "Client life disconnected.",
  ]);
});

it("log.types: debug has every packet, whatever the level, and nothing else is told", async () => {
  const folder = folderWith({});
  const file = join(folder, "broker.pid");
  const free = await occupy(0);
  const port = free?.port ?? 0;
  await new Promise((resolve) => free?.close(resolve));
  const martlet = new MartletProcess([
    "-p",
    String(port),
    "--no-ws",
    "--no-persistence",
    "--set",
    "log.types=debug,unsubscribe",
    "--set",
    `process.pid_file=${file}`,
  ]);
  await until("it runs", () => pidIn(file) === martlet.child.pid);
  await clientLife(martlet, port);
  const lines = martlet.lines.filter((line) => line.includes("life"));
  expect(lines).toContain("Received UNSUBSCRIBE from life");
  expect(lines).toContain("life a");
  expect(lines).not.toContain("life 1 a");
  expect(martlet.stdout).not.toMatch(/New c|disconnected\.|running/);
});

it("-v and -q take the place of log.types", async () => {
  const verbose = new MartletProcess([...common, "--set", "log.types=error", "-v"]);
  await clientLife(verbose, await verbose.running());
  expect(verbose.lines).toContain("Received DISCONNECT from life");
  expect(verbose.lines).toContain("life a");
  const quiet = new MartletProcess([
    ...common,
    "-q",
    "--set",
    "log.types=information",
    "--set",
    "process.pid_file=broker.pid",
    "--set",
    "process.user=root",
  ]);
  await quiet.line(/a broker should not run as root|only root can become root/);
  quiet.child.kill("SIGTERM");
  await quiet.ended;
  expect(quiet.lines).toHaveLength(1);
});

it("log.connections: no lines of connections and their ends", async () => {
  const martlet = brokerWith("log.connections=false", "log.level=debug", "log.packets=true");
  await clientLife(martlet, await martlet.running());
  expect(martlet.stdout).not.toMatch(/New c|disconnected\./);
  expect(martlet.lines).toContain("Sending CONNACK to life (0, 0)");
});

describe("the time of a line", () => {
  it("log.timestamp: without any", async () => {
    const martlet = brokerWith("log.timestamp=false");
    await martlet.running();
    expect(martlet.stdout).toMatch(/^martlet version \S+ starting\n/);
  });

  it("log.timestamp_format: in the words of strftime", async () => {
    const martlet = brokerWith("log.timestamp_format=[%Y-%m-%dT%H:%M:%S]");
    await martlet.running();
    expect(martlet.stdout).toMatch(/^\[20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\]: martlet version \S+ starting\n/);
  });
});

describe("log.destination", () => {
  it("several at once", async () => {
    const folder = folderWith({});
    const file = join(folder, "broker.log");
    const martlet = brokerWith("log.destination=stdout,stderr,file", `log.file=${file}`);
    await clientLife(martlet, await martlet.running());
    expect(martlet.stdout).toContain("Client life disconnected.");
    expect(martlet.stderr).toBe(martlet.stdout);
    expect(readFileSync(file, "utf8")).toBe(martlet.stdout);
  });

  it("none", async () => {
    const martlet = brokerWith("log.destination=", "process.pid_file=broker.pid");
    const folder = `/proc/${martlet.child.pid}/cwd`;
    await until("it runs", () => pidIn(join(folder, "broker.pid")) === martlet.child.pid);
    martlet.child.kill("SIGTERM");
    expect(await martlet.ended).toEqual({ code: 0, signal: null });
    expect(martlet.stdout + martlet.stderr).toBe("");
  });

  it("syslog, by its facility, without times", async () => {
    const path = join(folderWith({}), "syslog");
    let received = "";
    const server = createServer((socket) => {
      socket.setEncoding("utf8").on("data", (text: string) => {
        received += text;
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const martlet = brokerWith(
      "log.destination=stdout,syslog",
      "log.facility=local5",
      `log.syslog_socket=${path}`,
    );
    await clientLife(martlet, await martlet.running());
    await until("the end is there", () => received.includes("terminating"));
    // local5 is 21; notice is 5, information 6.
    expect(received).toMatch(/<173>[^\0]* martlet\[\d+\]: Client life disconnected\.\0/);
    expect(received).toMatch(/<174>[^\0]* martlet\[\d+\]: martlet version \S+ terminating\0$/);
    expect(received).not.toMatch(/\d{10}:/);
  });

  it("a syslog that is not there is told by the others, and costs nothing else", async () => {
    const martlet = brokerWith("log.destination=stdout,syslog", "log.syslog_socket=/nonexistent/log");
    const port = await martlet.running();
    await martlet.line(/Lines for syslog are lost: .*log\.syslog_socket/);
    await clientLife(martlet, port);
    expect(martlet.stderr).toBe("");
  });

  it("topic: each line as a message by its type, and no message about messages", async () => {
    const martlet = new MartletProcess([...common, "-v", "--set", "log.destination=stdout,topic"]);
    const port = await martlet.running();
    const watcher = new Program("mosquitto_sub", [
      "-p",
      String(port),
      "-i",
      "watcher",
      "-V",
      "5",
      "-q",
      "2",
      "-v",
      "-t",
      "$SYS/broker/log/#",
    ]);
    await martlet.line(/Sending SUBACK to watcher\n/);
    const client = new HexClient(port);
    client.send(connect5("seen"));
    await client.expect(/^20..0000/);
    client.send("8207 0001 00 0001 61 01");
    client.send("a206 0002 00 0001 61");
    client.send("e000");
    await client.peerEnd();
    client.socket.destroy();
    martlet.child.kill("SIGUSR1");
    const expected = [
      /^\$SYS\/broker\/log\/N \d{10}: New client connected from \S+ as seen /,
      /^\$SYS\/broker\/log\/D \d{10}: Received SUBSCRIBE from seen$/,
      /^\$SYS\/broker\/log\/M\/subscribe \d{10}: seen 1 a$/,
      /^\$SYS\/broker\/log\/M\/unsubscribe \d{10}: seen a$/,
      /^\$SYS\/broker\/log\/N \d{10}: Client seen disconnected\.$/,
      /^\$SYS\/broker\/log\/I \d{10}: SIGUSR1 received: /,
    ];
    for (const line of expected) {
      await until(String(line), () => watcher.lines.some((each) => line.test(each)));
    }
    // What the watcher is sent is acknowledged in the end, and then nothing more comes by itself.
    client.socket.destroy();
    await until("all is acknowledged", () => {
      const count = (text: RegExp): number => martlet.stdout.match(text)?.length ?? 0;
      return count(/Received PUBCOMP from watcher/g) === count(/Sending PUBLISH to watcher \(d0, q2/g);
    });
    expect(watcher.lines.join("\n")).not.toContain("Sending PUBLISH to watcher");
    expect(martlet.stdout).toContain("Sending PUBLISH to watcher");
  });

  it("names the file that is missing, and the place that is none", async () => {
    const missing = await outcomeOf([...common, "--set", "log.destination=stdout,file"]);
    expect(missing.stderr).toContain("log.file: it is missing");
    const unknown = await outcomeOf([...common, "--set", "log.destination=printer"]);
    expect(unknown.stderr).toMatch(/log\.destination.*"printer" is not allowed/);
  });
});

it("a change of [log] counts at SIGHUP", async () => {
  const text = (more: string): string =>
    `[[listeners]]\nport = 0\n[persistence]\nmode = "memory"\n[log]\n${more}\n`;
  const folder = folderWith({ "martlet.toml": text("timestamp = true") });
  const file = join(folder, "martlet.toml");
  const martlet = new MartletProcess(["-c", file]);
  await martlet.running();
  writeFileSync(file, text('timestamp = false\ntypes = ["information"]\nconnections = false'));
  martlet.child.kill("SIGHUP");
  await martlet.line(/^Configuration: log\.connections is false/m);
});

function pidIn(file: string): number {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return Number.NaN;
  }
}
