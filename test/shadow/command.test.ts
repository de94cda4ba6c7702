// `martlet shadow` as a user runs it.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { runWell } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { startMosquitto } from "./shadowed.ts";

const root = new URL("../..", import.meta.url).pathname;

interface Running {
  readonly port: number;
  /** Ends it; resolves with its exit status and the lines of its output. */
  stop(): Promise<{ readonly code: number | null; readonly lines: string[]; readonly stderr: string }>;
}

function portOf(args: readonly string[]): string[] {
  return args.includes("--port") ? [] : ["--port", "0"];
}

async function command(...args: string[]): Promise<Running> {
  const child = spawn(
    process.execPath,
    ["--conditions", "martlet-dev", join(root, "src/cli/main.ts"), "shadow", ...portOf(args), ...args],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  let code: number | null | undefined;
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.on("close", (status) => (code = status));
  await until("it listens", () => /^Listening on /m.test(stderr) || code !== undefined);
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
  const folder = temporaryFolder();
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
  const folder = temporaryFolder();
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

test("no difference, and a session that cannot be compared: status 3", async () => {
  const old = await startMosquitto();
  const subscribe = ["-i", "meter", "-c", "-q", "1", "-t", "a", "-E"];
  await runWell("mosquitto_sub", ["-h", "127.0.0.1", "-p", String(old), ...subscribe]);
  const running = await command("--upstream", `mqtt://127.0.0.1:${old}`, "--window", "200", "--json");
  await runWell("mosquitto_sub", ["-h", "127.0.0.1", "-p", String(running.port), ...subscribe]);
  const { code, lines } = await running.stop();
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(code).toBe(3);
  expect(records.at(-1)).toMatchObject({ record: "summary", differenceCount: 0, gaveUp: 1 });
});

test("nobody came: status 3", async () => {
  const running = await command("--upstream", `mqtt://127.0.0.1:${await freePort()}`, "--window", "50");
  const { code, lines } = await running.stop();
  expect({ code, last: lines.at(-1) }).toEqual({ code: 3, last: "  no differences" });
});

test("a shadow of itself is not allowed, and a port that is taken is named", async () => {
  const old = await startMosquitto();
  const taken = await command("--upstream", `mqtt://127.0.0.1:${old + 1}`, "--port", String(old));
  expect(await taken.stop()).toEqual({
    code: 1,
    lines: [],
    stderr: `martlet: Port ${old} is in use by another program; stop it or choose another port\n`,
  });
  const free = await freePort();
  const itself = await command("--upstream", `mqtt://localhost:${free}`, "--port", String(free));
  expect(await itself.stop()).toEqual({
    code: 2,
    lines: [],
    stderr: `martlet: --upstream: localhost port ${free} is where the shadow itself would listen. Move the old broker to another port, or give the shadow one with --port.\n`,
  });
});

test("without an old broker it does not start", async () => {
  const running = await command();
  const { code, stderr } = await running.stop();
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining("--upstream") as string,
  });
});
