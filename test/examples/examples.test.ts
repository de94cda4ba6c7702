// The examples run in the checkout as they are, by the doors that users have, and do what they say.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createBroker } from "martlet";
import mqtt from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { root, toolPath } from "../../scripts/checkout.ts";

const LIMIT_MS = 15_000;

function start(name: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join("examples", name), ...args], { cwd: root, timeout: LIMIT_MS });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function outputOf(name: string, ...args: string[]): Promise<{ status: number | null; output: string }> {
  const child = start(name, ...args);
  let output = "";
  child.stdout?.on("data", (text) => (output += text));
  child.stderr?.on("data", (text) => (output += text));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, output };
}

it("compile", { timeout: 120_000 }, () => {
  const tsc = [
    toolPath("typescript", "tsc"),
    "-p",
    "examples/tsconfig.json",
    "--noEmit",
    "--pretty",
    "false",
  ];
  const { status, stdout } = spawnSync(process.execPath, tsc, { cwd: root, encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});

it("embed.ts", async () => {
  const { status, output } = await outputOf("embed.ts");
  expect(output).toMatch(/^clients connect to port \d+\nsensors\/kitchen 21\.5\n$/);
  expect(status).toBe(0);
});

it("hooks.ts", async () => {
  const { status, output } = await outputOf("hooks.ts");
  expect(output.split("\n").toSorted().join("\n")).toBe(
    [
      "",
      "received: site-7/door open",
      "refused: At most 64 bytes.",
      "undelivered: door publish-refused",
    ].join("\n"),
  );
  expect(status).toBe(0);
});

it("in-memory.ts", async () => {
  expect(await outputOf("in-memory.ts")).toEqual({
    status: 0,
    output: "an hour's delay, tested at once\n",
  });
});

it("raw-device.ts", async () => {
  const broker = await createBroker({ listeners: [{ protocol: "tcp", port: 0 }] }).start();
  onTestFinished(() => broker.stop());
  const { status, output } = await outputOf("raw-device.ts", String(broker.addresses[0]?.port));
  expect(output.split("\n")).toEqual([
    "sending CONNECT",
    "received 20 02 00 00",
    "sending SUBSCRIBE",
    "received 90 03 00 01 00",
    "sending PUBLISH",
    "received 30 1d 00 09 2f 73 79 73 2f 70 6f 73 74 7b 70 61 72 61 6d 73 3a 7b 74 65 6d 70 3a 31 30 7d 7d",
    "sending PINGREQ",
    "received d0 00",
    "sending DISCONNECT",
    "",
  ]);
  expect(status).toBe(0);
});

describe("gate.ts", () => {
  it("lets in who knows the password, and lets nobody do more than is theirs", async () => {
    const child = start("gate.ts", "0");
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const port = await new Promise<string>((resolve) => {
      child.stdout?.on("data", (text: Buffer) => resolve(/port (\d+)/.exec(text.toString())?.[1] ?? ""));
    });
    const url = `mqtt://127.0.0.1:${port}`;
    const login = { protocolVersion: 5, reconnectPeriod: 0, username: "sensor-1" } as const;

    await expect(mqtt.connectAsync(url, { ...login, password: "wrong" })).rejects.toMatchObject({
      code: 0x86,
    });
    await expect(mqtt.connectAsync(url, { reconnectPeriod: 0 })).rejects.toMatchObject({ code: 4 });

    const client = await mqtt.connectAsync(url, { ...login, password: "correct horse" });
    await client.publishAsync("devices/sensor-1/t", "21.5", { qos: 1 });
    await expect(client.publishAsync("devices/sensor-2/t", "0", { qos: 1 })).rejects.toMatchObject({
      code: 0x87,
    });
    expect(await client.subscribeAsync("news/all", { qos: 1 })).toMatchObject([{ qos: 1 }]);
    await expect(client.subscribeAsync("devices/#")).rejects.toBeDefined();
    await client.endAsync();
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });
});
