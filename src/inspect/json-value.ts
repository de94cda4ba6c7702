/**
 * Values out of JSON, checked one by one: each reader names the place where something else stands, and says what is allowed.
 */

import { ConfigError, utf8Decode, utf8Encode } from "#base";
import { utf8Problem } from "#protocol";

/** How a place in JSON is named in errors; `["will", "qos"]` as `will.qos`. */
export type NamePlace = (path: readonly string[]) => string;

/** An object out of JSON whose keys are all asked for; `done` refuses those that were not. */
export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: readonly string[];
  readonly #name: NamePlace;
  readonly #asked = new Set<string>();

  /** @throws ConfigError unless `value` is an object */
  constructor(value: unknown, path: readonly string[], name: NamePlace) {
    this.#path = path;
    this.#name = name;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ConfigError(name(path), "it has to be an object, { ... }.");
    }
    this.#fields = value as Record<string, unknown>;
  }

  has(key: string): boolean {
    return this.#fields[key] !== undefined;
  }

  text(key: string): string | undefined {
    return this.#typed(key, "a text", (value) => typeof value === "string");
  }

  flag(key: string): boolean | undefined {
    return this.#typed(key, "true or false", (value) => typeof value === "boolean");
  }

  /** A whole number up to `highest`. */
  integer(key: string, lowest: number, highest: number): number | undefined {
    return this.#typed(
      key,
      `a whole number from ${lowest} to ${highest}`,
      (value) => Number.isInteger(value) && (value as number) >= lowest && (value as number) <= highest,
    );
  }

  /** A number of one byte, also as `"0x87"`. */
  code(key: string): number | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : this.#code(key, value);
  }

  codes(key: string): number[] | undefined {
    return this.list(key)?.map((each) => this.#code(key, each));
  }

  #code(key: string, value: unknown): number {
    const number =
      typeof value === "string" && /^(0x[0-9a-f]{1,2}|\d{1,3})$/i.test(value) ? Number(value) : value;
    if (Number.isInteger(number) && (number as number) >= 0 && (number as number) <= 255)
      return number as number;
    throw this.refusal(key, "a number from 0 to 255, or in hex like 0x87");
  }

  /** Bytes: a text stands for its UTF-8, `{ "hex": "00 ff" }` and `{ "base64": "AP8=" }` for any. */
  bytes(key: string): Uint8Array | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "string") return utf8Encode(value);
    const found = bytesOf(value);
    if (found === undefined) throw this.refusal(key, 'a text, { "hex": "00 ff" } or { "base64": "AP8=" }');
    return found;
  }

  list(key: string): readonly unknown[] | undefined {
    return this.#typed<readonly unknown[]>(key, "a list, [ ... ]", Array.isArray);
  }

  object(key: string): JsonObject | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : new JsonObject(value, [...this.#path, key], this.#name);
  }

  /** The objects in a list. */
  objects(key: string): JsonObject[] | undefined {
    return this.list(key)?.map((each, index) => {
      return new JsonObject(each, [...this.#path, `${key}[${index}]`], this.#name);
    });
  }

  /** The value of `key`, which has to be there. */
  required<T>(key: string, value: T | undefined): T {
    if (value !== undefined) return value;
    throw new ConfigError(this.#name([...this.#path, key]), "it is missing.");
  }

  refusal(key: string, allowed: string): ConfigError {
    return new ConfigError(this.#name([...this.#path, key]), `it has to be ${allowed}.`);
  }

  /** @throws ConfigError for the first key that nobody asked for */
  done(): void {
    for (const key of Object.keys(this.#fields)) {
      if (this.#asked.has(key) || this.#fields[key] === undefined) continue;
      const known = [...this.#asked].join(", ");
      throw new ConfigError(
        this.#name([...this.#path, key]),
        `there is no such field here; there are ${known}.`,
      );
    }
  }

  #take(key: string): unknown {
    this.#asked.add(key);
    return this.#fields[key];
  }

  #typed<T>(key: string, allowed: string, isRight: (value: unknown) => boolean): T | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (!isRight(value)) throw this.refusal(key, allowed);
    return value as T;
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { hex, base64, ...rest } = value as { hex?: unknown; base64?: unknown };
  if (Object.keys(rest).length > 0 || (hex === undefined) === (base64 === undefined)) return undefined;
  if (typeof hex === "string") {
    const digits = hex.replaceAll(/\s/g, "");
    if (!/^([0-9a-f]{2})*$/i.test(digits)) return undefined;
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  return typeof base64 === "string" ? readBase64(base64) : undefined;
}

/** The bytes of Base64, with or without its filling, in either alphabet; undefined when it is none. */
export function readBase64(text: string): Uint8Array | undefined {
  const plain = text.replaceAll(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}

/** Bytes for JSON: as a text if they are one, else in hex. */
export function bytesToJson(bytes: Uint8Array): string | { hex: string } {
  if (utf8Problem(bytes, 0, bytes.length) === undefined) return utf8Decode(bytes);
  return { hex: [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}
