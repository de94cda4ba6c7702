/**
 * Which pipes carry TCP, Unix sockets and TLS: `net`, on Node's public sockets, or `handle`, on the handles below them.
 *
 * `auto` takes `handle` where the contract of the pipes has been run on this version of Node, and only after a trial in
 * this process; otherwise `net`. Who asks for `handle` gets it on any version, after the trial, or an error.
 */

import { ListenError } from "./errors.ts";
import type { HandleIo } from "./handle-io.ts";
import { tryHandles } from "./handle-trial.ts";
import { findHandles } from "./node-handles.ts";

/** What a listener can be told. */
export type PipeChoice = "auto" | "net" | "handle";

/** The two kinds, as they are shown. */
export type PipeKind = Exclude<PipeChoice, "auto">;

/** What a listener has to say that is no problem. */
export type ListenNotice = (level: "debug" | "info", sentence: string) => void;

/** Major versions of Node on which all cases of the contract have passed. */
export const PROVEN_NODE_VERSIONS: readonly number[] = [24, 25, 26];

/** What a listener brings to the choice. */
export interface PipeWishes {
  readonly choice: PipeChoice;
  /** Says why handles do not work for this listener, or undefined. Default: the trial over TCP. */
  readonly attempt?: (io: HandleIo) => Promise<string | undefined>;
  readonly notice: ListenNotice;
  readonly warn: (problem: ListenError) => void;
}

/** Where the choice is made. Default: this process. */
export interface PipeSurroundings {
  readonly nodeVersion: string;
  readonly find: () => HandleIo | string;
}

const thisProcess: PipeSurroundings = { nodeVersion: process.versions.node, find: findHandles };

/**
 * What handle pipes need, or undefined for `net` pipes. Says so when `auto` does not come to the faster ones.
 * @throws ListenError when `handle` is asked for and cannot be had
 */
export async function choosePipes(
  { choice, attempt = tryHandles, notice, warn }: PipeWishes,
  { nodeVersion, find }: PipeSurroundings = thisProcess,
): Promise<HandleIo | undefined> {
  if (choice === "net") return undefined;
  if (choice === "auto" && !PROVEN_NODE_VERSIONS.includes(Number.parseInt(nodeVersion, 10))) {
    notice("info", `Node ${nodeVersion} has not been tried with handle pipes; net pipes run instead.`);
    return undefined;
  }
  const found = find();
  const problem = typeof found === "string" ? found : await attempt(found);
  if (problem === undefined && typeof found !== "string") return found;
  if (choice === "handle") {
    throw new ListenError(`Handle pipes cannot run here: ${problem}. Choose the pipes auto or net`);
  }
  if (process.platform === "win32") notice("debug", `Net pipes run: ${problem}.`);
  else warn(new ListenError(`Handle pipes cannot run here: ${problem}. Net pipes run instead`));
  return undefined;
}
