/**
 * Topics of a run. All have the same length, so that a number is changed in place:
 *
 *     bench/4f2a90c1/012/345/t        topic 12345 of the run 4f2a90c1
 *
 * The tag of the run keeps runs apart that follow each other or go on side by side.
 */

/** Topics are numbered below this. */
export const MOST_TOPICS = 1_000_000;

const ROOT = "bench";

/** The name of topic `number`. */
export function topicName(tag: string, number: number): string {
  return `${ROOT}/${tag}/${levels(number)}/t`;
}

/** Where in its name the first three digits of the number stand; the last three begin four bytes later. */
export function numberOffset(tag: string): number {
  return ROOT.length + tag.length + 2;
}

/** A filter that matches topic `number` and no other; `mixed` ones take turns in how they do it. */
export function topicFilter(tag: string, number: number, kind: "exact" | "mixed"): string {
  const way = kind === "exact" ? 0 : number % 4;
  switch (way) {
    case 1:
      return `${ROOT}/${tag}/${levels(number)}/+`;
    case 2:
      return `${ROOT}/${tag}/${levels(number)}/#`;
    case 3:
      return `+/${tag}/${levels(number)}/t`;
    default:
      return topicName(tag, number);
  }
}

/** A filter that matches all topics of the run. */
export function filterForAll(tag: string): string {
  return `${ROOT}/${tag}/#`;
}

/** `filter` for a group that shares its messages. */
export function sharedFilter(filter: string): string {
  return `$share/${ROOT}/${filter}`;
}

function levels(number: number): string {
  const high = Math.floor(number / 1000);
  return `${String(high).padStart(3, "0")}/${String(number % 1000).padStart(3, "0")}`;
}
