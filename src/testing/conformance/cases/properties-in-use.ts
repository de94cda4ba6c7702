/** Sections 3.1.2.11 and 3.3.2.3: properties of 5.0 are acted on and forwarded. */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import { packet, raw, text } from "../wire/bytes.ts";
import { subscribe } from "../wire/write.ts";
import { connect5, propertyBlock } from "./support.ts";

export const propertyUseCases: readonly ConformanceCase[] = [
  {
    name: "properties/forwarded",
    title: "the publisher's properties arrive as they were sent, User Properties in order",
    statements: [
      "5.0/MQTT-3.3.2-4",
      "5.0/MQTT-3.3.2-15",
      "5.0/MQTT-3.3.2-16",
      "5.0/MQTT-3.3.2-17",
      "5.0/MQTT-3.3.2-18",
      "5.0/MQTT-3.3.2-20",
    ],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe({ filter: c.topic(), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const [payloadFormatIndicator, qos] of [
        [0, 0],
        [1, 1],
        [1, 2],
      ] as const) {
        const properties = {
          payloadFormatIndicator,
          contentType: "text/plain; charset=utf-8 – ü",
          responseTopic: c.topic("reply/ü"),
          correlationData: Uint8Array.from({ length: 256 }, (_, index) => index),
          userProperty: [
            ["b", "1"],
            ["a", "2"],
            ["b", "3"],
            ["", ""],
            ["\u{1f426}", "\ufeffmartlet"],
          ],
        } as const;
        await publisher.publish({ topic: c.topic(), payload: "text", qos, properties });
        await subscriber.receive({ payload: "text", qos, properties });
      }
    },
  },
  {
    name: "properties/none-added",
    title: "a message without properties arrives without properties",
    statements: ["5.0/MQTT-3.3.2-4", "5.0/MQTT-2.2.2-1"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe(c.topic());
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "plain" });
      const { properties } = await subscriber.expect("PUBLISH", { payload: "plain" });
      if (Object.keys(properties).length > 0) c.note(`added: ${Object.keys(properties).join(", ")}`);
    },
  },
  {
    name: "properties/forwarded-to-3.1.1",
    title: "a subscriber of 3.1.1 gets the message without its properties",
    statements: ["5.0/MQTT-4.5.0-1"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") }, 4);
      await subscriber.subscribe(c.topic());
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const properties = { contentType: "text/plain", userProperty: [["key", "value"]] } as const;
      await publisher.publish({ topic: c.topic(), payload: "plain", qos: 1, properties });
      await subscriber.expectBytes(packet(0x30, text(c.topic()), "'plain'"));
    },
  },
  {
    name: "properties/message-expiry",
    title: "a message that expires before its delivery begins is dropped, others come with the time left",
    statements: ["5.0/MQTT-3.3.2-5", "5.0/MQTT-3.3.2-6"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId("sub");
      const before = await c.connect({ clientId, name: "before", lasting: true });
      await before.subscribe({ filter: c.topic(), qos: 1 });
      await before.disconnect();
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const send = (payload: string, messageExpiryInterval: number): Promise<number> =>
        publisher.publish({ topic: c.topic(), payload, qos: 1, properties: { messageExpiryInterval } });
      await send("short", 1);
      await send("long", 100);
      await c.wait(3_000);
      const again = await c.connect({ clientId, name: "again", lasting: true });
      const { properties } = await again.receive({ payload: "long" });
      const left = properties.messageExpiryInterval ?? 0;
      if (left > 98 || left < 90) again.fail(`Message Expiry Interval ${left} instead of about 97`);
      await again.expectNothing();
    },
  },
  {
    name: "properties/message-expiry-at-once",
    title: "a message that did not have to wait comes with its whole Message Expiry Interval",
    statements: ["5.0/MQTT-3.3.2-6"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe({ filter: c.topic() });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), qos: 1, properties: { messageExpiryInterval: 1000 } });
      const { properties } = await subscriber.expect("PUBLISH");
      const left = properties.messageExpiryInterval ?? 0;
      if (left > 1000 || left < 998) subscriber.fail(`Message Expiry Interval ${left} instead of 1000`);
    },
  },
  {
    name: "properties/expiry-after-qos2-has-begun",
    title: "a QoS 2 delivery that has begun is finished though the message expires",
    statements: ["5.0/MQTT-4.3.3-7", "5.0/MQTT-4.3.3-13"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId("sub");
      const before = await c.connect({ clientId, name: "before", lasting: true });
      await before.subscribe({ filter: c.topic(), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const properties = { messageExpiryInterval: 1 };
      await publisher.publish({ topic: c.topic(), payload: "one", qos: 2, properties });
      await publisher.publish({ topic: c.topic(), payload: "two", qos: 2, properties });
      const one = await before.expect("PUBLISH", { payload: "one" });
      await before.expect("PUBLISH", { payload: "two" });
      await c.wait(2_500);
      before.pubrec(one.packetId);
      await before.expect("PUBREL", { packetId: one.packetId });
      before.cut();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.take("PUBREL", { packetId: one.packetId });
      again.pubcomp(one.packetId);
      const two = await again.take("PUBLISH", { payload: "two", dup: true });
      await again.acknowledge(two);
    },
  },
  {
    name: "properties/expiry-of-incoming-qos2",
    title: "the handshake of a QoS 2 message from a client goes on though the message expires",
    statements: ["5.0/MQTT-4.3.3-13"],
    versions: ONLY_5,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      publisher.send(packet(0x34, text(c.topic()), "00 05", "05 02 00 00 00 01", "'payload'"));
      await publisher.expect("PUBREC", { packetId: 5 });
      await c.wait(2_500);
      publisher.send(packet(0x62, "00 05"));
      await publisher.expect("PUBCOMP", { packetId: 5 });
    },
  },
  {
    name: "properties/payload-format-checked",
    title: "a server that checks payloads marked as text refuses those that are not",
    statements: ["5.0/U5-3.3.2.3.2"],
    versions: ONLY_5,
    needs: { broker: { checkPayloadFormat: true } },
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const first of [0x32, 0x34]) {
        publisher.send(packet(first, text(c.topic()), "00 07 02 01 01", "ff fe"));
        const answer = await publisher.next();
        if (answer.name === "DISCONNECT" && answer.reasonCode === 0x99) return;
        if (!("reasonCode" in answer) || answer.reasonCode !== 0x99)
          publisher.fail(`${answer.name} without 0x99`);
      }
      await publisher.publish({
        topic: c.topic(),
        payload: "text",
        qos: 1,
        properties: { payloadFormatIndicator: 1 },
      });
    },
  },
  {
    name: "properties/problem-information",
    title: "without Request Problem Information only PUBLISH, CONNACK and DISCONNECT may carry it",
    statements: ["5.0/MQTT-3.1.2-29"],
    versions: ONLY_5,
    async run(c) {
      // The observer of the connection fails on any Reason String or User Property.
      const client = await c.connect({ properties: { requestProblemInformation: 0 } });
      client.send(subscribe(5, 10, [{ filter: "conformance/a#" }]));
      const answer = await client.nextOrClosed();
      if (answer?.name !== "SUBACK") return;
      await client.unsubscribe(c.topic("unknown"));
      await client.publish({ topic: c.topic("nobody"), qos: 1 });
      client.send(packet(0x62, "00 4d"));
      await client.expect("PUBCOMP", { packetId: 0x4d });
    },
  },
  {
    name: "properties/user-properties-everywhere",
    title: "User Properties are accepted in every packet that may carry them",
    statements: ["5.0/U5-2.2.2.2"],
    versions: ONLY_5,
    async run(c) {
      const pair = raw("26 00 01 'k' 00 01 'v' 26 00 01 'k' 00 01 'v'");
      const client = await c.open();
      client.send(connect5(c, pair, pair));
      await client.expect("CONNACK", { reasonCode: 0 });
      client.send(packet(0x82, "00 01", propertyBlock(pair), text(c.topic()), "02"));
      await client.expect("SUBACK", { packetId: 1 });
      client.send(packet(0x34, text(c.topic()), "00 02", propertyBlock(pair)));
      await client.take("PUBREC", { packetId: 2 });
      client.send(packet(0x62, "00 02 00", propertyBlock(pair)));
      await client.take("PUBCOMP", { packetId: 2 });
      const message = await client.take("PUBLISH", { qos: 2 });
      const id = Uint8Array.of(message.packetId >> 8, message.packetId & 0xff);
      client.send(packet(0x50, id, "00", propertyBlock(pair)));
      await client.take("PUBREL", { packetId: message.packetId });
      client.send(packet(0x70, id, "00", propertyBlock(pair)));
      client.send(packet(0xa2, "00 03", propertyBlock(pair), text(c.topic())));
      await client.expect("UNSUBACK", { packetId: 3 });
      await client.ping();
      client.send(packet(0xe0, "00", propertyBlock(pair)));
    },
  },
];
