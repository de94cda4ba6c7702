/** Sections 3.3.4 and 4.9: Receive Maximum and the send quota of 5.0. */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { publish, pubrel, subscribe } from "../wire/write.ts";
import { publishNumbered } from "./support.ts";

async function slowSubscriber(c: ConformanceContext, receiveMaximum: number): Promise<RawPeer> {
  const subscriber = await c.connect({ clientId: c.clientId("sub"), properties: { receiveMaximum } });
  await subscriber.subscribe({ filter: c.topic(), qos: 2 });
  return subscriber;
}

export const flowControlCases: readonly ConformanceCase[] = [
  {
    name: "flow-control/receive-maximum-of-client",
    title: "no more than Receive Maximum messages above QoS 0 are under way to the client",
    statements: ["5.0/MQTT-3.3.4-9", "5.0/MQTT-4.9.0-1", "5.0/MQTT-4.9.0-2"],
    versions: ONLY_5,
    async run(c) {
      for (const maximum of [1, 3]) {
        const subscriber = await slowSubscriber(c, maximum);
        const publisher = await c.connect({ clientId: c.clientId("pub") });
        await publishNumbered(publisher, c.topic(), 1, 5);
        const underWay: number[] = [];
        for (let i = 0; i < 5; i++) {
          if (i >= maximum) {
            await subscriber.expectNothing();
            subscriber.puback(underWay.shift() ?? 0);
          }
          underWay.push((await subscriber.expect("PUBLISH", { payload: `${i}` })).packetId);
        }
        await subscriber.expectNothing();
        await subscriber.disconnect();
      }
    },
  },
  {
    name: "flow-control/quota-freed-by-pubcomp",
    title: "a QoS 2 message holds its place until PUBCOMP",
    statements: ["5.0/MQTT-3.3.4-9", "5.0/MQTT-4.9.0-2"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await slowSubscriber(c, 1);
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publishNumbered(publisher, c.topic(), 2, 2);
      const { packetId } = await subscriber.expect("PUBLISH", { payload: "0" });
      subscriber.pubrec(packetId);
      await subscriber.expect("PUBREL", { packetId });
      await subscriber.expectNothing();
      subscriber.pubcomp(packetId);
      await subscriber.receive({ payload: "1" });
    },
  },
  {
    name: "flow-control/quota-freed-by-errors",
    title: "a PUBACK or PUBREC with an error frees its place",
    statements: ["5.0/MQTT-3.3.4-9", "5.0/MQTT-4.4.0-2"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await slowSubscriber(c, 1);
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "0", qos: 1 });
      await publisher.publish({ topic: c.topic(), payload: "1", qos: 2 });
      await publisher.publish({ topic: c.topic(), payload: "2", qos: 1 });
      subscriber.puback((await subscriber.expect("PUBLISH", { payload: "0" })).packetId, 0x80);
      subscriber.pubrec((await subscriber.expect("PUBLISH", { payload: "1" })).packetId, 0x80);
      await subscriber.receive({ payload: "2" });
    },
  },
  {
    name: "flow-control/other-packets-go-on",
    // Messages of QoS 0 may be held back too (section 4.9), so they are not asked for.
    title: "with the quota used up, all other types of packets still come",
    statements: ["5.0/MQTT-3.3.4-10", "5.0/MQTT-4.9.0-3"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await slowSubscriber(c, 1);
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publishNumbered(publisher, c.topic(), 1, 2);
      const { packetId } = await subscriber.expect("PUBLISH", { payload: "0" });
      await subscriber.ping();
      subscriber.send(subscribe(5, 77, [{ filter: c.topic("other") }]));
      await subscriber.expect("SUBACK", { packetId: 77 });
      await subscriber.publish({ topic: c.topic("elsewhere"), qos: 2, packetId: 78 });
      subscriber.puback(packetId);
      await subscriber.receive({ payload: "1" });
    },
  },
  {
    name: "flow-control/after-reconnect",
    title: "what is sent again after a reconnect counts against Receive Maximum of the new connection",
    statements: ["5.0/MQTT-3.3.4-9", "5.0/MQTT-4.4.0-1"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId("sub");
      const before = await c.connect({ clientId, name: "before", lasting: true });
      await before.subscribe({ filter: c.topic(), qos: 1 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publishNumbered(publisher, c.topic(), 1, 4);
      for (let i = 0; i < 4; i++) await before.expect("PUBLISH", { payload: `${i}` });
      before.cut();
      const again = await c.connect({
        clientId,
        name: "again",
        lasting: true,
        properties: { receiveMaximum: 2 },
      });
      // The observer fails on a third one.
      for (let i = 0; i < 4; i++) await again.receive({ payload: `${i}` });
    },
  },
  {
    name: "flow-control/receive-maximum-of-server",
    title: "more unfinished messages than the server's Receive Maximum are an error",
    statements: ["5.0/MQTT-3.3.4-7", "5.0/U5-3.3.4c"],
    versions: ONLY_5,
    needs: { broker: { receiveMaximum: 2 } },
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      if (publisher.connack?.properties.receiveMaximum !== 2) publisher.fail("CONNACK does not say 2");
      for (const packetId of [1, 2]) {
        publisher.send(publish(5, { topic: c.topic(), qos: 2, packetId }));
        await publisher.expect("PUBREC", { packetId });
      }
      // Without PUBREL both are unfinished.
      publisher.send(publish(5, { topic: c.topic(), qos: 2, packetId: 3 }));
      await publisher.expectClose({ reasons: [0x93] });
    },
  },
  {
    name: "flow-control/up-to-the-maximum",
    title: "as many messages as the server's Receive Maximum may be unfinished, again and again",
    statements: ["5.0/MQTT-4.9.0-2", "5.0/MQTT-3.3.4-7"],
    versions: ONLY_5,
    needs: { broker: { receiveMaximum: 2 } },
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (let round = 0; round < 3; round++) {
        for (const packetId of [1, 2]) publisher.send(publish(5, { topic: c.topic(), qos: 2, packetId }));
        // A repeat is no further message.
        for (const packetId of [1, 2]) await publisher.expect("PUBREC", { packetId });
        publisher.send(publish(5, { topic: c.topic(), qos: 2, packetId: 1, dup: true }));
        await publisher.expect("PUBREC", { packetId: 1 });
        for (const packetId of [1, 2]) {
          publisher.send(pubrel(5, packetId));
          await publisher.expect("PUBCOMP", { packetId });
        }
        await publisher.publish({ topic: c.topic(), qos: 1, packetId: 3 });
      }
    },
  },
  {
    name: "flow-control/overflow-of-default",
    title: "the Receive Maximum that the server announces holds",
    statements: ["5.0/U5-3.3.4c"],
    versions: ONLY_5,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const maximum = publisher.connack?.properties.receiveMaximum ?? 65_535;
      if (maximum > 2_000) c.inconclusive(`Receive Maximum is ${maximum}`);
      for (let packetId = 1; packetId <= maximum; packetId++) {
        publisher.send(publish(5, { topic: c.topic(), qos: 2, packetId }));
        await publisher.expect("PUBREC", { packetId });
      }
      publisher.send(publish(5, { topic: c.topic(), qos: 2, packetId: maximum + 1 }));
      await publisher.expectClose({ reasons: [0x93] });
    },
  },
];
