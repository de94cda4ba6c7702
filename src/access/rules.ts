/**
 * Our own rules as a source of permissions: in order, the first that fits decides. What an `AccessRule` means stands there.
 *
 * Filters lie in trees, those of rules for named users in trees of their own, so that a question looks only at rules whose topics
 * fit. `receive` and `unsubscribe` are judged only if some rule is about them: otherwise whoever may subscribe also receives, and
 * everybody may unsubscribe. HOT: `judge`, once for each client and topic.
 */

import type { Denied, Identity, Permission } from "#auth";
import { ConfigError } from "#base";
import { type Qos, topicFilterProblem } from "#protocol";
import { type AccessRule, type RuleAction, ruleActions } from "./access-rule.ts";
import { claimOf, textsOf } from "./claims.ts";
import { FilterIndex, MOST_LEVELS, namePlaceholders, type Placeholders } from "./filter-index.ts";
import { Subject } from "./rule-subject.ts";
import type { AccessSource } from "./source.ts";

export interface AccessRulesOptions {
  /** For errors, denials and logs. Default `rules`. */
  readonly name?: string | undefined;
  /** When no rule fits: refuse, permit, or ask the next source. Default `deny`. */
  readonly otherwise?: "deny" | "allow" | "next" | undefined;
}

const DEFAULT_ACTIONS: readonly RuleAction[] = ["publish", "subscribe"];
const CLAIM = /^%\{claim\.([^{}]+)\}$/;
const CLAIM_BEGIN = "%{claim.".length;

const rulePlaceholders: Placeholders = {
  is: (level) => namePlaceholders.is(level) || CLAIM.test(level),
  fits(client, placeholder, level) {
    if (namePlaceholders.is(placeholder)) return namePlaceholders.fits(client, placeholder, level);
    const texts = textsOf(claimOf(client, placeholder.slice(CLAIM_BEGIN, -1)));
    return level === undefined ? texts.length > 0 : texts.includes(level);
  },
};

/** A rule that has been checked. */
interface Rule {
  readonly subject: Subject;
  readonly qos: readonly Qos[] | undefined;
  readonly retain: boolean | undefined;
  readonly answer: Permission;
}

/** The filters of one action: those that allow and those that deny, since wildcards count differently for the two. */
class ActionIndex {
  readonly #allows = new FilterIndex({ placeholders: rulePlaceholders });
  readonly #denies = new FilterIndex({ placeholders: rulePlaceholders });

  add(filter: string, order: number, effect: AccessRule["effect"]): void {
    (effect === "allow" ? this.#allows : this.#denies).add(filter, order);
  }

  candidates(client: Identity, topic: string, orders: number[]): void {
    this.#allows.covering(client, topic, orders);
    // For a topic name that is the same: it overlaps what it matches.
    this.#denies.overlapping(client, topic, orders);
  }
}

/** All rules about one action. */
class ActionRules {
  readonly #general = new ActionIndex();
  readonly #users = new Map<string, ActionIndex>();
  readonly #rules: readonly Rule[];
  readonly #orders: number[] = [];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  add(filter: string, order: number, effect: AccessRule["effect"]): void {
    const { exactUserNames } = (this.#rules[order] as Rule).subject;
    if (exactUserNames === undefined) {
      this.#general.add(filter, order, effect);
      return;
    }
    for (const userName of new Set(exactUserNames)) {
      let index = this.#users.get(userName);
      if (index === undefined) {
        index = new ActionIndex();
        this.#users.set(userName, index);
      }
      index.add(filter, order, effect);
    }
  }

