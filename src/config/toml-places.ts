/**
 * Where each key and each element of a list stands in a TOML document. For documents that a parser of TOML has accepted: it
 * follows the structure and skips everything else.
 */

import { type KeyPath, keyId } from "./key-path.ts";

/** Offsets into the text, by `keyId` of the path. */
export type Offsets = ReadonlyMap<string, number>;

const BARE_KEY = /[A-Za-z0-9_-]/;

/** @param text a valid TOML document */
export function tomlOffsets(text: string): Offsets {
  return new Scanner(text).scan();
}

class Scanner {
  readonly #text: string;
  readonly #offsets = new Map<string, number>();
  /** How many tables each list of tables has so far. */
  readonly #counts = new Map<string, number>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): Offsets {
    let table: KeyPath = [];
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#peek() === "[") table = this.#header();
      else this.#pair(table);
    }
    return this.#offsets;
  }

  #peek(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? "";
  }

  /** Space, line ends and comments. */
  #skipBlank(): void {
    for (;;) {
      const letter = this.#peek();
      if (letter === "#") this.#skipTo("\n");
      else if (letter !== "" && " \t\r\n\uFEFF".includes(letter)) this.#at += 1;
      else return;
    }
  }

  #skipTo(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found < 0 ? this.#text.length : found;
  }

  #header(): KeyPath {
    const start = this.#at;
    const isList = this.#peek(1) === "[";
    this.#at += isList ? 2 : 1;
    const names = this.#key();
    this.#skipBlank();
    this.#at += isList ? 2 : 1;
    const path = this.#resolved(names.slice(0, -1));
    path.push(names.at(-1) ?? "");
    if (!isList) {
      const inner = this.#inLastOf(path);
      this.#note(inner, start);
      return inner;
    }
    const id = keyId(path);
    const index = this.#counts.get(id) ?? 0;
    this.#counts.set(id, index + 1);
    if (index === 0) this.#note(path, start);
    path.push(index);
    this.#note(path, start);
    return path;
  }

  /** `names` with the index of the last table behind each that is a list. */
  #resolved(names: readonly string[]): (string | number)[] {
    let path: (string | number)[] = [];
    for (const name of names) path = [...this.#inLastOf([...path, name])];
    return path;
  }

  #inLastOf(path: KeyPath): KeyPath {
    const count = this.#counts.get(keyId(path));
    return count === undefined ? path : [...path, count - 1];
  }

  /** `key = value`, below `table`. */
  #pair(table: KeyPath): void {
    const start = this.#at;
    const names = this.#key();
    for (let length = 1; length <= names.length; length++) {
      this.#note([...table, ...names.slice(0, length)], start);
    }
    this.#skipBlank();
    this.#at += 1; // the equals sign
    this.#skipBlank();
    this.#value([...table, ...names]);
  }

  /** The first mention of a path counts. */
  #note(path: KeyPath, offset: number): void {
    const id = keyId(path);
    if (!this.#offsets.has(id)) this.#offsets.set(id, offset);
  }

  #key(): string[] {
    const names: string[] = [];
    for (;;) {
      this.#skipSpace();
      names.push(this.#name());
      this.#skipSpace();
      if (this.#peek() !== ".") return names;
      this.#at += 1;
    }
  }

  #skipSpace(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#at += 1;
  }

  #name(): string {
    const quote = this.#peek();
    const start = this.#at;
    if (quote === '"' || quote === "'") {
      this.#string();
      const quoted = this.#text.slice(start, this.#at);
      return quote === '"' ? unescaped(quoted) : quoted.slice(1, -1);
    }
    while (BARE_KEY.test(this.#peek())) this.#at += 1;
    if (this.#at === start) this.#at += 1; // not TOML; go on in any case
    return this.#text.slice(start, this.#at);
  }

  #value(path: KeyPath): void {
    switch (this.#peek()) {
      case "[":
        this.#list(path);
        break;
      case "{":
        this.#inlineTable(path);
        break;
      case '"':
      case "'":
        this.#string();
        break;
      default:
        while (this.#at < this.#text.length && !",]}#\n".includes(this.#peek())) this.#at += 1;
    }
  }

  #list(path: KeyPath): void {
    this.#at += 1;
    for (let index = 0; ; index++) {
      this.#skipBlank();
      if (this.#peek() === "]" || this.#peek() === "") break;
      const item = [...path, index];
      this.#note(item, this.#at);
      this.#value(item);
      this.#skipBlank();
      if (this.#peek() === ",") this.#at += 1;
      else break;
    }
    this.#at += 1;
  }

  #inlineTable(path: KeyPath): void {
    this.#at += 1;
    for (;;) {
      this.#skipBlank();
      if (this.#peek() === "}" || this.#peek() === "") break;
      this.#pair(path);
      this.#skipBlank();
      if (this.#peek() === ",") this.#at += 1;
      else break;
    }
    this.#at += 1;
  }

  #string(): void {
    const quote = this.#peek();
    const isLong = this.#peek(1) === quote && this.#peek(2) === quote;
    const end = isLong ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#at += quote === '"' && this.#peek() === "\\" ? 2 : 1;
    }
    this.#at += end.length;
    // A long text may end with up to two quotes of its own.
    while (isLong && this.#peek() === quote) this.#at += 1;
  }
}

const escapes: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\u001B",
};

function unescaped(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return inner.replaceAll(
    /\\(?:U([0-9A-Fa-f]{8})|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))/gs,
    (_, ...groups) => {
      const [long, short, byte, letter = ""] = groups as (string | undefined)[];
      const digits = long ?? short ?? byte;
      if (digits === undefined) return escapes[letter] ?? letter;
      const code = Number.parseInt(digits, 16);
      return code <= 0x10_ff_ff ? String.fromCodePoint(code) : "?";
    },
  );
}
