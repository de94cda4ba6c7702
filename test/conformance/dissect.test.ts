// Packets in words, as the traces of failures show them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTrace } from "../../src/testing/conformance/trace.ts";
import { raw } from "../../src/testing/conformance/wire/bytes.ts";
import { dissect } from "../../src/testing/conformance/wire/dissect.ts";
import { connect, publish, subscribe, unsubscribe } from "../../src/testing/conformance/wire/write.ts";

describe("a packet in words", () => {
  test.each([
    [connect(4, { clientId: "c" }), 'MQTT 3.1.1, client id "c", clean session, keep alive 0'],
    [
      connect(5, {
        clientId: "c",
        cleanStart: false,
        keepAlive: 60,
        properties: { receiveMaximum: 10, userProperty: [["k", "v"]] },
        will: { topic: "w", payload: "'gone'", qos: 1, retain: true, properties: { willDelayInterval: 5 } },
        userName: "u",
        password: "'secret'",
      }),
      'MQTT 5.0, client id "c", keep alive 60, receive maximum 10, user property "k": "v", will topic "w" QoS 1 RETAIN payload "gone", will will delay interval 5, user name "u", a password',
    ],
    [
      publish(5, { topic: "a", qos: 2, dup: true, retain: true, packetId: 7, payload: "hi" }),
      'topic "a", QoS 2, DUP, RETAIN, packet id 7, payload "hi"',
    ],
    [publish(5, { topic: "a", payload: Uint8Array.of(0xff, 0) }), 'topic "a", QoS 0, payload [ff 00]'],
    [
      subscribe(5, 1, [{ filter: "a/#", qos: 1 }, { filter: "b" }]),
      'packet id 1, filter "a/#" options 0x01, filter "b" options 0x00',
    ],
    [unsubscribe(5, 1, ["a"]), 'packet id 1, filter "a"'],
    [raw("20 03 01 00 00"), "session present, reason code 0x00"],
    [raw("40 04 00 05 97 00"), "packet id 5, reason code 0x97"],
    [raw("90 05 00 01 00 02 80"), "packet id 1, codes 02 80"],
    [raw("e0 09 8e 07 1f 00 04 'else'"), 'reason code 0x8e, reason string "else"'],
    [raw("d0 00"), "no fields"],
    [raw("30 05 00 07 'abc'"), "the rest cannot be read"],
    [raw("c0 02 00 00"), "2 bytes left over"],
    [raw("32 ff ff ff ff 01"), "no whole fixed header"],
  ])("%#", (bytes, words) => {
    expect(dissect(bytes, 5)).toEqual([words]);
  });

  test("several in one write, and one that is not whole", () => {
    expect(dissect(raw("c0 00 40 02 00 05 30 09 00 01 'a' 00 'x'"), 5)).toEqual([
      "no fields",
      "packet id 5",
      'topic "a", QoS 0, payload "x"; 4 bytes are missing',
    ]);
  });

  test("nothing that drives a terminal", () => {
    const [line] = dissect(publish(4, { topic: "a\u001b[2J\n\u202e", payload: "x" }), 4);
    expect(line).toBe('topic "a\\u001b[2J\\n\\u202e", QoS 0, payload "x"');
  });

  test("any bytes have words", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(3, 4, 5), (bytes, version) => {
        for (const line of dissect(bytes, version as 3 | 4 | 5))
          expect(line.includes("\u001b") || line.includes("\n")).toBe(false);
      }),
    );
  });
});

test("a trace has each packet in hex and in words", () => {
  const trace = [
    { atMs: 0, peer: "c", direction: "sent", what: "PINGREQ", bytes: raw("c0 00"), version: 4 },
    { atMs: 12, peer: "c", direction: "received", what: "PUBACK", bytes: raw("40 02 00 05"), version: 4 },
    { atMs: 13, peer: "c", direction: "closed", what: "closed by the server" },
  ] as const;
  expect(formatTrace(trace).split("\n")).toEqual([
    "+0 ms  c  > PINGREQ c0 00",
    "       no fields",
    "+12 ms  c  < PUBACK 40 02 00 05",
    "        packet id 5",
    "+13 ms  c  x closed by the server",
  ]);
});
