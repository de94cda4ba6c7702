/** aedes, another broker for Node, in a process of its own. It speaks 3.1 and 3.1.1. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { PeerKind } from "./peer.ts";
import { PeerProcess } from "./process.ts";
import { speaksOnlyMqtt3 } from "./refusals.ts";

const program = fileURLToPath(new URL("./aedes-process.ts", import.meta.url));

export const aedesPeer: PeerKind = {
  name: "aedes",
  refusalOf: (scenario) => speaksOnlyMqtt3(scenario, "aedes"),
  async start() {
    const child = new PeerProcess(process.execPath, [program]);
    const port = Number(await child.firstLine());
    return {
      title: `aedes ${pinnedVersion()}`,
      url: `mqtt://127.0.0.1:${port}`,
      processIds: [child.processId],
      isOurs: true,
      stop: () => child.stop(),
    };
  },
};

function pinnedVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { dependencies } = JSON.parse(manifest) as { dependencies: { aedes: string } };
  return dependencies.aedes;
}
