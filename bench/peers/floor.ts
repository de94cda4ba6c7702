/** The floor relay of `bench/floor/floor.c`, compiled when it is first wanted. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Scenario } from "../../src/bench/index.ts";
import { type PeerKind, PeerMissing } from "./peer.ts";
import { PeerProcess } from "./process.ts";

const source = fileURLToPath(new URL("../floor/floor.c", import.meta.url));

let program: string | undefined;

export const floorPeer: PeerKind = {
  name: "floor",
  refusalOf,
  async start() {
    program ??= compiled();
    const child = new PeerProcess(program, ["0"]);
    const port = Number(await child.firstLine());
    return {
      title: "floor (not a broker)",
      url: `mqtt://127.0.0.1:${port}`,
      processIds: [child.processId],
      isOurs: true,
      stop: () => child.stop(),
    };
  },
};

/** It matches no wildcards and keeps nothing for anybody. */
function refusalOf({ load }: Scenario): string | undefined {
  const relays = "the floor only relays";
  switch (load.kind) {
    case "flow":
      return load.shared === true || load.filters === "mixed" || load.persistentSessions === true
        ? relays
        : undefined;
    case "storm":
    case "idle":
    case "fairness":
      return undefined;
    case "retained":
    case "offline":
      return relays;
  }
}

/** @throws PeerMissing when there is no C compiler, or none that knows Linux */
function compiled(): string {
  const folder = mkdtempSync(join(tmpdir(), "martlet-floor-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "floor");
  const { error, status, stderr } = spawnSync("cc", ["-O2", "-o", file, source], { encoding: "utf8" });
  if (error !== undefined) throw new PeerMissing(`no C compiler (cc): ${error.message}`);
  if (status !== 0) throw new PeerMissing(`floor.c does not compile here: ${stderr.slice(0, 500)}`);
  return file;
}
