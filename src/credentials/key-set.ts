/**
 * The keys behind a JWKS URL. They are fetched when the first token wants them, again when they are old, and when a token fits
 * none of them, but never twice within the cooldown. While the endpoint fails, the keys that it gave last stay; without any,
 * nobody is let in. One fetch at a time, and who is let in by keys that are there does not wait for it.
 */

import { type Clock, ConfigError, describeError, type Log, silentLog } from "#base";
import { type JwtKey, jwtKeysOfSet } from "./jwt-keys.ts";

const DEFAULT_CACHE_MS = 600_000;
const DEFAULT_COOLDOWN_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_MOST_BYTES = 262_144;
const MOST_KEYS = 100;

export interface KeySetOptions {
  /** `https:`; `http:` only on this machine itself. */
  readonly url: string;
  readonly clock: Pick<Clock, "now">;
  /** After which keys are fetched again. Default ten minutes. */
  readonly cacheMs?: number;
  /** Between two fetches, whatever tokens ask for. Default 30 seconds. */
  readonly cooldownMs?: number;
  /** For the whole answer. Default 5 seconds. */
  readonly timeoutMs?: number;
  /** Of the answer. Default 256 KiB. */
  readonly mostBytes?: number;
  readonly log?: Log;
}

/** @throws ConfigError for a URL that is none, or plain HTTP to another machine */
export class KeySet {
  readonly #url: URL;
  readonly #clock: Pick<Clock, "now">;
  readonly #cacheMs: number;
  readonly #cooldownMs: number;
  readonly #timeoutMs: number;
  readonly #mostBytes: number;
  readonly #log: Log;
  #keys: readonly JwtKey[] | undefined;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.#url = allowedUrl(options.url);
    this.#clock = options.clock;
    this.#cacheMs = options.cacheMs ?? DEFAULT_CACHE_MS;
    this.#cooldownMs = options.cooldownMs ?? DEFAULT_COOLDOWN_MS;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#mostBytes = options.mostBytes ?? DEFAULT_MOST_BYTES;
    this.#log = options.log ?? silentLog;
  }

  /** Those that are there; fetched when there are none, or behind the back of whoever asks when they are old. Never rejects. */
  async current(): Promise<readonly JwtKey[] | undefined> {
    if (this.#keys === undefined) await this.#refresh();
    else if (this.#clock.now() - this.#fetchedAtMs >= this.#cacheMs) void this.#refresh();
    return this.#keys;
  }

  /** Fetched anew, if the cooldown is over. Never rejects. */
  async renewed(): Promise<readonly JwtKey[] | undefined> {
    await this.#refresh();
    return this.#keys;
  }

  async #refresh(): Promise<void> {
    if (this.#fetching === undefined) {
      if (this.#clock.now() - this.#triedAtMs < this.#cooldownMs) return;
      this.#triedAtMs = this.#clock.now();
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = undefined;
      });
    }
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    let found: readonly JwtKey[] | string;
    try {
      found = await this.#answer();
    } catch (error) {
      found = reasonOf(error);
    }
    if (typeof found !== "string") {
      this.#keys = found;
      this.#fetchedAtMs = this.#clock.now();
      return;
    }
    const rest = this.#keys === undefined ? "Nobody with a token is let in." : "The old keys stay.";
    this.#log.write("warn", `The keys at ${placeOf(this.#url)} cannot be fetched: ${found}. ${rest}`);
  }

  /** The keys, or why there are none. Rejects when the connection or its time ends. */
  async #answer(): Promise<readonly JwtKey[] | string> {
    const response = await fetch(this.#url, {
      signal: AbortSignal.timeout(this.#timeoutMs),
      // Keys come from where the configuration says, and from nowhere else.
      redirect: "error",
      headers: { accept: "application/json" },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return `the answer has the status ${response.status}`;
    }
    const text = await boundedText(response, this.#mostBytes);
    if (text === undefined) return `the answer is longer than ${this.#mostBytes} bytes`;
    const answer = jsonIn(text);
    if (answer === undefined) return "the answer is no JSON";
    const keys = jwtKeysOfSet(answer.value);
    if (keys === undefined) return "the answer is no key set";
    if (keys.length === 0) return "the answer has no key that verifies tokens";
    return keys.length > MOST_KEYS ? `the answer has more than ${MOST_KEYS} keys` : keys;
  }
}

/** `fetch` says what went wrong in the cause of its error. */
function reasonOf(error: unknown): string {
  return describeError(error instanceof TypeError && error.cause !== undefined ? error.cause : error);
}

function allowedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLocal)) return url;
  throw new ConfigError("jwks", `"${text}" is not allowed; give a URL with https.`);
}

/** Without what may be secret in it. */
function placeOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** Undefined for what is no JSON; what the parser says of it would quote it. */
function jsonIn(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Undefined when it is longer. */
async function boundedText(response: Response, mostBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > mostBytes) return undefined;
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text + decoder.decode();
}
