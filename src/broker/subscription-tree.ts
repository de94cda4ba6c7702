/**
 * All subscriptions of a broker, found by topic.
 *
 * Filters without wildcards, which are most, stand in one map by their text; there may be millions with one subscriber
 * each, so such a one stands in the map by itself. The others stand in a tree by levels, with `+` and `#` as children of
 * their own. A match is not free, so topics remember their route; `stampOf` tells whether it still holds. Stamps are kept
 * per group of topics, so that a subscription disturbs only what it can touch:
 *
 *     exact filter            → the 1/4096 of topics that share its hash
 *     literal first level     → the 1/256 that share the hash of their first level
 *     leading + or #          → all
 */

import { hashBytes, utf8Encode } from "#base";
import { type ParsedTopicFilter, parseTopicFilter } from "#protocol";
import { makeRoute, type Route } from "./route.ts";
import { SharedGroup } from "./shared-group.ts";
import { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";

const EXACT_GROUPS = 4096;
const ROOT_GROUPS = 256;
/** Targets in a route that a topic keeps for itself, because several filters match it. */
const LARGEST_OWN_ROUTE = 16;

/** What stands under one filter. */
class Leaf {
  readonly subscriptions: Subscription[] = [];
  #snapshot: readonly Subscription[] | undefined = undefined;
  /** By share name. */
  groups: Map<string, SharedGroup> | undefined = undefined;

  /** Its subscriptions as they are now, in a list that later ones do not change; shared by all topics that match. */
  get snapshot(): readonly Subscription[] {
    this.#snapshot ??= this.subscriptions.slice();
    return this.#snapshot;
  }

  /** Its subscriptions are about to change. */
  touch(): void {
    this.#snapshot = undefined;
  }

  get isEmpty(): boolean {
    return this.subscriptions.length === 0 && this.groups === undefined;
  }
}

class Branch {
  /** Undefined instead of empty: most branches are the last. */
  children: Map<string, Branch> | undefined = undefined;
  /** Of the filter that ends here. */
  leaf: Leaf | undefined = undefined;
}

export class SubscriptionTree {
  readonly #exact = new Map<string, Leaf | Subscription>();
  readonly #root = new Branch();
  readonly #exactStamps = new Float64Array(EXACT_GROUPS);
  readonly #rootStamps = new Float64Array(ROOT_GROUPS);
  #globalStamp = 0;
  #size = 0;
  #sharedSize = 0;
  /** Rises whenever some route may have changed. */
  changes = 0;

  /** How many subscriptions there are, members of shared ones included. */
  get size(): number {
    return this.#size;
  }

  /** How many of them are members of shared subscriptions. */
  get sharedSize(): number {
    return this.#sharedSize;
  }

  /** Rises when the route of `topic` may have changed; otherwise stays. HOT. */
  stampOf(topic: Topic): number {
    return (
      this.#globalStamp +
      (this.#exactStamps[topic.hash & (EXACT_GROUPS - 1)] as number) +
      (this.#rootStamps[topic.rootHash & (ROOT_GROUPS - 1)] as number)
    );
  }

  /** The shared subscription `filter` belongs to, made if need be. */
  groupOf(filter: ParsedTopicFilter): SharedGroup {
    const leaf = this.#leafFor(filter);
    leaf.groups ??= new Map();
    const shareName = filter.shareName as string;
    let group = leaf.groups.get(shareName);
    if (group === undefined) {
      group = new SharedGroup(shareName, filter.filter);
      leaf.groups.set(shareName, group);
      this.#touch(filter);
    }
    return group;
  }

  /** Adds `subscription`; takes the place of `replaced`, the session's earlier one with the same filter. */
  add(filter: ParsedTopicFilter, subscription: Subscription, replaced: Subscription | undefined): void {
    if (replaced === undefined) this.#size++;
    if (subscription.group !== undefined) {
      if (replaced === undefined) this.#sharedSize++;
      subscription.group.add(subscription, replaced);
      return;
    }
    this.#touch(filter);
    if (!filter.hasWildcards && this.#standsAlone(filter.filter, replaced)) {
      this.#exact.set(filter.filter, subscription);
      return;
    }
    const leaf = this.#leafFor(filter);
    leaf.touch();
    const list = leaf.subscriptions;
    subscription.position = replaced === undefined ? list.length : replaced.position;
    list[subscription.position] = subscription;
  }

  remove(subscription: Subscription): void {
    const filter = parseTopicFilter(subscription.topicFilter) as ParsedTopicFilter;
    this.#size--;
    if (this.#exact.get(filter.filter) === subscription) {
      this.#exact.delete(filter.filter);
      this.#touch(filter);
      return;
    }
    const leaf = this.#leafFor(filter);
    const group = subscription.group;
    if (group !== undefined) {
      this.#sharedSize--;
      group.remove(subscription);
      if (group.isEmpty && leaf.groups?.get(group.shareName) === group) {
        leaf.groups.delete(group.shareName);
        if (leaf.groups.size === 0) leaf.groups = undefined;
        this.#touch(filter);
      }
    } else {
      leaf.touch();
      const last = leaf.subscriptions.pop() as Subscription;
      last.position = subscription.position;
      if (last !== subscription) leaf.subscriptions[last.position] = last;
      this.#touch(filter);
    }
    if (leaf.isEmpty) this.#prune(filter);
  }

  /** The route of `topic`, made anew when it no longer holds. HOT. */
  routeOf(topic: Topic): Route {
    const stamp = this.stampOf(topic);
    const known = topic.route;
    if (known !== undefined && topic.routeStamp === stamp) return known;
    const { leaves, groups } = this.#leavesOf(topic.name);
    const route = routeOfLeaves(leaves, groups);
    // A large route of its own costs more to keep, for every topic, than to make again: its fan-out is as large.
    const isKept = leaves.length <= 1 || route.targets.length <= LARGEST_OWN_ROUTE;
    topic.route = isKept ? route : undefined;
    topic.routeStamp = stamp;
    return route;
  }

  /** Who gets a message on `topicName`, looked up afresh. */
  match(topicName: string): Route {
    const { leaves, groups } = this.#leavesOf(topicName);
    return routeOfLeaves(leaves, groups);
  }

  #leavesOf(topicName: string): {
    readonly leaves: readonly Leaf[];
    readonly groups: readonly SharedGroup[];
  } {
    const leaves: Leaf[] = [];
    const groups: SharedGroup[] = [];
    const collect = (leaf: Leaf | undefined): void => {
      if (leaf === undefined) return;
      if (leaf.subscriptions.length > 0) leaves.push(leaf);
      if (leaf.groups !== undefined) groups.push(...leaf.groups.values());
    };
    const exact = this.#exact.get(topicName);
    if (exact instanceof Subscription) leaves.push(leafOf(exact));
    else collect(exact);
    if (this.#root.children !== undefined) {
      walk(this.#root, topicName.split("/"), topicName.startsWith("$"), collect);
    }
    return { leaves, groups };
  }

  /** Whether nobody, or only `replaced`, has subscribed to this filter. */
  #standsAlone(filter: string, replaced: Subscription | undefined): boolean {
    const standing = this.#exact.get(filter);
    return standing === undefined || standing === replaced;
  }

  #leafFor(filter: ParsedTopicFilter): Leaf {
    if (!filter.hasWildcards) {
      const standing = this.#exact.get(filter.filter);
      if (standing instanceof Leaf) return standing;
      const leaf = standing === undefined ? new Leaf() : leafOf(standing);
      this.#exact.set(filter.filter, leaf);
      return leaf;
    }
    let branch = this.#root;
    for (const level of filter.levels) {
      branch.children ??= new Map();
      let child = branch.children.get(level);
      if (child === undefined) {
        child = new Branch();
        branch.children.set(level, child);
      }
      branch = child;
    }
    branch.leaf ??= new Leaf();
    return branch.leaf;
  }

  #prune(filter: ParsedTopicFilter): void {
    if (!filter.hasWildcards) {
      this.#exact.delete(filter.filter);
      return;
    }
    const path: Branch[] = [this.#root];
    for (const level of filter.levels) {
      const child = (path.at(-1) as Branch).children?.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    (path.at(-1) as Branch).leaf = undefined;
    for (let depth = path.length - 1; depth > 0; depth--) {
      const branch = path[depth] as Branch;
      if (branch.leaf !== undefined || branch.children !== undefined) return;
      const parent = path[depth - 1] as Branch;
      parent.children?.delete(filter.levels[depth - 1] as string);
      if (parent.children?.size === 0) parent.children = undefined;
    }
  }

  #touch(filter: ParsedTopicFilter): void {
    this.changes++;
    const [root] = filter.levels;
    if (!filter.hasWildcards) {
      const bytes = utf8Encode(filter.filter);
      const group = hashBytes(bytes, 0, bytes.length) & (EXACT_GROUPS - 1);
      this.#exactStamps[group] = (this.#exactStamps[group] as number) + 1;
    } else if (root === "+" || root === "#") {
      this.#globalStamp++;
    } else {
      const bytes = utf8Encode(root as string);
      const group = hashBytes(bytes, 0, bytes.length) & (ROOT_GROUPS - 1);
      this.#rootStamps[group] = (this.#rootStamps[group] as number) + 1;
    }
  }
}

/** A leaf with one subscription. */
function leafOf(subscription: Subscription): Leaf {
  const leaf = new Leaf();
  subscription.position = 0;
  leaf.subscriptions.push(subscription);
  return leaf;
}

function routeOfLeaves(leaves: readonly Leaf[], groups: readonly SharedGroup[]): Route {
  return makeRoute(
    leaves.map((leaf) => leaf.snapshot),
    groups,
  );
}

/**
 * Visits the leaves of all wildcard filters that match `levels`, with a stack of its own: a name may have more levels than
 * calls can be nested. A leading wildcard does not match a name that begins with $ [MQTT-4.7.2-1].
 */
function walk(
  root: Branch,
  levels: readonly string[],
  isReserved: boolean,
  collect: (leaf: Leaf | undefined) => void,
): void {
  const branches: Branch[] = [root];
  const depths: number[] = [0];
  for (let branch = branches.pop(); branch !== undefined; branch = branches.pop()) {
    const depth = depths.pop() as number;
    const wildcardsMatch = depth > 0 || !isReserved;
    const { children } = branch;
    if (wildcardsMatch) collect(children?.get("#")?.leaf); // also the parent level: a/# matches a
    if (depth === levels.length) {
      collect(branch.leaf);
      continue;
    }
    if (children === undefined) continue;
    const plus = wildcardsMatch ? children.get("+") : undefined;
    const literal = children.get(levels[depth] as string);
    if (plus !== undefined) {
      branches.push(plus);
      depths.push(depth + 1);
    }
    if (literal !== undefined) {
      branches.push(literal);
      depths.push(depth + 1);
    }
  }
}
