/** Normative statements that bind clients, each with a broker that tells what it saw. */

import { describe, expect, onTestFinished, test } from "vitest";
import { concatBytes } from "#base";
import { type Packet, PacketType, ProtocolVersion, type PublishPacket, ReasonCode } from "#protocol";
import { memoryPipes } from "#testing";
import type { MqttClient } from "../../src/client/client.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { type OnScriptedPacket, scriptedDial } from "./scripted-broker.ts";
import { type VirtualWorld, virtualWorld } from "./virtual-client.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const connack: Packet = { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, properties: {} };

function message(packetId: number, qos: 0 | 1 | 2, changes: Partial<PublishPacket> = {}): PublishPacket {
  const payload = new Uint8Array(1);
  return {
    type: PacketType.PUBLISH,
    topicName: "t",
    payload,
    qos,
    retain: false,
    dup: false,
    packetId,
    properties: {},
    ...changes,
  };
}

function acknowledgement(type: 4 | 5 | 6 | 7, packetId: number): Packet {
  return { type, packetId, reasonCode: ReasonCode.SUCCESS, properties: {} };
}

interface Stage {
  readonly world: VirtualWorld;
  readonly client: MqttClient;
  /** What the broker got, CONNECT included. */
  readonly received: Packet[];
  readonly of: <Type extends Packet["type"]>(type: Type) => Extract<Packet, { type: Type }>[];
}

/** A client whose broker answers CONNECT and PINGREQ, and otherwise does what `onPacket` says. */
async function stage(
  onPacket: OnScriptedPacket,
  options: ConnectOptions = {},
  answer: Packet = connack,
): Promise<Stage> {
  const world = await virtualWorld();
  const received: Packet[] = [];
  const dial = scriptedDial(world.clock, (broker, packet) => {
    received.push(packet);
    if (packet.type === PacketType.CONNECT)
      broker.send({ ...answer, sessionPresent: broker.dial > 1 } as Packet);
    if (packet.type === PacketType.PINGREQ) broker.send({ type: PacketType.PINGRESP });
    onPacket(broker, packet);
  });
  const client = await world.connect({ dial, ...options });
  onTestFinished(() => client.close());
  return {
    world,
    client,
    received,
    of: (type) => received.filter((packet): packet is never => packet.type === type),
  };
}

