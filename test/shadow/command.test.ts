// `martlet shadow` as a user runs it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runWell } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { startMosquitto } from "./shadowed.ts";

const root = new URL("../..", import.meta.url).pathname;

interface Running {
  readonly port: number;
  /** Ends it; resolves with its exit status and the lines of its output. */
  stop(): Promise<{ readonly code: number | null; readonly lines: string[]; readonly stderr: string }>;
}

async function command(...args: string[]): Promise<Running> {
  const child = spawn(
    process.execPath,
    ["--conditions", "martlet-dev", join(root, "src/cli/main.ts"), "shadow", "--port", "0", ...args],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  let code: number | null | undefined;
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.on("close", (status) => (code = status));
  await until("it listens", () => /port \d+/.test(stderr) || code !== undefined);
  return {
    port: Number(/port (\d+)/.exec(stderr)?.[1]),
    async stop() {
      child.kill("SIGINT");
      await until("it has ended", () => code !== undefined);
      return { code: code ?? null, lines: stdout.split("\n").slice(0, -1), stderr };
    },
  };
}

const publish = async (port: number, ...args: string[]): Promise<unknown> =>
  await runWell("mosquitto_pub", ["-h", "127.0.0.1", "-p", String(port), "-q", "1", ...args]);

test("nothing differs: status 0, and a summary", async () => {
  const old = await startMosquitto();
  const running = await command("--upstream", `mqtt://127.0.0.1:${old}`, "--window", "200");
  await publish(running.port, "-t", "a", "-m", "x");
  const { code, lines } = await running.stop();
  expect({ code, lines }).toEqual({
    code: 0,
    lines: [
      "summary: 1 connections; packets: 3 of clients, 2 of the old broker, 2 of Martlet",
      "  compared: 0 deliveries, 2 answers; undecided: 0; no longer compared: 0 connections",
      "  no differences",
    ],
  });
});

test("a Martlet by a configuration that refuses: status 1, and JSON lines", async () => {
  const folder = mkdtempSync(join(tmpdir(), "martlet-shadow-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "martlet.toml");
  writeFileSync(file, '[client_ids]\nprefix = "plant-"\n');
  const old = await startMosquitto();
  const running = await command("--upstream", `mqtt://127.0.0.1:${old}`, "-c", file, "--json");
  await publish(running.port, "-i", "pump", "-t", "a", "-m", "x");
  const { code, lines, stderr } = await running.stop();
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect({ code, stderr: stderr.split("\n").length }).toEqual({ code: 1, stderr: 2 });
  const refused: unknown = expect.stringMatching(/^CONNACK 0x8/);
  expect(records).toMatchObject([
    { record: "difference", kind: "connack", client: "pump", old: "CONNACK 0x00", martlet: refused },
    { record: "notice", kind: "gave-up", client: "pump" },
    { record: "summary", differenceCount: 1 },
  ]);
});

test("a Martlet by a mosquitto.conf", async () => {
  const folder = mkdtempSync(join(tmpdir(), "martlet-shadow-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, "allow_anonymous true\nretain_available false\nlistener 1883\n");
  const old = await startMosquitto();
  const running = await command("--upstream", `mqtt://127.0.0.1:${old}`, "-c", file, "--json");
  await publish(running.port, "-i", "pump", "-t", "a", "-m", "x");
  await publish(running.port, "-i", "pump", "-t", "a", "-m", "x", "-r");
  const { code, lines } = await running.stop();
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  // The second message ends the connection to a Martlet that retains nothing, although the client is gone right afterwards.
  expect(code).toBe(1);
  expect(records).toMatchObject([
    { record: "difference", kind: "missing-answer", client: "pump", connection: 2, martlet: "nothing" },
    { record: "summary", connections: 2, compared: { answers: 3 }, differenceCount: 1 },
  ]);
});

test("without an old broker it does not start", async () => {
  const running = await command();
  const { code, stderr } = await running.stop();
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining("--upstream") as string,
  });
});
