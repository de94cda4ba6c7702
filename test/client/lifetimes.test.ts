/** Sessions, goodbyes, what is dropped and what is refused along the way. */

import { expect, test } from "vitest";
import { type Packet, PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import {
  enhancedAuthentication,
  followRedirect,
  knownRepeats,
  topicPattern,
} from "../../src/client/extras.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { scriptedDial } from "./scripted-broker.ts";
import { virtualWorld } from "./virtual-client.ts";

const connack: Packet = { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, properties: {} };

function publishOf(packetId: number, payload: string, dup = false): Packet {
  const bytes = new TextEncoder().encode(payload);
  return {
    type: PacketType.PUBLISH,
    topicName: "t",
    payload: bytes,
    qos: 1,
    retain: false,
    dup,
    packetId,
    properties: {},
  };
}

test("a client in the background subscribes before a resumed session delivers", async () => {
  const world = await virtualWorld();
  const options: ConnectOptions = { clientId: "c", cleanStart: false, sessionExpiryInterval: 1000 };
  const first = await world.connect(options);
  await world.run(first.subscribe("t").ready);
  await world.run(first.close());
  await world.broker.publish({ topicName: "t", payload: "meanwhile", qos: 1 });
  const got: string[] = [];
  const second = await world.start({ ...options, background: true });
  second.subscribe("t", {}, ({ text }) => got.push(text));
  await world.run(second.connected);
  await world.settle();
  expect(got).toEqual(["meanwhile"]);
});

test("close with drain waits for the acknowledgements, without it does not", async () => {
  const world = await virtualWorld();
  const client = await world.connect();
  const seen: number[] = [];
  world.broker.subscribe("t", ({ payload }) => seen.push(payload.length));
  const receipts = Array.from({ length: 100 }, (_, i) => client.publish("t", new Uint8Array(i), { qos: 2 }));
  await world.run(client.close({ drain: true }));
  await Promise.all(receipts);
  await world.settle();
  expect(seen.length).toBe(100);
});

test("the will is published when asked for, and not after a plain goodbye", async () => {
  const world = await virtualWorld();
  const seen: string[] = [];
  world.broker.subscribe("will/#", ({ topicName }) => seen.push(topicName));
  for (const reasonCode of [0x00, 0x04] as const) {
    const client = await world.connect({ will: { topicName: `will/${reasonCode}`, payload: "gone" } });
    await world.run(client.close({ reasonCode }));
    await world.settle();
  }
  expect(seen).toEqual(["will/4"]);
});

test.each([false, true])(
  "a repeat after a lost PUBACK comes again unless dropRepeats (%s)",
  async (dropRepeats) => {
    const world = await virtualWorld();
    const dial = scriptedDial(world.clock, (broker, packet) => {
      if (packet.type === PacketType.CONNECT)
        broker.send({ ...connack, sessionPresent: broker.dial > 1 } as Packet);
      if (packet.type === PacketType.CONNECT && broker.dial > 1) {
        broker.send(publishOf(5, "same", true));
        broker.send(publishOf(6, "other", true));
      }
      if (packet.type === PacketType.SUBSCRIBE) {
        broker.send({ type: PacketType.SUBACK, packetId: packet.packetId, reasonCodes: [1], properties: {} });
        broker.send(publishOf(5, "same"));
        broker.send(publishOf(6, "first"));
      }
      if (packet.type === PacketType.PUBACK && packet.packetId === 6 && broker.dial === 1) broker.close();
    });
    const client = await world.connect({
      dial,
      ...(dropRepeats ? { dropRepeats: knownRepeats } : {}),
      clientId: "c",
    });
    const got: string[] = [];
    client.subscribe("t", {}, ({ text }) => got.push(text));
    await world.settle(5_000);
    expect(got).toEqual(["same", "first", ...(dropRepeats ? ["other"] : ["same", "other"])]);
    await client.close();
  },
);

test("a QoS 2 message that may have arrived is not sent anew when the session is lost; QoS 1 is", async () => {
  const world = await virtualWorld();
  const received: string[] = [];
  const dial = scriptedDial(world.clock, (broker, packet) => {
    if (packet.type === PacketType.CONNECT) broker.send(connack);
    if (packet.type !== PacketType.PUBLISH) return;
    received.push(`${broker.dial} QoS ${packet.qos} dup ${packet.dup}`);
    if (broker.dial === 1 && packet.qos === 2) broker.close();
    if (broker.dial === 2) {
      broker.send({ type: PacketType.PUBACK, packetId: packet.packetId, reasonCode: 0, properties: {} });
    }
  });
  const client = await world.connect({ dial });
  const one = client.publish("t", "", { qos: 1 });
  const two = client.publish("t", "", { qos: 2 }).catch((error: unknown) => error);
  await world.settle(5_000);
  expect((await one).qos).toBe(1);
  expect(await two).toMatchObject({ code: "MARTLET_CONNECTION_LOST", source: "session" });
  expect(received).toEqual(["1 QoS 1 dup false", "1 QoS 2 dup false", "2 QoS 1 dup false"]);
  await client.close();
});

test("a subscription that cannot be sent ends alone", async () => {
  const world = await virtualWorld({ settings: { maximumPacketSize: 60 } });
  const client = await world.connect();
  const problems = [client.subscribe("$share/g/t", { noLocal: true }), client.subscribe("x".repeat(100))].map(
    ({ ready }) => ready.catch((error: unknown) => error),
  );
  for (const problem of problems) expect(await problem).toMatchObject({ code: "MARTLET_INVALID_PACKET" });
  expect(() => client.subscribe("a#")).toThrow(/no topic filter/);
  await world.run(client.subscribe("fine").ready);
  expect(client.current.state).toBe("connected");
});

test("a CONNECT that cannot be sent is not tried again", async () => {
  const world = await virtualWorld();
  const options = {
    version: ProtocolVersion.MQTT_3_1_1,
    password: "alone",
    reconnect: { first: true },
  } as const;
  await expect(world.connect(options)).rejects.toMatchObject({ code: "MARTLET_INVALID_PACKET" });
});

test("a client that does not read keeps its connection alive", async () => {
  const world = await virtualWorld();
  const client = await world.connect({ maximumInboxBytes: 1_000, keepAliveSeconds: 10 });
  const messages = client.subscribe("t");
  await world.run(messages.ready);
  await world.broker.publish({ topicName: "t", payload: "x".repeat(2_000) });
  await world.settle(600_000);
  expect(world.pipes.length).toBe(1);
  await world.broker.publish({ topicName: "t", payload: "later" });
  await world.settle();
  expect((await messages.next()).value?.payload.length).toBe(2_000);
  const later = messages.next();
  expect((await world.run(later)).value?.text).toBe("later");
  await world.settle(600_000);
  expect(world.pipes.length).toBe(1);
  expect(client.current.state).toBe("connected");
});

test("what is sent again has to fit what the broker takes now", async () => {
  const world = await virtualWorld();
  const dial = scriptedDial(world.clock, (broker, packet) => {
    if (packet.type === PacketType.CONNECT) {
      const properties = broker.dial === 1 ? {} : { maximumPacketSize: 50 };
      broker.send({ ...connack, sessionPresent: broker.dial > 1, properties } as Packet);
    }
    if (packet.type === PacketType.PUBLISH && broker.dial === 1) broker.close();
  });
  const client = await world.connect({ dial });
  const problem = client.publish("t", "x".repeat(100), { qos: 1 }).catch((error: unknown) => error);
  await world.settle(5_000);
  expect(await problem).toMatchObject({ reasonCode: ReasonCode.PACKET_TOO_LARGE });
  expect(client.current.state).toBe("connected");
  await client.close();
});

test("an outbox that survives a restart asks for a client identifier", async () => {
  const world = await virtualWorld();
  const store = () => Promise.resolve();
  await expect(world.connect({ outbox: { store } })).rejects.toMatchObject({ path: "clientId" });
});

test("a broker that does not finish a re-authentication loses the connection, and the next one works", async () => {
  const world = await virtualWorld();
  const dial = scriptedDial(world.clock, (broker, packet) => {
    const properties = { authenticationMethod: "TEST" };
    if (packet.type === PacketType.CONNECT) broker.send({ ...connack, properties } as Packet);
    if (packet.type === PacketType.PINGREQ) broker.send({ type: PacketType.PINGRESP });
    if (packet.type === PacketType.AUTH && broker.dial > 1) {
      broker.send({ type: PacketType.AUTH, reasonCode: ReasonCode.SUCCESS, properties });
    }
  });
  const authentication = enhancedAuthentication({
    method: "TEST",
    begin: () => ({ start: () => undefined, next: () => undefined }),
  });
  const client = await world.connect({ dial, authentication });
  const problem = client.reauthenticate({ timeoutMs: 1_000 }).catch((error: unknown) => error);
  await world.settle(10_000);
  expect(await problem).toMatchObject({ code: "MARTLET_TIMEOUT" });
  expect(client.current.state).toBe("connected");
  await world.run(client.reauthenticate());
  await client.close();
});

test("a callback that throws is reported, and its message acknowledged", async () => {
  const world = await virtualWorld();
  const client = await world.connect();
  const failing = client.subscribe("t", {}, () => {
    throw new RangeError("mine");
  });
  const rejecting = client.subscribe("t", {}, async () => {
    throw new RangeError("mine too");
  });
  await world.run(Promise.all([failing.ready, rejecting.ready]));
  await world.run(client.publish("t", "", { qos: 1 }));
  await world.settle();
  expect(world.reported).toMatchObject([{ message: "mine" }, { message: "mine too" }]);
  expect([...world.broker.clients()][0]?.inFlight).toBe(0);
});

test("a broker that is busy gets more time, and one that sends in circles is not followed for ever", async () => {
  const world = await virtualWorld();
  let dials = 0;
  const dial = scriptedDial(world.clock, (broker, packet) => {
    if (packet.type !== PacketType.CONNECT) return;
    dials++;
    broker.send(connack);
    const properties = { serverReference: `place-${dials}` };
    broker.send({ type: PacketType.DISCONNECT, reasonCode: ReasonCode.USE_ANOTHER_SERVER, properties });
  });
  const client = await world.start({ dial, redirect: followRedirect(), background: true });
  await world.settle();
  expect(dials).toBe(6);
  expect(client.current.state).toBe("waiting");
  await client.close();
});

test("types of named levels are inferred", async () => {
  const world = await virtualWorld();
  const client = await world.connect();
  const subscription = client.subscribe(topicPattern("a/{id}/{rest...}"), {}, ({ parameters }) => {
    const { id, rest }: { readonly id: string; readonly rest: string } = parameters;
    // @ts-expect-error there is no such level
    return [id, rest, parameters.other];
  });
  expect(subscription.topicFilter).toBe("a/+/#");
});
