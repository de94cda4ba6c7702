// The built program, run to its end with something on its standard input.
import { ConfigError } from "#base";
import type { Command } from "../../src/cli/command.ts";
import { readOptions } from "../../src/cli/options.ts";
import { type Finished, run } from "../support/programs.ts";
import { program } from "./martlet-process.ts";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `martlet` with `input` on its standard input, which is empty otherwise. */
export async function martlet(args: readonly string[], input: string | Uint8Array = ""): Promise<Outcome> {
  const { code, stdout, stderr } = await run(process.execPath, [program, ...args], { input });
  return { code, stdout, stderr };
}

/** The bytes that it writes. */
export async function martletBytes(
  args: readonly string[],
  input: string | Uint8Array = "",
): Promise<Buffer> {
  const finished: Finished = await run(process.execPath, [program, ...args], { input });
  if (finished.code !== 0) throw new TypeError(finished.stderr);
  return finished.stdoutBytes;
}

/** `command` for a shell in which `martlet` is the built program. */
export async function shell(command: string): Promise<Outcome> {
  const script = `martlet() { "${process.execPath}" "${program}" "$@"; }\n${command}`;
  const { code, stdout, stderr } = await run("bash", ["-c", script]);
  return { code, stdout, stderr };
}

/** What `command` says to arguments that it does not allow, without a process; the program prints it and ends with 2. */
export async function refusal(command: Command, args: readonly string[]): Promise<string> {
  try {
    await command.run(readOptions(command.prepare?.(args) ?? args, command.options));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new TypeError(`${args.join(" ")} is allowed`);
}
