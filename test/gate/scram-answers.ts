/** The client's side of SCRAM (RFC 5802), written from the document and on Node's hashes alone. */

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

export type ScramName = "SCRAM-SHA-256" | "SCRAM-SHA-512";

export class ScramAnswers {
  readonly #hash: "sha256" | "sha512";
  readonly #password: string;
  readonly #bare: string;
  /** What went over the wire in the end; empty before. */
  proof = "";

  constructor({ method, userName, password }: { method: ScramName; userName: string; password: string }) {
    this.#hash = method === "SCRAM-SHA-256" ? "sha256" : "sha512";
    this.#password = password;
    this.#bare = `n=${userName},r=${randomBytes(18).toString("base64url")}`;
  }

  get first(): Uint8Array {
    return Buffer.from(`n,,${this.#bare}`);
  }

  /** The proof, for what the server asks. */
  next(challenge: Uint8Array = new Uint8Array(0)): Uint8Array {
    const asked = Buffer.from(challenge).toString();
    const [, nonce = "", salt = "", rounds = "1"] = /^r=(.*),s=(.*),i=(\d+)$/.exec(asked) ?? [];
    const length = this.#hash === "sha256" ? 32 : 64;
    const salted = pbkdf2Sync(
      this.#password,
      Buffer.from(salt, "base64"),
      Number(rounds),
      length,
      this.#hash,
    );
    const key = this.#hmac(salted, "Client Key");
    const stored = createHash(this.#hash).update(key).digest();
    const unproved = `c=biws,r=${nonce}`;
    const signature = this.#hmac(stored, `${this.#bare},${asked},${unproved}`);
    const proof = Buffer.from(key.map((byte, index) => byte ^ (signature[index] ?? 0))).toString("base64");
    this.proof = proof;
    return Buffer.from(`${unproved},p=${proof}`);
  }

  #hmac(key: Uint8Array, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}
