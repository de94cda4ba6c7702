/**
 * From `[logins]` and `[access]` of a configuration to the gate that the broker asks, with everything behind it: files that are
 * watched, services, roles that take commands. A configuration without either has no gate: everybody who can connect may do
 * everything.
 */

import { combineAccess, DYNAMIC_SECURITY_TOPIC } from "#access";
import type { Accepted, ClientLimits, Continued, Gate, Login, Refused } from "#auth";
import { isPromise, type MaybePromise } from "#base";
import type { Broker, ClientSummary } from "#broker";
import { type Configuration, hasLogins } from "#config";
import { LoginChain, type LoginProvider } from "#logins";
import { ReasonCode } from "#protocol";
import { isExposed } from "#server";
import { type AccessSources, accessSources } from "./access-sources.ts";
import { GateFiles, type GateTools } from "./gate-tools.ts";
import { listenerOptionsOf, nameOf } from "./listener-options.ts";
import { loginLines } from "./login-lines.ts";
import { anonymousLogin, loginProviders, type OwnLogins } from "./login-providers.ts";
import { rolesLogin } from "./roles-login.ts";
import { userLimits } from "./user-limits.ts";

export class ConfiguredGate {
  /** Undefined when anybody may do everything. */
  readonly gate: Gate | undefined;
  /** Listeners that take clients without a word about themselves. */
  readonly #nameless: ReadonlySet<string>;
  /** Listeners that take any user name unproved. */
  readonly #open: ReadonlySet<string>;
  readonly #anonymousUserName: string | undefined;
  readonly #files: GateFiles;
  readonly #access: AccessSources;
  #broker: Broker | undefined;
  #stopControl: (() => void) | undefined;

  /** @throws ConfigError for a file or key that cannot be used; nothing is left open then */
  constructor(configuration: Configuration, tools: GateTools) {
    this.#files = new GateFiles(tools);
    const anonymous = listenersForAnyone(configuration);
    this.#nameless = anonymous.names;
    this.#anonymousUserName = configuration.logins.anonymous_user_name;
    try {
      const { logins } = configuration;
      this.#access = accessSources(configuration, tools, this.#files, (userName) =>
        this.#connectionsOf(userName),
      );
      const { roles, sources } = this.#access;
      const providers = loginProviders(logins, tools, this.#files, ownLogins(configuration));
      if (roles !== undefined) providers.push(rolesLogin(roles, tools));
      // Names that nobody proves must not meet rules about names.
      this.#open = new Set([...anonymous.unasked].filter((name) => this.#access.isFree(name)));
      this.gate =
        providers.length === 0 && sources.length === 0 && anonymous.isEverywhere
          ? undefined
          : this.#compose(
              [
                ...providers,
                anonymousLogin(logins.anonymous_user_name, {
                  allowed: anonymous.names,
                  open: this.#open,
                }),
              ],
              userLimits(configuration.users),
              logins.uniform_refusals,
              tools,
            );
    } catch (error) {
      this.#files.close();
      throw error;
    }
  }

  /** From now on `broker` asks this gate, and its commands come here. */
  attach(broker: Broker): void {
    this.#broker = broker;
    const { roles } = this.#access;
    if (roles !== undefined) {
      this.#stopControl = broker.control(DYNAMIC_SECURITY_TOPIC, (client, command) =>
        roles.handle(client, command),
      );
    }
  }

  /**
   * Those of `clients` that have to go: `before` let them in without a word about themselves, or without a proof of the name that they
   * gave, and here they would not have come in so.
   */
  shutOut(before: ConfiguredGate, clients: Iterable<ClientSummary>): readonly string[] {
    const closed = namesWithout(before.#nameless, this.#nameless);
    const asked = namesWithout(before.#open, this.#open);
    const found: string[] = [];
    // There may be a million sessions.
    if (closed.size === 0 && asked.size === 0) return found;
    for (const { clientId, listener, userName } of clients) {
      const isNameless = userName === undefined || userName === before.#anonymousUserName;
      if (listener !== undefined && (isNameless ? closed : asked).has(listener)) found.push(clientId);
    }
    return found;
  }

  /** Looks at all files now. */
  reload(): void {
    this.#files.reload();
  }

  /** Nothing is watched any more, and commands go nowhere. */
  close(): void {
    this.#stopControl?.();
    this.#files.close();
    this.#access.close();
  }

  #compose(
    providers: readonly LoginProvider[],
    limitsOf: (userName: string) => ClientLimits | undefined,
    refusesAlike: boolean,
    { log, clock }: GateTools,
  ): Gate {
    const chain = new LoginChain(providers, loginLines(log, clock));
    const completed = <T extends Accepted | Continued | Refused>(answer: T, login: Login): T => {
      if (refusesAlike && answer.outcome === "refused") return withoutCause(answer);
      if (answer.outcome !== "accepted" || answer.limits !== undefined) return answer;
      const userName = answer.userName ?? login.userName;
      const limits = userName === undefined ? undefined : limitsOf(userName);
      return limits === undefined ? answer : { ...answer, limits };
    };
    const rules = combineAccess(this.#access.sources);
    return {
      ...rules,
      authenticate: (login) => after(chain.authenticate(login), (answer) => completed(answer, login)),
      beginExchange: (method, login) => {
        const exchange = chain.beginExchange(method, login);
        return exchange && { step: (data) => after(exchange.step(data), (step) => completed(step, login)) };
      },
      watch: (changed) => {
        this.#files.onChange = changed;
        rules.watch?.(changed);
      },
    };
  }

  #connectionsOf(userName: string): readonly string[] {
    const addresses: string[] = [];
    for (const client of this.#broker?.clients() ?? []) {
      if (client.connected && client.userName === userName)
        addresses.push(client.address?.remoteAddress ?? "");
    }
    return addresses;
  }
}

