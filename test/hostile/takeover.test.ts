/** One client id from many connections at once: every CONNECT gets its answer, one connection survives, no message is lost. */
// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import { expect, test } from "vitest";
import { seededRandom } from "#base";
import { type Packet, PacketType, ProtocolVersion, ReasonCode, SESSION_NEVER_EXPIRES } from "#protocol";
import { RawClient } from "../support/raw-client.ts";
import { startTcpBroker } from "../support/tcp-broker.ts";
import { until } from "../support/until.ts";
import { ALL_VERSIONS, startVirtualBroker } from "../support/virtual-broker.ts";

const { MQTT_5_0 } = ProtocolVersion;
const durable = { cleanStart: false, properties: { sessionExpiryInterval: SESSION_NEVER_EXPIRES } } as const;

test.each(ALL_VERSIONS)("50 sockets over TCP with one client id (version %i)", async (version) => {
  const { broker, open } = await startTcpBroker();
  const reasons: string[] = [];
  broker.on("clientDisconnected", ({ reason }) => reasons.push(reason.kind));
  const clients = await Promise.all(Array.from({ length: 50 }, () => open({ version })));
  for (const client of clients) client.connect({ clientId: "same" });
  await until("every CONNECT has its CONNACK", () =>
    clients.every((client) => client.last(PacketType.CONNACK) !== undefined),
  );
  await until("all but one are closed", () => clients.filter(({ closed }) => !closed).length === 1);
  expect(clients.map((client) => client.last(PacketType.CONNACK)?.reasonCode)).toEqual(new Array(50).fill(0));
  expect(reasons).toEqual(new Array(49).fill("session-taken-over"));
  if (version === MQTT_5_0) {
    for (const client of clients.filter(({ closed }) => closed)) {
      expect(client.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.SESSION_TAKEN_OVER);
    }
  }
  await until("the broker has forgotten the others", () => broker.sizes.connections === 1);
  expect(broker.sizes).toMatchObject({ connections: 1, clients: 1, sessions: 1 });
  const survivor = clients.find(({ closed }) => !closed);
  survivor?.send({ type: PacketType.PINGREQ });
  await until("the survivor is alive", () => survivor?.last(PacketType.PINGRESP) !== undefined);
  await broker.stop();
});

test("a storm of connections that resume one session loses and reorders nothing", async () => {
  const { broker, clock } = await startVirtualBroker();
  const random = seededRandom(5);
  const got: string[] = [];
  const pending: RawClient[] = [];
  /** Notes what is new and acknowledges; QoS 2 is noted once an identifier. */
  const seen = new Set<number>();
  const join = (): RawClient => {
    const client = new RawClient(broker.connectPipe());
    client.onReceived = (packet: Packet) => {
      if (packet.type === PacketType.PUBLISH) {
        if (!seen.has(packet.packetId)) {
          seen.add(packet.packetId);
          got.push(new TextDecoder().decode(packet.payload));
        }
        client.acknowledge(PacketType.PUBREC, packet.packetId);
      } else if (packet.type === PacketType.PUBREL) {
        seen.delete(packet.packetId);
        client.acknowledge(PacketType.PUBCOMP, packet.packetId);
      }
    };
    client.connect({
      clientId: "same",
      cleanStart: false,
      properties: { ...durable.properties, receiveMaximum: 5 },
    });
    return client;
  };
  pending.push(join());
  pending[0]?.subscribe(1, "t", 2);
  clock.runTurns();
  let sent = 0;
  for (let round = 0; round < 300; round++) {
    const publications = random.below(6);
    for (let i = 0; i < publications; i++)
      await broker.publish({ topicName: "t", payload: `${sent++}`, qos: 2 });
    if (random.below(2) === 0) pending.push(join());
    if (random.below(3) === 0) pending.push(join());
    if (random.below(4) === 0) pending.at(-1)?.pipe.destroy();
    if (random.below(3) > 0) clock.runTurns();
  }
  pending.push(join());
  clock.runTurns();
  expect(got).toEqual(Array.from({ length: sent }, (_, n) => `${n}`));
  expect(pending.filter(({ closed }) => !closed).length).toBe(1);
  expect(broker.sizes).toMatchObject({ connections: 1, clients: 1, sessions: 1, subscriptions: 1 });
  expect(Object.values(broker.undelivered).every((count) => count === 0)).toBe(true);
});

test("clean starts and resumptions in a storm leave one session, its subscriptions and no timer", async () => {
  const { broker, clock } = await startVirtualBroker();
  const random = seededRandom(6);
  const wills: string[] = [];
  broker.subscribe("will", ({ payload }) => wills.push(new TextDecoder().decode(payload)));
  let connects = 0;
  const all: RawClient[] = [];
  for (let round = 0; round < 1000; round++) {
    const client = new RawClient(broker.connectPipe());
    all.push(client);
    const will = { topicName: "will", payload: new Uint8Array([0x30]), qos: 1, retain: false } as const;
    client.connect({
      clientId: "same",
      cleanStart: random.below(2) === 0,
      will: { ...will, properties: { willDelayInterval: random.below(3) * 50 } },
      properties: { sessionExpiryInterval: random.below(3) * 100 },
    });
    connects++;
    client.subscribe(1, `t/${random.below(5)}`, 1);
    if (random.below(3) === 0) client.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    if (random.below(2) === 0) clock.runTurns();
    if (random.below(20) === 0) clock.advance(random.below(200_000));
  }
  clock.runTurns();
  expect(all.every((client) => client.last(PacketType.CONNACK) !== undefined)).toBe(true);
  expect(broker.metrics.connectsAccepted).toBe(connects);
  expect(broker.sizes.clients + broker.sizes.sessions).toBeLessThanOrEqual(2);
  for (const client of all) client.pipe.destroy();
  clock.advance(1_000_000);
  // The program's own subscription to the wills stays.
  expect(broker.sizes).toEqual({
    connections: 0,
    clients: 0,
    sessions: 0,
    subscriptions: 1,
    retained: 0,
    timers: 0,
  });
  expect(wills.length).toBeGreaterThan(50);
  expect(broker.metrics.invariantErrors).toBe(0);
});

test("two clients that fight for an id do not starve a third", async () => {
  const { broker, clock, client } = await startVirtualBroker();
  const third = client("third", { answers: true });
  third.subscribe(1, "t", 2);
  clock.runTurns();
  for (let n = 0; n < 500; n++) {
    new RawClient(broker.connectPipe()).connect({ clientId: "fought over", ...durable });
    await broker.publish({ topicName: "t", payload: `${n}`, qos: 2 });
    clock.runTurns();
  }
  expect(third.texts).toEqual(Array.from({ length: 500 }, (_, n) => `${n}`));
  expect(broker.sizes.connections).toBe(2);
});