  /** Undefined when no rule fits. */
  judge(client: Identity, topic: string, qos: Qos | undefined, retain: boolean | undefined) {
    const orders = this.#orders;
    orders.length = 0;
    this.#general.candidates(client, topic, orders);
    if (client.userName !== undefined) this.#users.get(client.userName)?.candidates(client, topic, orders);
    if (orders.length > 1) orders.sort(ascending);
    for (let i = 0; i < orders.length; i++) {
      const rule = this.#rules[orders[i] as number] as Rule;
      if (rule.qos !== undefined && (qos === undefined || !rule.qos.includes(qos))) continue;
      if (rule.retain !== undefined && rule.retain !== retain) continue;
      if (rule.subject.fits(client)) return rule.answer;
    }
    return undefined;
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

/**
 * @throws ConfigError for a rule that cannot be: a filter that is none, an unknown certificate field, an empty list
 * @example
 * ```
 * accessRules([
 *   { effect: "deny", actions: ["publish", "subscribe", "receive"], topics: ["secret/#"] },
 *   { effect: "allow", actions: ["publish"], topics: ["devices/%c/#"], who: { listeners: ["field"] }, qos: [0, 1] },
 *   { effect: "allow", topics: ["#"], who: { claims: { role: "admin" } } },
 * ]);
 * ```
 */
export function accessRules(rules: readonly AccessRule[], options: AccessRulesOptions = {}): AccessSource {
  const { name = "rules", otherwise = "deny" } = options;
  const nothingFits: Denied = { outcome: "denied", rule: `no rule of ${name} allows it` };
  const fallback = otherwise === "deny" ? nothingFits : otherwise === "allow" ? true : undefined;
  const compiled = rules.map((rule, index) => compile(rule, name, index));
  const actions = {} as Record<RuleAction, ActionRules>;
  for (const action of ruleActions) actions[action] = new ActionRules(compiled);
  const judged = new Set<RuleAction>(DEFAULT_ACTIONS);
  for (const [order, { actions: about = DEFAULT_ACTIONS, topics, effect }] of rules.entries()) {
    for (const action of about) {
      judged.add(action);
      for (const filter of topics) actions[action].add(filter, order, effect);
    }
  }
  const { publish, subscribe, receive, unsubscribe } = actions;
  const source: { -readonly [Key in keyof AccessSource]: AccessSource[Key] } = {
    name,
    mayPublish: (client, topicName, qos, retain) => publish.judge(client, topicName, qos, retain) ?? fallback,
    maySubscribe: (client, topicFilter, qos) =>
      subscribe.judge(client, topicFilter, qos, undefined) ?? fallback,
  };
  if (judged.has("receive")) {
    source.mayReceive = (client, topicName) =>
      receive.judge(client, topicName, undefined, undefined) ?? fallback;
  }
  if (judged.has("unsubscribe")) {
    source.mayUnsubscribe = (client, topicFilter) =>
      unsubscribe.judge(client, topicFilter, undefined, undefined) ?? fallback;
  }
  return source;
}

function compile(rule: AccessRule, source: string, index: number): Rule {
  const path = `${source}[${index}]`;
  const { effect, actions = DEFAULT_ACTIONS, topics, who = {}, qos, retain, name } = rule;
  if (topics.length === 0) throw new ConfigError(`${path}.topics`, "is empty; name one topic at least.");
  for (const topic of topics) checkFilter(topic, `${path}.topics`);
  for (const [key, list] of Object.entries({ actions, qos })) {
    if (list?.length === 0)
      throw new ConfigError(`${path}.${key}`, "is empty; name one at least, or leave it out.");
  }
  for (const action of actions) {
    if (!ruleActions.includes(action)) {
      throw new ConfigError(`${path}.actions`, `has "${action}"; allowed are ${ruleActions.join(", ")}.`);
    }
    if (qos !== undefined && (action === "receive" || action === "unsubscribe")) {
      throw new ConfigError(`${path}.qos`, `is given; "${action}" knows no QoS.`);
    }
    if (retain !== undefined && action !== "publish") {
      throw new ConfigError(`${path}.retain`, `is given; "${action}" knows no RETAIN, only "publish" does.`);
    }
  }
  const text = `${path}${name === undefined ? "" : ` (${name})`}: ${effect} ${actions.join(", ")} ${topics.join(", ")}`;
  return {
    subject: new Subject(who, `${path}.who`),
    qos,
    retain,
    answer: effect === "allow" ? true : { outcome: "denied", rule: text },
  };
}

function checkFilter(filter: string, path: string): void {
  const wrong = topicFilterProblem(filter);
  if (wrong !== undefined) throw new ConfigError(path, `has "${filter}"; ${wrong}.`);
  const levels = filter.split("/");
  if (levels.length > MOST_LEVELS) {
    throw new ConfigError(
      path,
      `has a topic of ${levels.length} levels; at most ${MOST_LEVELS} are allowed.`,
    );
  }
  for (const level of levels) {
    if (rulePlaceholders.is(level) || !/%[cu{]/.test(level)) continue;
    throw new ConfigError(path, `has "${filter}"; %c, %u and %{claim.name} fill a whole level.`);
  }
}
