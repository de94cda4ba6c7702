/** Debian's mosquitto, with its limits on queues lifted, Nagle's algorithm off and only errors logged. */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PeerKind, PeerMissing } from "./peer.ts";
import { freePort, PeerProcess } from "./process.ts";

/** Debian installs it where only root's path leads. */
const installed = "/usr/sbin/mosquitto";
const program = existsSync(installed) ? installed : "mosquitto";

export const mosquittoPeer: PeerKind = {
  name: "mosquitto",
  refusalOf: () => undefined,
  async start() {
    const version = versionOf(program);
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "martlet-mosquitto-"));
    // It gives up root and then has to read what is in there.
    chmodSync(folder, 0o755);
    const file = join(folder, "mosquitto.conf");
    writeFileSync(file, configuration(port));
    const child = new PeerProcess(program, ["-c", file]);
    try {
      await child.listens(port);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return {
      title: `mosquitto ${version}`,
      url: `mqtt://127.0.0.1:${port}`,
      processIds: [child.processId],
      isOurs: true,
      stop: () => child.stop(),
    };
  },
};

function configuration(port: number): string {
  const lines = [
    "log_type error",
    "log_dest stderr",
    "max_inflight_messages 0",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    "allow_anonymous true",
    `listener ${port} 127.0.0.1`,
  ];
  return `${lines.join("\n")}\n`;
}

/** @throws PeerMissing when it is not installed */
function versionOf(name: string): string {
  const { error, stdout } = spawnSync(name, ["-h"], { encoding: "utf8" });
  if (error !== undefined) throw new PeerMissing(`mosquitto is not installed: ${error.message}`);
  return /mosquitto version (\S+)/.exec(stdout)?.[1] ?? "";
}
