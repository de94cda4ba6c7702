/**
 * The syntax of mosquitto.conf: one option a line, its name, a space and the rest as its value. `#` as the very first character
 * makes a comment. `include_dir` puts the files of a folder in its place. What the options mean is not looked at here.
 */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type FileLine, MosquittoConfError } from "./conf-error.ts";

const LARGEST_FILE_BYTES = 4 * 1024 * 1024;

export interface ConfLine extends FileLine {
  readonly name: string;
  /** All behind the space after the name, spaces included; empty when there is nothing. */
  readonly value: string;
}

/**
 * The lines of `file` with those that it includes, in mosquitto's order.
 * @throws MosquittoConfError when one cannot be read
 */
export function readLines(file: string): readonly ConfLine[] {
  return linesOf(file, undefined);
}

/** What belongs to a mosquitto.conf beside itself. */
export interface Included {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** The folders of `include_dir` in `file`, and the files in them. What cannot be read is left out; nothing is judged. */
export function includedBy(file: string): Included {
  const folders: string[] = [];
  const files: string[] = [];
  try {
    for (const line of ownLines(file, undefined)) {
      if (line.name !== "include_dir" || line.value === "") continue;
      folders.push(line.value);
      files.push(...filesOf(line).map((name) => join(line.value, name)));
    }
  } catch (error) {
    if (!(error instanceof MosquittoConfError)) throw error;
  }
  return { folders, files };
}

function linesOf(file: string, includedAt: FileLine | undefined): ConfLine[] {
  return ownLines(file, includedAt).flatMap((line) => {
    // Included files include no others; mosquitto leaves such lines alone.
    const isInclude = line.name === "include_dir" && includedAt === undefined;
    return isInclude ? [line, ...includedLines(line)] : [line];
  });
}

function ownLines(file: string, includedAt: FileLine | undefined): ConfLine[] {
  const lines: ConfLine[] = [];
  for (const [index, text] of textOf(file, includedAt).split("\n").entries()) {
    const found = /^ *([^ ]+) ?(.*)$/s.exec(text.replace(/\r+$/, ""));
    if (text.startsWith("#") || found === null) continue;
    const [, name = "", value = ""] = found;
    lines.push({ file, line: index + 1, includedAt, name, value });
  }
  return lines;
}

function includedLines(at: ConfLine): ConfLine[] {
  if (at.value === "") throw new MosquittoConfError("Empty include_dir value in configuration.", at);
  return filesOf(at).flatMap((name) => linesOf(join(at.value, name), at));
}

function filesOf(at: ConfLine): string[] {
  try {
    const names = readdirSync(at.value).filter((name) => /.\.conf$/i.test(name));
    return names.sort(inMosquittosOrder);
  } catch {
    throw new MosquittoConfError(`Unable to open include_dir '${at.value}'.`, at);
  }
}

/** Letters alike, and where only they differ the large ones first: 00, 01, A, a, B, b. */
function inMosquittosOrder(one: string, other: string): number {
  return inOrder(one.toLowerCase(), other.toLowerCase()) || inOrder(one, other);
}

function inOrder(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function textOf(file: string, includedAt: FileLine | undefined): string {
  const complain = (sentence: string): MosquittoConfError => new MosquittoConfError(sentence, includedAt);
  let bytes: Buffer;
  try {
    const { size } = statSync(file);
    if (size > LARGEST_FILE_BYTES)
      throw complain(`Config file ${file} is larger than ${LARGEST_FILE_BYTES} bytes.`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof MosquittoConfError) throw error;
    const isFolder = error instanceof Error && "code" in error && error.code === "EISDIR";
    throw complain(isFolder ? `Config file ${file} is a directory.` : `Unable to open config file ${file}.`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw complain("Malformed UTF-8 in configuration.");
  }
}
