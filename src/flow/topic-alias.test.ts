// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import { describe, expect, test } from "vitest";
import { ReasonCode } from "#protocol";
import { reasonCodeOf } from "../../test/support/reason-code-of.ts";
import { InboundAliases, OutboundAliases } from "./topic-alias.ts";

describe("inbound aliases", () => {
  test("stand for what was set last, each for itself", () => {
    const aliases = new InboundAliases<string>(10);
    aliases.set(10, "a");
    aliases.set(1, "b");
    aliases.set(10, "c");
    expect([aliases.get(10), aliases.get(1)]).toEqual(["c", "b"]);
  });

  test("0 and those above the maximum are invalid, one that was not set is a protocol error", () => {
    const aliases = new InboundAliases<string>(3);
    for (const alias of [0, 4, 65_535]) {
      expect(reasonCodeOf(() => aliases.set(alias, "a"))).toBe(ReasonCode.TOPIC_ALIAS_INVALID);
      expect(reasonCodeOf(() => aliases.get(alias))).toBe(ReasonCode.TOPIC_ALIAS_INVALID);
    }
    expect(reasonCodeOf(() => aliases.get(2))).toBe(ReasonCode.PROTOCOL_ERROR);
    aliases.set(3, "a");
    expect(reasonCodeOf(() => aliases.get(2))).toBe(ReasonCode.PROTOCOL_ERROR);
    expect(reasonCodeOf(() => new InboundAliases<string>(0).set(1, "a"))).toBe(
      ReasonCode.TOPIC_ALIAS_INVALID,
    );
  });
});

describe("outbound aliases", () => {
  test("the first topics get one each and keep it", () => {
    const aliases = new OutboundAliases<string>(2);
    expect([aliases.known("a"), aliases.assign("a"), aliases.known("a")]).toEqual([0, 1, 1]);
    expect([aliases.assign("b"), aliases.assign("c"), aliases.known("c")]).toEqual([2, 0, 0]);
    expect([aliases.known("a"), aliases.known("b")]).toEqual([1, 2]);
  });

  test("what was withdrawn is given out again", () => {
    const aliases = new OutboundAliases<string>(2);
    aliases.assign("a");
    expect(aliases.assign("b")).toBe(2);
    aliases.withdraw("b");
    expect([aliases.known("b"), aliases.assign("c"), aliases.known("a")]).toEqual([0, 2, 1]);
  });

  test("a peer that allows none gets none", () => {
    expect(new OutboundAliases<string>(0).assign("a")).toBe(0);
  });
});
