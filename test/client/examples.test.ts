// The client's examples run as they are and do what they say.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../scripts/checkout.ts";

const LIMIT_MS = 15_000;

async function outputOf(name: string): Promise<{ status: number | null; output: string }> {
  const program = ["--conditions", "martlet-dev", join("examples", name)];
  const child = spawn(process.execPath, program, { cwd: root, timeout: LIMIT_MS });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, output };
}

it("client.ts", async () => {
  const output = "the lamp in the hall is on\nthe lamp in the attic is on\n";
  expect(await outputOf("client.ts")).toEqual({ status: 0, output });
});

it("client-request.ts", async () => {
  expect(await outputOf("client-request.ts")).toEqual({ status: 0, output: "the heater says 41.5\n" });
});

it("a client that waits for its next attempt keeps its process, and one that is closed does not", async () => {
  const script = `
    import { connect } from "martlet/client";
    const options = { reconnect: { first: true, minimumDelayMs: 50, stopAfterAttempts: 4 } };
    await connect("mqtt://127.0.0.1:9", options).catch(({ code }) => console.log(code));
  `;
  const child = spawn(
    process.execPath,
    ["--conditions", "martlet-dev", "--input-type=module", "--eval", script],
    {
      cwd: root,
      timeout: LIMIT_MS,
    },
  );
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  expect({ status, output }).toEqual({ status: 0, output: "MARTLET_CONNECTION\n" });
});
