/**
 * Retained messages: the last one of each topic that asked to be kept, in a tree by topic levels.
 *
 * A new subscription reads them through a cursor that walks the tree bit by bit, as its client takes them: a subscription
 * to `#` on a million topics holds a few iterators, no list. Messages stored after the cursor began are passed over; the
 * subscriber gets those as live ones.
 */

import type { Message } from "./message.ts";

class Node {
  /** Undefined instead of empty: most nodes are leaves. */
  children: Map<string, Node> | undefined = undefined;
  message: Message | undefined = undefined;
  /** When it was stored, counted in stores. */
  storedAt = 0;
}

export interface RetainedLimits {
  readonly maximumRetainedMessages: number;
  readonly maximumRetainedBytes: number;
}

export class RetainedMessages {
  readonly #root = new Node();
  readonly #limits: RetainedLimits;
  #count = 0;
  /** Of them below `$SYS`. */
  #systemCount = 0;
  #sizeBytes = 0;
  #stores = 0;

  constructor(limits: RetainedLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** Payload, property and topic bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Takes `message` as the retained one of its topic; an empty payload removes it [MQTT-3.3.1-6], [MQTT-3.3.1-7].
   * Returns false when a limit kept it out; the topic's old message is gone then all the same.
   */
  store(message: Message): boolean {
    const levels = message.topic.name.split("/");
    if (message.payloadLength === 0) {
      this.#remove(levels);
      return true;
    }
    const node = this.#nodeFor(levels);
    this.#clear(node);
    if (!this.#hasRoomFor(message)) {
      this.#remove(levels);
      return false;
    }
    const kept = message.settle();
    node.message = kept;
    node.storedAt = ++this.#stores;
    this.#count++;
    this.#sizeBytes += kept.sizeBytes;
    if (kept.topic.isSystem) this.#systemCount++;
    return true;
  }

  /** Removes what has expired at `now`. */
  sweep(now: number): void {
    const expired: Message[] = [];
    for (const message of everything(this.#root)) if (message.expiresAt <= now) expired.push(message);
    for (const message of expired) this.#remove(message.topic.name.split("/"));
  }

  /** The messages that match the levels of a filter, lazily. Those stored later than this call are not among them. */
  cursor(levels: readonly string[]): IterableIterator<Message> {
    return walk(this.#root, levels, this.#stores);
  }

  /** The broker's own figures are few and always have room. */
  #hasRoomFor(message: Message): boolean {
    if (message.topic.isSystem) return true;
    const { maximumRetainedMessages, maximumRetainedBytes } = this.#limits;
    const isWithinCount = this.#count - this.#systemCount < maximumRetainedMessages;
    return isWithinCount && this.#sizeBytes + message.sizeBytes <= maximumRetainedBytes;
  }

  #clear(node: Node): void {
    const { message } = node;
    if (message === undefined) return;
    this.#count--;
    this.#sizeBytes -= message.sizeBytes;
    if (message.topic.isSystem) this.#systemCount--;
    node.message = undefined;
  }

  #nodeFor(levels: readonly string[]): Node {
    let node = this.#root;
    for (const level of levels) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = new Node();
        node.children.set(level, child);
      }
      node = child;
    }
    return node;
  }

  #remove(levels: readonly string[]): void {
    const path: Node[] = [this.#root];
    for (const level of levels) {
      const child = (path.at(-1) as Node).children?.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    const node = path.at(-1) as Node;
    this.#clear(node);
    for (let depth = path.length - 1; depth > 0; depth--) {
      const { message, children } = path[depth] as Node;
      if (message !== undefined || children !== undefined) return;
      const parent = path[depth - 1] as Node;
      parent.children?.delete(levels[depth - 1] as string);
      if (parent.children?.size === 0) parent.children = undefined;
    }
  }
}

/** Children of one node that are still to be visited, and how. */
interface Frame {
  readonly children: Iterator<[string, Node]>;
  /** Of the children: which level of the filter they have to match. */
  readonly depth: number;
  /** Everything below matches. */
  readonly all: boolean;
}

/**
 * Walks the tree with a stack of its own, since a name may have more levels than calls can be nested. A leading wildcard
 * does not match names that begin with $ [MQTT-4.7.2-1].
 */
function* walk(root: Node, levels: readonly string[], until: number): IterableIterator<Message> {
  const stack: Frame[] = [];
  let node: Node | undefined = root;
  let depth = 0;
  let all = false;
  while (node !== undefined) {
    const level: string | undefined = all ? "#" : levels[depth];
    // The end of the filter, and # for the parent level too: a/# matches a.
    if (level === undefined || (level === "#" && (all || depth > 0))) {
      if (node.message !== undefined && node.storedAt <= until) yield node.message;
    }
    if (level === "#" || level === "+") {
      if (node.children !== undefined) {
        stack.push({ children: node.children.entries(), depth: depth + 1, all: level === "#" });
      }
      node = undefined;
    } else node = level === undefined ? undefined : node.children?.get(level);
    if (node !== undefined) {
      depth++;
      continue;
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

/** Every message in the tree, whatever its name begins with. */
function* everything(root: Node): IterableIterator<Message> {
  const nodes: Node[] = [root];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (node.message !== undefined) yield node.message;
    if (node.children !== undefined) for (const child of node.children.values()) nodes.push(child);
  }
}
