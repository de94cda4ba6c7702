/**
 * Topic filters of rules, level by level in a tree, so that a question costs what its topic is long and not how many rules there
 * are. A level is a text, `+`, or a placeholder such as `%c` that stands for a name of the client and fills its level; `#` ends a
 * filter. A name with a slash fills no level, and a name with `+` or `#` never becomes a wildcard.
 *
 * Filters have orders; rules keep theirs in the same numbers. HOT: asked once for each client and topic. One question at a time.
 *
 * Benchmark: `npm run bench:micro -- access`.
 */

import type { Identity } from "#auth";

/** Longer filters are refused, so that no question goes deeper. mosquitto has the same limit. */
export const MOST_LEVELS = 200;

export interface Placeholders {
  /** Whether `level` begins with one, and nothing else is in it. */
  is(level: string): boolean;
  /** Whether `placeholder` stands for `level`; with undefined, whether it stands for anything. */
  fits(client: Identity, placeholder: string, level: string | undefined): boolean;
}

/** `%c` is the client identifier and `%u` the user name, as in mosquitto. */
export const namePlaceholders: Placeholders = {
  is: (level) => level === "%c" || level === "%u",
  fits(client, placeholder, level) {
    const name = placeholder === "%c" ? client.clientId : client.userName;
    return level === undefined ? name !== undefined : name === level;
  },
};

export const noPlaceholders: Placeholders = { is: () => false, fits: () => false };

const NOTHING = -1;

class Node {
  /** Orders of the filters that end here, in the order of `add`. */
  here: number[] | undefined = undefined;
  /** Of those that go on with `#`. */
  hash: number[] | undefined = undefined;
  plus: Node | undefined = undefined;
  literals: Map<string, Node> | undefined = undefined;
  placeholders: Map<string, Node> | undefined = undefined;
}

export interface FilterIndexOptions {
  readonly placeholders?: Placeholders | undefined;
  /** Wildcards at the beginning hold for topics that begin with `$` too. Default false, as 4.7.2 has it. */
  readonly dollarIsOrdinary?: boolean | undefined;
}

export class FilterIndex {
  readonly #root = new Node();
  readonly #placeholders: Placeholders;
  readonly #dollarIsOrdinary: boolean;
  #size = 0;

  // the question
  #client: Identity | undefined = undefined;
  #text = "";
  #lowest = NOTHING;
  #all: number[] | undefined = undefined;

  constructor({ placeholders = noPlaceholders, dollarIsOrdinary = false }: FilterIndexOptions = {}) {
    this.#placeholders = placeholders;
    this.#dollarIsOrdinary = dollarIsOrdinary;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a valid filter of at most `MOST_LEVELS` levels. */
  add(filter: string, order: number): void {
    this.#size++;
    let node = this.#root;
    for (const level of filter.split("/")) {
      if (level === "#") {
        node.hash ??= [];
        node.hash.push(order);
        return;
      }
      node = this.#childOf(node, level);
    }
    node.here ??= [];
    node.here.push(order);
  }

  #childOf(node: Node, level: string): Node {
    if (level === "+") {
      node.plus ??= new Node();
      return node.plus;
    }
    const isPlaceholder = this.#placeholders.is(level);
    const children = isPlaceholder ? (node.placeholders ??= new Map()) : (node.literals ??= new Map());
    let child = children.get(level);
    if (child === undefined) {
      child = new Node();
      children.set(level, child);
    }
    return child;
  }

