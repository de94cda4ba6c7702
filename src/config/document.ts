/**
 * A configuration file as values with their places. TOML, YAML or JSON by the file's ending; TOML for any other. The parsers
 * are loaded when a file of their kind is read.
 */

import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { describeError } from "#base";
import { type KeyPath, keyId } from "./key-path.ts";
import { ConfigurationError, type Place, type Problem } from "./place.ts";
import { tomlOffsets } from "./toml-places.ts";
import { foundWords } from "./words.ts";

const LARGEST_FILE_BYTES = 4 * 1024 * 1024;
const DEEPEST = 32;

const endings: readonly string[] = [".toml", ".yaml", ".yml", ".json"];

/** Whether a file is mosquitto's and not Martlet's own, by its ending: any but those of TOML, YAML and JSON. */
export function isMosquittoConf(file: string): boolean {
  return !endings.includes(extname(file).toLowerCase());
}

export interface Document {
  readonly file: string;
  /** Tables are plain objects. */
  readonly tree: unknown;
  /** Where the value at `path` stands, or the nearest table around it. */
  readonly placeOf: (path: KeyPath) => Place;
}

/** @throws ConfigurationError when the file cannot be read or is none of its kind */
export async function readDocument(file: string): Promise<Document> {
  return await parseDocument(file, textOf(file));
}

function textOf(file: string): string {
  try {
    if (statSync(file).size > LARGEST_FILE_BYTES) {
      throw new ConfigurationError([at(file, 0, 0, `it is larger than ${LARGEST_FILE_BYTES} bytes.`)]);
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError([at(file, 0, 0, `${whyUnreadable(error)}.`)]);
  }
}

/** Why a file cannot be read, without a full stop. */
export function whyUnreadable(error: unknown): string {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ENOENT":
      return "there is no such file; check the path";
    case "EACCES":
      return "this user may not read it; check the rights of the file and its folder";
    case "EISDIR":
      return "this is a folder; give the file in it";
    default:
      return `it cannot be read: ${describeError(error)}`;
  }
}

/** @throws ConfigurationError with the place of each mistake of syntax that the parser tells */
export async function parseDocument(file: string, text: string): Promise<Document> {
  switch (extname(file).toLowerCase()) {
    case ".json":
      checkJson(file, text);
      return await parseYaml(file, text);
    case ".yaml":
    case ".yml":
      return await parseYaml(file, text);
    default:
      return await parseToml(file, text);
  }
}

async function parseToml(file: string, text: string): Promise<Document> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    const tree = plain(parse(text, { maxDepth: DEEPEST }));
    return documentOf(file, text, tree, tomlOffsets(text));
  } catch (error) {
    if (!(error instanceof TomlError)) throw unexpected(file, error);
    const [, sentence = error.message] = /^Invalid TOML document: (.*)$/m.exec(error.message) ?? [];
    throw new ConfigurationError([at(file, error.line, error.column, `this is no TOML: ${sentence}.`)]);
  }
}

function checkJson(file: string, text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const message = describeError(error);
    const [, offset = "0"] = /at position (\d+)/.exec(message) ?? [];
    const isCut = message.includes("Unexpected end");
    const { line, column } = lineOf(lineStarts(text), isCut ? text.length : Number(offset));
    // The parser's words may quote the text, which may be a secret.
    const [words = ""] = /^[A-Z][A-Za-z -]+/.exec(message.replace(/ in JSON.*/s, "")) ?? [];
    throw new ConfigurationError([at(file, line, column, `this is no JSON: ${words.trim()}.`)]);
  }
}

async function parseYaml(file: string, text: string): Promise<Document> {
  const { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument: parse } = await import("yaml");
  try {
    const lines = new LineCounter();
    const document = parse(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "silent",
      uniqueKeys: true,
      merge: false,
    });
    const problems = document.errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      // What stands behind a colon may quote the text, which may be a secret.
      const [words = ""] = message.split(/[:\n]/);
      return at(file, line, col, `this is no YAML: ${words}.`);
    });
    if (problems.length > 0) throw new ConfigurationError(problems);
    const offsets = new Map<string, number>();
    const visit = (node: unknown, path: KeyPath): void => {
      if (!isNode(node) || isAlias(node) || path.length > DEEPEST) return;
      if (node.range && !offsets.has(keyId(path))) offsets.set(keyId(path), node.range[0]);
      if (isMap(node)) {
        for (const { key, value } of node.items) {
          const below = [...path, isScalar(key) ? String(key.value) : String(key)];
          if (isNode(key) && key.range) offsets.set(keyId(below), key.range[0]);
          visit(value, below);
        }
      } else if (isSeq(node)) for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    };
    visit(document.contents, []);
    return documentOf(file, text, plain(document.toJS({ maxAliasCount: 100 }) ?? {}), offsets);
  } catch (error) {
    throw error instanceof ConfigurationError ? error : unexpected(file, error);
  }
}

/** What a parser throws beside its own errors, for example when lists are nested too deep. */
function unexpected(file: string, error: unknown): unknown {
  if (error instanceof ConfigurationError) return error;
  return new ConfigurationError([at(file, 0, 0, `it cannot be understood: ${describeError(error)}.`)]);
}

function documentOf(
  file: string,
  text: string,
  tree: unknown,
  offsets: ReadonlyMap<string, number>,
): Document {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
    throw new ConfigurationError([
      at(file, 0, 0, `${foundWords(tree, false)} is not allowed; it is a table.`),
    ]);
  }
  const starts = lineStarts(text);
  return {
    file,
    tree,
    placeOf(path) {
      for (let length = path.length; length > 0; length--) {
        const offset = offsets.get(keyId(path.slice(0, length)));
        if (offset !== undefined) return { kind: "file", file, ...lineOf(starts, offset) };
      }
      return { kind: "file", file, line: 0, column: 0 };
    },
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return starts;
}

function lineOf(starts: readonly number[], offset: number): { line: number; column: number } {
  let line = 1;
  while (line < starts.length && (starts[line] as number) <= offset) line += 1;
  return { line, column: offset - (starts[line - 1] as number) + 1 };
}

/** Tables without a prototype, nested at most so deep. @throws RangeError beyond that */
function plain(value: unknown, depth = 0): unknown {
  if (depth > DEEPEST) throw new RangeError(`it is nested deeper than ${DEEPEST} levels`);
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const table: Record<string, unknown> = Object.create(null);
  for (const [name, item] of Object.entries(value)) table[name] = plain(item, depth + 1);
  return table;
}

function at(file: string, line: number, column: number, says: string): Problem {
  return { place: { kind: "file", file, line, column }, path: [], says };
}
