/** Months in milliseconds: what depends on time, on a clock that the test moves. */
// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { seededRandom } from "#base";
import { type Packet, PacketType, ProtocolVersion, SESSION_NEVER_EXPIRES } from "#protocol";
import type { RawClient } from "../support/raw-client.ts";
import { startVirtualBroker } from "../support/virtual-broker.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const DAY_SECONDS = 24 * 3600;
const will = (willDelayInterval: number) => ({
  topicName: "will",
  payload: new TextEncoder().encode("gone"),
  qos: 1 as const,
  retain: false,
  properties: willDelayInterval === 0 ? {} : { willDelayInterval },
});

describe("session expiry", () => {
  test("a session of thirty days is there for thirty days, with what came meanwhile", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    const connect = { cleanStart: false, properties: { sessionExpiryInterval: 30 * DAY_SECONDS } };
    const first = client("c", { connect });
    first.subscribe(1, "t", 1);
    clock.runTurns();
    first.pipe.destroy();
    clock.advance((30 * DAY_SECONDS - 1) * 1000);
    await broker.publish({ topicName: "t", payload: "late", qos: 1 });
    const second = client("c", { connect });
    expect(second.last(PacketType.CONNACK)?.sessionPresent).toBe(true);
    expect(second.texts).toEqual(["late"]);
    second.acknowledge(PacketType.PUBACK, second.last(PacketType.PUBLISH)?.packetId ?? 0);
    second.pipe.destroy();
    clock.advance(30 * DAY_SECONDS * 1000 + 1);
    expect(broker.sizes).toMatchObject({ sessions: 0, subscriptions: 0, timers: 0 });
    expect(broker.metrics.sessionsExpired).toBe(1);
    expect(client("c", { connect }).last(PacketType.CONNACK)?.sessionPresent).toBe(false);
  });

  test("one that never expires outlives ten years, and so does one of 136", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    const forever = { cleanStart: false, properties: { sessionExpiryInterval: SESSION_NEVER_EXPIRES } };
    client("new", { connect: forever }).pipe.destroy();
    client("old", { version: MQTT_3_1_1, connect: { cleanStart: false } }).pipe.destroy();
    const almost = { cleanStart: false, properties: { sessionExpiryInterval: SESSION_NEVER_EXPIRES - 1 } };
    client("almost", { connect: almost }).pipe.destroy();
    clock.runTurns();
    clock.advance(10 * 365 * DAY_SECONDS * 1000);
    expect([...broker.clients()].map(({ clientId }) => clientId)).toEqual(["new", "old", "almost"]);
    // Only one of them has an end that a timer waits for.
    expect(broker.sizes.timers).toBe(1);
  });
});

describe("wills", () => {
  test("come when the delay is over, or the session, whichever is first", async () => {
    const cases = [
      { delay: 0, expiry: 100, at: 0 },
      { delay: 60, expiry: 100, at: 60 },
      { delay: 60, expiry: 20, at: 20 },
      { delay: 60, expiry: 0, at: 0 },
    ];
    for (const { delay, expiry, at } of cases) {
      const { broker, client, clock } = await startVirtualBroker();
      let willAt: number | undefined;
      broker.subscribe("will", () => (willAt = clock.now()));
      client("c", {
        connect: { will: will(delay), properties: { sessionExpiryInterval: expiry } },
      }).pipe.destroy();
      clock.runTurns();
      if (at > 0) {
        clock.advance(at * 1000 - 1);
        expect(willAt).toBeUndefined();
        clock.advance(1);
      }
      expect(willAt, `delay ${delay}, expiry ${expiry}`).toBe(at * 1000);
    }
  });

  test("do not come when the client is back in time, or said goodbye", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    const wills: unknown[] = [];
    broker.subscribe("will", (message) => wills.push(message));
    const connect = { cleanStart: false, will: will(60), properties: { sessionExpiryInterval: 1000 } };
    client("c", { connect }).pipe.destroy();
    clock.advance(59_000);
    const back = client("c", { connect });
    clock.advance(500_000);
    expect(wills).toEqual([]);
    back.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    clock.advance(2_000_000);
    expect(wills).toEqual([]);
    client("d", { connect }).send({ type: PacketType.DISCONNECT, reasonCode: 0x04, properties: {} });
    clock.advance(60_000);
    expect(wills.length).toBe(1);
  });
});

