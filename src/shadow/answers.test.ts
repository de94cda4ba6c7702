// Answers, CONNACK and endings: what two brokers say to the same packet.
import { expect, test } from "vitest";
import { type ConnackPacket, PacketType, ReasonCode } from "#protocol";
import { type Answer, AnswerComparison } from "./answer-comparison.ts";
import { ConnackComparison } from "./connack-comparison.ts";
import { Endings } from "./endings.ts";

const WINDOW_MS = 100;

function recorder() {
  const told: string[] = [];
  return {
    told,
    report: (kind: string, old: string, martlet: string) => void told.push(`${kind}: ${old} | ${martlet}`),
  };
}

const suback = (packetId: number, ...reasonCodes: ReasonCode[]): Answer => ({
  type: PacketType.SUBACK,
  packetId,
  reasonCodes,
  atMs: 0,
});

test("answers meet by type and id, in any order", () => {
  const { told, report } = recorder();
  const answers = new AnswerComparison(WINDOW_MS, report);
  answers.add("old", suback(1, 1));
  answers.add("old", suback(2, 2));
  answers.add("martlet", { ...suback(1, 0), type: PacketType.PUBACK });
  answers.add("martlet", suback(2, 2));
  answers.add("martlet", suback(1, 1));
  answers.add("old", { ...suback(1, 0x10), type: PacketType.PUBACK });
  expect([told, answers.pairs, answers.pending]).toEqual([[], 3, 0]);
});

test("the same id again and again", () => {
  const { told, report } = recorder();
  const answers = new AnswerComparison(WINDOW_MS, report);
  for (const code of [0, 1, 2] as const) answers.add("old", suback(1, code));
  for (const code of [0, 2, 2] as const) answers.add("martlet", suback(1, code));
  expect(told).toEqual(["suback: SUBACK id 1, 0x01 | SUBACK id 1, 0x02"]);
});

test("an answer of one alone is told after the window", () => {
  const { told, report } = recorder();
  const answers = new AnswerComparison(WINDOW_MS, report);
  answers.add("old", suback(1, 0x80));
  answers.add("martlet", { type: PacketType.PINGRESP, packetId: 0, reasonCodes: [], atMs: 50 });
  answers.expire(99);
  expect(told).toEqual([]);
  answers.expire(100);
  answers.expire(150);
  expect(told).toEqual(["missing-answer: SUBACK id 1, 0x80 | nothing", "extra-answer: nothing | PINGRESP"]);
  answers.add("old", suback(2, 0));
  expect([answers.clear(), answers.pending]).toEqual([1, 0]);
});

test("when the client leaves, what the old broker has said before is missing, and the rest undecided", () => {
  const { told, report } = recorder();
  const answers = new AnswerComparison(WINDOW_MS, report);
  answers.add("old", suback(1, 0));
  answers.add("old", { ...suback(2, 0), atMs: 10 });
  answers.add("martlet", suback(3, 0));
  expect(answers.settle(20, 10)).toBe(2);
  expect([told, answers.pending]).toEqual([["missing-answer: SUBACK id 1, 0x00 | nothing"], 0]);
});

test("CONNACK: code, session, and properties as a note", () => {
  const { told, report } = recorder();
  const notes: string[] = [];
  const connack = new ConnackComparison(report, (_, says) => void notes.push(says));
  const packet = (changes: Partial<ConnackPacket>): ConnackPacket => ({
    type: PacketType.CONNACK,
    sessionPresent: false,
    reasonCode: ReasonCode.SUCCESS,
    properties: {},
    ...changes,
  });
  connack.add("martlet", packet({ properties: { receiveMaximum: 9 } }));
  connack.add("old", packet({ properties: { receiveMaximum: 20, assignedClientIdentifier: "auto" } }));
  expect([told, notes]).toEqual([[], ["CONNACK receiveMaximum: old broker 20, Martlet 9"]]);
  connack.add("old", packet({ sessionPresent: true }));
  connack.add("martlet", packet({}));
  connack.add("old", packet({}));
  connack.add("martlet", packet({ reasonCode: ReasonCode.NOT_AUTHORIZED }));
  expect(told).toEqual([
    "session-present: CONNACK 0x00, session present | CONNACK 0x00",
    "connack: CONNACK 0x00 | CONNACK 0x87",
  ]);
  expect(connack.isParted).toBe(true);
});

test("both close: no difference; with other reasons one", () => {
  const { told, report } = recorder();
  const plain = new Endings(WINDOW_MS, report);
  plain.onEnd("martlet", 0);
  expect(plain.judge(99)).toBe("open");
  plain.onEnd("old", 99);
  expect([plain.judge(99), told]).toEqual(["over", []]);
  const reasons = new Endings(WINDOW_MS, report);
  for (const [side, code] of [
    ["old", 0x8e],
    ["martlet", 0x81],
  ] as const) {
    reasons.onDisconnect(side, code);
    reasons.onEnd(side, 0);
  }
  expect(reasons.judge(0)).toBe("over");
  expect(told).toEqual(["disconnect: DISCONNECT 0x8e, closes | DISCONNECT 0x81, closes"]);
});

test("one alone closes", () => {
  const { told, report } = recorder();
  const old = new Endings(WINDOW_MS, report);
  old.onEnd("old", 0);
  old.onClientLeft(1);
  expect([old.judge(99), old.judge(100), old.leftMs]).toEqual(["open", "over", undefined]);
  const martlet = new Endings(WINDOW_MS, report);
  martlet.onEnd("martlet", 0);
  expect([martlet.judge(99), martlet.judge(100)]).toEqual(["open", "gave-up"]);
  expect(told).toEqual(["disconnect: closes | goes on", "disconnect: goes on | closes"]);
});

test("the client leaves: only a Martlet that was long gone is told of", () => {
  const { told, report } = recorder();
  for (const leftMs of [10, 90]) {
    const endings = new Endings(WINDOW_MS, report);
    endings.onEnd("martlet", 0);
    endings.onClientLeft(leftMs);
    endings.onEnd("old", leftMs + 1);
    expect(endings.judge(leftMs + 1)).toBe("over");
  }
  expect(told).toEqual(["disconnect: goes on | closes"]);
});
