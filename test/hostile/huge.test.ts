/** The largest of everything: refused before it costs anything, or handled. */
// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import { describe, expect, test } from "vitest";
import { concatBytes, utf8Encode } from "#base";
import {
  PacketType,
  ProtocolVersion,
  ReasonCode,
  SESSION_NEVER_EXPIRES,
  writeVariableByteInteger,
} from "#protocol";
import { liveMebibytes, residentMebibytes } from "../support/heap.ts";
import {
  connectPacket,
  encodeOrFail,
  publishPacket,
  type RawClient,
  subscribePacket,
} from "../support/raw-client.ts";
import { startTcpBroker } from "../support/tcp-broker.ts";
import { until } from "../support/until.ts";
import { ALL_VERSIONS, startVirtualBroker } from "../support/virtual-broker.ts";

const { MQTT_5_0 } = ProtocolVersion;
const LARGEST = 268_435_455;

/** First byte and remaining length of a packet whose body does not come. */
function headOf(firstByte: number, remainingLength: number): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = firstByte;
  const end = writeVariableByteInteger(head, 1, remainingLength);
  return head.subarray(0, end);
}

describe("packets larger than allowed", () => {
  test.each([
    ["PUBLISH", 0x30],
    ["SUBSCRIBE", 0x82],
    ["PUBACK", 0x40],
  ])("a %s of 256 MiB is refused by its header", async (_name, firstByte) => {
    const { client, clock } = await startVirtualBroker();
    const raw = client("c");
    raw.sendBytes(headOf(firstByte, LARGEST));
    clock.runTurns();
    expect(raw.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.PACKET_TOO_LARGE);
    expect(raw.closed).toBe(true);
  });

  test("also when the header comes byte by byte, in any version, and as CONNECT", async () => {
    for (const version of ALL_VERSIONS) {
      const { client, open, clock, broker } = await startVirtualBroker();
      const raw = client("c", { version });
      for (const byte of headOf(0x30, LARGEST)) {
        raw.sendBytes(Uint8Array.of(byte));
        clock.runTurns();
      }
      const stranger = open({ version });
      stranger.sendBytes(headOf(0x10, LARGEST));
      clock.runTurns();
      expect([raw.closed, stranger.closed, broker.sizes.connections]).toEqual([true, true, 0]);
    }
  });

  test("one byte more than the maximum is too large, the maximum itself is not", async () => {
    const maximumPacketSize = 1000;
    const { client, clock } = await startVirtualBroker({ settings: { maximumPacketSize } });
    const raw = client("c", { answers: true });
    raw.subscribe(1, "t", 1);
    clock.runTurns();
    const exact = encodeOrFail(
      publishPacket("t", new Uint8Array(1000 - 3 - 3 - 2 - 1), { qos: 1, packetId: 1 }),
      MQTT_5_0,
    );
    expect(exact.length).toBe(maximumPacketSize);
    raw.sendBytes(exact);
    clock.runTurns();
    expect(raw.last(PacketType.PUBACK)?.reasonCode).toBe(ReasonCode.SUCCESS);
    raw.publish("t", new Uint8Array(1000 - 3 - 3 - 2), { qos: 1, packetId: 2 });
    clock.runTurns();
    expect(raw.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.PACKET_TOO_LARGE);
  });

  test("of somebody who is not let in yet, no more is kept than the largest CONNECT of 3.x needs", async () => {
    const { open, clock, broker } = await startVirtualBroker();
    const stranger = open();
    stranger.sendBytes(headOf(0x10, 512 * 1024));
    clock.runTurns();
    expect([stranger.closed, broker.sizes.connections]).toEqual([true, 0]);
    expect(broker.limitsReached["packet-size"]).toBe(1);
  });

  test("what that is can be set", async () => {
    const { open, clock } = await startVirtualBroker({ settings: { maximumConnectSize: 100 } });
    const [small, large] = [open(), open()];
    small.connect({ clientId: "c".repeat(50) });
    large.connect({ clientId: "c".repeat(100) });
    clock.runTurns();
    expect([small.last(PacketType.CONNACK)?.reasonCode, large.closed]).toEqual([ReasonCode.SUCCESS, true]);
  });

  test.each(ALL_VERSIONS)("a CONNECT with all at its longest is let in (version %i)", async (version) => {
    const long = "x".repeat(65_535);
    const { open, clock } = await startVirtualBroker();
    const raw = open({ version });
    const payload = utf8Encode(long);
    const connect = connectPacket(version, {
      clientId: long,
      userName: long,
      password: payload,
      will: { topicName: long, payload, qos: 1, retain: false, properties: {} },
    });
    // Behind it what only somebody may send who is let in, in the same chunk.
    const large = publishPacket("t", new Uint8Array(1_900_000), { qos: 1, packetId: 1 });
    raw.sendBytes(concatBytes([encodeOrFail(connect, version), encodeOrFail(large, version)]));
    clock.runTurns();
    expect(raw.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.SUCCESS);
    expect(raw.last(PacketType.PUBACK)?.packetId).toBe(1);
  });

  test("what is announced and not sent costs no memory", async () => {
    const { broker, client } = await startTcpBroker({ settings: { maximumPacketSize: LARGEST + 5 } });
    const before = residentMebibytes();
    const clients: RawClient[] = [];
    for (let i = 0; i < 8; i++) {
      const raw = await client(`c${i}`);
      raw.sendBytes(headOf(0x30, LARGEST));
      raw.sendBytes(utf8Encode("a few bytes of it"));
      clients.push(raw);
    }
    const ping = await client("ping");
    ping.send({ type: PacketType.PINGREQ });
    await until("the broker has read all of it", () => ping.last(PacketType.PINGRESP) !== undefined);
    // Eight times 256 MiB were announced.
    expect(residentMebibytes() - before).toBeLessThan(128);
    expect(broker.sizes.connections).toBe(9);
    expect(broker.metrics.invariantErrors).toBe(0);
    for (const raw of [...clients, ping]) raw.pipe.destroy();
    await until("all are gone", () => broker.sizes.connections === 0);
    await broker.stop();
  });
});

