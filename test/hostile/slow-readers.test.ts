/** Who does not read costs its own queue, within its own bounds, and nobody else anything. */
// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import { describe, expect, test } from "vitest";
import { type Packet, PacketType, ProtocolVersion } from "#protocol";
import { residentMebibytes } from "../support/heap.ts";
import { encodeAll, publishPacket, type RawClient } from "../support/raw-client.ts";
import { startTcpBroker } from "../support/tcp-broker.ts";
import { until } from "../support/until.ts";
import { startVirtualBroker } from "../support/virtual-broker.ts";

const { MQTT_5_0 } = ProtocolVersion;
const KIB = 1024;
const MIB = 1024 * KIB;

/** `n` and then filling. */
function payloadOf(n: number, size: number): Uint8Array {
  const payload = new Uint8Array(size).fill(0x2e);
  payload.set(new TextEncoder().encode(`${n} `));
  return payload;
}

function numbersOf(client: RawClient): number[] {
  return client
    .all(PacketType.PUBLISH)
    .map(({ payload }) => Number.parseInt(new TextDecoder().decode(payload.subarray(0, 12)), 10));
}

const publishes = (client: RawClient): number => client.all(PacketType.PUBLISH).length;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("over TCP", () => {
  test("at QoS 0 it loses messages beyond its bound, with their reason; the others get all of them", async () => {
    const settings = { maximumOutputBytes: 2 * MIB };
    const { broker, client } = await startTcpBroker({ settings });
    const slow = await client("slow");
    const fast = await client("fast");
    const publisher = await client("publisher");
    for (const each of [slow, fast]) each.subscribe(1, "t", 0);
    await until("both are subscribed", () =>
      [slow, fast].every((each) => each.last(PacketType.SUBACK) !== undefined),
    );
    slow.pipe.pauseReading();
    const residentBefore = residentMebibytes();
    // 64 MiB, of which the slow one may hold 2 MiB and what the system buffers.
    const count = 2048;
    for (let n = 0; n < count; n++) {
      publisher.publish("t", payloadOf(n, 32 * KIB - 100));
      // So few at a time that the fast one is never behind.
      if (n % 16 === 15) await until("the fast one keeps up", () => publishes(fast) > n);
    }
    await until("the fast one has all", () => publishes(fast) === count);
    expect(numbersOf(fast)).toEqual(range(0, count));
    const lost = broker.undelivered["receiver-slow"];
    expect(lost).toBeGreaterThan(count / 4);
    expect(Object.entries(broker.undelivered).filter(([, times]) => times > 0)).toEqual([
      ["receiver-slow", lost],
    ]);
    // What the fast one recorded is in this process too: 64 MiB.
    expect(residentMebibytes() - residentBefore).toBeLessThan(64 + 150);
    slow.pipe.resumeReading();
    await until("the slow one has what was left", () => slow.all(PacketType.PUBLISH).length === count - lost);
    const got = numbersOf(slow);
    expect(got).toEqual(got.toSorted((a, b) => a - b));
    publisher.publish("t", payloadOf(count, 10));
    await until("it gets new ones again", () => numbersOf(slow).at(-1) === count);
    expect(broker.undelivered["receiver-slow"]).toBe(lost);
    await broker.stop();
  });

  test("at QoS 1 its queue fills to its bound, and when it reads again it gets the beginning in order", async () => {
    const settings = { maximumQueuedMessages: 100, maximumInFlight: 10 };
    const { broker, client } = await startTcpBroker({ settings });
    const slow = await client("slow", { answers: true });
    const fast = await client("fast", { answers: true });
    const publisher = await client("publisher");
    for (const each of [slow, fast]) each.subscribe(1, "t", 1);
    await until("both are subscribed", () =>
      [slow, fast].every((each) => each.last(PacketType.SUBACK) !== undefined),
    );
    slow.pipe.pauseReading();
    const count = 1000;
    for (let n = 0; n < count; n++) {
      publisher.publish("t", payloadOf(n, 1000), { qos: 1, packetId: n + 1 });
      if (n % 50 === 49)
        await until("the fast one keeps up", () => fast.all(PacketType.PUBLISH).length === n + 1);
    }
    await until("the publisher has all its PUBACKs", () => publisher.all(PacketType.PUBACK).length === count);
    expect(numbersOf(fast)).toEqual(range(0, count));
    expect(broker.undelivered["queue-full"]).toBe(count - 110);
    expect([...broker.clients()].find(({ clientId }) => clientId === "slow")).toMatchObject({
      queuedMessages: 100,
      inFlight: 10,
    });
    slow.pipe.resumeReading();
    await until("it gets what waited", () => slow.all(PacketType.PUBLISH).length === 110);
    expect(numbersOf(slow)).toEqual(range(0, 110));
    await broker.publish({ topicName: "t", payload: payloadOf(count, 10), qos: 1 });
    await until("it gets new ones again", () => numbersOf(slow).at(-1) === count);
    await broker.stop();
  });

  test("a publisher that does not read its PUBACKs is not read from; when it reads again nothing was lost", async () => {
    const { broker, client } = await startTcpBroker();
    const subscriber = await client("subscriber", { answers: true });
    subscriber.subscribe(1, "t", 1);
    await until("SUBACK", () => subscriber.last(PacketType.SUBACK) !== undefined);
    const publisher = await client("publisher");
    const problem = "r".repeat(200);
    // Each answer is much longer than the question.
    broker.hooks.add("publish", (draft) =>
      draft.topicName === "refused" ? { refused: 0x97, reasonString: problem } : undefined,
    );
    publisher.pipe.pauseReading();
    const count = 40_000;
    let sent = 0;
    const received = (): number => broker.metrics.publishReceived;
    const sendSome = (): void => {
      const packets = range(sent, Math.min(count, sent + 2000)).map((n) =>
        publishPacket(n % 100 === 0 ? "t" : "refused", `${n}`, { qos: 1, packetId: (n % 65_535) + 1 }),
      );
      sent += packets.length;
      publisher.sendBytes(encodeAll(packets, MQTT_5_0));
    };
    let stuck = 0;
    while (sent < count) {
      sendSome();
      let last = -1;
      await until("the broker reads, or has stopped to", () => {
        stuck = received() === last ? stuck + 1 : 0;
        last = received();
        return received() >= sent || stuck > 15;
      });
      if (stuck > 15) break;
    }
    while (sent < count) sendSome();
    const readBefore = received();
    expect(readBefore, "it is not read from any more").toBeLessThan(count);
    expect(broker.metrics.invariantErrors).toBe(0);
    publisher.pipe.resumeReading();
    await until("all are acknowledged", () => publisher.all(PacketType.PUBACK).length === count);
    const ids = publisher.all(PacketType.PUBACK).map(({ packetId }) => packetId);
    expect(ids.every((packetId, n) => packetId === (n % 65_535) + 1)).toBe(true);
    await until("the subscriber has all", () => subscriber.all(PacketType.PUBLISH).length === count / 100);
    expect(numbersOf(subscriber)).toEqual(range(0, count / 100).map((n) => n * 100));
    await broker.stop();
  });
});

