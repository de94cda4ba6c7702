/**
 * What one client may do, as the gate has said. Answers about topics are remembered until the gate says that it would now
 * answer otherwise, so that a message costs no question. HOT.
 *
 * Belongs to the connection for publishing; the session keeps it beyond, for messages that come while the client is away.
 *
 * Benchmark: `npm run bench:compare -- --only pairs` with a gate that has rules.
 */

import type { Denied, Gate, Permission } from "#auth";
import { isPromise, type MaybePromise } from "#base";
import type { Qos } from "#protocol";
import type { ClientIdentity } from "./client-identity.ts";
import type { Topic } from "./topic.ts";

/** Topics that are remembered for one client, to publish and to receive. Beyond them all are asked again. */
const REMEMBERED_TOPICS = 512;
/** By QoS, and once more with RETAIN. */
const QUESTIONS_A_TOPIC = 6;

/** What somebody may not do. */
export type DeniedAction = "publish" | "subscribe" | "unsubscribe";

/** Somebody wanted to do what the gate does not allow. */
export interface DeniedRequest {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly action: DeniedAction;
  /** A topic name, or a topic filter for subscriptions. */
  readonly topic: string;
  /** Which rule, where the gate names one. */
  readonly rule: string | undefined;
}

/** Whether that is a yes. */
export function isAllowed(permission: Permission): permission is true {
  return permission === true;
}

/** The rule that a denial names. */
export function ruleOf(permission: false | Denied): string | undefined {
  return permission === false ? undefined : permission.rule;
}

/** Those of `client`; undefined where the gate has no rules. */
export function permissionsOf(gate: Gate, client: ClientIdentity): Permissions | undefined {
  const hasRules = gate.mayPublish !== undefined || gate.mayReceive !== undefined;
  return hasRules ? new Permissions(gate, client) : undefined;
}

export class Permissions {
  readonly client: ClientIdentity;
  readonly #gate: Gate;
  #publish: Map<string, (Permission | undefined)[]> | undefined = undefined;
  #receive: Map<string, boolean> | undefined = undefined;
  /** Counts how often the gate changed its mind, so that an answer that comes late is not remembered. */
  #changes = 0;
  // Most clients go on with the topic they had.
  #lastPublished: Topic | undefined = undefined;
  /** Bit n: QoS n without RETAIN is known to be allowed on it. */
  #lastAllowed = 0;
  #lastReceived: Topic | undefined = undefined;
  #mayReceiveLast = false;

  constructor(gate: Gate, client: ClientIdentity) {
    this.#gate = gate;
    this.client = client;
  }

  /** The gate would now answer otherwise. */
  forget(): void {
    this.#changes++;
    this.#publish = undefined;
    this.#receive = undefined;
    this.#lastPublished = undefined;
    this.#lastReceived = undefined;
  }

  /** Whether messages without RETAIN are known to be allowed; false also when nobody has asked yet. */
  isKnownToPublish(topic: Topic, qos: Qos): boolean {
    if (topic !== this.#lastPublished) {
      const answers = this.#publish?.get(topic.name);
      if (answers === undefined) return false;
      this.#remember(topic, answers);
    }
    return (this.#lastAllowed & (1 << qos)) !== 0;
  }

  mayPublish(topic: Topic, qos: Qos, retain: boolean): MaybePromise<Permission> {
    const question = retain ? qos + 3 : qos;
    const known = this.#publish?.get(topic.name)?.[question];
    if (known !== undefined) return known;
    const answer = this.#gate.mayPublish?.(this.client, topic.name, qos, retain) ?? true;
    if (!isPromise(answer)) {
      this.#keep(topic, question, answer);
      return answer;
    }
    const changes = this.#changes;
    return answer.then((settled) => {
      if (changes === this.#changes) this.#keep(topic, question, settled);
      return settled;
    });
  }

  /** Whether a message on `topic` is handed to this client. */
  mayReceive(topic: Topic): boolean {
    if (topic === this.#lastReceived) return this.#mayReceiveLast;
    if (this.#gate.mayReceive === undefined) return true;
    let may = this.#receive?.get(topic.name);
    if (may === undefined) {
      may = isAllowed(this.#gate.mayReceive(this.client, topic.name));
      if (this.#receive === undefined || this.#receive.size >= REMEMBERED_TOPICS) this.#receive = new Map();
      this.#receive.set(topic.name, may);
    }
    this.#lastReceived = topic;
    this.#mayReceiveLast = may;
    return may;
  }

  #keep(topic: Topic, question: number, answer: Permission): void {
    if (this.#publish === undefined || this.#publish.size >= REMEMBERED_TOPICS) this.#publish = new Map();
    let answers = this.#publish.get(topic.name);
    if (answers === undefined) {
      answers = new Array<Permission | undefined>(QUESTIONS_A_TOPIC).fill(undefined);
      this.#publish.set(topic.name, answers);
    }
    answers[question] = answer;
    this.#remember(topic, answers);
  }

  #remember(topic: Topic, answers: readonly (Permission | undefined)[]): void {
    this.#lastPublished = topic;
    this.#lastAllowed =
      (answers[0] === true ? 1 : 0) | (answers[1] === true ? 2 : 0) | (answers[2] === true ? 4 : 0);
  }
}