describe("topics", () => {
  test.each(ALL_VERSIONS)("of 65,535 bytes go through (version %i)", async (version) => {
    const { client, clock } = await startVirtualBroker();
    const topic = "x".repeat(65_535);
    const raw = client("c", { version, answers: true });
    raw.subscribe(1, topic, 2);
    clock.runTurns();
    raw.publish(topic, "p", { qos: 2, packetId: 1 });
    clock.runTurns();
    expect(raw.last(PacketType.PUBLISH)?.topicName).toBe(topic);
    raw.send({ type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: [topic], properties: {} });
    clock.runTurns();
    expect(raw.last(PacketType.UNSUBACK)).toBeDefined();
    expect(raw.closed).toBe(false);
  });

  test("of more levels than allowed are refused; the client stays", async () => {
    const { client, clock, broker } = await startVirtualBroker();
    const raw = client("c", { answers: true });
    const of = (levels: number): string => new Array<string>(levels).fill("a").join("/");
    raw.send(subscribePacket(1, [of(128), of(129), `${of(127)}/#`, `${of(128)}/#`, "/".repeat(65_534)], 1));
    clock.runTurns();
    expect(raw.last(PacketType.SUBACK)?.reasonCodes).toEqual([1, 0x8f, 1, 0x8f, 0x8f]);
    raw.publish(of(128), "p", { qos: 1, packetId: 2 });
    raw.publish(of(129), "p", { qos: 1, packetId: 3 });
    raw.publish("/".repeat(65_535), "p", { qos: 1, packetId: 4, retain: true });
    raw.publish("/".repeat(65_535), "p");
    clock.runTurns();
    expect(raw.all(PacketType.PUBACK).map(({ reasonCode }) => reasonCode)).toEqual([0, 0x90, 0x90]);
    expect(raw.closed).toBe(false);
    expect(broker.sizes.retained).toBe(0);
  });

  test("wildcards at every level match in reasonable time", async () => {
    const { client, clock, broker } = await startVirtualBroker();
    const raw = client("c");
    const depth = 20;
    // 2^12 of the 2^20 filters over a and +, so that a naive search visits them all.
    const filters = Array.from({ length: 4096 }, (_, bits) =>
      Array.from({ length: depth }, (_unused, level) => ((bits >> (level % 12)) & 1 ? "+" : "a")).join("/"),
    );
    for (let at = 0; at < filters.length; at += 512)
      raw.send(subscribePacket(at + 1, filters.slice(at, at + 512), 0));
    clock.runTurns();
    expect(broker.sizes.subscriptions).toBe(4096);
    raw.publish(new Array<string>(depth).fill("a").join("/"), "p");
    clock.runTurns();
    expect(raw.texts).toEqual(["p"]);
    raw.pipe.destroy();
    clock.runTurns();
    expect(broker.sizes).toMatchObject({ subscriptions: 0, sessions: 0 });
  });

  test("thousands of different long names are not remembered", async () => {
    const { client, clock, broker } = await startVirtualBroker();
    const raw = client("c");
    const publishLong = (n: number): void => {
      raw.publish(`${n}/${"x".repeat(65_000)}`, "p");
      clock.runTurns();
    };
    for (let n = 0; n < 20; n++) publishLong(n);
    const before = await liveMebibytes();
    // 195 MB of names by a single client.
    for (let n = 20; n < 3020; n++) publishLong(n);
    raw.pipe.destroy();
    clock.runTurns();
    expect(broker.sizes.sessions).toBe(0);
    expect((await liveMebibytes()) - before).toBeLessThan(64);
  });
});