describe("in memory", () => {
  test.each([0, 1, 2] as const)(
    "a reader at QoS %i that stops for ever costs its own bound and is gone when it goes",
    async (qos) => {
      const settings = { maximumOutputBytes: 256 * KIB, maximumQueuedMessages: 50, maximumQueuedBytes: MIB };
      const { broker, client, clock } = await startVirtualBroker({ settings });
      const slow = client("slow");
      slow.subscribe(1, "#", qos);
      clock.runTurns();
      slow.pipe.pauseReading();
      const fast = client("fast", { answers: true });
      fast.subscribe(1, "#", qos);
      const publisher = client("publisher", { answers: true });
      clock.runTurns();
      for (let n = 1; n <= 3000; n++) {
        publisher.publish(`t/${n % 7}`, payloadOf(n, 4000), {
          qos,
          packetId: qos === 0 ? 0 : (n % 1000) + 1,
        });
        clock.runTurns();
      }
      expect(numbersOf(fast)).toEqual(range(1, 3001));
      const kind = qos === 0 ? "receiver-slow" : "queue-full";
      expect(broker.undelivered[kind]).toBeGreaterThan(2000);
      expect(fast.all(PacketType.PUBLISH).length).toBe(3000);
      slow.pipe.resumeReading();
      clock.runTurns();
      const got = numbersOf(slow);
      if (qos > 0) expect(got).toEqual(range(1, got.length + 1));
      slow.pipe.destroy();
      clock.runTurns();
      expect(broker.sizes).toMatchObject({ connections: 2, sessions: 2 });
    },
  );

  test("with drop-oldest the newest wait instead", async () => {
    const settings = { maximumQueuedMessages: 10, maximumInFlight: 5, queueOverflow: "drop-oldest" } as const;
    const { broker, client, clock } = await startVirtualBroker({ settings });
    const slow = client("slow");
    slow.subscribe(1, "t", 1);
    clock.runTurns();
    for (let n = 0; n < 100; n++) await broker.publish({ topicName: "t", payload: payloadOf(n, 10), qos: 1 });
    clock.runTurns();
    expect(numbersOf(slow)).toEqual(range(0, 5));
    const onReceived = (packet: Packet): void => {
      if (packet.type === PacketType.PUBLISH) slow.acknowledge(PacketType.PUBACK, packet.packetId);
    };
    for (const packet of slow.packets) onReceived(packet);
    slow.onReceived = onReceived;
    clock.runTurns();
    expect(numbersOf(slow)).toEqual([...range(0, 5), ...range(90, 100)]);
    expect(broker.undelivered["queue-full"]).toBe(85);
  });

  test("a slow reader of retained messages holds a cursor, not the messages", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    for (let n = 0; n < 2000; n++) {
      await broker.publish({ topicName: `r/${n}`, payload: payloadOf(n, 2000), retain: true, qos: 1 });
    }
    const slow = client("slow", { answers: true });
    slow.pipe.pauseReading();
    slow.subscribe(1, "r/#", 1);
    clock.runTurns();
    const summary = [...broker.clients()].find(({ clientId }) => clientId === "slow");
    expect(summary?.queuedMessages).toBe(0);
    slow.pipe.resumeReading();
    clock.runTurns();
    expect(numbersOf(slow).toSorted((a, b) => a - b)).toEqual(range(0, 2000));
    expect(broker.undelivered["queue-full"]).toBe(0);
  });
});
