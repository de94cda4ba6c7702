/**
 * A password from whoever runs the program: asked twice and not shown on a terminal, else the first line of standard input,
 * so that a script can hand one over without putting it on a command line.
 */

import { constants } from "node:os";
import { ConfigError, StateError } from "#base";
import { ExitStatus } from "../exit-status.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";
const BACKSPACE = "\b";
const DELETE = "\u007f";

/** @throws ConfigError for an empty password; StateError when the second differs from the first */
export async function askPassword(userName: string): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  const password = isTerminal ? await askTwice(userName) : await firstLine();
  if (password === "") throw new ConfigError("<password>", "it is empty.");
  return password;
}

/**
 * A secret that is there already, so it is asked once. `name` says which, for example `device secret`.
 *
 * @throws ConfigError for an empty one
 */
export async function askSecret(name: string): Promise<string> {
  const secret = process.stdin.isTTY ? await askOnce(name) : await firstLine();
  if (secret === "")
    throw new ConfigError(name, "it is empty; give it on standard input, or with --secret-file.");
  return secret;
}

async function askOnce(name: string): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    return await askHidden(`${name}: `);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

/** @throws StateError when the second differs from the first */
async function askTwice(userName: string): Promise<string> {
  const { stdin } = process;
  // Before the first question and until behind the second: a fast writer must not see a letter of what is written.
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    const password = await askHidden(`Password for ${userName}: `);
    if (password === (await askHidden("The same again: "))) return password;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
  throw new StateError("the two passwords are not the same; nothing was changed.");
}

/** One line from the terminal, of which nothing is shown. */
async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  let typed: string[] = [];
  for await (const character of charactersOf(stdin)) {
    if (character === "\r" || character === "\n" || character === CTRL_D) break;
    if (character === CTRL_C) {
      stdin.setRawMode(false);
      stderr.write("\n");
      process.exit(ExitStatus.SIGNALLED + constants.signals.SIGINT);
    }
    if (character === BACKSPACE || character === DELETE) typed.pop();
    else if (character === CTRL_U) typed = [];
    else typed.push(character);
  }
  stderr.write("\n");
  return typed.join("");
}

/** What came in one chunk behind the line that was asked for. */
let rest = "";

async function* charactersOf(stdin: NodeJS.ReadStream): AsyncGenerator<string> {
  for (;;) {
    while (rest !== "") {
      const [character = ""] = rest;
      rest = rest.slice(character.length);
      yield character;
    }
    const chunk = await nextChunk(stdin);
    if (chunk === undefined) return;
    rest = chunk;
  }
}

/** Undefined at the end of the input. */
async function nextChunk(stdin: NodeJS.ReadStream): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const onData = (chunk: string): void => {
      stdin.off("end", onEnd);
      stdin.pause();
      resolve(chunk);
    };
    const onEnd = (): void => {
      stdin.off("data", onData);
      resolve(undefined);
    };
    stdin.once("data", onData);
    stdin.once("end", onEnd);
    stdin.resume();
  });
}

async function firstLine(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += String(chunk);
  return text.split(/\r?\n/)[0] ?? "";
}
