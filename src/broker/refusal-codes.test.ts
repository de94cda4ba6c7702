/** Every reason code that a server may say and that can be provoked, by the packet that says it. */

import { describe, expect, test } from "vitest";
import type { Gate } from "#auth";
import { PacketType, ProtocolVersion, ReasonCode, reasonName } from "#protocol";
import {
  Bench,
  type BenchClient,
  type BenchOptions,
  connectPacket,
} from "../../test/support/broker-bench.ts";
import { publishPacket } from "../../test/support/raw-client.ts";
import {
  connackRefusals,
  disconnectReasons,
  legalReason,
  publishRefusals,
  subackRefusals,
} from "./refusal-codes.ts";

const { MQTT_3_1_1 } = ProtocolVersion;

const refusing = (reasonCode: ReasonCode): Gate => ({
  authenticate: () => ({ outcome: "refused", reasonCode }),
});

test("a code that a packet may not carry says nothing more", () => {
  expect(legalReason(ReasonCode.BANNED, connackRefusals)).toBe(ReasonCode.BANNED);
  for (const allowed of [publishRefusals, subackRefusals, disconnectReasons]) {
    expect(legalReason(ReasonCode.BANNED, allowed)).toBe(ReasonCode.UNSPECIFIED_ERROR);
  }
});

describe("CONNACK", () => {
  for (const code of connackRefusals) {
    test(`${reasonName(code)}, from a gate, and from a hook`, () => {
      const gate = new Bench({ gate: refusing(code) }).connect("c");
      const hooked = new Bench();
      hooked.broker.hooks.add("connect", () => ({ refused: code }));
      for (const client of [gate, hooked.connect("c")]) {
        expect(client.packets.map(({ type }) => type)).toEqual([PacketType.CONNACK]);
        expect(client.connack).toMatchObject({ reasonCode: code, sessionPresent: false });
        expect(client.closed).toBe(true);
      }
    });
  }

  test("in 3.1.1 is one of five return codes, or the connection just closes", () => {
    const said = [...connackRefusals].map((code) => {
      const client = new Bench({ gate: refusing(code) }).connect("c", { version: MQTT_3_1_1 });
      expect(client.closed).toBe(true);
      return client.packets.length;
    });
    expect(Math.max(...said)).toBe(1);
  });

  const provoked: [string, ReasonCode, BenchOptions["settings"], (bench: Bench) => BenchClient][] = [
    ["a version that is switched off", 0x84, { versions: [MQTT_3_1_1] }, (bench) => bench.connect("c")],
    [
      "a will of a higher QoS",
      0x9b,
      { maximumQos: 1 },
      (bench) => bench.connect("c", { will: { topicName: "w", qos: 2 } }),
    ],
    [
      "a retained will",
      0x9a,
      { retainAvailable: false },
      (bench) => bench.connect("c", { will: { topicName: "w", retain: true } }),
    ],
    [
      "a will that is no text",
      0x99,
      { checkPayloadFormat: true },
      (bench) =>
        bench.connect("c", {
          will: {
            topicName: "w",
            payload: new Uint8Array([0xff]),
            properties: { payloadFormatIndicator: true },
          },
        }),
    ],
    [
      "a method that nobody offers",
      0x8c,
      {},
      (bench) => bench.connect("c", { properties: { authenticationMethod: "x" } }),
    ],
  ];
  for (const [what, code, settings, play] of provoked) {
    test(`${what}: ${reasonName(code)}`, () => {
      const client = play(new Bench({ settings: settings ?? {} }));
      expect(client.connack?.reasonCode).toBe(code);
      expect(client.closed).toBe(true);
    });
  }

  test("that does not fit becomes one that says so, or none", () => {
    for (const [maximumPacketSize, said] of [
      [5, ["CONNACK 95"]],
      [4, []],
    ] as const) {
      const bench = new Bench();
      const client = bench.connect("c", { expiry: 60, properties: { maximumPacketSize } });
      expect(client.news()).toEqual(said);
      expect(client.closed).toBe(true);
      expect(bench.broker.sizes).toMatchObject({ connections: 0, clients: 0, sessions: 0 });
    }
  });
});

