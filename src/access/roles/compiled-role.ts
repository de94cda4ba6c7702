/**
 * A role made ready to be asked: its topics in trees, by the kinds of ACLs. HOT: asked once for each client and topic.
 *
 * Topics may hold `%c` and `%u` as whole levels, as in mosquitto 2.1. A topic that is no filter stays in the file and matches
 * nothing.
 */

import type { Identity, Permission } from "#auth";
import { topicFilterProblem } from "#protocol";
import { FilterIndex, MOST_LEVELS, namePlaceholders } from "../filter-index.ts";
import type { Acl, AclType, Role } from "./state.ts";

class CompiledAcls {
  readonly #index: FilterIndex;
  readonly #answers: Permission[] = [];

  constructor(role: Role, type: AclType) {
    // For subscriptions mosquitto's # stands for everything, topics that begin with $ included.
    const dollarIsOrdinary = type === "subscribePattern" || type === "unsubscribePattern";
    this.#index = new FilterIndex({ placeholders: namePlaceholders, dollarIsOrdinary });
    for (const acl of role.acls[type]) {
      const isFilter = topicFilterProblem(acl.topic) === undefined;
      if (!isFilter || acl.topic.split("/").length > MOST_LEVELS) continue;
      this.#index.add(acl.topic, this.#answers.push(answerOf(role, type, acl)) - 1);
    }
  }

  answer(client: Identity, topic: string): Permission | undefined {
    return this.#answers[this.#index.first(client, topic)];
  }
}

/** ACLs whose topic is meant letter by letter, wildcards included. */
class LiteralAcls {
  readonly #answers = new Map<string, Permission>();
  readonly #withNames: { readonly levels: readonly string[]; readonly answer: Permission }[] = [];

  constructor(role: Role, type: AclType) {
    for (const acl of role.acls[type]) {
      const answer = answerOf(role, type, acl);
      const levels = acl.topic.split("/");
      if (levels.some((level) => namePlaceholders.is(level))) this.#withNames.push({ levels, answer });
      this.#answers.set(acl.topic, answer);
    }
  }

  answer(client: Identity, topicFilter: string): Permission | undefined {
    const answer = this.#answers.get(topicFilter);
    if (answer !== undefined || this.#withNames.length === 0) return answer;
    const levels = topicFilter.split("/");
    for (const acl of this.#withNames) if (isSame(acl.levels, levels, client)) return acl.answer;
    return undefined;
  }
}

function isSame(wanted: readonly string[], levels: readonly string[], client: Identity): boolean {
  if (wanted.length !== levels.length) return false;
  for (let i = 0; i < wanted.length; i++) {
    const level = levels[i] as string;
    const expected = wanted[i] as string;
    if (expected === level) continue;
    // A client called + or # does not become a wildcard.
    if (level === "+" || level === "#") return false;
    if (!namePlaceholders.is(expected) || !namePlaceholders.fits(client, expected, level)) return false;
  }
  return true;
}

function answerOf(role: Role, type: AclType, { topic, allow }: Acl): Permission {
  return allow ? true : { outcome: "denied", rule: `role ${role.roleName}: ${type} deny ${topic}` };
}

export class CompiledRole {
  readonly #send: CompiledAcls;
  readonly #receive: CompiledAcls;
  readonly #subscribeLiteral: LiteralAcls;
  readonly #subscribe: CompiledAcls;
  readonly #unsubscribeLiteral: LiteralAcls;
  readonly #unsubscribe: CompiledAcls;
  readonly #wildcards: Permission;

  constructor(role: Role) {
    this.#send = new CompiledAcls(role, "publishClientSend");
    this.#receive = new CompiledAcls(role, "publishClientReceive");
    this.#subscribeLiteral = new LiteralAcls(role, "subscribeLiteral");
    this.#subscribe = new CompiledAcls(role, "subscribePattern");
    this.#unsubscribeLiteral = new LiteralAcls(role, "unsubscribeLiteral");
    this.#unsubscribe = new CompiledAcls(role, "unsubscribePattern");
    this.#wildcards =
      role.allowWildcardSubs === false
        ? { outcome: "denied", rule: `role ${role.roleName}: allowwildcardsubs is false` }
        : true;
  }

  mayPublish(client: Identity, topicName: string): Permission | undefined {
    return this.#send.answer(client, topicName);
  }

  mayReceive(client: Identity, topicName: string): Permission | undefined {
    return this.#receive.answer(client, topicName);
  }

  maySubscribe(client: Identity, topicFilter: string): Permission | undefined {
    const literal = this.#subscribeLiteral.answer(client, topicFilter);
    if (literal !== undefined) return literal;
    if (this.#wildcards !== true && (topicFilter.includes("+") || topicFilter.includes("#"))) {
      return this.#wildcards;
    }
    return this.#subscribe.answer(client, topicFilter);
  }

  mayUnsubscribe(client: Identity, topicFilter: string): Permission | undefined {
    return (
      this.#unsubscribeLiteral.answer(client, topicFilter) ?? this.#unsubscribe.answer(client, topicFilter)
    );
  }
}
