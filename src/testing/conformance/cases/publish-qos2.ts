/** Sections 3.5 to 3.7, 4.3.3 and 4.4: QoS 2 in both directions. */

import { ALL, type ConformanceCase, ONLY_5 } from "../case.ts";
import { packet } from "../wire/bytes.ts";
import { publish, pubrel } from "../wire/write.ts";
import { cutBeforeAcknowledgement, packetIds, subscriberAndPublisher } from "./support.ts";

export const publishQos2Cases: readonly ConformanceCase[] = [
  {
    name: "publish/qos2",
    title:
      "a QoS 2 message goes through PUBREC, PUBREL and PUBCOMP with one packet identifier, in both directions",
    statements: [
      "3.1.1/MQTT-2.3.1-6",
      "3.1.1/MQTT-3.3.4-1",
      "3.1.1/MQTT-4.3.3-1",
      "3.1.1/MQTT-4.3.3-2",
      "5.0/MQTT-2.2.1-5",
      "5.0/MQTT-2.1.3-1",
      "5.0/MQTT-3.3.4-1",
      "5.0/MQTT-3.5.2-1",
      "5.0/MQTT-3.6.2-1",
      "5.0/MQTT-3.7.2-1",
      "5.0/MQTT-4.3.3-1",
      "5.0/MQTT-4.3.3-2",
      "5.0/MQTT-4.3.3-4",
      "5.0/MQTT-4.3.3-8",
      "5.0/MQTT-4.3.3-11",
      "3.1.1/MQTT-2.2.2-1",
    ],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 2);
      for (const packetId of packetIds) {
        publisher.send(publish(c.version, { topic: c.topic(), payload: `${packetId}`, qos: 2, packetId }));
        await publisher.expect("PUBREC", { packetId });
        publisher.send(pubrel(c.version, packetId));
        await publisher.expect("PUBCOMP", { packetId, reasonCode: 0 });
        const message = await subscriber.expect("PUBLISH", { payload: `${packetId}`, qos: 2, dup: false });
        subscriber.pubrec(message.packetId);
        await subscriber.expect("PUBREL", { packetId: message.packetId, reasonCode: 0 });
        subscriber.pubcomp(message.packetId);
      }
      await subscriber.expectNothing();
    },
  },
  {
    name: "publish/qos2-repeated",
    title: "before PUBREL every repeat of a QoS 2 message gets PUBREC and is delivered no second time",
    statements: ["3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-10"],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 2);
      for (const dup of [false, true, true]) {
        publisher.send(publish(c.version, { topic: c.topic(), payload: "once", qos: 2, packetId: 5, dup }));
        await publisher.expect("PUBREC", { packetId: 5 });
      }
      publisher.send(pubrel(c.version, 5));
      await publisher.expect("PUBCOMP", { packetId: 5 });
      await subscriber.receive({ payload: "once", qos: 2 });
      await subscriber.expectNothing();
    },
  },
  {
    name: "publish/qos2-repeated-after-reconnect",
    title: "the repeat of a QoS 2 message after a reconnect is delivered no second time",
    statements: ["3.1.1/MQTT-4.3.3-2", "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.3.3-10", "5.0/MQTT-4.4.0-1"],
    versions: ALL,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe({ filter: c.topic(), qos: 0 });
      const clientId = c.clientId("pub");
      const message = { topic: c.topic(), payload: "once", qos: 2, packetId: 9 };
      const first = await c.connect({ clientId, name: "first", lasting: true });
      first.send(publish(c.version, message));
      await first.expect("PUBREC", { packetId: 9 });
      first.cut();
      const second = await c.connect({ clientId, name: "second", lasting: true });
      second.send(publish(c.version, { ...message, dup: true }));
      await second.expect("PUBREC", { packetId: 9 });
      second.send(pubrel(c.version, 9));
      await second.expect("PUBCOMP", { packetId: 9 });
      await subscriber.expect("PUBLISH", { payload: "once" });
      await subscriber.expectNothing();
    },
  },
  {
    name: "publish/qos2-identifier-again",
    title: "after PUBCOMP the same packet identifier is a new message",
    statements: ["3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-12"],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 2);
      for (const payload of ["first", "second"]) {
        await publisher.publish({ topic: c.topic(), payload, qos: 2, packetId: 5 });
        await subscriber.receive({ payload, qos: 2 });
      }
    },
  },
  {
    name: "publish/qos2-resent-before-pubrec",
    title:
      "a QoS 2 message without PUBREC is sent again after a reconnect, with DUP 1 and the old packet identifier",
    statements: [
      "3.1.1/MQTT-2.3.1-4",
      "3.1.1/MQTT-3.3.1-1",
      "3.1.1/MQTT-4.3.3-1",
      "3.1.1/MQTT-4.4.0-1",
      "5.0/MQTT-3.3.1-1",
      "5.0/MQTT-4.3.3-3",
      "5.0/MQTT-4.4.0-1",
    ],
    versions: ALL,
    async run(c) {
      const { clientId, subscriber, sent } = await cutBeforeAcknowledgement(c, 2);
      subscriber.cut();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.receive({ payload: "once", qos: 2, dup: true, packetId: sent.packetId });
      await again.expectNothing();
    },
  },
  {
    name: "publish/qos2-resent-before-pubcomp",
    title: "after PUBREC only PUBREL is sent again on a reconnect, never PUBLISH",
    statements: [
      "3.1.1/MQTT-4.3.3-1",
      "3.1.1/MQTT-4.4.0-1",
      "5.0/MQTT-4.3.3-5",
      "5.0/MQTT-4.3.3-6",
      "5.0/MQTT-4.4.0-1",
    ],
    versions: ALL,
    async run(c) {
      const { clientId, subscriber, sent } = await cutBeforeAcknowledgement(c, 2);
      const { packetId } = sent;
      subscriber.pubrec(packetId);
      await subscriber.expect("PUBREL", { packetId });
      subscriber.cut();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.expect("PUBREL", { packetId });
      again.pubcomp(packetId);
      await again.ping();
      again.cut();
      const third = await c.connect({ clientId, name: "third", lasting: true });
      await third.expectNothing();
    },
  },
  {
    name: "publish/pubrec-error-ends-delivery",
    title: "a PUBREC with an error counts as acknowledged, without PUBREL",
    statements: ["5.0/MQTT-4.4.0-2", "5.0/MQTT-4.3.3-4"],
    versions: ONLY_5,
    async run(c) {
      const { clientId, subscriber, sent } = await cutBeforeAcknowledgement(c, 2);
      subscriber.pubrec(sent.packetId, 0x80);
      await subscriber.ping();
      await subscriber.expectNothing();
      subscriber.cut();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.expectNothing();
    },
  },
  {
    name: "publish/pubrel-unknown",
    title: "PUBREL with an unknown packet identifier is answered by PUBCOMP, in 5.0 with 0x92",
    statements: ["5.0/MQTT-4.3.3-11", "5.0/MQTT-3.7.2-1", "3.1.1/MQTT-4.3.3-2"],
    versions: ALL,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      publisher.send(pubrel(c.version, 77));
      const { reasonCode } = await publisher.expect("PUBCOMP", { packetId: 77 });
      if (c.version === 5 && reasonCode !== 0x92)
        c.note("PUBCOMP does not say 0x92 for an unknown identifier");
    },
  },
  {
    name: "publish/acknowledgements-long-form",
    title: "acknowledgements are read in all their forms: without reason, without and with properties",
    statements: ["5.0/MQTT-4.3.3-4", "5.0/MQTT-2.2.2-1"],
    versions: ONLY_5,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 2);
      const tails = ["", "00", "00 00", "00 08 1f 00 05 'hello'"];
      for (const tail of tails) {
        await publisher.publish({ topic: c.topic(), qos: 1 });
        const { packetId } = await subscriber.expect("PUBLISH", { qos: 1 });
        subscriber.send(packet(0x40, Uint8Array.of(packetId >> 8, packetId & 0xff), tail));
      }
      for (const tail of tails) {
        publisher.send(publish(5, { topic: c.topic(), qos: 2, packetId: 900 }));
        await publisher.expect("PUBREC", { packetId: 900 });
        publisher.send(packet(0x62, "03 84", tail));
        await publisher.expect("PUBCOMP", { packetId: 900, reasonCode: 0 });
        const { packetId } = await subscriber.expect("PUBLISH", { qos: 2 });
        const id = Uint8Array.of(packetId >> 8, packetId & 0xff);
        subscriber.send(packet(0x50, id, tail));
        await subscriber.expect("PUBREL", { packetId });
        subscriber.send(packet(0x70, id, tail));
      }
      await subscriber.ping();
      await publisher.ping();
    },
  },
  {
    name: "publish/refused-identifier-again",
    title: "after a PUBREC with an error the packet identifier is a new message",
    statements: ["5.0/MQTT-4.3.3-9"],
    versions: ONLY_5,
    needs: { broker: { user: { userName: "known", password: "right" } } },
    async run(c) {
      const known = { userName: "known", password: "'right'" } as const;
      const subscriber = await c.connect({ clientId: c.clientId("sub"), ...known });
      await subscriber.subscribe({ filter: c.topic(), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub"), ...known });
      const reasonCode = await publisher.publish({ topic: "denied/x", payload: "no", qos: 2, packetId: 5 });
      if (reasonCode < 0x80) c.inconclusive("the server acknowledges what it refuses as a success");
      await publisher.publish({ topic: c.topic(), payload: "yes", qos: 2, packetId: 5 });
      await subscriber.receive({ payload: "yes", qos: 2 });
    },
  },
];