describe.each([MQTT_3_1_1, MQTT_5_0])("version %i", (version) => {
  // 3.1.1 keeps a session only when it is told how long.
  const options = { version, sessionExpiryInterval: 100 };

  test("every packet identifier is not 0 and not in use, and free again after its acknowledgement", async () => {
    const { world, client, received } = await stage(() => undefined, options);
    for (let i = 0; i < 300; i++) {
      client.publish("t", "", { qos: 1 }).catch(() => undefined);
      client.subscribe(`t/${i}`).ready.catch(() => undefined);
    }
    await world.settle();
    const ids = received.flatMap((packet) => ("packetId" in packet ? [packet.packetId] : []));
    expect(ids.length).toBe(600);
    expect(new Set(ids).size).toBe(600);
    expect(ids).not.toContain(0);
  });

  test("with nothing else to send a client sends PINGREQ within Keep Alive", async () => {
    const { world, client, of } = await stage(() => undefined, { ...options, keepAliveSeconds: 10 });
    await world.settle(100_000);
    expect(of(PacketType.PINGREQ).length).toBeGreaterThanOrEqual(10);
    expect(client.current.state).toBe("connected");
  });

  test("DISCONNECT is the last that is sent, and the connection ends", async () => {
    const { world, client, received } = await stage(() => undefined, options);
    void client.publish("t", "1");
    await world.run(client.close());
    client.publish("t", "2").catch(() => undefined);
    await world.settle(1_000);
    expect(received.map(({ type }) => type)).toEqual([
      PacketType.CONNECT,
      PacketType.PUBLISH,
      PacketType.DISCONNECT,
    ]);
  });

  test("a PUBLISH that nobody wants is acknowledged as its QoS says", async () => {
    const { world, of } = await stage((broker, packet) => {
      if (packet.type === PacketType.CONNECT)
        for (const qos of [1, 2] as const) broker.send(message(qos, qos));
      if (packet.type === PacketType.PUBREC) broker.send(acknowledgement(PacketType.PUBREL, packet.packetId));
    }, options);
    await world.settle();
    expect([of(PacketType.PUBACK), of(PacketType.PUBREC), of(PacketType.PUBCOMP)]).toMatchObject([
      [{ packetId: 1 }],
      [{ packetId: 2 }],
      [{ packetId: 2 }],
    ]);
  });

  test("PUBACKs and PUBRECs leave in the order of the PUBLISHes, whatever order the program has", async () => {
    const { world, client, of } = await stage((broker, packet) => {
      if (packet.type !== PacketType.SUBSCRIBE) return;
      broker.send({ type: PacketType.SUBACK, packetId: packet.packetId, reasonCodes: [2], properties: {} });
      for (let id = 1; id <= 10; id++) broker.send(message(id, id % 2 === 0 ? 2 : 1));
    }, options);
    const messages = client.subscribe("t", { acknowledge: "manual" });
    await world.settle();
    const held = [];
    for (let i = 0; i < 10; i++) held.push((await messages.next()).value);
    for (const each of held.reverse()) {
      each?.acknowledge();
      await world.settle();
    }
    expect(of(PacketType.PUBACK).map(({ packetId }) => packetId)).toEqual([1, 3, 5, 7, 9]);
    expect(of(PacketType.PUBREC).map(({ packetId }) => packetId)).toEqual([2, 4, 6, 8, 10]);
  });

  test("PUBLISHes are sent again in their order with their identifiers, PUBRELs in the order of the PUBRECs", async () => {
    const { world, client, received } = await stage((broker, packet) => {
      if (packet.type !== PacketType.PUBLISH || broker.dial > 1 || packet.topicName !== "last") return;
      for (const id of [6, 4]) broker.send(acknowledgement(PacketType.PUBREC, id));
      world.clock.schedule(1, () => broker.close());
    }, options);
    for (let i = 1; i <= 6; i++) {
      client.publish(i === 6 ? "last" : "t", `${i}`, { qos: i > 3 ? 2 : 1 }).catch(() => undefined);
    }
    await world.settle(5_000);
    const again = received.slice(received.findLastIndex(({ type }) => type === PacketType.CONNECT) + 1);
    expect(
      again.map((packet) => [
        packet.type,
        "packetId" in packet && packet.packetId,
        "dup" in packet && packet.dup,
      ]),
    ).toEqual([
      [PacketType.PUBLISH, 1, true],
      [PacketType.PUBLISH, 2, true],
      [PacketType.PUBLISH, 3, true],
      [PacketType.PUBLISH, 5, true],
      [PacketType.PUBREL, 6, false],
      [PacketType.PUBREL, 4, false],
    ]);
  });
});

test("a message has the identifier of its packet, and SUBSCRIBE the program's User Properties", async () => {
  const { world, client, of } = await stage((broker, packet) => {
    if (packet.type !== PacketType.SUBSCRIBE) return;
    broker.send({ type: PacketType.SUBACK, packetId: packet.packetId, reasonCodes: [2], properties: {} });
    broker.send(message(0, 0));
    broker.send(message(4_711, 1));
    broker.send(message(12, 2));
  });
  const got: number[] = [];
  const properties = { userProperties: [["why", "test"]] } as const;
  client.subscribe("t", { properties }, ({ packetId }) => got.push(packetId)).ready.catch(() => undefined);
  await world.settle();
  expect(got).toEqual([0, 4_711, 12]);
  expect(of(PacketType.SUBSCRIBE)).toMatchObject([
    { properties: { ...properties, subscriptionIdentifiers: [1] } },
  ]);
});