test("10,000 filters in one SUBSCRIBE, and in one UNSUBSCRIBE", async () => {
  for (const version of ALL_VERSIONS) {
    const { client, clock, broker } = await startVirtualBroker();
    const raw = client("c", { version });
    const filters = Array.from({ length: 10_000 }, (_, n) => (n % 3 === 0 ? `f/${n}/+` : `f/${n}`));
    raw.send(subscribePacket(1, filters, 1));
    clock.runTurns();
    expect(raw.last(PacketType.SUBACK)?.reasonCodes).toEqual(new Array(10_000).fill(1));
    expect(broker.sizes.subscriptions).toBe(10_000);
    raw.send({ type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: filters, properties: {} });
    clock.runTurns();
    expect(raw.last(PacketType.UNSUBACK)?.packetId).toBe(2);
    expect(broker.sizes.subscriptions).toBe(0);
  }
});

test("more subscriptions than allowed are refused one by one", async () => {
  const { client, clock, broker } = await startVirtualBroker({ settings: { maximumSubscriptions: 3 } });
  const raw = client("c");
  raw.send(subscribePacket(1, ["a", "b", "a", "c", "d", "b"], 0));
  clock.runTurns();
  expect(raw.last(PacketType.SUBACK)?.reasonCodes).toEqual([0, 0, 0, 0, ReasonCode.QUOTA_EXCEEDED, 0]);
  expect(broker.sizes.subscriptions).toBe(3);
});

test("connections and sessions beyond their limits are refused, and the next one is let in when one leaves", async () => {
  const { client, open, clock, broker } = await startVirtualBroker({
    settings: { maximumConnections: 3, maximumSessions: 2 },
  });
  const [a, b] = [client("a"), client("b")];
  const third = client("third");
  expect(third.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.QUOTA_EXCEEDED);
  const [idle, refused] = [open(), open()];
  clock.runTurns();
  expect([idle.closed, refused.closed]).toEqual([false, true]);
  a?.pipe.destroy();
  clock.runTurns();
  expect(client("third").last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.SUCCESS);
  expect([b?.closed, broker.sizes.connections]).toEqual([false, 3]);
});

describe("topic aliases", () => {
  test.each([
    ["0", 0, "t", 0x94],
    ["above the maximum", 65, "t", 0x94],
    ["65,535", 65_535, "t", 0x94],
    ["that was never set", 7, "", 0x82],
  ])("one %s ends the connection", async (_name, topicAlias, topicName, reasonCode) => {
    const { client, clock } = await startVirtualBroker();
    const raw = client("c");
    const bytes = encodeAliased(topicName, topicAlias);
    raw.sendBytes(bytes);
    clock.runTurns();
    expect(raw.last(PacketType.DISCONNECT)?.reasonCode).toBe(reasonCode);
    expect(raw.closed).toBe(true);
  });

  test("are forgotten with the connection, also when the session goes on", async () => {
    const { client, clock } = await startVirtualBroker();
    const connect = { cleanStart: false, properties: { sessionExpiryInterval: SESSION_NEVER_EXPIRES } };
    const first = client("c", { connect });
    first.publish("t", "x", { properties: { topicAlias: 1 } });
    clock.runTurns();
    const second = client("c", { connect });
    second.publish("", "x", { properties: { topicAlias: 1 } });
    clock.runTurns();
    expect(second.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.PROTOCOL_ERROR);
  });

  test("that are set again and again stand for the last topic", async () => {
    const { client, clock } = await startVirtualBroker();
    const raw = client("c");
    raw.subscribe(1, "t/#", 0);
    const expected: string[] = [];
    for (let n = 0; n < 1000; n++) {
      raw.publish(`t/${n}`, "set", { properties: { topicAlias: 1 + (n % 64) } });
      raw.publish("", "used", { properties: { topicAlias: 1 + (n % 64) } });
      expected.push(`t/${n}`, `t/${n}`);
    }
    clock.runTurns();
    expect(raw.all(PacketType.PUBLISH).map(({ topicName }) => topicName)).toEqual(expected);
  });

  /** Alias 0 cannot be encoded by the codec. */
  function encodeAliased(topicName: string, topicAlias: number): Uint8Array {
    const topic = utf8Encode(topicName);
    const body = concatBytes([
      Uint8Array.of(topic.length >> 8, topic.length & 0xff),
      topic,
      Uint8Array.of(3, 0x23, topicAlias >> 8, topicAlias & 0xff),
    ]);
    return concatBytes([Uint8Array.of(0x30, body.length), body]);
  }
});