describe("PUBACK and PUBREC", () => {
  for (const code of publishRefusals) {
    test(`${reasonName(code)}, from a hook`, () => {
      const bench = new Bench();
      bench.broker.hooks.add("publish", () => ({ refused: code }));
      const client = bench.connect("c");
      client.pub("t", "", { qos: 1, packetId: 1 });
      client.pub("t", "", { qos: 2, packetId: 2 });
      client.ack(6, 2); // the refusal has freed the identifier
      const hex = code.toString(16);
      expect(client.news()).toEqual([
        "CONNACK 00",
        `PUBACK id1 ${hex}`,
        `PUBREC id2 ${hex}`,
        "PUBCOMP id2 92",
      ]);
      const old = bench.connect("o", { version: MQTT_3_1_1 });
      old.pub("t", "", { qos: 1, packetId: 1 });
      old.pub("t", "", { qos: 2, packetId: 2 });
      old.ack(6, 2);
      expect(old.news()).toEqual(["CONNACK 00", "PUBACK id1 00", "PUBREC id2 00", "PUBCOMP id2 00"]);
    });
  }

  test("no matching subscribers, too many levels, $SYS, and what is no text", () => {
    const bench = new Bench({ settings: { maximumTopicLevels: 3, checkPayloadFormat: true } });
    const client = bench.connect("c");
    client.pub("t", "", { qos: 1 });
    client.pub("a/b/c/d", "", { qos: 1 });
    client.pub("$SYS/x", "", { qos: 1 });
    client.pub("t", new Uint8Array([0xc0]), { qos: 1, properties: { payloadFormatIndicator: true } });
    expect(client.all(PacketType.PUBACK).map(({ reasonCode }) => reasonCode)).toEqual([
      0x10, 0x90, 0x87, 0x99,
    ]);
    client.pub("a/b/c/d");
    client.pub("$SYS/x");
    expect(bench.counts).toEqual({ "no-subscriber": 1, "publish-refused": 5 });
  });

  test("of $SYS a client may publish the state of the bridge that it is, and no other's", () => {
    const bench = new Bench();
    const client = bench.connect("house");
    const other = bench.connect("other");
    other.sub("$SYS/broker/connection/#");
    client.pub("$SYS/broker/connection/house/state", "1", { qos: 1, retain: true });
    client.pub("$SYS/broker/connection/other/state", "1", { qos: 1, retain: true });
    client.pub("$SYS/broker/connection/house/state/more", "1", { qos: 1 });
    expect(client.all(PacketType.PUBACK).map(({ reasonCode }) => reasonCode)).toEqual([0, 0x87, 0x87]);
    expect(other.all(PacketType.PUBLISH).map(({ topicName }) => topicName)).toEqual([
      "$SYS/broker/connection/house/state",
    ]);
  });
});

describe("SUBACK and UNSUBACK", () => {
  for (const code of subackRefusals) {
    test(`${reasonName(code)}, from a hook`, () => {
      const bench = new Bench();
      bench.broker.hooks.add("subscribe", () => ({ refused: code }));
      expect(bench.connect("c").sub("t")).toBe(code);
      expect(bench.connect("o", { version: MQTT_3_1_1 }).sub("t")).toBe(0x80);
      expect(bench.broker.sizes.subscriptions).toBe(0);
    });
  }

  test("what this broker does not offer", () => {
    const settings = {
      wildcardSubscriptionAvailable: false,
      sharedSubscriptionAvailable: false,
      maximumTopicLevels: 2,
    };
    const client = new Bench({ settings }).connect("c");
    expect(["a/#", "+", "$share/g/a", "a/b/c", "a"].map((filter) => client.sub(filter))).toEqual([
      0xa2, 0xa2, 0x9e, 0x8f, 0,
    ]);
  });

  test("a filter the gate does not allow, and one that was never there", () => {
    const gate: Gate = {
      authenticate: () => ({ outcome: "accepted" }),
      maySubscribe: (_, filter) => filter !== "no",
    };
    const client = new Bench({ gate }).connect("c");
    expect([client.sub("no"), client.sub("$share/g/no"), client.sub("yes")]).toEqual([0x87, 0x87, 0]);
    expect([client.unsub("yes"), client.unsub("yes"), client.unsub("no")]).toEqual([0, 0x11, 0x11]);
  });
});

