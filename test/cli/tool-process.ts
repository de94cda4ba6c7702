// One of the message tools, Martlet's or mosquitto's, as a process with input; and a mosquitto broker to talk to.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, takesConnections } from "../support/ports.ts";
import { program } from "./martlet-process.ts";

const LIMIT_MS = 20_000;
const BROKER = "mosquitto";

export interface ToolOutcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Record<string, string>;
  /** Runs once the tool has written so to standard output. */
  readonly when?: { readonly says: RegExp; readonly run: () => unknown };
  /** Sent when `when` has come true, or at once. */
  readonly signal?: NodeJS.Signals;
}

/** `martlet {tool}` with arguments, to its end. */
export function martlet(
  tool: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolOutcome> {
  return outcome(process.execPath, [program, tool, ...args], options);
}

/** `mosquitto_{tool}`. A machine without it fails the test. */
export function mosquitto(
  tool: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolOutcome> {
  return outcome(`mosquitto_${tool}`, args, options);
}

function outcome(file: string, args: readonly string[], options: ToolOptions): Promise<ToolOutcome> {
  const env = { ...process.env, XDG_CONFIG_HOME: "/nonexistent", TZ: "UTC", ...options.env };
  const child = spawn(file, args, { env, stdio: "pipe" });
  const chunks: Buffer[] = [];
  let stderr = "";
  let isTold = false;
  child.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    const { when } = options;
    if (isTold || when === undefined || !when.says.test(Buffer.concat(chunks).toString("latin1"))) return;
    isTold = true;
    void when.run();
    if (options.signal !== undefined) child.kill(options.signal);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new TypeError(`${file} ${args.join(" ")} did not end: ${Buffer.concat(chunks).toString()}${stderr}`),
      );
    }, LIMIT_MS);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(limit);
      resolve({ code, stdout: Buffer.concat(chunks), stderr });
    });
  });
}

export interface MosquittoBroker {
  readonly port: number;
  stop(): Promise<void>;
}

/** Debian's broker on a free port of the loopback, open to all. */
export async function mosquittoBroker(): Promise<MosquittoBroker> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "martlet-mosquitto-"));
  const file = join(folder, "m.conf");
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nallow_duplicate_messages false\n`);
  const child = spawn(BROKER, ["-c", file], {
    stdio: "ignore",
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("close", () => resolve());
    child.once("error", reject);
  });
  await Promise.race([listening(port), ended]);
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function listening(port: number): Promise<void> {
  const limit = Date.now() + LIMIT_MS;
  while (Date.now() < limit) {
    if (await takesConnections(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new TypeError("mosquitto does not listen");
}