describe("acknowledgements that nobody waits for", () => {
  test.each(ALL_VERSIONS)(
    "100,000 of each kind are answered as the standard says and change nothing (version %i)",
    async (version) => {
      const { client, clock, broker } = await startVirtualBroker();
      const raw = client("c", { version });
      const before = await liveMebibytes();
      for (let n = 0; n < 100_000; n += 500) {
        for (const type of [
          PacketType.PUBACK,
          PacketType.PUBREC,
          PacketType.PUBREL,
          PacketType.PUBCOMP,
        ] as const) {
          for (let i = 0; i < 500; i++) raw.acknowledge(type, ((n + i) % 65_535) + 1);
        }
        clock.runTurns();
        const rel = raw.all(PacketType.PUBREL);
        const comp = raw.all(PacketType.PUBCOMP);
        expect([rel.length, comp.length, raw.packets.length]).toEqual([500, 500, n === 0 ? 1001 : 1000]);
        if (version === MQTT_5_0) {
          expect([rel[0]?.reasonCode, comp[0]?.reasonCode]).toEqual([0x92, 0x92]);
        }
        raw.packets.length = 0;
      }
      expect(raw.closed).toBe(false);
      expect([...broker.clients()][0]).toMatchObject({ queuedMessages: 0, inFlight: 0 });
      expect(broker.metrics.invariantErrors).toBe(0);
      expect((await liveMebibytes()) - before).toBeLessThan(16);
    },
  );

  test("an acknowledgement of the wrong kind ends the connection", async () => {
    for (const [qos, type] of [
      [1, PacketType.PUBREC],
      [2, PacketType.PUBACK],
    ] as const) {
      const { client, clock, broker } = await startVirtualBroker();
      const raw = client("c");
      raw.subscribe(1, "t", qos);
      clock.runTurns();
      await broker.publish({ topicName: "t", payload: "x", qos });
      clock.runTurns();
      raw.acknowledge(type, raw.last(PacketType.PUBLISH)?.packetId ?? 0);
      clock.runTurns();
      expect(raw.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.PROTOCOL_ERROR);
    }
  });

  test("a client that never releases holds its Receive Maximum of identifiers and no more", async () => {
    const { client, clock } = await startVirtualBroker({ settings: { receiveMaximum: 100 } });
    const raw = client("c");
    for (let packetId = 1; packetId <= 101; packetId++) raw.publish("t", "x", { qos: 2, packetId });
    clock.runTurns();
    expect(raw.all(PacketType.PUBREC).length).toBe(100);
    expect(raw.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED);
  });

  test("nor does it hold more over many reconnects", async () => {
    const { client, clock, broker } = await startVirtualBroker({ settings: { receiveMaximum: 100 } });
    const connect = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    let packetId = 0;
    for (let round = 0; round < 50; round++) {
      const raw = client("c", { connect });
      for (let i = 0; i < 100; i++) raw.publish("t", "x", { qos: 2, packetId: (packetId++ % 65_535) + 1 });
      clock.runTurns();
      expect(raw.all(PacketType.PUBREC).length).toBe(100);
      raw.pipe.destroy();
      clock.runTurns();
    }
    expect(broker.metrics.invariantErrors).toBe(0);
    clock.advance(101_000);
    expect(broker.sizes).toMatchObject({ sessions: 0, timers: 0 });
  });
});

test("a receiver with a tiny Maximum Packet Size gets what fits and keeps its connection", async () => {
  const { client, clock, broker } = await startVirtualBroker();
  const connect = (maximumPacketSize: number) => ({ properties: { maximumPacketSize } });
  const tiny = client("tiny", { connect: connect(1) });
  expect([tiny.closed, tiny.packets.length, broker.sizes.connections]).toEqual([true, 0, 0]);
  const small = client("small", { answers: true, connect: connect(40) });
  expect(small.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.SUCCESS);
  small.subscribe(1, "#", 2);
  clock.runTurns();
  const publisher = client("publisher", { answers: true });
  for (const [n, size] of [1, 20, 30, 100, 5].entries()) {
    publisher.publish("topic", "x".repeat(size), { qos: 2, packetId: n + 1 });
  }
  clock.runTurns();
  expect(small.texts.map(({ length }) => length)).toEqual([1, 20, 5]);
  expect(broker.undelivered["packet-too-large"]).toBe(2);
  expect(small.closed).toBe(false);
});
