/** Sections 2.2.2, 3.1.2.11, 3.1.3.2 and 3.3.2.3: properties of 5.0 are checked. What they do is in `properties-in-use.ts`. */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import { packet, type Raw, text } from "../wire/bytes.ts";
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
];
