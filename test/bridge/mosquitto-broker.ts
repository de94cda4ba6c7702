// Debian's mosquitto for one test, and a network in front of it that the test cuts.
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { connect, type MqttClient, type NodeConnectOptions } from "#client";
import { folderWith } from "../config/folder.ts";
import { mosquittoProgram } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { type Program, start } from "../support/programs.ts";
import { until } from "../support/until.ts";

export interface MosquittoBroker {
  readonly port: number;
  readonly program: Program;
  /** What it has printed. */
  readonly printed: () => string;
}

/** Starts one with `lines` behind those for its listener; it ends with the test. */
export async function mosquittoBroker(
  lines: readonly string[] = [],
  {
    port: wanted,
    files = {},
  }: { readonly port?: number; readonly files?: Readonly<Record<string, string>> } = {},
): Promise<MosquittoBroker> {
  const port = wanted ?? (await freePort());
  const folder = folderWith(files);
  const file = join(folder, "mosquitto.conf");
  const text = [
    "user root",
    "log_type all",
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    ...lines.map((line) => line.replaceAll("FOLDER", folder)),
  ];
  writeFileSync(file, `${text.join("\n")}\n`);
  const program = start(mosquittoProgram, ["-v", "-c", file]);
  const printed = (): string => program.stdout + program.stderr;
  await program.until("it runs", () => printed().includes("running"));
  return { port, program, printed };
}

/** A client that ends with the test. */
export async function client(port: number, options: NodeConnectOptions = {}): Promise<MqttClient> {
  const made = await connect(`mqtt://127.0.0.1:${port}`, options);
  onTestFinished(() => made.close());
  return made;
}

/** What comes on `filter`: `topic payload`, and ` R` behind what is retained. */
export async function heard(port: number, filter: string): Promise<string[]> {
  const lines: string[] = [];
  const made = await client(port);
  const options = { qos: 2, retainAsPublished: true } as const;
  await made.subscribe(filter, options, ({ topicName, text, retain }) => {
    lines.push(`${topicName} ${text}${retain ? " R" : ""}`);
  }).ready;
  return lines;
}

export interface CuttingProxy {
  readonly port: number;
  /** How often it has cut. */
  readonly cuts: number;
  /** Cuts `times` connections in front of the next piece, to the broker or from it, that holds this packet. */
  cutAt(direction: "out" | "in", packetType: number, times: number): void;
  /** Breaks all connections, and lets nobody through until it is opened again. */
  close(): void;
  open(): void;
}

/** Whether a packet of that type is in `bytes`, which begin with one; small ones come whole. */
function holds(bytes: Buffer, packetType: number): boolean {
  for (let at = 0; at + 1 < bytes.length; ) {
    if ((bytes[at] ?? 0) >> 4 === packetType) return true;
    const [length = 0, more = 0] = bytes.subarray(at + 1, at + 3);
    at += length < 128 ? 2 + length : 3 + (length & 127) + 128 * more;
  }
  return false;
}

/** In front of the port that `target` names. */
export async function cuttingProxy(target: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let isClosed = false;
  let cuts = 0;
  let plan: { direction: "out" | "in"; packetType: number; times: number } | undefined;
  const server = createServer((near) => {
    const far = connectSocket(target, "127.0.0.1");
    const pass = (from: Socket, to: Socket, direction: "out" | "in"): void => {
      sockets.add(from);
      from.on("data", (bytes: Buffer) => {
        const isHit = plan?.direction === direction && holds(bytes, plan.packetType);
        if (plan === undefined || !isHit || plan.times === 0) to.write(bytes);
        else {
          plan.times--;
          cuts++;
          near.destroy();
          far.destroy();
        }
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    };
    pass(near, far, "out");
    pass(far, near, "in");
    if (isClosed) near.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    cutAt(direction, packetType, times) {
      plan = { direction, packetType, times };
    },
    close() {
      isClosed = true;
      for (const socket of sockets) socket.destroy();
    },
    open() {
      isClosed = false;
    },
  };
}

/** Waits until `lines` holds `line`. */
export async function said(lines: readonly string[], line: string): Promise<void> {
  await until(line, () => lines.includes(line), 8_000);
}
