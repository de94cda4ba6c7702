/** A shadow before Debian's mosquitto, with a Martlet whose packets a test may spoil on their way out. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { decodePacket, encodePacket, type Packet, PacketType, ProtocolVersion } from "#protocol";
import { type BrokerOptions, createBroker, type MartletBroker } from "#server";
import { type Difference, type Notice, Shadow, type ShadowSettings, type ShadowSummary } from "#shadow";
import type { Pipe } from "#transport";
import { PacketStream } from "../../src/shadow/packet-stream.ts";
import { mosquittoProgram, untilListening } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";

/** What becomes of a packet that Martlet sends: other packets, in its place. */
export type Spoil = (packet: Packet) => readonly Packet[];

export interface ShadowedOptions {
  /** More lines of mosquitto.conf, for all listeners. */
  readonly lines?: readonly string[];
  readonly spoil?: Spoil;
  readonly settings?: Partial<ShadowSettings>;
  readonly broker?: BrokerOptions;
}

export interface Shadowed {
  readonly port: number;
  readonly url: string;
  readonly oldPort: number;
  readonly shadow: Shadow;
  readonly martlet: MartletBroker;
  readonly differences: Difference[];
  readonly notices: Notice[];
  /** Resolves when all clients are gone and told of. */
  finished(): Promise<ShadowSummary>;
}

/** Short, so that what is missing is told soon; long enough for a loaded machine. */
const WINDOW_MS = 700;

/** mosquitto on a free port, ended with the test. */
export async function startMosquitto(lines: readonly string[] = []): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "martlet-shadow-"));
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  const configuration = ["allow_anonymous true", "log_dest none", ...lines, `listener ${port} 127.0.0.1`];
  writeFileSync(file, `${configuration.join("\n")}\n`);
  const child = spawn(mosquittoProgram, ["-c", file], { stdio: "ignore" });
  onTestFinished(async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  });
  await untilListening(port, child);
  return port;
}

export async function shadowed(options: ShadowedOptions = {}): Promise<Shadowed> {
  const oldPort = await startMosquitto(options.lines);
  const martlet = await createBroker({ settings: { sysIntervalSeconds: 0 }, ...options.broker }).start();
  const differences: Difference[] = [];
  const notices: Notice[] = [];
  const { spoil } = options;
  const shadow = new Shadow({
    upstream: { url: `mqtt://127.0.0.1:${oldPort}` },
    connectPipe: () => (spoil === undefined ? martlet.connectPipe() : spoiled(martlet.connectPipe(), spoil)),
    port: 0,
    settings: { windowMs: WINDOW_MS, ...options.settings },
    onDifference: (difference) => differences.push(difference),
    onNotice: (notice) => notices.push(notice),
  });
  const port = await shadow.start();
  onTestFinished(async () => {
    await shadow.stop();
    await martlet.stop();
  });
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    oldPort,
    shadow,
    martlet,
    differences,
    notices,
    async finished() {
      await until("all clients are gone", () => shadow.size === 0);
      return await shadow.stop();
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await exit;
}

/** `pipe` with other packets in place of those that come out of it. Reads the version from the CONNECT that goes in. */
function spoiled(pipe: Pipe, spoil: Spoil): Pipe {
  let version: ProtocolVersion = ProtocolVersion.MQTT_3_1_1;
  return {
    peer: pipe.peer,
    open(receiver) {
      const stream = new PacketStream(
        {
          onWhole(bytes) {
            const packet = decodePacket(bytes, version, "client");
            for (const each of spoil(packet)) {
              const spoiledBytes = encodePacket(each, version);
              if (spoiledBytes !== undefined) receiver.onBytes(spoiledBytes);
            }
          },
          onRest: () => undefined,
        },
        Number.MAX_SAFE_INTEGER,
      );
      pipe.open({
        onBytes: (chunk) => stream.push(chunk.slice()),
        onWritten: () => receiver.onWritten(),
        onClosed: (error) => receiver.onClosed(error),
      });
    },
    write(bytes) {
      if ((bytes[0] as number) >> 4 === PacketType.CONNECT) {
        const packet = decodePacket(bytes, version, "server");
        if (packet.type === PacketType.CONNECT) version = packet.protocolVersion;
      }
      return pipe.write(bytes);
    },
    get unwrittenBytes() {
      return pipe.unwrittenBytes;
    },
    pauseReading: () => pipe.pauseReading(),
    resumeReading: () => pipe.resumeReading(),
    end: () => pipe.end(),
    destroy: () => pipe.destroy(),
  };
}
