// The kit is only worth something if it finds what is wrong: servers that break one statement each have to fail.
import { describe, expect, test } from "vitest";
import {
  ALL,
  type ConformanceCase,
  ONLY_5,
  type Outcome,
  type OutcomeStatus,
} from "../../src/testing/conformance/case.ts";
import { conformanceCases } from "../../src/testing/conformance/cases/index.ts";
import { gradeOutcomes } from "../../src/testing/conformance/grade.ts";
import { buildLedger, ledgerProblems } from "../../src/testing/conformance/ledger/ledger.ts";
import type { CloseExpectation } from "../../src/testing/conformance/pattern.ts";
import { runConformance } from "../../src/testing/conformance/run.ts";
import type { ConformanceTarget } from "../../src/testing/conformance/target.ts";
import { virtualTarget } from "../../src/testing/conformance/virtual-target.ts";
import { raw, variableByteInteger } from "../../src/testing/conformance/wire/bytes.ts";
import type { WireProperties } from "../../src/testing/conformance/wire/properties.ts";

/** A server that answers everything it gets with the next of these bytes; "close" ends the connection. */
function scripted(...answers: readonly string[]): ConformanceTarget {
  return virtualTarget({
    name: "scripted",
    start: () => ({
      accept(pipe) {
        const left = [...answers];
        pipe.open({
          onBytes() {
            const answer = left.shift();
            if (answer === "close") pipe.end();
            else if (answer !== undefined) pipe.write(raw(answer));
          },
          onWritten: () => undefined,
          onClosed: () => undefined,
        });
      },
    }),
  });
}

/** A case that connects, sends PINGREQ and wants PINGRESP. */
function pingCase(properties: WireProperties = {}): ConformanceCase {
  return {
    name: "test/ping",
    title: "test",
    statements: [],
    versions: ALL,
    async run(c) {
      const client = await c.connect({ properties });
      await client.subscribe("a");
      await client.ping();
    },
  };
}

const connack5 = "20 03 00 00 00";
const suback5 = "90 04 00 01 00 00";

async function reasonOf(
  target: ConformanceTarget,
  each: ConformanceCase,
  version: 4 | 5,
): Promise<string | undefined> {
  const [outcome] = await runConformance(target, { cases: [each], versions: [version] });
  return outcome?.reason;
}

describe("what no server may send", () => {
  test("a correct server passes", async () => {
    expect(await reasonOf(scripted(connack5, suback5, "d0 00"), pingCase(), 5)).toBeUndefined();
    expect(await reasonOf(scripted("20 02 00 00", "90 03 00 01 00", "d0 00"), pingCase(), 4)).toBeUndefined();
  });

  test.each([
    ["MQTT-3.2.2-1", "20 03 02 00 00"],
    ["MQTT-3.2.2-6", "20 03 01 87 00"],
    ["MQTT-3.2.2-8", "20 03 00 8e 00"],
    ["MQTT-3.2.0-1", "d0 00 20 03 00 00 00"],
    ["MQTT-3.14.0-1", "e0 00"],
    ["MQTT-3.2.0-2", `${connack5} ${connack5}`],
    ["MQTT-2.1.3-1", `${connack5} d1 00`],
    ["MQTT-1.5.5-1", `${connack5} d0 80 00`],
    ["MQTT-3.3.1-2", `${connack5} 38 04 00 01 'a' 00`],
    ["MQTT-3.3.1-4", `${connack5} 36 06 00 01 'a' 00 01 00`],
    ["MQTT-3.3.2-2", `${connack5} 30 04 00 01 '+' 00`],
    ["MQTT-1.5.4-1", `${connack5} 30 04 00 01 ff 00`],
    ["MQTT-1.5.4-2", `${connack5} 30 04 00 01 00 00`],
    ["MQTT-2.2.1-4", `${connack5} 32 06 00 01 'a' 00 00 00`],
    ["MQTT-2.2.1-4", `${connack5} 32 06 00 01 'a' 00 01 00 32 06 00 01 'b' 00 01 00`],
    [
      "MQTT-3.3.4-9",
      `${connack5} 32 06 00 01 'a' 00 01 00 32 06 00 01 'b' 00 02 00 32 06 00 01 'c' 00 03 00`,
    ],
    ["MQTT-3.1.2-26", `${connack5} 30 07 00 01 'a' 03 23 00 05`],
    ["U5-3.3.4b", `${connack5} 30 06 00 00 03 23 00 01`],
    ["U5-3.3.2.1", `${connack5} 30 03 00 00 00`],
    ["U5-2.2.2.2", `${connack5} 30 07 00 01 'a' 03 21 00 05`],
    ["U5-2.2.2.1", `${connack5} 30 04 00 01 'a' 7f`],
    ["MQTT-3.1.2-24", `${connack5} 30 26 00 01 'a' 00 'payload payload payload payload pa'`],
    ["MQTT-3.1.2-29", `${connack5} 90 08 00 01 04 1f 00 01 'x' 00`],
    ["MQTT-3.1.2-28", "20 07 00 00 04 1a 00 01 'x'"],
    ["MQTT-3.9.3-2", `${connack5} 90 04 00 01 00 03`],
    ["MQTT-3.14.2-1", `${connack5} e0 01 04`],
    ["MQTT-3.14.2-2", `${connack5} e0 07 00 05 11 00 00 00 01`],
    ["MQTT-3.14.4-1", `${connack5} e0 00 d0 00`],
    ["MQTT-3.15.2-1", `${connack5} f0 06 19 04 15 00 01 'm'`],
  ])("[%s] is found in %s", async (statement, answer) => {
    const limits = {
      maximumPacketSize: 38,
      receiveMaximum: 2,
      topicAliasMaximum: 2,
      requestProblemInformation: 0,
    };
    expect(await reasonOf(scripted(answer, suback5, "d0 00"), pingCase(limits), 5)).toContain(
      `5.0/${statement}]`,
    );
  });

  test.each([
    ["MQTT-3.2.2-4", "20 02 01 05"],
    ["MQTT-2.2.2-1", "20 02 00 00 d1 00"],
    ["MQTT-3.9.3-2", "20 02 00 00 90 03 00 01 87"],
    ["MQTT-2.3.1-4", "20 02 00 00 32 05 00 01 'a' 00 01 32 05 00 01 'b' 00 01"],
    ["MQTT-1.5.3-1", "20 02 00 00 30 03 00 01 ff"],
  ])("3.1.1: [%s] is found in %s", async (statement, answer) => {
    const reason = await reasonOf(scripted(answer, "90 03 00 01 00", "d0 00"), pingCase(), 4);
    expect(reason).toContain(`3.1.1/${statement}]`);
  });

  test("a connection that ends inside a packet", async () => {
    const target = scripted(`${connack5} 30 05 00`, "close");
    expect(await reasonOf(target, pingCase(), 5)).toContain("ended inside a packet");
  });
});

