/**
 * Permissions that the login itself brought, in the claim `permissions` of its token:
 *
 *     { "publish": ["devices/%c/#"], "subscribe": ["commands/%c", "news/#"] }
 *
 * What may be subscribed to may be read. A client without that claim is the next source's business; one with it may do what stands
 * there and nothing else. A claim that is not of this shape permits nothing: nobody guesses what an issuer meant.
 */

import type { Denied, Identity, Permission } from "#auth";
import { topicFilterProblem } from "#protocol";
import { FilterIndex, MOST_LEVELS, namePlaceholders } from "./filter-index.ts";
import type { AccessSource } from "./source.ts";

const DENIED: Denied = { outcome: "denied", rule: "the claim permissions does not allow it" };
const MALFORMED: Denied = {
  outcome: "denied",
  rule: "the claim permissions is not an object with lists of topic filters, publish and subscribe",
};
/** Of one client. */
const MOST_FILTERS = 1_000;

interface Compiled {
  readonly publish: FilterIndex;
  readonly subscribe: FilterIndex;
}

export class ClaimPermissions implements AccessSource {
  readonly name = "claims";
  /** By the claims of a login, which live as long as that. */
  readonly #compiled = new WeakMap<object, Compiled | "malformed">();

  mayPublish(client: Identity, topicName: string): Permission | undefined {
    return this.#judge(client, "publish", topicName);
  }

  maySubscribe(client: Identity, topicFilter: string): Permission | undefined {
    return this.#judge(client, "subscribe", topicFilter);
  }

  mayReceive(client: Identity, topicName: string): Permission | undefined {
    return this.#judge(client, "subscribe", topicName);
  }

  mayUnsubscribe({ claims }: Identity): Permission | undefined {
    return claims?.["permissions"] === undefined ? undefined : true;
  }

  #judge(client: Identity, list: keyof Compiled, topic: string): Permission | undefined {
    const { claims } = client;
    if (claims?.["permissions"] === undefined) return undefined;
    let compiled = this.#compiled.get(claims);
    if (compiled === undefined) {
      compiled = compile(claims["permissions"]);
      this.#compiled.set(claims, compiled);
    }
    if (compiled === "malformed") return MALFORMED;
    return compiled[list].first(client, topic) >= 0 ? true : DENIED;
  }
}

function compile(claim: unknown): Compiled | "malformed" {
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) return "malformed";
  const { publish = [], subscribe = [] } = claim as { publish?: unknown; subscribe?: unknown };
  const [mayPublish, maySubscribe] = [indexOf(publish), indexOf(subscribe)];
  if (mayPublish === undefined || maySubscribe === undefined) return "malformed";
  return { publish: mayPublish, subscribe: maySubscribe };
}

/** Undefined for what is no list of filters. */
function indexOf(filters: unknown): FilterIndex | undefined {
  if (!Array.isArray(filters) || filters.length > MOST_FILTERS) return undefined;
  const index = new FilterIndex({ placeholders: namePlaceholders });
  for (const [order, filter] of filters.entries()) {
    if (typeof filter !== "string" || topicFilterProblem(filter) !== undefined) return undefined;
    if (filter.split("/").length > MOST_LEVELS) return undefined;
    index.add(filter, order);
  }
  return index;
}
