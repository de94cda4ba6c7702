/** Martlet as users get it: the build in `dist/`, brought up to date first, in a process of its own. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readPackageJson, root } from "../../scripts/checkout.ts";
import { type PeerKind, PeerMissing } from "./peer.ts";
import { PeerProcess } from "./process.ts";

const program = fileURLToPath(new URL("./martlet-process.ts", import.meta.url));

let isBuilt = false;

export const martletPeer: PeerKind = {
  name: "martlet",
  refusalOf: () => undefined,
  async start() {
    if (!isBuilt) build();
    const child = new PeerProcess(process.execPath, [program]);
    const port = Number(await child.firstLine());
    return {
      title: `Martlet ${readPackageJson().version}`,
      url: `mqtt://127.0.0.1:${port}`,
      processIds: [child.processId],
      isOurs: true,
      stop: () => child.stop(),
    };
  },
};

function build(): void {
  const { status } = spawnSync(process.execPath, ["scripts/build.ts", "--quiet"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new PeerMissing("the build fails: npm run build says why");
  isBuilt = true;
}
