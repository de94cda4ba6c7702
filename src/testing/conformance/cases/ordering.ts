/** Section 4.6: messages keep their order. */

import { ALL, type ConformanceCase, UP_TO_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { publish, pubrel } from "../wire/write.ts";
import { publishNumbered } from "./support.ts";

const COUNT = 200;

/** Acknowledgements for all of `ids`. Their order binds clients only, so a server's is noted. */
async function expectInOrder(
  c: ConformanceContext,
  publisher: RawPeer,
  name: "PUBACK" | "PUBREC" | "PUBCOMP",
  ids: readonly number[],
): Promise<void> {
  const came: number[] = [];
  for (const _ of ids) came.push((await publisher.expect(name)).packetId);
  if (ids.some((packetId) => !came.includes(packetId))) publisher.fail(`${name} came for ${came.join()}`);
  if (came.join() !== ids.join()) c.note(`${name} came in the order ${came.join()} for ${ids.join()}`);
}

export const orderingCases: readonly ConformanceCase[] = [
  {
    name: "ordering/live",
    title: "messages of one client, topic and QoS arrive in the order they were sent",
    statements: ["3.1.1/MQTT-4.6.0-5", "3.1.1/MQTT-4.6.0-6", "5.0/MQTT-4.6.0-5", "5.0/MQTT-4.6.0-6"],
    versions: ALL,
    async run(c) {
      for (const qos of [0, 1, 2]) {
        const subscriber = await c.connect({ clientId: c.clientId("sub") });
        await subscriber.subscribe({ filter: c.topic(), qos });
        const publisher = await c.connect({ clientId: c.clientId("pub") });
        await publishNumbered(publisher, c.topic(), qos, COUNT);
        for (let i = 0; i < COUNT; i++) {
          // PUBREL of earlier messages may come between.
          const message = await subscriber.take("PUBLISH");
          if (message.payload !== `${i}`)
            subscriber.fail(`got message ${message.payload} instead of ${i} at QoS ${qos}`);
          await subscriber.acknowledge(message);
        }
        await subscriber.disconnect();
        await publisher.disconnect();
      }
    },
  },
  {
    name: "ordering/in-one-write",
    title: "messages that come in one piece keep their order",
    statements: ["3.1.1/MQTT-4.6.0-6", "5.0/MQTT-4.6.0-5"],
    versions: ALL,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe({ filter: c.topic(), qos: 0 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const ids = [7, 3, 9, 1, 5];
      publisher.send(
        ids.map((packetId) =>
          publish(c.version, { topic: c.topic(), payload: `${packetId}`, qos: 1, packetId }),
        ),
      );
      await expectInOrder(c, publisher, "PUBACK", ids);
      for (const packetId of ids) await subscriber.expect("PUBLISH", { payload: `${packetId}` });
      publisher.send(ids.map((packetId) => publish(c.version, { topic: c.topic(), qos: 2, packetId })));
      await expectInOrder(c, publisher, "PUBREC", ids);
      publisher.send(ids.map((packetId) => pubrel(c.version, packetId)));
      await expectInOrder(c, publisher, "PUBCOMP", ids);
    },
  },
  {
    name: "ordering/stored-then-live",
    title: "stored messages come before those sent after the reconnect",
    statements: ["3.1.1/MQTT-4.6.0-6", "5.0/MQTT-4.6.0-5", "5.0/MQTT-4.6.0-6"],
    versions: ALL,
    async run(c) {
      const clientId = c.clientId("sub");
      const before = await c.connect({ clientId, name: "before", lasting: true });
      await before.subscribe({ filter: c.topic(), qos: 1 });
      await before.disconnect();
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (let i = 0; i < 30; i++) await publisher.publish({ topic: c.topic(), payload: `${i}`, qos: 1 });
      const again = await c.connect({ clientId, name: "again", lasting: true });
      for (let i = 30; i < 60; i++) await publisher.publish({ topic: c.topic(), payload: `${i}`, qos: 1 });
      for (let i = 0; i < 60; i++) await again.receive({ payload: `${i}` });
    },
  },
  {
    name: "ordering/resent",
    title: "what is sent again after a reconnect comes in its original order, before what is new",
    statements: ["3.1.1/MQTT-4.6.0-1", "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1"],
    versions: ALL,
    async run(c) {
      const clientId = c.clientId("sub");
      const before = await c.connect({ clientId, name: "before", lasting: true });
      await before.subscribe({ filter: c.topic(), qos: 1 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publishNumbered(publisher, c.topic(), 1, 10);
      const ids: number[] = [];
      for (let i = 0; i < 10; i++) ids.push((await before.expect("PUBLISH", { payload: `${i}` })).packetId);
      before.cut();
      await publisher.publish({ topic: c.topic(), payload: "10", qos: 1 });
      const again = await c.connect({ clientId, name: "again", lasting: true });
      for (const [i, packetId] of ids.entries())
        await again.receive({ payload: `${i}`, packetId, dup: true });
      // With DUP when the server had not yet seen that the connection was gone, and sent it there.
      await again.receive({ payload: "10" });
    },
  },
  {
    name: "ordering/pubrel",
    title: "PUBREL packets go out in the order of the PUBREC packets",
    statements: ["3.1.1/MQTT-4.6.0-6"],
    versions: UP_TO_3_1_1,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe({ filter: c.topic(), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publishNumbered(publisher, c.topic(), 2, 5);
      const ids: number[] = [];
      for (let i = 0; i < 5; i++)
        ids.push((await subscriber.expect("PUBLISH", { payload: `${i}` })).packetId);
      for (const packetId of ids) subscriber.pubrec(packetId);
      for (const packetId of ids) await subscriber.expect("PUBREL", { packetId });
      for (const packetId of ids) subscriber.pubcomp(packetId);
      await subscriber.ping();
    },
  },
];
