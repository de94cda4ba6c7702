// The built program as a real process, and a client of bare bytes. Everything waits until something holds, with a limit.
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { root } from "../../scripts/checkout.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

export const program = join(root, "dist", "cli", "main.js");

const LIMIT_MS = 15_000;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Wish {
  isGranted(): boolean;
  grant(): void;
}

/** `martlet` with arguments. Ends with the test. */
export class MartletProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ending>;
  #wishes: Wish[] = [];
  #hasEnded = false;

  constructor(args: readonly string[], options: { env?: Record<string, string>; uid?: number } = {}) {
    // What it keeps goes with the test.
    const folder = temporaryFolder();
    if (options.uid !== undefined) chownSync(folder, options.uid, options.uid);
    this.child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
      env: { ...process.env, ...options.env },
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#look();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#look();
    });
    const closed = new Promise((resolve) => this.child.once("close", resolve));
    const kill = async (): Promise<void> => {
      this.child.kill("SIGKILL");
      await closed;
    };
    this.ended = new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        void kill();
        reject(new TypeError(`martlet did not end in time; it wrote:\n${this.stdout}${this.stderr}`));
      }, LIMIT_MS);
      this.child.once("close", (code, signal) => {
        clearTimeout(limit);
        this.#hasEnded = true;
        resolve({ code, signal });
        this.#look();
      });
    });
    this.ended.catch(() => undefined);
    onTestFinished(kill);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What matches `pattern` on standard output, once it is there. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    await this.#until(() => pattern.test(this.stdout), String(pattern));
    return pattern.exec(this.stdout) as RegExpExecArray;
  }

  /** Resolves with the port for TCP when clients can connect. */
  async running(): Promise<number> {
    await this.line(/ running\n/);
    return Number((await this.line(/mqtt:\/\/\S*?:(\d+)(?=\s)/))[1]);
  }

  /** Lines of standard output without their time. */
  get lines(): string[] {
    return this.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replace(/^\d+: /, ""));
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const give = (): void => reject(new TypeError(`no ${what} in:\n${this.stdout}${this.stderr}`));
      const limit = setTimeout(give, LIMIT_MS);
      const wish: Wish = {
        isGranted: holds,
        grant: () => {
          clearTimeout(limit);
          if (holds()) resolve();
          else give();
        },
      };
      this.#wishes.push(wish);
    });
  }

  #look(): void {
    const granted = this.#wishes.filter((wish) => this.#hasEnded || wish.isGranted());
    this.#wishes = this.#wishes.filter((wish) => !granted.includes(wish));
    for (const wish of granted) wish.grant();
  }
}

/** Runs `martlet` to its end. */
export async function outcomeOf(
  args: readonly string[],
  options: { env?: Record<string, string>; uid?: number } = {},
): Promise<Ending & { stdout: string; stderr: string }> {
  const martlet = new MartletProcess(args, options);
  const ending = await martlet.ended;
  return { ...ending, stdout: martlet.stdout, stderr: martlet.stderr };
}

/** A broker on free ports of the loopback, with further arguments. */
export function brokerProcess(...args: string[]): MartletProcess {
  return new MartletProcess(["--port", "0", "--ws-port", "0", ...args]);
}

/** A client that sends and receives hex digits, and never closes by itself. */
export class HexClient {
  readonly socket: Socket;
  received = "";
  #onChange: (() => void) | undefined;
  #hasPeerEnded = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("data", (bytes) => {
      this.received += bytes.toString("hex");
      this.#onChange?.();
    });
    this.socket.on("end", () => {
      this.#hasPeerEnded = true;
      this.#onChange?.();
    });
    this.socket.on("error", () => undefined);
    onTestFinished(() => void this.socket.destroy());
  }

  send(hex: string): void {
    this.socket.write(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
  }

  /** Resolves when the received digits match. */
  async expect(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.received), String(pattern));
  }

  /** Resolves when the other side has closed its direction. */
  async peerEnd(): Promise<void> {
    await this.#until(() => this.#hasPeerEnded, "end");
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new TypeError(`no ${what} in ${this.received}`)), LIMIT_MS);
      this.#onChange = () => {
        if (!holds()) return;
        clearTimeout(limit);
        resolve();
      };
    });
  }
}

/** CONNECT of `clientId` in 5.0, clean start, keep alive 60. */
export function connect5(clientId: string): string {
  const id = Buffer.from(clientId);
  const length = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `10${length(13 + id.length, 2)} 00044d515454 05 02 003c 00 ${length(id.length, 4)}${id.toString("hex")}`;
}

/** A server of somebody else on a port of the loopback; undefined when the port is taken already. Ends with the test. */
export async function occupy(port: number): Promise<(Server & { port: number }) | undefined> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1" }, () => resolve(true));
  });
  if (!isListening) return undefined;
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(server, { port: (server.address() as { port: number }).port });
}
