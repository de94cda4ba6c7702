// How a broker ends: in order, at once, by a bug; and that its log's reader cannot end it.
import { describe, expect, it } from "vitest";
import {
  brokerProcess,
  connect5,
  HexClient,
  type MartletProcess,
  MartletProcess as Process,
} from "./martlet-process.ts";

/** DISCONNECT with Server shutting down. */
const SHUTTING_DOWN = /e0(..)8b/;

/** Repeats `signal` until the process has ended. */
async function insist(martlet: MartletProcess, signal: NodeJS.Signals): Promise<void> {
  const again = setInterval(() => martlet.child.kill(signal), 50);
  await martlet.ended.finally(() => clearInterval(again));
}

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  it("tells clients of 5.0, closes, and ends with 0", async () => {
    const martlet = brokerProcess();
    const client = new HexClient(await martlet.running());
    client.send(connect5("five"));
    await client.expect(/^20..0000/);
    martlet.child.kill(signal);
    await client.expect(SHUTTING_DOWN);
    await client.peerEnd();
    client.socket.end();
    expect(await martlet.ended).toEqual({ code: 0, signal: null });
    expect(martlet.stderr).toBe("");
    expect(martlet.lines.at(-1)).toMatch(/^martlet version \S+ terminating$/);
  });

  it("does not wait for a client that never closes, nor for one that says nothing", async () => {
    const martlet = brokerProcess();
    const port = await martlet.running();
    const client = new HexClient(port);
    client.send(connect5("half-open"));
    await client.expect(/^20..0000/);
    const silent = new HexClient(port);
    await new Promise((resolve) => silent.socket.once("connect", resolve));
    const asked = performance.now();
    martlet.child.kill(signal);
    expect(await martlet.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - asked).toBeLessThan(5_000);
  });

  it("ends at once when it comes again", async () => {
    const martlet = brokerProcess();
    const client = new HexClient(await martlet.running());
    client.send(connect5("half-open"));
    await client.expect(/^20..0000/);
    martlet.child.kill(signal);
    await martlet.line(/ received: /);
    await insist(martlet, signal);
    expect(await martlet.ended).toEqual({ code: signal === "SIGINT" ? 130 : 143, signal: null });
    expect(martlet.stderr).toBe("");
  });
});

it("takes two signals at the same moment for one, as npm sends them", async () => {
  const martlet = brokerProcess();
  const client = new HexClient(await martlet.running());
  client.send(connect5("half-open"));
  await client.expect(/^20..0000/);
  martlet.child.kill("SIGINT");
  martlet.child.kill("SIGINT");
  await martlet.line(/ received: /);
  martlet.child.kill("SIGINT");
  expect(await martlet.ended).toEqual({ code: 0, signal: null });
});

it("lets nobody in while it stops", async () => {
  const martlet = brokerProcess();
  const port = await martlet.running();
  const client = new HexClient(port);
  client.send(connect5("half-open"));
  await client.expect(/^20..0000/);
  martlet.child.kill("SIGTERM");
  await client.expect(SHUTTING_DOWN);
  const late = new HexClient(port);
  await new Promise((resolve) => late.socket.once("close", resolve));
  expect(late.received).toBe("");
});

describe("a bug", () => {
  it.each([
    ["an exception", "throw new Error('boom')"],
    ["a rejected promise", "Promise.reject(new Error('boom'))"],
  ])("%s ends the program with 70 and is reported", async (_name, statement) => {
    const script = `process.on("SIGUSR2", () => { ${statement} })`;
    const martlet = new Process(["--port", "0", "--no-ws"], {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` },
    });
    await martlet.running();
    martlet.child.kill("SIGUSR2");
    expect(await martlet.ended).toEqual({ code: 70, signal: null });
    expect(martlet.stderr).toMatch(/^martlet: a bug ended the program; please report this: Error: boom\n/);
  });
});

describe("the reader of the log", () => {
  const PUBLISHES = 40_000;

  it("may go away", async () => {
    const martlet = brokerProcess("-v");
    const client = new HexClient(await martlet.running());
    martlet.child.stdout?.destroy();
    client.send(connect5("unheard"));
    for (let i = 0; i < 100; i++) client.send("3006 0001 61 00 6869");
    client.send("c000");
    await client.expect(/d000/);
    martlet.child.kill("SIGTERM");
    await client.expect(SHUTTING_DOWN);
    client.socket.destroy();
    expect((await martlet.ended).code).toBe(0);
  });

  it("may stop reading: lines are dropped and counted, and clients do not notice", async () => {
    const martlet = brokerProcess("-v");
    const client = new HexClient(await martlet.running());
    martlet.child.stdout?.pause();
    client.send(connect5("fast"));
    client.send("3006 0001 61 00 6869".repeat(PUBLISHES));
    client.send("c000");
    await client.expect(/d000/);
    martlet.child.stdout?.resume();
    await martlet.line(/\(\d+ lines were dropped here: the output is not read fast enough\)\n/);
    martlet.child.kill("SIGTERM");
    await client.expect(SHUTTING_DOWN);
    client.socket.destroy();
    expect((await martlet.ended).code).toBe(0);
  });
});