  /**
   * The lowest order of those filters that match `text`: every topic that `text` matches, if it is a filter itself. -1 when there
   * is none.
   */
  first(client: Identity, text: string): number {
    if (this.#size === 0) return NOTHING;
    this.#ask(client, text, undefined);
    this.#cover(this.#root, 0);
    return this.#lowest;
  }

  /** Appends the orders of all filters that `first` looks at; in no order. */
  covering(client: Identity, text: string, orders: number[]): void {
    if (this.#size === 0) return;
    this.#ask(client, text, orders);
    this.#cover(this.#root, 0);
  }

  /** Appends the orders of all filters that share a topic with `text`; in no order, and one may come twice. */
  overlapping(client: Identity, text: string, orders: number[]): void {
    if (this.#size === 0) return;
    this.#ask(client, text, orders);
    this.#overlap(this.#root, 0);
  }

  #ask(client: Identity, text: string, all: number[] | undefined): void {
    this.#client = client;
    this.#text = text;
    this.#lowest = NOTHING;
    this.#all = all;
  }

  #note(orders: readonly number[] | undefined): void {
    if (orders === undefined) return;
    const all = this.#all;
    for (let i = 0; i < orders.length; i++) {
      const order = orders[i] as number;
      if (all !== undefined) all.push(order);
      else if (this.#lowest === NOTHING || order < this.#lowest) this.#lowest = order;
    }
  }

  /** Whether wildcards and placeholders do not hold for the level that begins at `at` [MQTT-4.7.2-1]. */
  #isDollar(at: number): boolean {
    return at === 0 && !this.#dollarIsOrdinary && this.#text.startsWith("$");
  }

  /** `at`: where the level begins; -1 beyond the last one. */
  #cover(node: Node, at: number): void {
    const isDollar = this.#isDollar(at);
    if (!isDollar) this.#note(node.hash); // also the parent level: a/# matches a
    if (at < 0) {
      this.#note(node.here);
      return;
    }
    const slash = this.#text.indexOf("/", at);
    const level = slash < 0 ? this.#text.slice(at) : this.#text.slice(at, slash);
    if (level === "#") return;
    const next = slash < 0 ? -1 : slash + 1;
    if (node.plus !== undefined && !isDollar) this.#cover(node.plus, next);
    if (level === "+") return;
    const literal = node.literals?.get(level);
    if (literal !== undefined) this.#cover(literal, next);
    if (node.placeholders === undefined || isDollar) return;
    for (const [placeholder, child] of node.placeholders) {
      if (this.#fits(placeholder, level)) this.#cover(child, next);
    }
  }

  #overlap(node: Node, at: number): void {
    const isDollar = this.#isDollar(at);
    if (!isDollar) this.#note(node.hash);
    if (at < 0) {
      this.#note(node.here);
      return;
    }
    const slash = this.#text.indexOf("/", at);
    const level = slash < 0 ? this.#text.slice(at) : this.#text.slice(at, slash);
    const next = slash < 0 ? -1 : slash + 1;
    if (level === "#") {
      this.#note(node.here);
      this.#each(node, at, -1, true);
    } else if (level === "+") {
      this.#each(node, at, next, false);
    } else {
      if (node.plus !== undefined && !isDollar) this.#overlap(node.plus, next);
      const literal = node.literals?.get(level);
      if (literal !== undefined) this.#overlap(literal, next);
      if (node.placeholders === undefined || isDollar) return;
      for (const [placeholder, child] of node.placeholders) {
        if (this.#fits(placeholder, level)) this.#overlap(child, next);
      }
    }
  }

  /** All children of `node`, for a wildcard at `at`; with `wholly` everything below them too. */
  #each(node: Node, at: number, next: number, wholly: boolean): void {
    if (node.plus !== undefined) this.#follow(node.plus, next, wholly);
    if (node.literals !== undefined) {
      for (const [level, child] of node.literals) {
        if (at === 0 && !this.#dollarIsOrdinary && level.startsWith("$")) continue;
        this.#follow(child, next, wholly);
      }
    }
    if (node.placeholders === undefined) return;
    for (const [placeholder, child] of node.placeholders) {
      if (this.#fits(placeholder, undefined)) this.#follow(child, next, wholly);
    }
  }

  #follow(child: Node, next: number, wholly: boolean): void {
    if (!wholly) {
      this.#overlap(child, next);
      return;
    }
    this.#note(child.here);
    this.#note(child.hash);
    this.#each(child, NOTHING, NOTHING, true);
  }

  #fits(placeholder: string, level: string | undefined): boolean {
    return this.#placeholders.fits(this.#client as Identity, placeholder, level);
  }
}
