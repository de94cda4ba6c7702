/** What a broker tells its program, and where the program may step in. */

import { describe, expect, test } from "vitest";
import { utf8Encode } from "#base";
import { type BrokerEvents, PublishRefusedError } from "#broker";
import { refuse } from "#hooks";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { startVirtualBroker } from "../support/virtual-broker.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const address = expect.objectContaining({ transport: "memory", remoteAddress: "memory", remotePort: 0 });
const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

async function listening() {
  const virtual = await startVirtualBroker();
  const events: [keyof BrokerEvents, unknown][] = [];
  const names = [
    "clientConnected",
    "clientDisconnected",
    "connectionRefused",
    "sessionEnded",
    "subscribed",
    "unsubscribed",
    "messagePublished",
    "messageUndelivered",
  ] as const;
  for (const name of names) virtual.broker.on(name, (detail: unknown) => void events.push([name, detail]));
  return { ...virtual, events, take: () => events.splice(0) };
}

describe("events", () => {
  test("tell the life of a client in order", async () => {
    const { client, clock, take } = await listening();
    const raw = client("c", { connect: { userName: "u", keepAliveSeconds: 30 } });
    expect(take()).toEqual([
      [
        "clientConnected",
        {
          clientId: "c",
          userName: "u",
          protocolVersion: MQTT_5_0,
          isBridge: false,
          cleanStart: true,
          sessionPresent: false,
          keepAliveSeconds: 30,
          address,
        },
      ],
    ]);
    raw.subscribe(1, "$share/g/a/#", 1);
    raw.send({
      type: PacketType.UNSUBSCRIBE,
      packetId: 2,
      topicFilters: ["$share/g/a/#", "never"],
      properties: {},
    });
    clock.runTurns();
    expect(take()).toEqual([
      ["subscribed", { clientId: "c", topicFilter: "$share/g/a/#", qos: 1 }],
      ["unsubscribed", { clientId: "c", topicFilter: "$share/g/a/#" }],
    ]);
    raw.publish("t", "x", { qos: 1, packetId: 3, retain: true, properties: { contentType: "text" } });
    clock.runTurns();
    expect(take()).toEqual([
      [
        "messagePublished",
        {
          publisherId: "c",
          topicName: "t",
          payload: utf8Encode("x"),
          qos: 1,
          retain: true,
          properties: { contentType: "text" },
        },
      ],
      ["messageUndelivered", { kind: "no-subscriber", clientId: "", publisherId: "c", topicName: "t" }],
    ]);
    raw.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    clock.runTurns();
    const left = take();
    expect(left).toContainEqual([
      "clientDisconnected",
      {
        clientId: "c",
        reason: { kind: "client-disconnected", reasonCode: 0 },
        address: expect.objectContaining({ transport: "memory" }),
      },
    ]);
    expect(left).toContainEqual(["sessionEnded", { clientId: "c", hasExpired: false }]);
    expect(left.length).toBe(2);
  });

  test("every connected client is told to have gone exactly once, with the reason", async () => {
    const { broker, client, open, clock, take } = await listening();
    const kindsOf = () =>
      take()
        .filter(([name]) => name === "clientDisconnected" || name === "connectionRefused")
        .map(([name, detail]) => `${name} ${(detail as BrokerEvents["clientDisconnected"]).reason.kind}`);
    client("a").pipe.destroy();
    clock.runTurns();
    expect(kindsOf()).toEqual(["clientDisconnected connection-lost"]);
    client("a").pipe.end();
    clock.runTurns();
    expect(kindsOf()).toEqual(["clientDisconnected connection-closed"]);
    client("a").sendBytes(Uint8Array.of(0x00));
    clock.runTurns();
    expect(kindsOf()).toEqual([
      expect.stringMatching(/^clientDisconnected (malformed-packet|protocol-error)$/),
    ]);
    const taken = client("a");
    client("a");
    expect([kindsOf(), taken.closed]).toEqual([["clientDisconnected session-taken-over"], true]);
    expect(broker.disconnect("a", { detail: "enough" })).toBe(true);
    expect(broker.disconnect("a")).toBe(false);
    clock.runTurns();
    expect(kindsOf()).toEqual(["clientDisconnected administrative-action"]);
    client("a", { connect: { keepAliveSeconds: 10 } });
    clock.advance(15_001);
    expect(kindsOf()).toEqual(["clientDisconnected keep-alive-timeout"]);
    open();
    clock.advance(10_001);
    expect(kindsOf()).toEqual(["connectionRefused connect-timeout"]);
    open().sendBytes(Uint8Array.of(0xc0, 0));
    clock.runTurns();
    expect(kindsOf()).toEqual(["connectionRefused protocol-error"]);
  });

  test("whoever is told to have gone was told to have come", async () => {
    const { client, clock, take } = await listening();
    // No room for a CONNACK.
    client("tiny", { connect: { properties: { maximumPacketSize: 1 } } });
    clock.runTurns();
    const names = take().map(([name]) => name);
    const came = names.filter((name) => name === "clientConnected").length;
    expect(names.filter((name) => name === "clientDisconnected").length).toBe(came);
  });

  test("a listener that throws is logged and hurts nobody; removed ones hear nothing", async () => {
    const { broker, client, log } = await startVirtualBroker();
    const heard: string[] = [];
    broker.on("clientConnected", () => {
      throw new TypeError("mine");
    });
    const remove = broker.on("clientConnected", ({ clientId }) => heard.push(clientId));
    expect(client("a").last(PacketType.CONNACK)?.reasonCode).toBe(0);
    remove();
    client("b");
    expect(heard).toEqual(["a"]);
    expect(log.filter((line) => line.includes("mine")).length).toBe(2);
  });
});

