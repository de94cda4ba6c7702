/** All subscriptions as lines, by the levels of their filters: `a`, below it two blanks deeper `b (client-1, client-2)`. */

interface Branch {
  readonly children: Map<string, Branch>;
  readonly clientIds: string[];
}

interface Subscriber {
  readonly clientId: string;
  readonly subscriptions: readonly string[];
}

/** @param limit lines, before one that says that there are more */
export function subscriptionTreeLines(clients: Iterable<Subscriber>, limit: number): string[] {
  const root: Branch = { children: new Map(), clientIds: [] };
  for (const { clientId, subscriptions } of clients) {
    for (const topicFilter of subscriptions) {
      let branch = root;
      for (const level of topicFilter.split("/")) branch = childOf(branch, level);
      branch.clientIds.push(clientId);
    }
  }
  const lines: string[] = [];
  for (const line of linesBelow(root, "")) {
    if (lines.length === limit) return [...lines, "... and more"];
    lines.push(line);
  }
  return lines;
}

function childOf({ children }: Branch, level: string): Branch {
  let child = children.get(level);
  if (child === undefined) {
    child = { children: new Map(), clientIds: [] };
    children.set(level, child);
  }
  return child;
}

function* linesBelow({ children }: Branch, indent: string): Generator<string> {
  for (const [level, child] of children) {
    const who = child.clientIds.length === 0 ? "" : ` (${child.clientIds.join(", ")})`;
    yield `${indent}${level}${who}`;
    yield* linesBelow(child, `${indent}  `);
  }
}
