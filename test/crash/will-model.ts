/**
 * Which wills have to come: those of a connection that the broker has acknowledged and that ended without DISCONNECT, also
 * when it ended with the broker. After DISCONNECT a will must not come any more once the same client was let in again by the
 * same life of the broker: before that a crash may undo the DISCONNECT, which is not acknowledged.
 */

import type { Findings } from "./findings.ts";

interface Will {
  readonly history: string[];
  state: "asked" | "set" | "due" | "left" | "gone";
  /** The life of the broker in which DISCONNECT was sent. */
  leftInLife: number;
  hasCome: boolean;
}

export class WillModel {
  readonly #findings: Findings;
  readonly #wills = new Map<string, Will>();
  readonly #due = new Set<string>();
  /** Somebody has subscribed to wills, and the broker has acknowledged that. */
  #isHeard = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** The subscription to wills is acknowledged. */
  heard(): void {
    this.#isHeard = true;
  }

  /** The broker has forgotten it, with what was on its way. */
  unheard(): void {
    this.#isHeard = false;
    this.close();
  }

  /** CONNECT is sent with the will `key`. */
  asked(key: string): void {
    const history = [`asked for in ${this.#findings.moment}`];
    this.#wills.set(key, { history, state: "asked", leftInLife: 0, hasCome: false });
  }

  /** CONNACK has come; `before` is the will of the connection before. */
  set(key: string, before: string | undefined): void {
    const will = this.#will(key);
    will.state = "set";
    will.history.push(`acknowledged in ${this.#findings.moment}`);
    const last = before === undefined ? undefined : this.#wills.get(before);
    if (last?.state === "left" && last.leftInLife === this.#findings.life) last.state = "gone";
  }

  /** The connection ended without DISCONNECT. */
  cut(key: string): void {
    const will = this.#will(key);
    will.history.push(`cut off in ${this.#findings.moment}`);
    if (will.state !== "set") return; // perhaps the broker knows of it, perhaps not
    will.state = "due";
    if (!this.#isHeard) return;
    this.#findings.willsOwed++;
    if (!will.hasCome) this.#due.add(key);
  }

  left(key: string): void {
    const will = this.#will(key);
    will.history.push(`DISCONNECT in ${this.#findings.moment}`);
    will.state = "left";
    will.leftInLife = this.#findings.life;
  }

  received(key: string): void {
    const findings = this.#findings;
    const will = this.#wills.get(key);
    if (will === undefined) {
      findings.add("willsUnexpected", `${key}, which nobody has set`);
      return;
    }
    will.history.push(`came in ${findings.moment}`);
    if (will.hasCome) findings.add("willsTwice", `${key}: ${will.history.join(", ")}`);
    else if (will.state === "gone") findings.add("willsUnexpected", `${key}: ${will.history.join(", ")}`);
    will.hasCome = true;
    this.#due.delete(key);
  }

  /** Wills that have to come yet. */
  get due(): number {
    return this.#due.size;
  }

  /** Nothing more will come. */
  close(): void {
    for (const key of this.#due)
      this.#findings.add("willsLost", `${key}: ${this.#will(key).history.join(", ")}`);
    this.#due.clear();
  }

  #will(key: string): Will {
    const will = this.#wills.get(key);
    if (will === undefined) throw new TypeError(`there is no will ${key}`);
    return will;
  }
}
