/** The brokers that the harness knows: Martlet as users run it, Martlet on a disk that loses power, and two others. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ProtocolVersion } from "#protocol";
import { root } from "../../scripts/checkout.ts";
import { freePort, takesConnections } from "../support/ports.ts";
import { type Target, TargetProcess } from "./target.ts";

const martletProgram = join(root, "dist", "cli", "main.js");
const powerProgram = fileURLToPath(new URL("./power-broker.ts", import.meta.url));
const aedesProgram = join(root, "bench", "peers", "aedes-process.ts");
/** Debian installs it where only root's path leads. */
const mosquittoProgram = existsSync("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";

/** `martlet` from the build, with further arguments instead of its folder. */
export function martletTarget(args?: readonly string[]): Target {
  return {
    name: "martlet",
    title: `Martlet ${(args ?? []).join(" ")}`.trim(),
    newestVersion: ProtocolVersion.MQTT_5_0,
    hasOneOrder: true,
    start: async (folder) =>
      new TargetProcess(
        process.execPath,
        [martletProgram, "--port", "0", "--no-ws", ...(args ?? ["--data", folder])],
        async (said) =>
          said.includes(" running\n") ? Number(/mqtt:\/\/\S*?:(\d+)(?=\s)/.exec(said)?.[1]) : undefined,
      ),
  };
}

/** Martlet on a disk that loses everything unsynced, and tears what is being written. */
export function powerCutTarget(mode: "durable" | "os" = "durable"): Target {
  return {
    name: "martlet-power",
    title: `Martlet, power cut${mode === "os" ? ", --sync os" : ""}`,
    newestVersion: ProtocolVersion.MQTT_5_0,
    hasOneOrder: true,
    start: async (folder) => new TargetProcess(process.execPath, [powerProgram, folder, mode], printedPort),
  };
}

/** @param settings lines of mosquitto.conf */
export function mosquittoTarget(settings: readonly string[]): Target {
  const [, version = "not installed"] = /mosquitto version (\S+)/.exec(mosquittoHelp()) ?? [];
  return {
    name: "mosquitto",
    title: `mosquitto ${version}, ${settings.join(", ")}`,
    newestVersion: ProtocolVersion.MQTT_5_0,
    hasOneOrder: false,
    async start(folder) {
      const port = await freePort();
      const file = join(folder, "mosquitto.conf");
      const lines = [
        "user root",
        "allow_anonymous true",
        "max_queued_messages 0",
        "max_queued_bytes 0",
        `persistence_location ${folder}/`,
        ...settings,
        `listener ${port} 127.0.0.1`,
      ];
      writeFileSync(file, `${lines.join("\n")}\n`);
      return new TargetProcess(mosquittoProgram, ["-c", file], async () =>
        (await takesConnections(port)) ? port : undefined,
      );
    },
  };
}

/** aedes with its own persistence, which is in memory. */
export function aedesTarget(): Target {
  const manifest = join(root, "node_modules", "aedes", "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return {
    name: "aedes",
    title: `aedes ${version}, in memory`,
    newestVersion: ProtocolVersion.MQTT_3_1_1,
    hasOneOrder: false,
    start: async () => new TargetProcess(process.execPath, [aedesProgram], printedPort),
  };
}

/** The first line that it prints. */
async function printedPort(said: string): Promise<number | undefined> {
  const line = /^(\d+)\n/.exec(said);
  return line === null ? undefined : Number(line[1]);
}

function mosquittoHelp(): string {
  return spawnSync(mosquittoProgram, ["-h"], { encoding: "utf8" }).stdout ?? "";
}
