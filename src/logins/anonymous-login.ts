/**
 * Lets in who says nothing of themselves: neither a user name nor a password. Nothing else, since whoever gives a name has to
 * prove it, and a password without a name is a token that somebody has to look at; mosquitto sees it so, too, as far as it
 * knows the case. Stands last in the chain, so that certificates and keys of TLS have had their say.
 */

import type { Accepted, Login } from "#auth";
import type { LoginProvider } from "./provider.ts";

export interface AnonymousLoginOptions {
  /** The user name that rules know them by. Default: none. */
  readonly userName?: string;
}

export class AnonymousLogin implements LoginProvider {
  readonly name = "anonymous";
  readonly #accepted: Accepted;

  constructor({ userName }: AnonymousLoginOptions = {}) {
    this.#accepted = { outcome: "accepted", ...(userName === undefined ? {} : { userName }) };
  }

  authenticate({ userName, password }: Login): Accepted | undefined {
    return userName === undefined && password === undefined ? this.#accepted : undefined;
  }
}
