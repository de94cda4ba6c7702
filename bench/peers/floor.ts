/** The floor relay of `bench/floor/floor.c`, compiled when it is first wanted. */

import { fileURLToPath } from "node:url";
import type { Scenario } from "../../src/bench/index.ts";
import { compiled } from "./compiled.ts";
import type { PeerKind } from "./peer.ts";
import { PeerProcess } from "./process.ts";

const source = fileURLToPath(new URL("../floor/floor.c", import.meta.url));

let program: string | undefined;

export const floorPeer: PeerKind = {
  name: "floor",
  refusalOf,
  async start() {
    program ??= compiled(source);
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
