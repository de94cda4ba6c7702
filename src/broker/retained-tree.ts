/**
 * Retained entries by topic, in a tree of topic levels. It branches only where topics part:
 *
 *     a/b/c, a/b/d, x/y/z      root ─ a ─ b ┬ c → entry
 *                                  │        └ d → entry
 *                                  └ x → entry                    (the only topic that begins with x)
 *
 * A walk is lazy and may go on while the tree changes: it gives what was there when it began and is still there, once.
 */

import type { RetainedEntry } from "./retained-entry.ts";

class Branch {
  /** An entry stands for the one topic that goes on this way, however many levels that has. */
  readonly children = new Map<string, Branch | RetainedEntry>();
  /** Of the topic that ends here. */
  entry: RetainedEntry | undefined = undefined;
}

/** Children of one branch that are still to be visited, and how. */
interface Frame {
  readonly children: Iterator<[string, Branch | RetainedEntry]>;
  /** Of the children: which level of the filter they have to match. */
  readonly depth: number;
  /** Everything below matches. */
  readonly all: boolean;
}

export class RetainedTree {
  readonly #root = new Branch();

  find(topicName: string): RetainedEntry | undefined {
    const levels = topicName.split("/");
    let branch = this.#root;
    for (const level of levels) {
      const child = branch.children.get(level);
      if (child === undefined) return undefined;
      if (!(child instanceof Branch)) return child.topicName === topicName ? child : undefined;
      branch = child;
    }
    return branch.entry;
  }

  /** Adds the entry of a topic that has none. */
  add(topicName: string, entry: RetainedEntry): void {
    const levels = topicName.split("/");
    let branch = this.#root;
    for (const [depth, level] of levels.entries()) {
      const child = branch.children.get(level);
      if (child === undefined) {
        branch.children.set(level, entry);
        return;
      }
      const next = child instanceof Branch ? child : branchOf(child, depth + 1);
      if (next !== child) branch.children.set(level, next);
      branch = next;
    }
    branch.entry = entry;
  }

  /** Removes the entry of `topicName`, if it has one; branches on which less than two topics are left go too. */
  remove(topicName: string): void {
    const levels = topicName.split("/");
    const path: Branch[] = [this.#root];
    for (const level of levels) {
      const child = (path.at(-1) as Branch).children.get(level);
      if (!(child instanceof Branch)) break;
      path.push(child);
    }
    const last = path.at(-1) as Branch;
    const rest = levels[path.length - 1];
    if (rest === undefined) last.entry = undefined;
    else last.children.delete(rest);

    for (let depth = path.length - 1; depth > 0; depth--) {
      const branch = path[depth] as Branch;
      const parent = path[depth - 1] as Branch;
      const left = onlyEntryOf(branch);
      if (left === undefined) return;
      parent.children.set(levels[depth - 1] as string, left);
    }
  }

  /** Every entry, whatever its name begins with; lazily too. */
  *all(): IterableIterator<RetainedEntry> {
    const branches: Branch[] = [this.#root];
    for (let branch = branches.pop(); branch !== undefined; branch = branches.pop()) {
      if (branch.entry !== undefined) yield branch.entry;
      for (const child of branch.children.values()) {
        if (child instanceof Branch) branches.push(child);
        else if (child.isHeld) yield child;
      }
    }
  }

  /**
   * The entries whose topics match the levels of a filter, with a stack of its own, since a name may have more levels than
   * calls can be nested. A leading wildcard does not match names that begin with $ [MQTT-4.7.2-1].
   */
  *matching(levels: readonly string[]): IterableIterator<RetainedEntry> {
    const stack: Frame[] = [];
    let node: Branch | RetainedEntry | undefined = this.#root;
    let depth = 0;
    let all = false;
    while (node !== undefined) {
      if (node instanceof Branch) {
        const level: string | undefined = all ? "#" : levels[depth];
        // The end of the filter, and # for the parent level too: a/# matches a.
        const endsHere: boolean = level === undefined || (level === "#" && (all || depth > 0));
        if (endsHere && node.entry !== undefined) yield node.entry;
        if (level === "#" || level === "+") {
          stack.push({ children: node.children.entries(), depth: depth + 1, all: level === "#" });
          node = undefined;
        } else node = level === undefined ? undefined : node.children.get(level);
        depth++;
      } else {
        // It may have gone since its branch was looked at.
        if (node.isHeld && (all || restMatches(levels, node.topicName.split("/"), depth))) yield node;
        node = undefined;
      }
      for (let frame = stack.at(-1); frame !== undefined && node === undefined; frame = stack.at(-1)) {
        const next = frame.children.next();
        if (next.done === true) {
          stack.pop();
          continue;
        }
        const [name, child] = next.value;
        if (stack.length === 1 && frame.depth === 1 && name.startsWith("$")) continue;
        node = child;
        ({ depth, all } = frame);
      }
    }
  }
}

/** A branch for `entry`, whose topic has at least `depth` levels. */
function branchOf(entry: RetainedEntry, depth: number): Branch {
  const branch = new Branch();
  const level = entry.topicName.split("/")[depth];
  if (level === undefined) branch.entry = entry;
  else branch.children.set(level, entry);
  return branch;
}

/** The entry that is all there is on `branch`, or undefined when there is more. */
function onlyEntryOf({ children, entry }: Branch): RetainedEntry | undefined {
  if (children.size === 0) return entry;
  if (entry !== undefined || children.size > 1) return undefined;
  const [child] = children.values();
  return child instanceof Branch ? undefined : child;
}

/** Whether `topic` from `depth` on matches `filter` from there on. */
function restMatches(filter: readonly string[], topic: readonly string[], depth: number): boolean {
  for (let i = depth; i < filter.length; i++) {
    const level = filter[i] as string;
    if (level === "#") return true; // also the parent level: a/# matches a
    if (i >= topic.length || (level !== "+" && level !== topic[i])) return false;
  }
  return filter.length === topic.length;
}