describe("keep-alive", () => {
  test("a silent client is ended after one and a half times, one that pings is not", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    const connect = { keepAliveSeconds: 60 };
    const [silent, alive, without] = [
      client("silent", { connect }),
      client("alive", { connect }),
      client("without"),
    ];
    for (let i = 0; i < 100; i++) {
      clock.advance(60_000);
      alive?.send({ type: PacketType.PINGREQ });
      if (i === 0) expect(silent?.closed).toBe(false);
      if (i === 1) expect(silent?.closed).toBe(true);
    }
    clock.advance(89_000);
    expect([alive?.closed, without?.closed]).toEqual([false, false]);
    expect(alive?.all(PacketType.PINGRESP).length).toBe(100);
    clock.advance(2_000);
    expect([alive?.closed, without?.closed]).toEqual([true, false]);
    expect(broker.sizes.connections).toBe(1);
  });

  test("the first byte of a packet that never ends keeps nobody alive", async () => {
    const { client, clock } = await startVirtualBroker();
    const raw = client("c", { connect: { keepAliveSeconds: 10 } });
    raw.sendBytes(Uint8Array.of(0x30, 100));
    for (let i = 0; i < 20; i++) {
      clock.advance(1000);
      raw.sendBytes(Uint8Array.of(0));
      clock.runTurns();
    }
    expect(raw.closed).toBe(true);
  });
});

test("messages expire while they wait, and the rest of their time travels with them", async () => {
  const { broker, client, clock } = await startVirtualBroker();
  const connect = { cleanStart: false, properties: { sessionExpiryInterval: 10_000 } };
  const first = client("c", { connect });
  first.subscribe(1, "t", 1);
  clock.runTurns();
  first.pipe.destroy();
  clock.runTurns();
  await broker.publish({
    topicName: "t",
    payload: "short",
    qos: 1,
    properties: { messageExpiryInterval: 10 },
  });
  await broker.publish({
    topicName: "t",
    payload: "long",
    qos: 1,
    properties: { messageExpiryInterval: 100 },
  });
  await broker.publish({
    topicName: "t",
    payload: "kept",
    qos: 1,
    retain: true,
    properties: { messageExpiryInterval: 20 },
  });
  clock.advance(30_000);
  const second = client("c", { connect });
  expect(second.texts).toEqual(["long"]);
  expect(second.last(PacketType.PUBLISH)?.properties.messageExpiryInterval).toBe(70);
  expect(broker.undelivered["message-expired"]).toBe(2);
  const late = client("late");
  late.subscribe(1, "t", 1);
  clock.runTurns();
  expect(late.texts).toEqual([]);
  clock.advance(61_000);
  expect(broker.sizes.retained).toBe(0);
});

/** A busy hour of many clients; returns a digest of every byte that anybody received, in order. */
async function busyHour(seed: number): Promise<{ digest: string; packets: number }> {
  const virtual = await startVirtualBroker({
    random: seededRandom(seed),
    settings: { sysIntervalSeconds: 10, maximumQueuedMessages: 20 },
  });
  const { broker, clock } = virtual;
  const random = seededRandom(seed + 1);
  const hash = createHash("sha256");
  let packets = 0;
  const clients: RawClient[] = [];
  const join = (): void => {
    const name = `c${random.below(8)}`;
    const version = random.below(2) === 0 ? MQTT_3_1_1 : MQTT_5_0;
    const raw = virtual.open({ version, answers: random.below(4) > 0 });
    const onBytes = raw.onBytes.bind(raw);
    raw.onBytes = (chunk) => {
      hash.update(`${clock.now()} ${name} `);
      hash.update(chunk);
      onBytes(chunk);
    };
    raw.onReceived = (_packet: Packet) => packets++;
    const clientId = random.below(5) === 0 ? "" : name;
    raw.connect({
      clientId,
      cleanStart: clientId === "" || random.below(2) === 0,
      keepAliveSeconds: random.below(3) * 100,
      will: will(version === MQTT_5_0 ? random.below(3) * 20 : 0),
      properties: version === MQTT_5_0 ? { sessionExpiryInterval: random.below(3) * 300 } : {},
    });
    clients.push(raw);
  };
  for (let step = 0; step < 2000; step++) {
    const raw = clients[random.below(Math.max(1, clients.length))];
    switch (raw === undefined ? 0 : random.below(9)) {
      case 0:
        join();
        break;
      case 1:
        raw?.subscribe(
          1 + random.below(50),
          ["a/#", "+/1", "$SYS/#", "$share/g/a/+", "will"][random.below(5)] as string,
          random.below(3) as 0 | 1 | 2,
        );
        break;
      case 2:
        if (random.below(4) === 0) raw?.pipe.destroy();
        break;
      case 3:
        clock.advance(random.below(3000));
        break;
      case 4:
        clock.runTurns();
        break;
      default: {
        const qos = random.below(3) as 0 | 1 | 2;
        raw?.publish(`a/${random.below(4)}`, `${step}`, {
          qos,
          packetId: qos === 0 ? 0 : 1 + random.below(50),
          retain: random.below(5) === 0,
        });
      }
    }
  }
  clock.advance(3_600_000);
  expect(broker.metrics.invariantErrors).toBe(0);
  hash.update(JSON.stringify([broker.metrics, broker.undelivered, broker.sizes, [...broker.clients()]]));
  return { digest: hash.digest("hex"), packets };
}

test("the same seed gives the same bytes, another one others", async () => {
  const first = await busyHour(1);
  expect(first.packets).toBeGreaterThan(1000);
  expect(await busyHour(1)).toEqual(first);
  expect((await busyHour(2)).digest).not.toBe(first.digest);
});
