/**
 * `-d`: the broker as a process of its own, without a terminal. The command that starts it waits until clients can connect, or
 * until it has failed, and ends as it did.
 */

import { spawn } from "node:child_process";
import { ExitStatus } from "../exit-status.ts";

/** Says to a process that it is the one in the background. No shell can export a variable of that name. */
const VARIABLE = "MARTLET-DAEMON";
const LISTENING = "listening";
/** Characters of the reason why it failed. */
const LONGEST_REASON = 65_536;

/** Whether this process is the one in the background. */
export function isDaemon(): boolean {
  return process.env[VARIABLE] === "1" && process.send !== undefined;
}

/** Starts this program again in the background, with the same arguments. Resolves with the exit status of this process. */
export async function startDaemon(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    env: { ...process.env, [VARIABLE]: "1" },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < LONGEST_REASON) said += text;
  });
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("message", () => resolve(ExitStatus.OK));
    child.once("close", (code) => resolve(code === null || code === 0 ? ExitStatus.FAILED : code));
  });
  if (status === ExitStatus.OK) {
    child.disconnect();
    child.stderr?.destroy();
    child.unref();
  } else process.stderr.write(said);
  return status;
}

/** Tells the process that waits that clients can connect. From now on nobody reads standard error. */
export function tellListening(): void {
  process.stderr.on("error", () => undefined);
  process.send?.(LISTENING, () => process.disconnect?.());
  delete process.env[VARIABLE];
}
