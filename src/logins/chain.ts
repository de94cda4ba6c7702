/**
 * The providers in their order, as the half of a gate that judges logins.
 *
 * The first provider that has an opinion decides; a login that nobody has an opinion on is refused. A provider that fails, or
 * says something that is no answer, refuses: a broken lock does not open. Each verdict is reported with its reason and without a
 * secret, so that whoever composes the server can log and count it. Nothing waits that need not: providers that answer at
 * once are asked in one turn.
 */

import type { Accepted, ClientAddress, Continued, Exchange, Login, Refused } from "#auth";
import { describeError, isPromise, type MaybePromise } from "#base";
import { ReasonCode } from "#protocol";
import { acceptanceProblem } from "./acceptance.ts";
import type { LoginProvider, RefusedLogin } from "./provider.ts";

/** One decision, for logs and counters. Holds no secret. */
export interface LoginVerdict {
  /** As in CONNECT; anybody may have written them. */
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly address: ClientAddress;
  readonly listener: string;
  /** The method of an enhanced authentication. */
  readonly method: string | undefined;
  /** Who decided; undefined when nobody had an opinion. */
  readonly provider: string | undefined;
  /** `failed` is a refusal, too: the provider did not do its work, and the client may be all right. */
  readonly outcome: "accepted" | "refused" | "failed";
  /** One clause for a person; empty when accepted. */
  readonly reason: string;
  /** 0 when accepted. */
  readonly reasonCode: ReasonCode;
}

export type OnVerdict = (verdict: LoginVerdict) => void;

const UNAVAILABLE: Refused = { outcome: "refused", reasonCode: ReasonCode.SERVER_UNAVAILABLE };

type Step = Accepted | Continued | Refused;

/**
 * @example
 * ```text
 * const chain = new LoginChain([new PasswordFileLogin(file, options), new AnonymousLogin()], (verdict) => log(verdict));
 * const gate: Gate = { authenticate: (login) => chain.authenticate(login) };
 * ```
 */
export class LoginChain {
  readonly #providers: readonly LoginProvider[];
  readonly #onVerdict: OnVerdict;

  constructor(providers: readonly LoginProvider[], onVerdict: OnVerdict = () => undefined) {
    this.#providers = providers;
    this.#onVerdict = onVerdict;
  }

  /** As in `Gate`. Never throws or rejects, unless `onVerdict` does. */
  authenticate(login: Login): MaybePromise<Accepted | Refused> {
    return this.#ask(login, 0);
  }

  /** As in `Gate`. A provider that cannot begin is one whose exchange is refused at its first step. */
  beginExchange(method: string, login: Login): Exchange | undefined {
    for (const provider of this.#providers) {
      try {
        const exchange = provider.beginExchange?.(method, login);
        if (exchange !== undefined) return this.#watched(exchange, { login, method, provider });
      } catch (error) {
        const failed = this.#failed({ login, method, provider }, error);
        return { step: () => failed };
      }
    }
    const reason = `the method ${JSON.stringify(method)} is not offered`;
    this.#report(
      { login, method, provider: undefined },
      "refused",
      reason,
      ReasonCode.BAD_AUTHENTICATION_METHOD,
    );
    return undefined;
  }

  #ask(login: Login, from: number): MaybePromise<Accepted | Refused> {
    for (let at = from; at < this.#providers.length; at++) {
      const provider = this.#providers[at] as LoginProvider;
      const asked: Asked = { login, method: undefined, provider };
      let answer: MaybePromise<Accepted | Refused | undefined>;
      try {
        answer = provider.authenticate(login);
      } catch (error) {
        return this.#failed(asked, error);
      }
      if (isPromise(answer)) {
        return answer.then(
          (settled) => (settled === undefined ? this.#ask(login, at + 1) : this.#judged(asked, settled)),
          (error: unknown) => this.#failed(asked, error),
        );
      }
      if (answer !== undefined) return this.#judged(asked, answer);
    }
    return this.#nobody(login);
  }

  #nobody(login: Login): Refused {
    const isNamed = login.userName !== undefined;
    const reasonCode = isNamed ? ReasonCode.BAD_USER_NAME_OR_PASSWORD : ReasonCode.NOT_AUTHORIZED;
    const reason = isNamed ? "no login provider knows this user" : "it says nothing that proves who it is";
    this.#report({ login, method: undefined, provider: undefined }, "refused", reason, reasonCode);
    return { outcome: "refused", reasonCode };
  }

  #judged(asked: Asked, answer: Accepted | Refused): Accepted | Refused {
    if (isRefusal(answer)) {
      this.#report(asked, "refused", reasonOf(answer), answer.reasonCode);
      return answer;
    }
    const problem = acceptanceProblem(answer);
    if (problem !== undefined) return this.#failed(asked, problem);
    this.#report(asked, "accepted", "", ReasonCode.SUCCESS);
    return answer;
  }

  #failed(asked: Asked, error: unknown): Refused {
    this.#report(asked, "failed", describeError(error), ReasonCode.SERVER_UNAVAILABLE);
    return UNAVAILABLE;
  }

  #watched(exchange: Exchange, asked: Asked): Exchange {
    const taken = (step: Step): Step =>
      step?.outcome === "continued" && step.authenticationData instanceof Uint8Array
        ? step
        : this.#judged(asked, step as Accepted | Refused);
    return {
      step: (data) => {
        let step: MaybePromise<Step>;
        try {
          step = exchange.step(data);
        } catch (error) {
          return this.#failed(asked, error);
        }
        return isPromise(step)
          ? step.then(taken, (error: unknown) => this.#failed(asked, error))
          : taken(step);
      },
    };
  }

  #report(
    { login, method, provider }: Asked,
    outcome: LoginVerdict["outcome"],
    reason: string,
    reasonCode: ReasonCode,
  ): void {
    const { clientId, userName, address, listener } = login;
    const facts = { clientId, userName, address, listener, method };
    this.#onVerdict({ ...facts, provider: provider?.name, outcome, reason, reasonCode });
  }
}

interface Asked {
  readonly login: Login;
  readonly method: string | undefined;
  readonly provider: LoginProvider | undefined;
}

function isRefusal(answer: Accepted | Refused): answer is Refused {
  return answer?.outcome === "refused" && typeof answer.reasonCode === "number";
}

function reasonOf(refused: Refused | RefusedLogin): string {
  return "reason" in refused ? refused.reason : (refused.reasonString ?? "it gave no reason");
}
