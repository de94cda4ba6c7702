// How a broker starts, what it says then, and why it may not start.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { readPackageJson } from "../../scripts/checkout.ts";
import {
  brokerProcess,
  connect5,
  HexClient,
  MartletProcess,
  occupy,
  outcomeOf,
  program,
} from "./martlet-process.ts";

const { version } = readPackageJson();

describe("martlet without arguments", () => {
  it("listens on 1883 and 8083 of the loopback and says so", async (context) => {
    const tcp = await occupy(1883);
    const webSocket = await occupy(8083);
    if (tcp === undefined || webSocket === undefined) context.skip("port 1883 or 8083 is in use here");
    await Promise.all([tcp, webSocket].map((server) => new Promise((resolve) => server?.close(resolve))));
    const martlet = new MartletProcess([]);
    expect(await martlet.running()).toBe(1883);
    expect(martlet.stdout).toMatch(/^(\d{10}: .*\n)+$/);
    expect(martlet.lines.map((line) => line.replaceAll(/ \S+\[::1\]:\S+/g, ""))).toEqual([
      `martlet version ${version} starting`,
      "Listening for MQTT over TCP: mqtt://127.0.0.1:1883",
      "Listening for MQTT over WebSocket: ws://127.0.0.1:8083/mqtt",
      "Only programs on this machine can connect, and nobody is asked for a password. To let other machines in: --host 0.0.0.0 --allow-anonymous",
      "Sessions and retained messages are kept in martlet-data (mode durable: what is acknowledged is on the disk). All options: martlet --help",
      `martlet version ${version} running`,
    ]);
    const client = new HexClient(1883);
    client.send(connect5("first"));
    await client.expect(/^20..0000/);
  });

  it("names --ws-port when only the WebSocket port is in use", async () => {
    await occupy(8083); // or somebody else has it already
    const failed = await outcomeOf(["--port", "0"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toBe(
      "martlet: Port 8083 for WebSocket on 127.0.0.1 is in use by another program. Stop that one, or choose another port with --ws-port, or switch WebSocket off with --no-ws.\n",
    );
  });
});

describe("the options of the broker", () => {
  it("is the same with and without the name of the command", async () => {
    const martlet = new MartletProcess(["broker", "-p", "0", "--no-ws", "--host", "127.0.0.1"]);
    await martlet.running();
    expect(martlet.stdout).not.toContain("ws://");
    expect(martlet.stdout).not.toContain("[::1]");
  });

  it("speaks MQTT over WebSocket", async () => {
    const martlet = brokerProcess();
    const [, url = ""] = await martlet.line(/(ws:\/\/127\.0\.0\.1:\d+\/mqtt)\s/);
    const socket = new WebSocket(url, "mqtt");
    const answer = await new Promise<string>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => socket.send(Buffer.from(connect5("web").replaceAll(" ", ""), "hex")));
      socket.on("message", (bytes: Buffer) => resolve(bytes.toString("hex")));
    });
    socket.terminate();
    expect(answer).toMatch(/^20..0000/);
    await martlet.line(/New client connected from 127\.0\.0\.1:\d+ as web \(p5, c1, k60\)\.\n/);
  });

  it("lets other machines in when it is told to, and says what that means", async () => {
    const martlet = brokerProcess("--host", "0.0.0.0", "--host", "::1", "--allow-anonymous");
    await martlet.running();
    expect(martlet.stdout).toMatch(/mqtt:\/\/0\.0\.0\.0:\d+ /);
    expect(martlet.stdout).toContain("Other machines can connect, nobody is asked for a password");
  });

  it("says nothing with --quiet", async () => {
    const free = await occupy(0);
    const port = free?.port ?? 0;
    await new Promise((resolve) => free?.close(resolve));
    const martlet = new MartletProcess(["-q", "--no-ws", "--port", String(port)]);
    const client = await accepted(port);
    client.send(connect5("quiet"));
    await client.expect(/^20..0000/);
    martlet.child.kill("SIGTERM");
    expect(await martlet.ended).toEqual({ code: 0, signal: null });
    expect(martlet.stdout + martlet.stderr).toBe("");
  });
});

describe("a broker that cannot start", () => {
  it("names the port that is in use", async () => {
    const other = await occupy(0);
    const failed = await outcomeOf(["--port", String(other?.port), "--no-ws"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toBe(
      `martlet: Port ${other?.port} on 127.0.0.1 is in use by another program. Stop that one, or choose another port with --port.\n`,
    );
  });

  it("names the WebSocket port that is in use", async () => {
    const other = await occupy(0);
    const failed = await outcomeOf(["--port", "0", "--ws-port", String(other?.port)]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(`Port ${other?.port} for WebSocket on 127.0.0.1 is in use`);
  });

  it("names a port that needs more rights", async (context) => {
    if (process.platform !== "linux") context.skip("ports below 1024 are free for all on this system");
    const lowest = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
    if (lowest < 2) context.skip("ports below 1024 are free for all on this machine");
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const probe = spawnSync(process.execPath, [program, "--version"], nobody);
    if (probe.status !== 0) context.skip("a user without rights cannot read this checkout");
    const failed = await outcomeOf(["--port", "1", "--no-ws"], nobody);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toBe(
      "martlet: Port 1 on 127.0.0.1 needs rights that this user does not have. Choose a port above 1023 with --port.\n",
    );
  });

  it("names an address that this machine does not have", async () => {
    const failed = await outcomeOf(["--host", "192.0.2.1", "--port", "0", "--allow-anonymous"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toBe(
      "martlet: This machine has no address 192.0.2.1. Give one of its own with --host, or 0.0.0.0 for all of them.\n",
    );
  });

  it("names a host name without an address", async () => {
    const failed = await outcomeOf(["--host", "nobody.invalid", "--port", "0", "--allow-anonymous"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toBe(
      "martlet: The host name nobody.invalid has no address. Check its spelling, or give an IP address with --host.\n",
    );
  });
});

/** A client of a broker that says nothing: tries until it is let in. */
async function accepted(port: number): Promise<HexClient> {
  for (const until = performance.now() + 10_000; performance.now() < until; ) {
    const client = new HexClient(port);
    const isConnected = await new Promise<boolean>((resolve) => {
      client.socket.once("connect", () => resolve(true));
      client.socket.once("error", () => resolve(false));
    });
    if (isConnected) return client;
    await new Promise(setImmediate);
  }
  throw new TypeError(`nobody listens on ${port}`);
}
