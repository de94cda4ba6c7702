/** Every delivery either happens or has exactly one reason why not: over random lives of subscribers the books balance. */

import { expect, test } from "vitest";
import { seededRandom } from "#base";
import { refuse } from "#hooks";
import { type Packet, PacketType, type Qos, ReasonCode } from "#protocol";
import type { RawClient } from "../support/raw-client.ts";
import { startVirtualBroker } from "../support/virtual-broker.ts";

const NAMES = ["a", "b", "c", "d", "e"] as const;

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])("the books of seed %i balance", async (seed) => {
  const random = seededRandom(seed);
  const { broker, client, clock } = await startVirtualBroker({
    settings: {
      maximumQueuedMessages: 15,
      maximumInFlight: 4,
      queueQos0: seed % 2 === 0,
      queueOverflow: seed % 3 === 0 ? "drop-oldest" : "refuse-newest",
    },
  });
  broker.hooks.add("deliver", ({ payload }) =>
    payload[0] === 0x21 ? refuse(ReasonCode.NOT_AUTHORIZED) : undefined,
  );
  let received = 0;
  let matched = 0;
  let told = 0;
  let unmatched = 0;
  broker.on("messageUndelivered", ({ kind }) => {
    if (kind === "no-subscriber") unmatched++;
    else told++;
  });
  const online = new Map<string, RawClient>();
  const join = (clientId: string, cleanStart = random.below(4) === 0): void => {
    const raw = client(clientId, {
      answers: true,
      connect: {
        cleanStart,
        properties: {
          sessionExpiryInterval: random.below(3) * 200,
          receiveMaximum: 1 + random.below(6),
          maximumPacketSize: 200,
        },
      },
    });
    raw.onReceived = (packet: Packet) => void (packet.type === PacketType.PUBLISH && received++);
    // What the session owed came with CONNACK, before anybody counted.
    received += raw.all(PacketType.PUBLISH).length;
    online.set(clientId, raw);
  };
  for (let step = 0; step < 1500; step++) {
    const name = NAMES[random.below(NAMES.length)] as string;
    const raw = online.get(name);
    switch (random.below(10)) {
      case 0:
        join(name);
        break;
      case 1:
        raw?.pipe.destroy();
        online.delete(name);
        break;
      case 2:
        raw?.subscribe(
          1,
          ["t", "+", "u", "#", "$share/g/t", "$share/h/#"][random.below(6)] as string,
          random.below(3) as Qos,
        );
        break;
      case 3:
        raw?.send({
          type: PacketType.UNSUBSCRIBE,
          packetId: 2,
          topicFilters: ["t", "#", "$share/g/t"],
          properties: {},
        });
        break;
      case 4:
        clock.advance(random.below(60_000));
        break;
      default: {
        const payload = random.below(10) === 0 ? "!" : "x".repeat(random.below(8) === 0 ? 300 : 10);
        const { matched: count } = await broker.publish({
          topicName: random.below(3) === 0 ? "u" : "t",
          payload,
          qos: random.below(3) as Qos,
          properties: random.below(3) === 0 ? { messageExpiryInterval: 1 + random.below(60) } : {},
        });
        matched += count;
        // One at a time: what is on the wire when a connection breaks is nobody's to know.
      }
    }
    clock.runTurns();
  }
  for (const name of NAMES) {
    join(name, true);
    online.get(name)?.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
  }
  clock.advance(1_000_000);
  expect(broker.sizes).toMatchObject({ sessions: 0, subscriptions: 0, timers: 0 });
  const { "no-subscriber": nobody, ...reasons } = broker.undelivered;
  const undelivered = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  expect(unmatched).toBe(nobody);
  expect(told).toBe(undelivered);
  expect(received).toBeGreaterThan(100);
  expect(undelivered).toBeGreaterThan(100);
  expect(received + undelivered).toBe(matched);
});
