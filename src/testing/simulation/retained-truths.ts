/**
 * What must be true of retained messages: each topic has the last one that was acknowledged, or one that may have come after
 * it.
 */

import type { Publication } from "./publication.ts";
import type { Trace } from "./trace.ts";

export class RetainedTruths {
  readonly #trace: Trace;
  /** By topic: what may be retained; undefined stands for nothing. */
  readonly #possible = new Map<string, Set<Publication | undefined>>();

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** It is sent, once more perhaps; or it may be published from now on. */
  onPossible(publication: Publication): void {
    if (publication.retain) this.#of(publication.topicName).add(publication);
  }

  onAcknowledged(publication: Publication, isOpen: (other: Publication) => boolean): void {
    if (!publication.retain) return;
    const possible = this.#of(publication.topicName);
    for (const other of possible) {
      if (other === publication) continue;
      // What was sent several times may have been published the first time.
      const isLater = other !== undefined && (other.lastSent > publication.firstSent || isOpen(other));
      if (!isLater) possible.delete(other);
    }
  }

  /** What topics retain beyond doubt. */
  *certain(): IterableIterator<Publication> {
    for (const possible of this.#possible.values()) {
      const [only] = possible;
      if (possible.size === 1 && only !== undefined && !only.clears) yield only;
    }
  }

  /** These are all that the broker has. */
  check(found: ReadonlyMap<string, Publication>): void {
    for (const [topicName, possible] of this.#possible) {
      const publication = found.get(topicName);
      const isEmpty = publication === undefined;
      const isRight = isEmpty
        ? possible.has(undefined) || [...possible].some((each) => each?.clears === true)
        : possible.has(publication);
      if (isRight) continue;
      const numbers = [...possible].map((each) =>
        each === undefined || each.clears ? "nothing" : each.number,
      );
      this.#trace.fail(
        `${topicName} retains ${publication?.number ?? "nothing"} and should have ${numbers.join(" or ")}`,
      );
    }
    for (const topicName of found.keys())
      if (!this.#possible.has(topicName)) this.#trace.fail(`${topicName} retains what nobody published`);
  }

  #of(topicName: string): Set<Publication | undefined> {
    let possible = this.#possible.get(topicName);
    if (possible === undefined) {
      possible = new Set([undefined]);
      this.#possible.set(topicName, possible);
    }
    return possible;
  }
}
