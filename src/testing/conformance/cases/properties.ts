/** Sections 2.2.2, 3.1.2.11, 3.1.3.2 and 3.3.2.3: properties of 5.0 are checked, acted on and forwarded. */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import { packet, type Raw, raw, text } from "../wire/bytes.ts";
import { subscribe } from "../wire/write.ts";
import {
  connect5,
  expectConnectErrors,
  expectErrors,
  foreignProperties,
  illFormedUtf8,
  propertyBlock,
  publishWithProperties,
  sampleProperty,
  textField,
} from "./support.ts";

export const propertyCases: readonly ConformanceCase[] = [
  {
    name: "properties/foreign-in-connect",
    title: "a property that does not belong into CONNECT, or into the will, is malformed",
    statements: ["5.0/U5-2.2.2.2", "5.0/MQTT-3.1.4-1"],
    versions: ONLY_5,
    async run(c) {
      const ids = foreignProperties("CONNECT");
      await expectConnectErrors(
        c,
        [0x81, 0x82],
        ids.map((id) => connect5(c, sampleProperty(id))),
      );
      const willIds = foreignProperties("WILL");
      await expectConnectErrors(
        c,
        [0x81, 0x82],
        willIds.map((id) => connect5(c, "", sampleProperty(id))),
      );
    },
  },
  {
    name: "properties/foreign-in-publish",
    title: "a property that does not belong into PUBLISH is malformed",
    statements: ["5.0/U5-2.2.2.2", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82],
        foreignProperties("PUBLISH").map((id) => publishWithProperties(c, sampleProperty(id))),
      ),
  },
  {
    name: "properties/foreign-in-subscribe",
    title: "a property that does not belong into SUBSCRIBE or UNSUBSCRIBE is malformed",
    statements: ["5.0/U5-2.2.2.2", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    async run(c) {
      const block = (id: number): Raw => ["00 01", propertyBlock(sampleProperty(id)), text(c.topic())];
      const subscribes = foreignProperties("SUBSCRIBE").map((id) => packet(0x82, block(id), "00"));
      const unsubscribes = foreignProperties("UNSUBSCRIBE").map((id) => packet(0xa2, block(id)));
      await expectErrors(c, [0x81, 0x82], [...subscribes, ...unsubscribes]);
    },
  },
  {
    name: "properties/foreign-in-acknowledgements",
    title: "a property that does not belong into PUBACK, PUBREC, PUBREL or PUBCOMP is malformed",
    statements: ["5.0/U5-2.2.2.2", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    async run(c) {
      const ids = foreignProperties("ACKNOWLEDGEMENT");
      for (const first of [0x40, 0x50, 0x62, 0x70]) {
        const packets = ids.map((id) => packet(first, "00 01 00", propertyBlock(sampleProperty(id))));
        await expectErrors(c, [0x81, 0x82], packets);
      }
    },
  },
  {
    name: "properties/foreign-in-disconnect",
    title: "a property that does not belong into DISCONNECT is malformed, so the will is published",
    statements: ["5.0/U5-2.2.2.2", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    async run(c) {
      const packets = foreignProperties("DISCONNECT").map((id) =>
        packet(0xe0, "00", propertyBlock(sampleProperty(id))),
      );
      await expectErrors(c, [0x81, 0x82], packets);
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      const client = await c.connect({ will: { topic: c.topic("will"), payload: "'gone'" } });
      client.send(packets[0] as Uint8Array);
      await client.expectClose();
      await watcher.expect("PUBLISH", { payload: "gone" });
    },
  },
  {
    name: "properties/unknown",
    title: "a property identifier that 5.0 does not know is malformed",
    statements: ["5.0/U5-2.2.2.2", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82],
        ["00 00", "04 00", "2b 00", "7f 00", "80 01 00"].map((hex) => publishWithProperties(c, hex)),
      ),
  },
  {
    name: "properties/value-cut-off",
    title: "a property whose value runs past the property length is malformed",
    statements: ["5.0/U5-2.2.2.2", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82],
        ["01", "02 00 00 00", "03 00 05 'a'", "09 00", "26 00 01 'k'"].map((hex) =>
          publishWithProperties(c, hex),
        ),
      ),
  },
  {
    name: "properties/length-too-long",
    title: "a property length past the end of the packet is malformed",
    statements: ["5.0/U5-2.2.2.1", "5.0/MQTT-4.13.1-1", "5.0/MQTT-2.2.2-1"],
    versions: ONLY_5,
    async run(c) {
      await expectErrors(
        c,
        [0x81],
        [
          packet(0x30, text(c.topic()), "7f 01 01"),
          packet(0x82, "00 01 7f", text(c.topic()), "00"),
          packet(0xa2, "00 01 7f", text(c.topic())),
          packet(0xe0, "00 05"),
        ],
      );
      await expectConnectErrors(c, [0x81], [packet(0x10, "00 04 'MQTT' 05 02 00 00 7f", text(c.clientId()))]);
    },
  },
  {
    name: "properties/length-missing",
    title: "a packet without its property length is malformed",
    statements: ["5.0/MQTT-2.2.2-1", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    async run(c) {
      await expectErrors(
        c,
        [0x81, 0x82],
        [packet(0x30, text(c.topic())), packet(0x82, "00 01"), packet(0xa2, "00 01")],
      );
      await expectConnectErrors(c, [0x81], [packet(0x10, "00 04 'MQTT' 05 02 00 00")]);
    },
  },
  {
    name: "properties/length-not-shortest",
    title: "a property length in more bytes than needed is malformed",
    statements: ["5.0/MQTT-1.5.5-1", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(
        c,
        [0x81],
        [
          packet(0x30, text(c.topic()), "80 00"),
          packet(0x82, "00 01 80 00", text(c.topic()), "00"),
          packet(0x30, text(c.topic()), "82 00 01 01"),
        ],
      ),
  },
  {
    name: "properties/payload-format-value",
    title: "Payload Format Indicator is 0 or 1",
    statements: ["5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    run: (c) => expectErrors(c, [0x81, 0x82], [publishWithProperties(c, "01 02")]),
  },
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
    name: "properties/user-property-ill-formed",
    title: "both halves of a User Property have to be UTF-8",
    statements: ["5.0/MQTT-1.5.7-1", "5.0/MQTT-1.5.4-1", "5.0/MQTT-1.5.4-2"],
    versions: ONLY_5,
    async run(c) {
      const keys = illFormedUtf8.map((hex) => publishWithProperties(c, "26", textField(hex), "00 01 'v'"));
      const values = illFormedUtf8.map((hex) => publishWithProperties(c, "26 00 01 'k'", textField(hex)));
      await expectErrors(c, [0x81], [...keys, ...values]);
    },
  },
  {
    name: "properties/text-ill-formed",
    title: "Content Type, Response Topic and Reason String have to be UTF-8",
    statements: ["5.0/MQTT-3.3.2-13", "5.0/MQTT-3.3.2-19", "5.0/MQTT-1.5.4-1", "5.0/MQTT-1.5.4-2"],
    versions: ONLY_5,
    async run(c) {
      for (const hex of illFormedUtf8) {
        await expectErrors(
          c,
          [0x81, 0x90],
          [
            publishWithProperties(c, "03", textField(hex)),
            publishWithProperties(c, "08", textField(hex)),
            packet(0xe0, "00", propertyBlock("1f", textField(hex))),
          ],
        );
      }
    },
  },
  {
    name: "properties/response-topic-wildcard",
    title: "a Response Topic has no wildcards",
    statements: ["5.0/MQTT-3.3.2-14"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82, 0x90],
        ["08 00 03 'a/#'", "08 00 01 '+'"].map((hex) => publishWithProperties(c, hex)),
      ),
  },
  {
    name: "properties/subscription-identifier-from-client",
    title: "a client's PUBLISH carries no Subscription Identifier",
    statements: ["5.0/MQTT-3.3.4-6", "5.0/U5-3.3.2.3.8"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(c, [0x82], [publishWithProperties(c, "0b 01"), publishWithProperties(c, "0b 00")]),
  },
  {
    name: "properties/reason-string-twice",
    title: "a Reason String twice is an error",
    statements: ["5.0/U5-3.4.2.2.2"],
    versions: ONLY_5,
    async run(c) {
      const block = propertyBlock("1f 00 01 'a' 1f 00 01 'b'");
      const acknowledgements = [0x40, 0x50, 0x62, 0x70].map((first) => packet(first, "00 01 00", block));
      await expectErrors(c, [0x82], [...acknowledgements, packet(0xe0, "00", block)]);
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
