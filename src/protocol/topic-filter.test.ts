import { describe, expect, test } from "vitest";
import { parseTopicFilter, topicFilterProblem, topicMatches } from "./topic-filter.ts";

describe("topicFilterProblem", () => {
  test.each([
    "#",
    "+",
    "/",
    "a",
    "a/#",
    "a/+/b",
    "+/+",
    "/+",
    "+/#",
    "a//b",
    "sport/tennis/#",
    "$SYS/#",
    "$share",
    "$share/g/#",
    "$share/g//",
    "$share/g/a/+",
    "a b",
  ])("accepts %s", (filter) => {
    expect(topicFilterProblem(filter)).toBeUndefined();
    expect(parseTopicFilter(filter)).toBeDefined();
  });

  test.each([
    ["", "MQTT-4.7.3-1"],
    ["a\0", "MQTT-4.7.3-2"],
    ["a#", "MQTT-4.7.1-1"],
    ["#/a", "MQTT-4.7.1-1"],
    ["a/#/b", "MQTT-4.7.1-1"],
    ["sport/tennis#", "MQTT-4.7.1-1"],
    ["##", "MQTT-4.7.1-1"],
    ["a+", "MQTT-4.7.1-2"],
    ["+a", "MQTT-4.7.1-2"],
    ["a/b+/c", "MQTT-4.7.1-2"],
    ["++", "MQTT-4.7.1-2"],
    ["$share//a", "MQTT-4.8.2-1"],
    ["$share/", "MQTT-4.8.2-1"],
    ["$share/g", "MQTT-4.8.2-2"],
    ["$share/g/", "MQTT-4.8.2-2"],
    ["$share/g+/a", "MQTT-4.8.2-2"],
    ["$share/#/a", "MQTT-4.8.2-2"],
    ["$share/g/a#", "MQTT-4.7.1-1"],
  ])("refuses %j [%s]", (filter) => {
    expect(topicFilterProblem(filter)).toBeTypeOf("string");
    expect(parseTopicFilter(filter)).toBeUndefined();
  });
});

describe("parseTopicFilter", () => {
  test("takes a plain filter apart", () => {
    expect(parseTopicFilter("a//+")).toEqual({ filter: "a//+", levels: ["a", "", "+"], hasWildcards: true });
    expect(parseTopicFilter("/a")).toEqual({ filter: "/a", levels: ["", "a"], hasWildcards: false });
  });

  test("takes a shared filter apart", () => {
    expect(parseTopicFilter("$share/group/a/#")).toEqual({
      shareName: "group",
      filter: "a/#",
      levels: ["a", "#"],
      hasWildcards: true,
    });
    expect(parseTopicFilter("$share/g//finance")).toMatchObject({ shareName: "g", filter: "/finance" });
  });
});

describe("topicMatches", () => {
  test.each([
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["sport/#", "sports", false],
    ["#", "a/b", true],
    ["#", "/", true],
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["/finance", "/finance", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["a/b", "a", false],
    ["a", "a/b", false],
    ["a/+/c", "a//c", true],
    ["ACCOUNTS", "Accounts", false],
    ["#", "$SYS/x", false],
    ["+/x", "$SYS/x", false],
    ["$SYS/#", "$SYS/x", true],
    ["$SYS/+", "$SYS/x", true],
    ["a/+", "a/$b", true],
    ["\u00e4", "a\u0308", false],
  ])("%s and %s: %s", (filter, topicName, expected) => {
    expect(topicMatches(filter, topicName)).toBe(expected);
  });
});
