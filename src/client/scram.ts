/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) as enhanced authentication: both sides prove that they know the password, and it does
 * not travel. Runs on WebCrypto; without channel binding.
 */

import {
  bytesEqual,
  concatBytes,
  MartletError,
  type Random,
  systemRandom,
  utf8Decode,
  utf8Encode,
} from "#base";
import type { AuthenticationExchange, Authenticator } from "./options.ts";

export interface ScramOptions {
  readonly userName: string;
  readonly password: string;
  /** Fewer rounds than this are refused: they would make the password cheap to guess. Default 4096. */
  readonly minimumIterations?: number;
  /** For tests: where the nonce comes from. */
  readonly random?: Random;
}

/** The broker did not prove that it knows the password, or broke the method's rules. */
export class AuthenticationError extends MartletError {
  constructor(message: string) {
    super("MARTLET_AUTHENTICATION", `SCRAM-SHA-256: ${message}`);
  }
}

const NONCE_BYTES = 18;
/** More would be a way to keep the client busy. */
const MOST_ITERATIONS = 10_000_000;
/** No channel binding. */
const HEADER = "n,,";

/** @example enhancedAuthentication(scramSha256({ userName: "me", password: "secret" })) */
export function scramSha256(options: ScramOptions): Authenticator {
  return { method: "SCRAM-SHA-256", begin: () => new ScramExchange(options) };
}

class ScramExchange implements AuthenticationExchange {
  readonly #options: ScramOptions;
  #nonce = "";
  #firstBare = "";
  #expected: Uint8Array | undefined;
  #isVerified = false;

  constructor(options: ScramOptions) {
    this.#options = options;
  }

  start(): Uint8Array {
    const { userName, random = systemRandom() } = this.#options;
    const name = userName.normalize("NFKC").replaceAll("=", "=3D").replaceAll(",", "=2C");
    this.#nonce = toBase64(random.bytes(NONCE_BYTES));
    this.#firstBare = `n=${name},r=${this.#nonce}`;
    return utf8Encode(HEADER + this.#firstBare);
  }

  async next(data: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    if (this.#expected !== undefined) {
      this.#verify(data);
      return undefined;
    }
    const serverFirst = utf8Decode(data ?? new Uint8Array(0));
    const { r: nonce = "", s: salt = "", i: rounds = "" } = fieldsOf(serverFirst);
    const iterations = Number(rounds);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new AuthenticationError("the broker's nonce is not ours continued");
    }
    if (!(iterations >= (this.#options.minimumIterations ?? 4096) && iterations <= MOST_ITERATIONS)) {
      throw new AuthenticationError(`${rounds} iterations are not accepted`);
    }
    const withoutProof = `c=${btoa(HEADER)},r=${nonce}`;
    const authMessage = utf8Encode(`${this.#firstBare},${serverFirst},${withoutProof}`);
    const salted = await this.#salted(fromBase64(salt), iterations);
    const clientKey = await hmac(salted, utf8Encode("Client Key"));
    const signature = await hmac(await sha256(clientKey), authMessage);
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] as number));
    this.#expected = await hmac(await hmac(salted, utf8Encode("Server Key")), authMessage);
    return utf8Encode(`${withoutProof},p=${toBase64(proof)}`);
  }

  finish(data: Uint8Array | undefined): void {
    if (!this.#isVerified) this.#verify(data);
  }

  #verify(data: Uint8Array | undefined): void {
    const { v: signature = "", e: problem } = fieldsOf(utf8Decode(data ?? new Uint8Array(0)));
    if (problem !== undefined) throw new AuthenticationError(`the broker says ${problem}`);
    if (this.#expected === undefined || !bytesEqual(fromBase64(signature), this.#expected)) {
      throw new AuthenticationError("the broker does not know the password");
    }
    this.#isVerified = true;
  }

  async #salted(salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array> {
    const password = utf8Encode(this.#options.password.normalize("NFKC")).slice();
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const bits = await crypto.subtle.deriveBits(
      { name: "PBKDF2", hash: "SHA-256", salt, iterations },
      key,
      256,
    );
    return new Uint8Array(bits);
  }
}

function fieldsOf(message: string): Partial<Record<string, string>> {
  return Object.fromEntries(message.split(",").map((field) => [field.slice(0, 1), field.slice(2)]));
}

async function hmac(secret: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", secret.slice(), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, data.slice()));
}

async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concatBytes([data]).slice()));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new AuthenticationError("a field is no base64");
  }
}
