/** Sections 3.4, 4.3.2 and 4.4: QoS 1 in both directions, and packet identifiers. */

import { ALL, type ConformanceCase, ONLY_5 } from "../case.ts";
import { publish } from "../wire/write.ts";
import { cutBeforeAcknowledgement, packetIds, subscriberAndPublisher } from "./support.ts";

export const publishQos1Cases: readonly ConformanceCase[] = [
  {
    name: "publish/qos1",
    title:
      "a QoS 1 message is answered by PUBACK with its packet identifier, and delivered with QoS 1 and DUP 0",
    statements: [
      "3.1.1/MQTT-2.3.1-6",
      "3.1.1/MQTT-3.3.4-1",
      "3.1.1/MQTT-4.3.2-1",
      "3.1.1/MQTT-4.3.2-2",
      "5.0/MQTT-2.2.1-5",
      "5.0/MQTT-3.3.4-1",
      "5.0/MQTT-3.4.2-1",
      "5.0/MQTT-4.3.2-1",
      "5.0/MQTT-4.3.2-2",
      "5.0/MQTT-4.3.2-4",
    ],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 1);
      for (const packetId of packetIds) {
        publisher.send(publish(c.version, { topic: c.topic(), payload: `${packetId}`, qos: 1, packetId }));
        const { reasonCode } = await publisher.expect("PUBACK", { packetId });
        if (reasonCode !== 0) publisher.fail(`PUBACK with reason 0x${reasonCode.toString(16)}`);
        await subscriber.receive({ payload: `${packetId}`, qos: 1, dup: false });
      }
    },
  },
  {
    name: "publish/qos1-identifier-again",
    title: "after PUBACK the same packet identifier is a new message, whatever DUP says",
    statements: ["3.1.1/MQTT-4.3.2-2", "3.1.1/MQTT-3.3.1-3", "5.0/MQTT-4.3.2-5", "5.0/MQTT-3.3.1-3"],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 1);
      for (const dup of [false, true]) {
        publisher.send(publish(c.version, { topic: c.topic(), payload: `${dup}`, qos: 1, packetId: 5, dup }));
        await publisher.expect("PUBACK", { packetId: 5 });
        // The outgoing DUP has nothing to do with the incoming one.
        await subscriber.receive({ payload: `${dup}`, dup: false });
      }
    },
  },
  {
    name: "publish/qos1-resent",
    title:
      "an unacknowledged QoS 1 message is sent again after a reconnect, with DUP 1 and the old packet identifier",
    statements: [
      "3.1.1/MQTT-2.3.1-4",
      "3.1.1/MQTT-3.3.1-1",
      "3.1.1/MQTT-4.3.2-1",
      "3.1.1/MQTT-4.4.0-1",
      "5.0/MQTT-3.3.1-1",
      "5.0/MQTT-4.3.2-3",
      "5.0/MQTT-4.4.0-1",
    ],
    versions: ALL,
    async run(c) {
      const { clientId, subscriber, sent } = await cutBeforeAcknowledgement(c, 1);
      subscriber.cut();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.receive({ payload: "once", qos: 1, dup: true, packetId: sent.packetId });
      await again.ping();
      again.cut();
      const third = await c.connect({ clientId, name: "third", lasting: true });
      await third.expectNothing();
    },
  },
  {
    name: "publish/not-resent-on-live-connection",
    title: "nothing is sent again while the connection lives",
    statements: ["5.0/MQTT-4.4.0-1"],
    versions: ONLY_5,
    needs: { virtualTime: true },
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub"), lasting: true });
      await subscriber.subscribe({ filter: c.topic(), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "one", qos: 1 });
      await publisher.publish({ topic: c.topic(), payload: "two", qos: 2 });
      await subscriber.expect("PUBLISH", { payload: "one" });
      const second = await subscriber.expect("PUBLISH", { payload: "two" });
      await subscriber.expectNothing(3_600_000);
      subscriber.pubrec(second.packetId);
      await subscriber.expect("PUBREL", { packetId: second.packetId });
      await subscriber.expectNothing(3_600_000);
    },
  },
  {
    name: "publish/identifiers-in-use",
    title: "messages under way have packet identifiers of their own, none of them 0",
    statements: [
      "3.1.1/MQTT-2.3.1-1",
      "3.1.1/MQTT-2.3.1-4",
      "3.1.1/MQTT-4.3.2-1",
      "3.1.1/MQTT-4.3.3-1",
      "5.0/MQTT-2.2.1-4",
      "5.0/MQTT-4.3.2-1",
      "5.0/MQTT-4.3.3-1",
    ],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 2);
      for (let i = 0; i < 8; i++) {
        await publisher.publish({ topic: c.topic(), payload: `${i}`, qos: 1 + (i % 2) });
      }
      // The observer fails on an identifier that is 0 or in use.
      const ids = new Set<number>();
      for (let i = 0; i < 8; i++) ids.add((await subscriber.expect("PUBLISH", { payload: `${i}` })).packetId);
      if (ids.size !== 8) subscriber.fail("two messages share a packet identifier");
    },
  },
  {
    name: "publish/puback-error-ends-delivery",
    title: "a PUBACK with an error counts as acknowledged",
    statements: ["5.0/MQTT-4.4.0-2"],
    versions: ONLY_5,
    async run(c) {
      const { clientId, subscriber, sent } = await cutBeforeAcknowledgement(c, 1);
      subscriber.puback(sent.packetId, 0x80);
      await subscriber.ping();
      subscriber.cut();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.expectNothing();
    },
  },
];
