/**
 * Several sources of permissions as one, in order:
 *
 * - The first source that answers decides. Undefined passes the question on.
 * - All pass: denied. Whoever names a source wants to know who allows what.
 * - A question that no source judges at all (none has the method) stays unasked, and what it is about allowed.
 * - No sources: nothing is asked, everything is allowed.
 *
 * That is how mosquitto combines plugins and its acl_file. It asks plugins first; put an `AclFile` last, since it never passes.
 */

import type { Denied, Gate, Identity, Permission } from "#auth";
import { isPromise, type MaybePromise } from "#base";
import type { AccessSource } from "./source.ts";

/** The part of a gate that is about permissions. */
export type AccessGate = Pick<
  Gate,
  "mayPublish" | "maySubscribe" | "mayUnsubscribe" | "mayReceive" | "watch"
>;

type Question = "mayPublish" | "maySubscribe" | "mayUnsubscribe" | "mayReceive";

/** The sources that judge a question. HOT: `first`. */
class Judges<Q extends Question> {
  readonly #sources: readonly AccessSource[];
  readonly #question: Q;
  readonly #nothingAllows: Denied;

  constructor(sources: readonly AccessSource[], question: Q) {
    this.#sources = sources.filter((source) => source[question] !== undefined);
    this.#question = question;
    const names = this.#sources.map(({ name }) => name ?? "another source").join(", ");
    this.#nothingAllows = { outcome: "denied", rule: `nothing allows it (asked: ${names})` };
  }

  get exist(): boolean {
    return this.#sources.length > 0;
  }

  /** Asks from the source at `from` on. */
  judge(
    client: Identity,
    topic: string,
    qos: 0 | 1 | 2,
    retain: boolean,
    from = 0,
  ): MaybePromise<Permission> {
    for (let i = from; i < this.#sources.length; i++) {
      const source = this.#sources[i] as AccessSource;
      // All questions begin with client and topic; what is too much for one is not looked at.
      const ask = source[this.#question] as NonNullable<AccessSource["mayPublish"]>;
      const answer = ask.call(source, client, topic, qos, retain);
      if (isPromise(answer)) {
        return answer.then((settled) => settled ?? this.judge(client, topic, qos, retain, i + 1));
      }
      if (answer !== undefined) return answer;
    }
    return this.#nothingAllows;
  }

  /** For a question whose answers do not wait. */
  judgeNow(client: Identity, topic: string): Permission {
    const answer = this.judge(client, topic, 0, false);
    return isPromise(answer) ? false : answer;
  }
}

export function combineAccess(sources: readonly AccessSource[]): AccessGate {
  const gate: AccessGate = {};
  const publish = new Judges(sources, "mayPublish");
  if (publish.exist) {
    gate.mayPublish = (client, topicName, qos, retain) => publish.judge(client, topicName, qos, retain);
  }
  const subscribe = new Judges(sources, "maySubscribe");
  if (subscribe.exist) {
    gate.maySubscribe = (client, topicFilter, qos) => subscribe.judge(client, topicFilter, qos, false);
  }
  const unsubscribe = new Judges(sources, "mayUnsubscribe");
  if (unsubscribe.exist) {
    gate.mayUnsubscribe = (client, topicFilter) => unsubscribe.judge(client, topicFilter, 0, false);
  }
  const receive = new Judges(sources, "mayReceive");
  if (receive.exist) {
    gate.mayReceive = (client, topicName) => receive.judgeNow(client, topicName);
  }
  const watched = sources.filter((source) => source.watch !== undefined);
  if (watched.length > 0) {
    gate.watch = (changed) => {
      for (const source of watched) source.watch?.(changed);
    };
  }
  return gate;
}
