/**
 * Asks a service over HTTP whether a client may connect. The service lets in, refuses, or says that the client is none of its
 * business; trouble refuses (0x88 Server unavailable, 0x89 Server busy).
 *
 * Who has just been let in is let in again for a while without asking, if nothing of the question has changed, the password
 * included, of which nothing but an HMAC is kept. Refusals are not remembered: what the service learns counts at once.
 */

import type { Accepted, Login, ScramHashing } from "#auth";
import { type MaybePromise, type Random, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import { FastPass } from "./fast-pass.ts";
import { connectQuestion } from "./http-question.ts";
import { HttpService, type HttpServiceOptions, type ServiceAnswer } from "./http-service.ts";
import type { LoginProvider, RefusedLogin } from "./provider.ts";

export interface HttpLoginOptions extends HttpServiceOptions {
  /** Makes the HMAC of what is remembered. */
  readonly hashing: ScramHashing;
  /** For its key; has to be that of the system. */
  readonly random: Random;
  /** Default `http`. */
  readonly name?: string;
  /** For how long an acceptance is remembered, if the service does not say less. Default 60,000; 0 for not at all. */
  readonly rememberMs?: number;
  /** Acceptances that are remembered. Default 100,000. */
  readonly mostRemembered?: number;
}

interface Remembered {
  readonly accepted: Accepted;
  /** On the clock's `now` scale. */
  readonly validUntilMs: number;
}

export class HttpLogin implements LoginProvider {
  readonly name: string;
  readonly #options: HttpLoginOptions;
  readonly #service: HttpService;
  readonly #fastPass: FastPass<Remembered>;

  constructor(options: HttpLoginOptions) {
    const { name = "http", clock, random, hashing, rememberMs = 60_000, mostRemembered = 100_000 } = options;
    this.name = name;
    this.#options = options;
    this.#service = new HttpService(options);
    const bounds = { validForMs: rememberMs, mostEntries: mostRemembered };
    this.#fastPass = new FastPass({ clock, random, hashing, ...bounds });
  }

  /** Questions that wait for their turn, for a gauge. */
  get waiting(): number {
    return this.#service.waiting;
  }

  authenticate(login: Login): MaybePromise<Accepted | RefusedLogin | undefined> {
    const question = connectQuestion(login);
    const proof = this.#fastPass.proofOf(utf8Encode(question));
    const remembered = this.#fastPass.find(login.clientId, proof);
    return remembered === undefined ? this.#ask(login.clientId, question, proof) : this.#again(remembered);
  }

  /** Asks everybody anew from now on. */
  forgetAll(): void {
    this.#fastPass.forgetAll();
  }

  #again({ accepted, validUntilMs }: Remembered): Accepted {
    if (accepted.validForMs === undefined) return accepted;
    return { ...accepted, validForMs: validUntilMs - this.#options.clock.now() };
  }

  async #ask(
    clientId: string,
    question: string,
    proof: Uint8Array,
  ): Promise<Accepted | RefusedLogin | undefined> {
    const answer = await this.#service.ask(question);
    switch (answer.result) {
      case "trouble": {
        const { SERVER_BUSY, SERVER_UNAVAILABLE } = ReasonCode;
        return refused(answer.reason, answer.isBusy ? SERVER_BUSY : SERVER_UNAVAILABLE);
      }
      case "ignore":
        return undefined;
      case "deny":
        return refused("the service does not let it in", ReasonCode.NOT_AUTHORIZED);
      case "allow": {
        const accepted = acceptedBy(answer);
        const { validForMs = Number.POSITIVE_INFINITY } = answer;
        const validUntilMs = this.#options.clock.now() + validForMs;
        this.#fastPass.remember(clientId, proof, { accepted, validUntilMs }, validForMs);
        return accepted;
      }
    }
  }
}

function acceptedBy({ userName, clientId, claims, validForMs }: ServiceAnswer): Accepted {
  return {
    outcome: "accepted",
    ...(userName === undefined ? {} : { userName }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(claims === undefined ? {} : { claims }),
    ...(validForMs === undefined ? {} : { validForMs }),
  };
}

function refused(reason: string, reasonCode: ReasonCode): RefusedLogin {
  return { outcome: "refused", reasonCode, reason };
}
