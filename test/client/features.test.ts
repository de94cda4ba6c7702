/** Authentication, redirection, aliases, fallback, limits, request and response, codecs. */

import { describe, expect, test } from "vitest";
import type { Gate } from "#auth";
import { seededRandom, utf8Decode, utf8Encode } from "#base";
import { type Packet, PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import {
  aesGcm,
  cbor,
  enhancedAuthentication,
  fallbackTo311,
  followRedirect,
  json,
  request,
  respond,
  scramSha256,
  text,
} from "../../src/client/extras.ts";
import { nextTurn } from "../support/next-turn.ts";
import { type OnScriptedPacket, scriptedDial } from "./scripted-broker.ts";
import { virtualWorld } from "./virtual-client.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const connack = (more: Partial<Extract<Packet, { type: 2 }>> = {}): Packet => ({
  type: PacketType.CONNACK,
  sessionPresent: false,
  reasonCode: ReasonCode.SUCCESS,
  properties: {},
  ...more,
});

describe("enhanced authentication", () => {
  test("SCRAM-SHA-256 gives the answers of RFC 7677", async () => {
    const nonce = "rOprNGfwEbeRWgbNEkqO";
    const random = { below: () => 0, bytes: () => Uint8Array.from(atob(nonce), (c) => c.charCodeAt(0)) };
    const exchange = scramSha256({ userName: "user", password: "pencil", random }).begin();
    expect(utf8Decode((await exchange.start()) ?? new Uint8Array(0))).toBe(`n,,n=user,r=${nonce}`);
    const first = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
    const answer = await exchange.next(utf8Encode(first));
    expect(utf8Decode(answer ?? new Uint8Array(0))).toBe(
      `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    );
    await exchange.finish?.(utf8Encode("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  });

  test("a broker that does not know the password, or wants it cheap, is refused", async () => {
    const begin = async () => {
      const exchange = scramSha256({ userName: "u", password: "p" }).begin();
      const first = utf8Decode((await exchange.start()) ?? new Uint8Array(0));
      return { exchange, nonce: first.split("r=")[1] ?? "" };
    };
    const cheap = await begin();
    await expect(cheap.exchange.next(utf8Encode(`r=${cheap.nonce}x,s=AAAA,i=1`))).rejects.toMatchObject({
      code: "MARTLET_AUTHENTICATION",
    });
    const foreign = await begin();
    await expect(foreign.exchange.next(utf8Encode("r=other,s=AAAA,i=4096"))).rejects.toThrow(/nonce/);
    const wrong = await begin();
    await wrong.exchange.next(utf8Encode(`r=${wrong.nonce}x,s=AAAA,i=4096`));
    expect(() => wrong.exchange.finish?.(utf8Encode("v=AAAA"))).toThrow(/does not know/);
    expect(() => wrong.exchange.finish?.(undefined)).toThrow(/does not know/);
  });

  /** A method of two rounds. */
  const gate: Gate = {
    authenticate: () => ({ outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD }),
    beginExchange: () => ({
      step(data) {
        const said = utf8Decode(data ?? new Uint8Array(0));
        if (said === "hello") return { outcome: "continued", authenticationData: utf8Encode("who?") };
        return said === "me"
          ? { outcome: "accepted", authenticationData: utf8Encode("fine") }
          : { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED };
      },
    }),
  };
  const authenticator = (said: () => string, last: string[]) => ({
    method: "TEST",
    begin: () => ({
      start: () => utf8Encode("hello"),
      next: async () => utf8Encode(said()),
      finish: (data: Uint8Array | undefined) => void last.push(utf8Decode(data ?? new Uint8Array(0))),
    }),
  });

  test("goes its rounds at connect, and again on the live connection", async () => {
    const world = await virtualWorld({ gate });
    const last: string[] = [];
    let said = "me";
    const client = await world.connect({
      authentication: enhancedAuthentication(authenticator(() => said, last)),
    });
    await world.run(client.reauthenticate());
    expect(last).toEqual(["fine", "fine"]);
    said = "somebody else";
    await expect(world.run(client.reauthenticate())).rejects.toMatchObject({
      reasonCode: ReasonCode.NOT_AUTHORIZED,
    });
    await expect(
      world.connect({ authentication: enhancedAuthentication(authenticator(() => "x", last)) }),
    ).rejects.toMatchObject({
      code: "MARTLET_CONNECT_REFUSED",
    });
  });
});

describe("a broker that sends clients elsewhere", () => {
  const refuse: OnScriptedPacket = (broker, packet) => {
    if (packet.type !== PacketType.CONNECT) return;
    const properties = { serverReference: "other.example:1999" };
    broker.send(broker.dial === 1 ? connack({ reasonCode: ReasonCode.SERVER_MOVED, properties }) : connack());
  };

  test("is not followed unless the program allows it", async () => {
    const world = await virtualWorld();
    await expect(world.connect({ dial: scriptedDial(world.clock, refuse) })).rejects.toMatchObject({
      reasonCode: ReasonCode.SERVER_MOVED,
    });
    const asked: string[] = [];
    const redirect = followRedirect(({ href }) => asked.push(href) === 0);
    await expect(world.connect({ dial: scriptedDial(world.clock, refuse), redirect })).rejects.toThrow(
      /refused/,
    );
    expect(asked).toEqual(["mqtt://other.example:1999"]);
  });

  test("is followed when it does, with the scheme as it was", async () => {
    const world = await virtualWorld();
    const places: string[] = [];
    const dial = scriptedDial(world.clock, (broker, packet) => {
      if (packet.type === PacketType.CONNECT) places.push(broker.url);
      refuse(broker, packet);
    });
    const client = await world.connect({ dial, redirect: followRedirect() });
    expect(places).toEqual(["mqtt://memory:1883", "mqtt://other.example:1999"]);
    await client.close();
  });
});

describe("what a client may not do", () => {
  const cases: [string, Packet[], string][] = [
    ["go on with a session it does not have [MQTT-3.2.2-4]", [connack({ sessionPresent: true })], "protocol"],
    [
      "take a PUBLISH before CONNACK",
      [
        {
          type: 3,
          topicName: "t",
          payload: new Uint8Array(0),
          qos: 0,
          retain: false,
          dup: false,
          packetId: 0,
          properties: {},
        },
      ],
      "protocol",
    ],
    ["take a second CONNACK", [connack(), connack()], "protocol"],
    [
      "answer an AUTH that it did not ask for",
      [{ type: 15, reasonCode: 0x18, properties: { authenticationMethod: "x" } }],
      "protocol",
    ],
    [
      "take an alias that was not set",
      [
        connack(),
        {
          type: 3,
          topicName: "",
          payload: new Uint8Array(0),
          qos: 0,
          retain: false,
          dup: false,
          packetId: 0,
          properties: { topicAlias: 1 },
        },
      ],
      "protocol",
    ],
  ];
  test.each(cases)("%s", async (_, packets, source) => {
    const world = await virtualWorld();
    const received: Packet[] = [];
    const dial = scriptedDial(world.clock, (broker, packet) => {
      received.push(packet);
      if (packet.type === PacketType.CONNECT) for (const each of packets) broker.send(each);
    });
    const client = await world.start({ dial, reconnect: false, background: true });
    await world.settle();
    expect(client.current).toMatchObject({ state: "closed", error: { source } });
    expect(received.at(-1)?.type).toBe(PacketType.DISCONNECT);
  });

  test("exceed the broker's Receive Maximum [MQTT-3.3.4-7], which holds back nothing else [MQTT-3.3.4-8]", async () => {
    const world = await virtualWorld();
    const received: Packet[] = [];
    const dial = scriptedDial(world.clock, (broker, packet) => {
      received.push(packet);
      if (packet.type === PacketType.CONNECT) broker.send(connack({ properties: { receiveMaximum: 2 } }));
    });
    const client = await world.connect({ dial });
    for (let i = 0; i < 5; i++) client.publish("t", "x", { qos: 1, timeoutMs: 1_000 }).catch(() => undefined);
    client.subscribe("t").ready.catch(() => undefined);
    await world.settle();
    expect(received.filter(({ type }) => type === PacketType.PUBLISH).length).toBe(2);
    expect(received.filter(({ type }) => type === PacketType.SUBSCRIBE).length).toBe(1);
    await client.close();
  });
});

test("topic aliases are used both ways", async () => {
  const world = await virtualWorld();
  const client = await world.connect();
  const got: string[] = [];
  await world.run(client.subscribe("long/topic/name/+", {}, ({ topicName }) => got.push(topicName)).ready);
  await world.settle();
  const before = world.broker.metrics.bytesReceived;
  await world.run(client.publish("long/topic/name/1", ""));
  await world.settle();
  const first = world.broker.metrics.bytesReceived - before;
  await world.run(client.publish("long/topic/name/1", ""));
  await world.settle();
  expect(world.broker.metrics.bytesReceived - before - first).toBe(first - "long/topic/name/1".length);
  expect(got).toEqual(["long/topic/name/1", "long/topic/name/1"]);
});

test("a broker of 3.1.1 alone is spoken to in 3.1.1, if asked", async () => {
  const world = await virtualWorld({ settings: { versions: [MQTT_3_1_1] } });
  await expect(world.connect()).rejects.toMatchObject({
    reasonCode: ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
  });
  const client = await world.connect({ fallback: fallbackTo311 });
  expect(client.protocolVersion).toBe(MQTT_3_1_1);
});

describe.each([MQTT_3_1_1, MQTT_5_0])("request and response in version %i", (version) => {
  test("S81: a heater says its temperature when asked", async () => {
    const world = await virtualWorld();
    const heater = await world.connect();
    const asker = await world.connect({ version });
    const responder = respond(heater, "heater/+", async (_message, topicName) => `${topicName} 41.5`);
    await world.run(responder.ready);
    const answers = await world.run(
      Promise.all([request(asker, "heater/1", ""), request(asker, "heater/2", "")]),
    );
    expect(answers.map((answer) => answer.text)).toEqual(["heater/1 41.5", "heater/2 41.5"]);
    await world.run(responder.close());
    const late = request(asker, "heater/1", "", { timeoutMs: 500 });
    late.catch(() => undefined);
    await world.settle(500);
    await expect(late).rejects.toMatchObject({ code: "MARTLET_TIMEOUT" });
  });
});

describe("codecs", () => {
  const values = [
    null,
    true,
    0,
    -1,
    23,
    24,
    255,
    256,
    65_536,
    2 ** 32,
    -(2 ** 33),
    1.5,
    -0,
    "ü",
    [1, [2]],
    { a: { b: "c" } },
    "",
  ];

  test("CBOR and JSON bring back what they took", async () => {
    for (const value of values) {
      expect(cbor().decode(cbor().encode(value, "") as Uint8Array, "")).toEqual(value);
      const plain = Object.is(value, -0) ? 0 : value; // JSON has no minus zero
      expect(json().decode(json().encode(plain, "") as Uint8Array, "")).toEqual(plain);
    }
    expect(cbor().decode(cbor().encode(Uint8Array.of(1, 2), "") as Uint8Array, "")).toEqual(
      Uint8Array.of(1, 2),
    );
    expect(cbor().decode(cbor().encode(2n ** 63n, "") as Uint8Array, "")).toBe(2n ** 63n);
  });

  test("CBOR reads the examples of RFC 8949 and refuses what is broken", () => {
    const bytesOf = (hex: string): number[] =>
      (hex.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
    const read = (hex: string): unknown => cbor().decode(Uint8Array.from(bytesOf(hex)), "");
    expect(read("f93e00")).toBe(1.5);
    expect(read("fa47c35000")).toBe(100_000);
    expect(read("3903e7")).toBe(-1000);
    expect(read("9f018202039f0405ffff")).toEqual([1, [2, 3], [4, 5]]);
    expect(read("bf61610161629f0203ffff")).toEqual({ a: 1, b: [2, 3] });
    expect(read("7f657374726561646d696e67ff")).toBe("streaming");
    expect(read("c074323031332d30332d32315432303a30343a30305a")).toBe("2013-03-21T20:04:00Z");
    for (const broken of [
      "",
      "18",
      "62",
      "9b00000000ffffffff",
      "ff",
      "81ff",
      "0000",
      "81".repeat(100),
      "a101",
      "1c",
    ]) {
      expect(() => read(broken), broken).toThrow(RangeError);
    }
  });

  test("S53: with AES-GCM the broker sees ciphertext only, and tampering is noticed", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    const key = seededRandom(1).bytes(32);
    const codec = aesGcm(json<{ celsius: number }>(), { key });
    const seen: Uint8Array[] = [];
    world.broker.subscribe("t", ({ payload }) => seen.push(payload.slice()));
    const messages = client.subscribe("t", { codec });
    await world.run(messages.ready);
    await world.run(client.publish("t", { celsius: 21.5 }, { codec, qos: 1 }));
    await world.settle();
    expect((await messages.next()).value?.value).toEqual({ celsius: 21.5 });
    const secret = seen[0] as Uint8Array;
    expect(utf8Decode(secret)).not.toContain("celsius");
    const changed = secret.slice();
    changed[20] = (changed[20] as number) ^ 1;
    await world.run(client.publish("t", changed, { qos: 1 }));
    await world.settle();
    const message = (await world.run(messages.next())).value;
    expect(() => message?.value).toThrow(/cannot be read/);
    // The same bytes on another topic are no message of that topic.
    await expect(codec.decode(secret, "other")).rejects.toBeInstanceOf(Error);
    expect(await codec.decode(secret, "t")).toEqual({ celsius: 21.5 });
  });

  test("payloads that take time to encode go out in the order of the calls", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    const seen: string[] = [];
    world.broker.subscribe("t", ({ payload }) => seen.push(utf8Decode(payload)));
    const slow = {
      ...text,
      encode: (value: string) => nextTurn().then(() => utf8Encode(value)),
    };
    await world.run(
      Promise.all([
        client.publish("t", "1", { codec: slow, qos: 1 }),
        client.publish("t", "2", { codec: text, qos: 1 }),
        client.publish("t", "3", { qos: 1 }),
        client.publish("t", "4", { codec: slow, qos: 1 }),
      ]),
    );
    expect(seen).toEqual(["1", "2", "3", "4"]);
  });
});

describe("backpressure", () => {
  test("a loop that does not ask gets no more than fits; the rest waits with the broker", async () => {
    const world = await virtualWorld();
    const client = await world.connect({ receiveMaximum: 10 });
    const messages = client.subscribe("t");
    await world.run(messages.ready);
    for (let i = 0; i < 50; i++) await world.broker.publish({ topicName: "t", payload: `${i}`, qos: 1 });
    await world.settle();
    expect([...world.broker.clients()][0]).toMatchObject({ inFlight: 10, queuedMessages: 40 });
    const got: string[] = [];
    void (async () => {
      for await (const message of messages) got.push(message.text);
    })();
    await world.settle();
    expect(got.length).toBe(50);
    expect(client.inbox).toEqual({ bytes: expect.any(Number), dropped: 0 });
  });

  test("at QoS 0 the client stops reading, but not while it waits for an answer", async () => {
    const world = await virtualWorld();
    const client = await world.connect({ maximumInboxBytes: 10_000 });
    const messages = client.subscribe("t");
    await world.run(messages.ready);
    for (let i = 0; i < 50; i++) {
      await world.broker.publish({ topicName: "t", payload: "x".repeat(1_000) });
      await world.settle();
    }
    expect(client.inbox.bytes).toBeLessThan(12_000);
    // The acknowledgement lies behind what is not read.
    await world.run(client.publish("other", "", { qos: 1 }));
    expect(client.inbox.dropped).toBeGreaterThan(0);
    expect(client.inbox.bytes).toBeLessThan(22_000);
    expect(client.current.state).toBe("connected");
  });
});
