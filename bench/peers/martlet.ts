/**
 * Martlet as users get it: the build in `dist/`, brought up to date first, in a process of its own. And the same with logins and
 * rules, to see what those cost, and with a limit of messages, to see what that is good for.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readPackageJson, root } from "../../scripts/checkout.ts";
import { type PeerKind, PeerMissing } from "./peer.ts";
import { PeerProcess } from "./process.ts";

const program = fileURLToPath(new URL("./martlet-process.ts", import.meta.url));

let isBuilt = false;

export const martletPeer: PeerKind = martletKind("martlet", "", []);

/** With a password file of 10,000 users and an acl_file of 1,000 rules; the last rule that is looked at lets the load pass. */
export const martletWithRulesPeer: PeerKind = martletKind("martlet-rules", "user-5000:secret@", ["--rules"]);

/** With a limit of 100,000 messages a second for each client: what keeps one that floods from the others. */
export const martletWithRatePeer: PeerKind = martletKind("martlet-limited", "", ["--limited"]);

function martletKind(name: string, login: string, args: readonly string[]): PeerKind {
  return {
    name,
    refusalOf: () => undefined,
    async start() {
      if (!isBuilt) build();
      const child = new PeerProcess(process.execPath, [program, ...args]);
      const port = Number(await child.firstLine());
      return {
        title: `Martlet ${readPackageJson().version}${args.length === 0 ? "" : ` ${args.join(" ")}`}`,
        url: `mqtt://${login}127.0.0.1:${port}`,
        processIds: [child.processId],
        isOurs: true,
        stop: () => child.stop(),
      };
    },
  };
}

function build(): void {
  const { status } = spawnSync(process.execPath, ["scripts/build.ts", "--quiet"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new PeerMissing("the build fails: npm run build says why");
  isBuilt = true;
}