describe("DISCONNECT", () => {
  const provoked: [ReasonCode, BenchOptions["settings"], (bench: Bench, client: BenchClient) => void][] = [
    [ReasonCode.MALFORMED_PACKET, {}, (_, client) => void client.sendBytes(new Uint8Array([0x36, 0]))],
    [ReasonCode.PROTOCOL_ERROR, {}, (_, client) => void client.say(connectPacket("again"))],
    [ReasonCode.SESSION_TAKEN_OVER, {}, (bench) => void bench.connect("c")],
    [ReasonCode.SERVER_SHUTTING_DOWN, {}, (bench) => void bench.broker.close()],
    [ReasonCode.ADMINISTRATIVE_ACTION, {}, (bench) => void bench.broker.disconnect("c")],
    [
      ReasonCode.TOPIC_NAME_INVALID,
      {},
      (_, client) => void client.sendBytes(new Uint8Array([0x30, 4, 0, 1, 0x23, 0])),
    ],
    [
      ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
      { receiveMaximum: 1 },
      (_, client) => {
        client.pub("t", "", { qos: 2 });
        client.pub("t", "", { qos: 2 });
      },
    ],
    [
      ReasonCode.TOPIC_ALIAS_INVALID,
      { topicAliasMaximum: 2 },
      (_, client) => void client.pub("t", "", { properties: { topicAlias: 3 } }),
    ],
    [
      ReasonCode.PROTOCOL_ERROR,
      {},
      (_, client) => void client.pub("", "", { properties: { topicAlias: 1 } }),
    ],
    [
      ReasonCode.PACKET_TOO_LARGE,
      { maximumPacketSize: 100 },
      (_, client) => void client.pub("t", "x".repeat(100)),
    ],
    [ReasonCode.QOS_NOT_SUPPORTED, { maximumQos: 1 }, (_, client) => void client.pub("t", "", { qos: 2 })],
    [
      ReasonCode.RETAIN_NOT_SUPPORTED,
      { retainAvailable: false },
      (_, client) => void client.pub("t", "", { retain: true }),
    ],
    [
      ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
      { subscriptionIdentifierAvailable: false },
      (_, client) => void client.sub("t", { identifier: 1 }),
    ],
    [
      ReasonCode.USE_ANOTHER_SERVER,
      {},
      (bench) => void bench.broker.disconnect("c", { reasonCode: 0x9c, serverReference: "b" }),
    ],
  ];
  for (const [code, settings, play] of provoked) {
    test(`${reasonName(code)}`, () => {
      const bench = new Bench({ settings: settings ?? {} });
      const client = bench.connect("c");
      play(bench, client);
      bench.run();
      expect(client.last(PacketType.DISCONNECT)?.reasonCode).toBe(code);
      expect(client.closed).toBe(true);
      expect(bench.log).toEqual([]);
    });
  }

  test("for silence", () => {
    const bench = new Bench();
    const client = bench.connect("c", { keepAlive: 2 });
    bench.pass(2.9);
    client.ping();
    bench.pass(2.9);
    expect(client.closed).toBe(false);
    bench.pass(0.2);
    expect(client.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.KEEP_ALIVE_TIMEOUT);
  });

  test("never reaches a client of 3.1.1", () => {
    const bench = new Bench();
    const client = bench.connect("c", { version: MQTT_3_1_1 });
    bench.connect("c");
    expect(client.news()).toEqual(["CONNACK 00"]);
    expect(client.closed).toBe(true);
  });
});

describe("a connection that does not begin", () => {
  test("with CONNECT is closed, and so is one that says nothing", () => {
    const bench = new Bench();
    const wrong = bench.pipe().say(publishPacket("t", ""));
    const silent = bench.pipe();
    bench.pass(9.9);
    expect([wrong.closed, silent.closed]).toEqual([true, false]);
    bench.pass(0.2);
    expect([silent.closed, wrong.packets, silent.packets]).toEqual([true, [], []]);
    expect(bench.broker.sizes).toMatchObject({ connections: 0, timers: 0 });
  });

  test("because there are too many is not answered", () => {
    const bench = new Bench({ settings: { maximumConnections: 1 } });
    bench.connect("a");
    const second = bench.pipe();
    expect(second.closed).toBe(true);
    expect(bench.broker.sizes.connections).toBe(1);
  });
});