test("every alias from 1 to the maximum is accepted, and none above", async () => {
  const { world, client, of } = await stage(
    (broker, packet) => {
      if (packet.type !== PacketType.SUBSCRIBE) return;
      for (let alias = 1; alias <= 8; alias++)
        broker.send(message(0, 0, { topicName: `a/${alias}`, properties: { topicAlias: alias } }));
      for (let alias = 8; alias >= 1; alias--)
        broker.send(message(0, 0, { topicName: "", properties: { topicAlias: alias } }));
      broker.send(message(0, 0, { topicName: "a/9", properties: { topicAlias: 9 } }));
    },
    { topicAliasMaximum: 8, reconnect: false },
  );
  const got: string[] = [];
  client.subscribe("a/+", {}, ({ topicName }) => got.push(topicName)).ready.catch(() => undefined);
  await world.settle();
  expect(got.map((name) => Number(name.slice(2)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(of(PacketType.DISCONNECT)).toMatchObject([{ reasonCode: ReasonCode.TOPIC_ALIAS_INVALID }]);
});

test("a packet above the client's own Maximum Packet Size ends the connection with 0x95", async () => {
  const { world, of } = await stage(
    (broker, packet) => {
      if (packet.type === PacketType.CONNECT) broker.send(message(0, 0, { payload: new Uint8Array(200) }));
    },
    { maximumPacketSize: 100, reconnect: false },
  );
  await world.settle();
  expect(of(PacketType.DISCONNECT)).toMatchObject([{ reasonCode: ReasonCode.PACKET_TOO_LARGE }]);
});

test("with Request Problem Information 0 an explanation ends the connection with 0x82", async () => {
  const { world, client, of } = await stage(
    (broker, packet) => {
      if (packet.type !== PacketType.PUBLISH) return;
      broker.send({
        type: PacketType.PUBACK,
        packetId: packet.packetId,
        reasonCode: 0,
        properties: { reasonString: "fine" },
      });
    },
    { properties: { requestProblemInformation: false }, reconnect: false },
  );
  client.publish("t", "", { qos: 1 }).catch(() => undefined);
  await world.settle();
  expect(of(PacketType.DISCONNECT)).toMatchObject([{ reasonCode: ReasonCode.PROTOCOL_ERROR }]);
});

describe("a property that CONNACK or DISCONNECT has twice", () => {
  const text = [0, 1, 0x61];
  const properties: [name: string, property: number[], wrong?: number[]][] = [
    ["Session Expiry Interval", [0x11, 0, 0, 0, 1]],
    ["Receive Maximum", [0x21, 0, 1], [0x21, 0, 0]],
    ["Maximum QoS", [0x24, 1], [0x24, 2]],
    ["Retain Available", [0x25, 1], [0x25, 2]],
    ["Maximum Packet Size", [0x27, 0, 1, 0, 0], [0x27, 0, 0, 0, 0]],
    ["Assigned Client Identifier", [0x12, ...text]],
    ["Topic Alias Maximum", [0x22, 0, 1]],
    ["Reason String", [0x1f, ...text]],
    ["Wildcard Subscription Available", [0x28, 1], [0x28, 2]],
    ["Subscription Identifiers Available", [0x29, 1], [0x29, 2]],
    ["Shared Subscription Available", [0x2a, 1], [0x2a, 2]],
    ["Server Keep Alive", [0x13, 0, 1]],
    ["Response Information", [0x1a, ...text]],
    ["Server Reference", [0x1c, ...text]],
    ["Authentication Method", [0x15, ...text]],
    ["Authentication Data", [0x16, ...text]],
  ];

  /** What the client answers to these bytes behind `before`. */
  async function answerTo(bytes: number[], before: number[] = []): Promise<number | undefined> {
    const world = await virtualWorld();
    const [near, far] = memoryPipes(world.clock);
    let said = new Uint8Array(0);
    far.open({
      onBytes(chunk) {
        if (said.length === 0) far.write(Uint8Array.from([...before, ...bytes]));
        said = concatBytes([said, chunk]) as Uint8Array<ArrayBuffer>;
      },
      onWritten: () => undefined,
      onClosed: () => undefined,
    });
    const client = await world.start({ dial: () => near, reconnect: false, background: true });
    await world.settle();
    expect(client.current.state).toBe("closed");
    // DISCONNECT in its short form: e0 01 and the reason code.
    return said.at(-3) === 0xe0 ? said.at(-1) : undefined;
  }

  test.each(properties)("%s ends the connection with 0x82", async (_, property, wrong) => {
    const twice = [...property, ...property];
    expect(await answerTo([0x20, 3 + twice.length, 0, 0, twice.length, ...twice])).toBe(
      ReasonCode.PROTOCOL_ERROR,
    );
    if (wrong === undefined) return;
    expect(await answerTo([0x20, 3 + wrong.length, 0, 0, wrong.length, ...wrong])).toBe(
      ReasonCode.PROTOCOL_ERROR,
    );
  });

  test("Server Reference twice in DISCONNECT", async () => {
    const twice = [0x1c, ...text, 0x1c, ...text];
    expect(await answerTo([0xe0, 2 + twice.length, 0x9c, twice.length, ...twice], [0x20, 3, 0, 0, 0])).toBe(
      ReasonCode.PROTOCOL_ERROR,
    );
  });
});