describe("closing", () => {
  function closeCase(expectation: CloseExpectation) {
    const each: ConformanceCase = {
      name: "test/close",
      title: "test",
      statements: [],
      versions: ONLY_5,
      async run(c) {
        const client = await c.connect();
        client.send("36 00");
        client.send("c0 00");
        await client.expectClose(expectation);
      },
    };
    return each;
  }
  const outcomeOf = async (target: ConformanceTarget, each: ConformanceCase) =>
    (await runConformance(target, { cases: [each] }))[0];

  test("the right reason passes without a note", async () => {
    const outcome = await outcomeOf(scripted(connack5, "e0 01 81", "close"), closeCase({ reasons: [0x81] }));
    expect(outcome).toMatchObject({ status: "passed", notes: [] });
  });

  test("another reason, or none, is noted", async () => {
    const other = await outcomeOf(scripted(connack5, "e0 01 82", "close"), closeCase({ reasons: [0x81] }));
    expect(other).toMatchObject({ status: "passed", notes: [expect.stringContaining("0x82 was said")] });
    const none = await outcomeOf(scripted(connack5, "close"), closeCase({ reasons: [0x81] }));
    expect(none).toMatchObject({ status: "passed", notes: ["closed without a packet that says why"] });
  });

  test("where it has to be said, both fail", async () => {
    const demanded = closeCase({ reasons: [0x8e], mustSay: true });
    expect((await outcomeOf(scripted(connack5, "e0 01 82", "close"), demanded))?.status).toBe("failed");
    expect((await outcomeOf(scripted(connack5, "close"), demanded))?.status).toBe("failed");
  });

  test("staying open, answering, and closing too early fail", async () => {
    expect((await outcomeOf(scripted(connack5), closeCase({})))?.status).toBe("failed");
    expect((await outcomeOf(scripted(connack5, "d0 00", "close"), closeCase({})))?.status).toBe("failed");
    expect((await outcomeOf(scripted(connack5, "close"), closeCase({ afterMs: 1000 })))?.status).toBe(
      "failed",
    );
  });
});

