/** Sections 3.1.2 and 3.1.3: the fields of CONNECT, and what is malformed about them. */

import { ALL, type ConformanceCase, ONLY_3_1_1, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import { binary, packet, raw, text } from "../wire/bytes.ts";
import { connectWith, expectConnectErrors } from "./support.ts";

/** Each of these CONNECT packets has to be answered by closing; before 5.0 without a word. */
function expectMalformed(c: ConformanceContext, packets: readonly Uint8Array[]): Promise<void> {
  return expectConnectErrors(c, [0x81], packets);
}

export const connectFieldCases: readonly ConformanceCase[] = [
  {
    name: "connect/protocol-name",
    title: "an unknown protocol name is not taken for MQTT",
    statements: ["3.1.1/MQTT-3.1.2-1", "5.0/MQTT-3.1.2-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      for (const name of ["MQTX", "mqtt", "", "MQTTX", "MQ"]) {
        const client = await c.open();
        const properties = c.version === 5 ? "00" : "";
        client.readNothing();
        client.send(
          packet(0x10, text(name), Uint8Array.of(c.version), "02 00 00", properties, text(c.clientId())),
        );
        const answer = await client.bytesUntilClose();
        const code = answer[3] ?? 0x84;
        if (answer.length > 0 && (answer[0] !== 0x20 || (code !== 0x84 && code !== 1))) {
          client.fail(`an answer to protocol name "${name}" other than a refusal of the version`);
        }
      }
    },
  },
  {
    name: "connect/protocol-level-3.1.1",
    title: "an unknown protocol level is answered by return code 1, then the connection is closed",
    statements: ["3.1.1/MQTT-3.1.2-2", "3.1.1/MQTT-3.2.2-5"],
    versions: ONLY_3_1_1,
    async run(c) {
      for (const level of [0x02, 0x06, 0x7f]) {
        const client = await c.open();
        client.readNothing();
        client.send(packet(0x10, "00 04 'MQTT'", Uint8Array.of(level), "02 00 00", text(c.clientId())));
        const answer = await client.bytesUntilClose();
        // A server that knows 5.0 may take a level above 5 for something newer and speak 5.0.
        const spoken = answer[0] === 0x20 && (answer[3] === 0x01 || answer[3] === 0x84);
        if (!spoken) client.fail(`no CONNACK that refuses protocol level ${level}`);
        if (answer[2] !== 0) client.fail("Session Present in a refusal");
      }
    },
  },
  {
    name: "connect/protocol-level-5.0",
    title: "an unknown protocol version closes the connection, 0x84 may be said before",
    statements: ["5.0/MQTT-3.1.2-2", "5.0/MQTT-3.2.2-7"],
    versions: ONLY_5,
    async run(c) {
      for (const level of [0x06, 0x09]) {
        const client = await c.open();
        client.readNothing();
        client.send(packet(0x10, "00 04 'MQTT'", Uint8Array.of(level), "02 00 00 00", text(c.clientId())));
        const answer = await client.bytesUntilClose();
        const code = answer[3] ?? 0x84;
        if (answer.length > 0 && (answer[0] !== 0x20 || (code !== 0x84 && code !== 1))) {
          client.fail(`an answer to protocol version ${level} other than a refusal of it`);
        }
      }
    },
  },
  {
    name: "connect/reserved-flag",
    title: "the reserved connect flag has to be 0",
    statements: ["3.1.1/MQTT-3.1.2-3", "3.1.1/MQTT-3.1.4-1", "5.0/MQTT-3.1.2-3", "5.0/MQTT-3.1.4-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectMalformed(c, [
        connectWith(c, 0x03, text(c.clientId())),
        connectWith(c, 0x01, text(c.clientId())),
      ]),
  },
  {
    name: "connect/will-flags-without-will",
    title: "without a will, Will QoS and Will Retain are 0",
    statements: [
      "3.1.1/MQTT-3.1.2-11",
      "3.1.1/MQTT-3.1.2-13",
      "3.1.1/MQTT-3.1.2-15",
      "3.1.1/MQTT-3.1.4-1",
      "5.0/MQTT-3.1.2-11",
      "5.0/MQTT-3.1.2-13",
      "5.0/MQTT-3.1.4-1",
    ],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectMalformed(
        c,
        [0x0a, 0x12, 0x1a, 0x22].map((flags) => connectWith(c, flags, text(c.clientId()))),
      ),
  },
  {
    name: "connect/will-qos-3",
    title: "Will QoS 3 is malformed",
    statements: ["3.1.1/MQTT-3.1.2-14", "3.1.1/MQTT-3.1.4-1", "5.0/MQTT-3.1.2-12", "5.0/MQTT-3.1.4-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const properties = c.version === 5 ? "00" : "";
      const will = [properties, text(c.topic()), binary(raw("'gone'"))];
      await expectMalformed(c, [connectWith(c, 0x1e, text(c.clientId()), will)]);
    },
  },
  {
    name: "connect/will-fields-missing",
    title: "a will flag without the will's fields is malformed",
    statements: ["3.1.1/MQTT-3.1.2-9", "3.1.1/MQTT-3.1.4-1", "5.0/MQTT-3.1.2-9", "5.0/MQTT-3.1.4-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const properties = c.version === 5 ? "00" : "";
      await expectMalformed(c, [
        connectWith(c, 0x06, text(c.clientId())),
        connectWith(c, 0x06, text(c.clientId()), properties, text(c.topic())),
      ]);
    },
  },
  {
    name: "connect/fields-and-flags",
    title: "user name and password stand in the payload exactly when their flags say so",
    statements: [
      "3.1.1/MQTT-3.1.2-18",
      "3.1.1/MQTT-3.1.2-19",
      "3.1.1/MQTT-3.1.2-20",
      "3.1.1/MQTT-3.1.2-21",
      "3.1.1/MQTT-3.1.3-1",
      "3.1.1/MQTT-3.1.4-1",
      "5.0/MQTT-3.1.2-16",
      "5.0/MQTT-3.1.2-17",
      "5.0/MQTT-3.1.2-18",
      "5.0/MQTT-3.1.2-19",
      "5.0/MQTT-3.1.3-1",
      "5.0/MQTT-3.1.4-1",
    ],
    versions: SINCE_3_1_1,
    async run(c) {
      const id = text(c.clientId());
      await expectMalformed(c, [
        connectWith(c, 0x82, id),
        connectWith(c, 0xc2, id),
        connectWith(c, 0xc2, id, text("user")),
        connectWith(c, 0x02, id, text("user")),
        connectWith(c, 0x82, id, text("user"), text("password")),
        connectWith(c, 0x02, id, "00"),
      ]);
    },
  },
  {
    name: "connect/all-fields",
    title: "a CONNECT with every field is read in the right order",
    statements: ["3.1.1/MQTT-3.1.3-1", "5.0/MQTT-3.1.3-1", "5.0/MQTT-3.1.2-9", "3.1.1/MQTT-3.1.2-9"],
    versions: ALL,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      const client = await c.startConnect({
        will: { topic: c.topic("will"), payload: "'last words'" },
        userName: "user",
        password: "'password'",
      });
      const { reasonCode } = await client.expect("CONNACK");
      if ([4, 5, 0x86, 0x87].includes(reasonCode)) c.inconclusive("the server knows no such user");
      if (reasonCode !== 0) client.fail("it was refused");
      client.cut();
      await watcher.expect("PUBLISH", { topic: c.topic("will"), payload: "last words" });
    },
  },
  {
    name: "connect/password-without-user-name-3.1.1",
    title: "a password without a user name is malformed in 3.1.1",
    statements: ["3.1.1/MQTT-3.1.2-22", "3.1.1/MQTT-3.1.4-1"],
    versions: ONLY_3_1_1,
    run: (c) => expectMalformed(c, [connectWith(c, 0x42, text(c.clientId()), text("password"))]),
  },
  {
    name: "connect/password-without-user-name-5.0",
    title: "a password without a user name is well-formed in 5.0",
    statements: ["5.0/MQTT-3.1.2-19"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.startConnect({ password: "'password'" });
      const connack = await client.expect("CONNACK");
      if (connack.reasonCode === 0x81 || connack.reasonCode === 0x82)
        client.fail("it was taken for malformed");
    },
  },
  {
    name: "connect/no-payload",
    title: "a CONNECT without a client id field is malformed",
    statements: ["3.1.1/MQTT-3.1.3-3", "3.1.1/MQTT-3.1.4-1", "5.0/MQTT-3.1.3-3", "5.0/MQTT-3.1.4-1"],
    versions: ALL,
    run: (c) => expectMalformed(c, [connectWith(c, 0x02)]),
  },
];
