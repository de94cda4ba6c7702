// Every reason code that a 5.0 server may put into a packet (section 2.4 and the packets' own tables): provoked on Martlet,
// or listed with the reason why Martlet never sends it.
import { describe, expect, test } from "vitest";
import { connackScenarios } from "./reason-codes/connack.ts";
import { authScenarios, disconnectScenarios } from "./reason-codes/disconnect.ts";
import { publishScenarios, releaseScenarios } from "./reason-codes/publish.ts";
import { type PacketName, pair, play, type Scenario } from "./reason-codes/scenario.ts";
import { subscribeScenarios } from "./reason-codes/subscribe.ts";

const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** What a server may send. 0x8C stands for DISCONNECT in table 2-6 only. */
const allowed: Readonly<Record<PacketName, readonly number[]>> = {
  CONNACK: [0x00, ...from(0x80, 0x8a), 0x8c, 0x90, 0x95, 0x97, ...from(0x99, 0x9d), 0x9f],
  PUBACK: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  PUBREC: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  PUBREL: [0x00, 0x92],
  PUBCOMP: [0x00, 0x92],
  SUBACK: [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  UNSUBACK: [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
  DISCONNECT: [0x00, ...from(0x80, 0x83), 0x87, 0x89, ...from(0x8b, 0x90), ...from(0x93, 0xa2)],
  AUTH: [0x00, 0x18],
};

const alwaysAllowed = "Unsubscribing is always allowed: there is no rule and no hook that could refuse it.";

/** What Martlet never sends. */
const never: Readonly<Record<string, string>> = {
  "UNSUBACK 0x80": alwaysAllowed,
  "UNSUBACK 0x83": alwaysAllowed,
  "UNSUBACK 0x87": alwaysAllowed,
  "UNSUBACK 0x91":
    "UNSUBACK ends what UNSUBSCRIBE begins at once, so no identifier of it is ever in use when the next one comes.",
  "DISCONNECT 0x8c":
    "Table 2-6 names DISCONNECT for it, the table of DISCONNECT itself does not: a client may take it for a protocol error.",
};

const scenarios: readonly Scenario[] = [
  ...connackScenarios,
  ...publishScenarios,
  ...releaseScenarios,
  ...subscribeScenarios,
  ...authScenarios,
  ...disconnectScenarios,
];

describe("Martlet says", () => {
  test.each(
    scenarios.map((scenario) => [pair(scenario.name, scenario.code), scenario.by, scenario] as const),
  )("%s after %s", async (_, __, scenario) => await play(scenario));
});

test("every reason code that a server may send has a test, or a reason why Martlet never sends it", () => {
  const all = Object.entries(allowed).flatMap(([name, codes]) =>
    codes.map((code) => pair(name as PacketName, code)),
  );
  const tested = scenarios.map(({ name, code }) => pair(name, code));
  expect(tested.toSorted()).toEqual([...new Set(tested)].toSorted());
  expect([...tested, ...Object.keys(never)].toSorted()).toEqual(all.toSorted());
});