describe("hooks", () => {
  test("connect: changes and refuses", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    broker.hooks.add("connect", (draft) => {
      if (draft.client.clientId === "no") return refuse(ReasonCode.BANNED, "not you");
      draft.sessionExpiryInterval = 77;
      draft.keepAliveSeconds = 11;
      return undefined;
    });
    const refused = client("no");
    expect(refused.last(PacketType.CONNACK)).toMatchObject({
      reasonCode: ReasonCode.BANNED,
      properties: { reasonString: "not you" },
    });
    const changed = client("yes", { connect: { keepAliveSeconds: 60 } });
    expect(changed.last(PacketType.CONNACK)?.properties).toMatchObject({
      sessionExpiryInterval: 77,
      serverKeepAlive: 11,
    });
    changed.pipe.destroy();
    clock.advance(76_000);
    expect(broker.sizes.sessions).toBe(1);
    clock.advance(1_001);
    expect(broker.sizes.sessions).toBe(0);
  });

  test("publish: changes topic, payload, QoS, RETAIN and properties; PUBACK answers the packet that came", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    broker.hooks.add("publish", (draft) => {
      draft.topicName = `site/${draft.topicName}`;
      draft.payload = utf8Encode(text(draft.payload).toUpperCase());
      draft.qos = 2;
      draft.retain = true;
      draft.properties = { ...draft.properties, contentType: "loud" };
    });
    const subscriber = client("s", { answers: true });
    subscriber.subscribe(1, "site/#", 2);
    const publisher = client("p");
    publisher.publish("t", "hello", { qos: 1, packetId: 1, properties: { responseTopic: "r" } });
    clock.runTurns();
    expect(publisher.last(PacketType.PUBACK)).toMatchObject({ packetId: 1, reasonCode: 0 });
    const got = subscriber.last(PacketType.PUBLISH);
    expect(got).toMatchObject({
      topicName: "site/t",
      qos: 2,
      properties: { contentType: "loud", responseTopic: "r" },
    });
    expect(text(got?.payload ?? new Uint8Array())).toBe("HELLO");
    expect(broker.sizes.retained).toBe(1);
  });

  test("publish: a refusal reaches the client, and the program as an error", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    broker.hooks.add("publish", () => refuse(ReasonCode.QUOTA_EXCEEDED, "enough"));
    const publisher = client("p");
    const old = client("old", { version: MQTT_3_1_1 });
    for (const each of [publisher, old]) {
      each.publish("t", "x");
      each.publish("t", "x", { qos: 1, packetId: 1 });
      each.publish("t", "x", { qos: 2, packetId: 2 });
    }
    clock.runTurns();
    for (const type of [PacketType.PUBACK, PacketType.PUBREC] as const) {
      expect(publisher.last(type)).toMatchObject({
        reasonCode: ReasonCode.QUOTA_EXCEEDED,
        properties: { reasonString: "enough" },
      });
      expect(old.last(type)).toMatchObject({ reasonCode: 0 });
    }
    const refused = broker.publish({ topicName: "t", payload: "x" });
    await expect(refused).rejects.toThrow(PublishRefusedError);
    await expect(refused).rejects.toMatchObject({ reasonCode: ReasonCode.QUOTA_EXCEEDED, message: "enough" });
    expect(broker.undelivered["publish-refused"]).toBe(7);
    // The refused identifier is free.
    publisher.publish("t", "x", { qos: 2, packetId: 2 });
    clock.runTurns();
    expect(publisher.all(PacketType.PUBREC).length).toBe(2);
  });

  test("subscribe: changes filter and QoS, refuses each filter by itself", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    broker.hooks.add("subscribe", (draft) => {
      if (draft.topicFilter.startsWith("secret")) return refuse(ReasonCode.NOT_AUTHORIZED);
      draft.topicFilter = `site/${draft.topicFilter}`;
      draft.qos = 0;
      return undefined;
    });
    const raw = client("c");
    raw.send({
      type: PacketType.SUBSCRIBE,
      packetId: 1,
      subscriptions: ["a", "secret", "b"].map((topicFilter) => ({
        topicFilter,
        qos: 2,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      })),
      properties: {},
    });
    clock.runTurns();
    expect(raw.last(PacketType.SUBACK)?.reasonCodes).toEqual([0, ReasonCode.NOT_AUTHORIZED, 0]);
    await broker.publish({ topicName: "site/a", payload: "x" });
    clock.runTurns();
    expect(raw.texts).toEqual(["x"]);
  });

  test("deliver: changes and keeps back for one receiver", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    broker.hooks.add("deliver", (draft) => {
      if (draft.clientId === "none") return refuse(ReasonCode.NOT_AUTHORIZED);
      if (draft.clientId === "changed") draft.payload = utf8Encode(`${draft.topicName} for you`);
      return undefined;
    });
    const all = ["none", "changed", "plain"].map((clientId) => client(clientId, { answers: true }));
    for (const [qos, each] of all.entries()) each.subscribe(1, "t", qos as 0 | 1 | 2);
    clock.runTurns();
    await broker.publish({ topicName: "t", payload: "x", qos: 2 });
    clock.runTurns();
    expect(all.map(({ texts }) => texts)).toEqual([[], ["t for you"], ["x"]]);
    expect(broker.undelivered["deliver-refused"]).toBe(1);
  });

  test("those that are removed are not asked", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    const remove = broker.hooks.add("publish", () => refuse(ReasonCode.QUOTA_EXCEEDED));
    const raw = client("c");
    raw.publish("t", "x", { qos: 1, packetId: 1 });
    clock.runTurns();
    remove();
    raw.publish("t", "x", { qos: 1, packetId: 2 });
    clock.runTurns();
    expect(raw.all(PacketType.PUBACK).map(({ reasonCode }) => reasonCode)).toEqual([
      ReasonCode.QUOTA_EXCEEDED,
      ReasonCode.NO_MATCHING_SUBSCRIBERS,
    ]);
  });
});
