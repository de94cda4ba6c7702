/**
 * What a bridge exchanges, and under which names.
 *
 *     local topic   local_prefix  + what the pattern matches
 *     remote topic  remote_prefix + the same
 *
 * An empty pattern stands for one topic whose two names are the prefixes. Where several routes match a topic, the first counts, so
 * that a message goes once, however the topics overlap.
 */

import { type Qos, topicFilterProblem, topicMatches } from "#protocol";

/** One line of what is exchanged. */
export interface BridgeTopic {
  /** A topic filter behind both prefixes; empty for one topic with two names. */
  readonly pattern: string;
  readonly direction: "out" | "in" | "both";
  /** The highest QoS that a message goes with. */
  readonly qos: Qos;
  readonly localPrefix: string;
  readonly remotePrefix: string;
}

/** One line in one direction. */
export interface Route {
  /** What is subscribed to where messages come from. */
  readonly filter: string;
  readonly qos: Qos;
  /** Taken from the front of a topic. */
  readonly from: string;
  /** Put there instead. */
  readonly to: string;
}

/** Where a message goes. */
export interface Translation {
  readonly route: Route;
  readonly topicName: string;
}

/** Why this cannot be exchanged; undefined when it can. */
export function bridgeTopicProblem({ pattern, localPrefix, remotePrefix }: BridgeTopic): string | undefined {
  if (/[+#]/.test(localPrefix + remotePrefix)) return "a prefix has no wildcards.";
  if (pattern === "" && (localPrefix === "" || remotePrefix === "")) {
    return "without a pattern both prefixes have to be there; they are the two names of one topic.";
  }
  for (const prefix of [localPrefix, remotePrefix]) {
    const problem = topicFilterProblem(prefix + pattern);
    if (problem !== undefined) return `${prefix}${pattern} is no topic filter: ${problem}`;
    if (/^\$(share|queue)\//.test(prefix + pattern)) return "a bridge has no shared subscriptions.";
  }
  return undefined;
}

/** What goes from this broker to the other. */
export function outRoutes(topics: readonly BridgeTopic[]): readonly Route[] {
  return topics
    .filter(({ direction }) => direction !== "in")
    .map(({ pattern, qos, localPrefix, remotePrefix }) => {
      return { filter: localPrefix + pattern, qos, from: localPrefix, to: remotePrefix };
    });
}

/** What comes from the other. */
export function inRoutes(topics: readonly BridgeTopic[]): readonly Route[] {
  return topics
    .filter(({ direction }) => direction !== "out")
    .map(({ pattern, qos, localPrefix, remotePrefix }) => {
      return { filter: remotePrefix + pattern, qos, from: remotePrefix, to: localPrefix };
    });
}

/** Those with a filter of their own; of several with the same, the first, which is the one that counts. */
export function distinct(routes: readonly Route[]): readonly Route[] {
  const byFilter = new Map<string, Route>();
  for (const route of routes) if (!byFilter.has(route.filter)) byFilter.set(route.filter, route);
  return [...byFilter.values()];
}

/** Where a message on `topicName` goes; undefined when it goes nowhere. */
export function translate(routes: readonly Route[], topicName: string): Translation | undefined {
  for (const route of routes) {
    if (!topicMatches(route.filter, topicName)) continue;
    const translated = translatedBy(route, topicName);
    if (translated !== "") return { route, topicName: translated };
  }
  return undefined;
}

function translatedBy({ from, to }: Route, topicName: string): string {
  if (topicName.startsWith(from)) return to + topicName.slice(from.length);
  // "a/#" matches "a" as well, which is one "/" shorter than the prefix.
  return to.endsWith("/") ? to.slice(0, -1) : to;
}