describe("what a server may do is no failure", () => {
  const statusOf = async (target: ConformanceTarget, version: 4 | 5): Promise<string | undefined> =>
    (await runConformance(target, { cases: [qos1Case], versions: [version] }))[0]?.status;
  const qos1Case: ConformanceCase = {
    name: "test/subscribe",
    title: "test",
    statements: [],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: "a", qos: 1 });
    },
  };

  test.each([
    ["a subscription that is refused", 5, [connack5, "90 04 00 01 00 87"], "inconclusive"],
    ["a subscription that is refused, in 3.1.1", 4, ["20 02 00 00", "90 03 00 01 80"], "inconclusive"],
    ["a lower QoS than asked for", 5, [connack5, "90 04 00 01 00 00"], "not-supported"],
    ["a login that is refused", 5, ["20 03 00 87 00"], "inconclusive"],
    ["a login that is refused, in 3.1.1", 4, ["20 02 00 05"], "inconclusive"],
    ["a version that is not spoken", 5, ["20 03 00 84 00"], "not-supported"],
    ["a version that is not known at all", 5, ["20 02 00 01"], "not-supported"],
    ["a filter taken for invalid, though, is one", 5, [connack5, "90 04 00 01 00 8f"], "failed"],
    ["and so is a client id that is not accepted", 5, ["20 03 00 85 00"], "failed"],
  ] as const)("%s", async (_, version, answers, status) => {
    expect(await statusOf(scripted(...answers), version)).toBe(status);
  });

  test("a case that stumbles accuses nobody", async () => {
    const broken: ConformanceCase = {
      ...qos1Case,
      run: async () => {
        throw new TypeError("out of luck");
      },
    };
    const [outcome] = await runConformance(scripted(connack5), { cases: [broken], versions: [5] });
    expect(outcome).toMatchObject({
      status: "inconclusive",
      reason: expect.stringContaining("could not run"),
    });
  });
});

describe("grades", () => {
  const outcome = (
    name: string,
    statements: readonly string[],
    status: OutcomeStatus,
    broken?: string,
  ): Outcome => ({
    case: { ...pingCase(), name, statements },
    version: 5,
    status,
    reason: undefined,
    broken,
    notes: [],
    trace: [],
    durationMs: 0,
  });
  const [a, b] = ["5.0/MQTT-3.1.0-1", "5.0/MQTT-3.1.0-2"];

  test("a statement failed when a case that tests it failed, and passed when one passed and none failed", () => {
    const { statements, cases, chapters } = gradeOutcomes(
      [
        outcome("x/1", [a], "passed"),
        outcome("x/2", [a, b], "failed"),
        outcome("y/1", [b, "3.1.1/MQTT-3.1.0-1"], "not-supported"),
      ],
      5,
    );
    expect(statements).toMatchObject([
      { id: a, status: "failed", isCertain: false, cases: ["x/2"] },
      { id: b, status: "failed", isCertain: false, cases: ["x/2"] },
    ]);
    expect(cases).toEqual({ passed: 1, failed: 1, "not-supported": 1, inconclusive: 0 });
    expect(chapters.map(({ chapter }) => chapter)).toEqual(["x", "y"]);
  });

  test("a failure that knows its statement counts against that one only", () => {
    const other = "5.0/MQTT-2.1.3-1";
    const { statements } = gradeOutcomes([outcome("x/1", [a], "failed", other)], 5);
    expect(statements).toMatchObject([
      { id: other, status: "failed", isCertain: true },
      { id: a, status: "inconclusive", isCertain: true },
    ]);
  });
});

describe("the ledger", () => {
  test("has every statement of the standards", () => {
    const ledger = buildLedger(conformanceCases);
    const count = (start: string): number => ledger.filter((entry) => entry.id.startsWith(start)).length;
    expect([count("3.1.1/MQTT-"), count("5.0/MQTT-"), count("5.0/U5-")]).toEqual([141, 251, 63]);
    expect(new Set(ledger.map((entry) => entry.id)).size).toBe(ledger.length);
  });

  test("finds names that no standard has", () => {
    expect(ledgerProblems(conformanceCases)).toEqual([]);
    const wrong: ConformanceCase = { ...pingCase(), statements: ["5.0/MQTT-9.9.9-9"] };
    expect(ledgerProblems([wrong])).toContainEqual(expect.stringContaining("5.0/MQTT-9.9.9-9"));
    const wrongVersion: ConformanceCase = { ...pingCase(), versions: [4], statements: ["5.0/MQTT-3.1.0-1"] };
    expect(ledgerProblems([wrongVersion])).toContainEqual(
      expect.stringContaining("does not run in that version"),
    );
  });
});

describe("bytes", () => {
  test("hex with quoted text", () => {
    expect(raw(["00 04 'MQTT'", Uint8Array.of(5), ["c000"]])).toEqual(
      Uint8Array.of(0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 0xc0, 0),
    );
    expect(() => raw("xyz")).toThrow("neither hex nor quoted text");
  });

  test("variable byte integers at their boundaries", () => {
    const hex = (value: number): string => Buffer.from(variableByteInteger(value)).toString("hex");
    expect([0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455].map(hex)).toEqual([
      "00",
      "7f",
      "8001",
      "ff7f",
      "808001",
      "ffff7f",
      "80808001",
      "ffffff7f",
    ]);
  });
});
