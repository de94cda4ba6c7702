import { describe, expect, it } from "vitest";
import {
  type BridgeTopic,
  bridgeTopicProblem,
  distinct,
  inRoutes,
  outRoutes,
  translate,
} from "./topic-map.ts";

function topic(changes: Partial<BridgeTopic>): BridgeTopic {
  return { pattern: "", direction: "both", qos: 1, localPrefix: "", remotePrefix: "", ...changes };
}

describe("topics of a bridge", () => {
  it.each([
    ["p", "L/", "R/", "L/p", "R/p"],
    ["p", "L/", "", "L/p", "p"],
    ["p", "", "R/", "p", "R/p"],
    ["p", "", "", "p", "p"],
    ["", "local", "remote", "local", "remote"],
  ])("pattern %j with prefixes %j and %j", (pattern, localPrefix, remotePrefix, local, remote) => {
    const topics = [topic({ pattern, localPrefix, remotePrefix })];
    expect(bridgeTopicProblem(topics[0] as BridgeTopic)).toBeUndefined();
    expect(outRoutes(topics)).toEqual([{ filter: local, qos: 1, from: localPrefix, to: remotePrefix }]);
    expect(inRoutes(topics)).toEqual([{ filter: remote, qos: 1, from: remotePrefix, to: localPrefix }]);
    expect(translate(outRoutes(topics), local)?.topicName).toBe(remote);
    expect(translate(inRoutes(topics), remote)?.topicName).toBe(local);
  });

  it.each([
    ["", "local", ""],
    ["", "", "remote"],
    ["", "", ""],
    ["a/#/b", "", ""],
    ["x", "l+/", ""],
    ["x", "", "#/"],
    ["$share/g/x", "", ""],
  ])("pattern %j with prefixes %j and %j is refused", (pattern, localPrefix, remotePrefix) => {
    expect(bridgeTopicProblem(topic({ pattern, localPrefix, remotePrefix }))).toEqual(expect.any(String));
  });

  it("directions", () => {
    const topics = [
      topic({ pattern: "o", direction: "out" }),
      topic({ pattern: "i", direction: "in" }),
      topic({ pattern: "b", direction: "both" }),
    ];
    expect(outRoutes(topics).map(({ filter }) => filter)).toEqual(["o", "b"]);
    expect(inRoutes(topics).map(({ filter }) => filter)).toEqual(["i", "b"]);
  });

  it("wildcards keep what they matched", () => {
    const routes = outRoutes([
      topic({ pattern: "+/temperature/#", localPrefix: "house/", remotePrefix: "s/1/" }),
    ]);
    expect(translate(routes, "house/attic/temperature/now")?.topicName).toBe("s/1/attic/temperature/now");
    expect(translate(routes, "house/attic/humidity")).toBeUndefined();
  });

  it("the level above a # keeps its name, and is left out where it would have none", () => {
    const named = outRoutes([topic({ pattern: "#", localPrefix: "a/", remotePrefix: "b/c/" })]);
    expect(translate(named, "a")?.topicName).toBe("b/c");
    const nameless = outRoutes([topic({ pattern: "#", localPrefix: "a/" })]);
    expect(translate(nameless, "a")).toBeUndefined();
    expect(translate(nameless, "a/x")?.topicName).toBe("x");
  });

  it("of routes that overlap the first counts", () => {
    const routes = outRoutes([
      topic({ pattern: "a/b", remotePrefix: "one/" }),
      topic({ pattern: "a/#", remotePrefix: "two/" }),
      topic({ pattern: "a/#", remotePrefix: "three/" }),
    ]);
    expect(translate(routes, "a/b")?.topicName).toBe("one/a/b");
    expect(translate(routes, "a/c")?.topicName).toBe("two/a/c");
    expect(distinct(routes).map(({ to }) => to)).toEqual(["one/", "two/"]);
  });
});