/** The log knows more; whoever tries names and passwords does not learn which of them was wrong. */
function withoutCause<T extends Accepted | Continued | Refused>(answer: T): T {
  return answer.outcome === "refused" && answer.reasonCode === ReasonCode.BAD_USER_NAME_OR_PASSWORD
    ? { ...answer, reasonCode: ReasonCode.NOT_AUTHORIZED }
    : answer;
}

function after<T>(value: MaybePromise<T>, change: (value: T) => T): MaybePromise<T> {
  return isPromise(value) ? value.then(change) : change(value);
}

function ownLogins({ listeners }: Configuration): OwnLogins {
  const found = listeners.flatMap((listener) => {
    const { logins } = listener;
    return logins === undefined ? [] : [[nameOf(listener), logins] as const];
  });
  return new Map(found);
}

function namesWithout(names: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...names].filter((name) => !others.has(name)));
}

interface ForAnyone {
  readonly names: ReadonlySet<string>;
  /** Of them, those where nobody is asked. */
  readonly unasked: ReadonlySet<string>;
  readonly isEverywhere: boolean;
}

/**
 * On which listeners clients get in that say nothing of themselves: where that is allowed by name; if nothing is said, only when
 * nobody else could get in and only this machine can connect.
 */
function listenersForAnyone(configuration: Configuration): ForAnyone {
  const { logins, listeners } = configuration;
  const names = new Set<string>();
  const unasked = new Set<string>();
  let isEverywhere = true;
  for (const listener of listeners) {
    const options = listenerOptionsOf({ ...listener, tls: undefined }, [], () => undefined);
    const isAsked = hasLogins(configuration, listener);
    const usual = logins.allow_anonymous ?? (!isAsked && !isExposed(options));
    if (!(listener.allow_anonymous ?? usual)) {
      isEverywhere = false;
      continue;
    }
    names.add(nameOf(listener));
    if (!isAsked) unasked.add(nameOf(listener));
  }
  return { names, unasked, isEverywhere };
}
