/**
 * All subscriptions as lines, by the levels of their filters: `a`, below it two blanks deeper `b (client-1, 0) (client-2, 1)`, each
 * client with its QoS, as mosquitto shows them.
 */

import type { SubscriptionSummary } from "#broker";

interface Branch {
  readonly children: Map<string, Branch>;
  readonly subscribers: SubscriptionSummary[];
}

/** @param limit lines, before one that says that there are more */
export function subscriptionTreeLines(subscriptions: Iterable<SubscriptionSummary>, limit: number): string[] {
  const root = newBranch();
  for (const subscription of subscriptions) {
    let branch = root;
    for (const level of subscription.topicFilter.split("/")) branch = childOf(branch, level);
    branch.subscribers.push(subscription);
  }
  const lines: string[] = [];
  for (const line of linesBelow(root, "")) {
    if (lines.length === limit) return [...lines, "... and more"];
    lines.push(line);
  }
  return lines;
}

function newBranch(): Branch {
  return { children: new Map(), subscribers: [] };
}

function childOf({ children }: Branch, level: string): Branch {
  const child = children.get(level) ?? newBranch();
  children.set(level, child);
  return child;
}

function* linesBelow({ children }: Branch, indent: string): Generator<string> {
  for (const [level, child] of children) {
    const who = child.subscribers.map(({ clientId, qos }) => ` (${clientId}, ${qos})`).join("");
    yield `${indent}${level}${who}`;
    yield* linesBelow(child, `${indent}  `);
  }
}
