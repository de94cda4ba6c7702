// `martlet -c mosquitto.conf`: what it says of the file, and how it ends.
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../scripts/checkout.ts";
import { occupy } from "../cli/martlet-process.ts";
import { type Finished, run } from "../support/programs.ts";
import { confWith } from "./reading.ts";

async function martlet(file: string, ...args: string[]): Promise<Finished> {
  const source = join(root, "src", "cli", "main.ts");
  return await run(process.execPath, ["--conditions", "martlet-dev", source, "-c", file, ...args]);
}

it("refuses an unknown option in mosquitto's words and with its exit status", async () => {
  const file = confWith("listener 1\nfoo 1");
  const { code, stdout, stderr } = await martlet(file);
  expect({ code, stdout, stderr }).toEqual({
    code: 3,
    stdout: "",
    stderr: `martlet: Error: Unknown configuration variable "foo".\nmartlet: Error found at ${file}:2.\n`,
  });
});

it("tests a file, and says what has no effect", async () => {
  const file = confWith("memory_limit 5\nautosave_interval 9");
  const { code, stdout, stderr } = await martlet(file, "--test-config");
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${file} is allowed.\n` });
  expect(stderr).toContain(`martlet: ${file}:1: memory_limit: it has no effect.`);
  expect(stderr).toContain(`martlet: ${file}:2: autosave_interval: Everything is saved`);
});

it("tests such a file with status 1", async () => {
  const { code, stderr } = await martlet(confWith("foo 1"), "--test-config");
  expect(code).toBe(1);
  expect(stderr).toContain("Unknown configuration variable");
});

it("lets everybody in from everywhere where a file says so", async () => {
  const { code, stderr } = await martlet(confWith("listener 1\nallow_anonymous true"), "--test-config");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

it("names the line of a port that is in use, and no key of Martlet's", async () => {
  const other = await occupy(0);
  const file = confWith(`allow_anonymous true\nlistener ${other?.port} 127.0.0.1`);
  const { code, stderr } = await martlet(file);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `martlet: Port ${other?.port} on 127.0.0.1 is in use by another program. Stop that one, or choose another port in ${file}:2.\n`,
  );
});

it("ends with mosquitto's exit status where there is no such file", async () => {
  const { code, stderr } = await martlet("/nowhere/mosquitto.conf");
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: "martlet: Error: Unable to open config file /nowhere/mosquitto.conf.\n",
  });
});

it("takes -p, and prints what it makes of the file with the lines that say so", async () => {
  const file = confWith("max_queued_messages 7");
  const { code, stdout } = await martlet(file, "-p", "18831", "--set", "queue.qos0=true", "--print-config");
  expect(code).toBe(0);
  expect(stdout).toContain("port = 18831");
  expect(stdout).toContain(`maximum_messages = 7  # ${file}:1`);
  expect(stdout).toContain("qos0 = true  # --set queue.qos0");
  expect(stdout.match(/^\[\[listeners\]\]$/gm)).toHaveLength(1);
});
