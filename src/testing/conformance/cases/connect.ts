/** Sections 3.1 and 3.2: CONNECT is judged, accepted or refused. Sessions are in `connect-session.ts`. */

import { ALL, type ConformanceCase, ONLY_3_1_1, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import { binary, packet, type Raw, raw, text, twoBytes } from "../wire/bytes.ts";
import { connect, protocolName, publish } from "../wire/write.ts";
import { expectConnectErrors } from "./support.ts";

/** A CONNECT with these flags and this payload, whatever they are worth. */
function connectWith(c: ConformanceContext, flags: number, ...payload: readonly Raw[]): Uint8Array {
  const properties = c.version === 5 ? "00" : "";
  return packet(0x10, protocolName(c.version), Uint8Array.of(flags), twoBytes(0), properties, payload);
}

/** Each of these CONNECT packets has to be answered by closing; before 5.0 without a word. */
function expectMalformed(c: ConformanceContext, packets: readonly Uint8Array[]): Promise<void> {
  return expectConnectErrors(c, [0x81], packets);
}

export const connectCases: readonly ConformanceCase[] = [
  {
    name: "connect/accepted",
    title: "a plain CONNECT is answered by CONNACK, first of all packets",
    statements: [
      "3.1.1/MQTT-3.1.4-4",
      "3.1.1/MQTT-3.2.0-1",
      "3.1.1/MQTT-3.2.2-3",
      "5.0/MQTT-3.1.4-5",
      "5.0/MQTT-3.2.0-1",
      "5.0/MQTT-3.2.2-1",
      "5.0/MQTT-3.2.2-8",
    ],
    versions: ALL,
    async run(c) {
      const client = await c.startConnect();
      if (c.version === 5) await client.expect("CONNACK", { sessionPresent: false, reasonCode: 0 });
      else await client.expectBytes("20 02 00 00");
    },
  },
  {
    name: "connect/byte-by-byte",
    title: "packets may come in pieces of any size",
    statements: ["3.1.1/MQTT-7.1.1-1", "5.0/MQTT-4.2.0-1"],
    versions: ALL,
    async run(c) {
      const client = await c.open();
      for (const byte of connect(c.version, { clientId: c.clientId() })) client.send(Uint8Array.of(byte));
      await client.expect("CONNACK", { reasonCode: 0 });
      for (const byte of raw("c0 00 c0 00")) client.send(Uint8Array.of(byte));
      await client.expectBytes("d0 00");
      await client.expectBytes("d0 00");
    },
  },
  {
    name: "connect/pipelined",
    title: "packets behind CONNECT in one write are handled after CONNACK",
    statements: ["3.1.1/MQTT-3.2.0-1", "3.1.1/MQTT-7.1.1-1", "5.0/MQTT-3.2.0-1", "5.0/MQTT-4.2.0-1"],
    versions: ALL,
    async run(c) {
      const client = await c.open();
      const message = publish(c.version, { topic: c.topic(), qos: 1, packetId: 7 });
      client.send(connect(c.version, { clientId: c.clientId() }), message, "c0 00");
      await client.expect("CONNACK", { reasonCode: 0 });
      await client.take("PUBACK", { packetId: 7 });
      await client.take("PINGRESP");
    },
  },
  {
    name: "connect/first-packet",
    title: "any first packet but CONNECT closes the connection",
    statements: ["3.1.1/MQTT-3.1.0-1", "5.0/MQTT-3.1.0-1", "5.0/MQTT-3.14.0-1"],
    versions: ALL,
    async run(c) {
      const properties = c.version === 5 ? "00" : "";
      const firstPackets = [
        packet(0x30, text("a"), properties),
        packet(0x82, "00 01", properties, text("a"), "00"),
        packet(0xa2, "00 01", properties, text("a")),
        packet(0x40, "00 01"),
        packet(0xc0),
        packet(0xe0),
        packet(0xf0),
      ];
      for (const bytes of firstPackets) {
        const client = await c.open();
        client.send(bytes);
        await client.expectClose();
      }
    },
  },
  {
    name: "connect/server-packet-first",
    title: "a first packet that only servers send closes the connection",
    statements: ["3.1.1/MQTT-3.1.0-1", "5.0/MQTT-3.1.0-1"],
    versions: ALL,
    async run(c) {
      for (const bytes of ["20 02 00 00", "90 03 00 01 00", "b0 02 00 01", "d0 00", "00 00"]) {
        const client = await c.open();
        client.send(bytes);
        await client.expectClose();
      }
    },
  },
  {
    name: "connect/second-connect",
    title: "a second CONNECT is a protocol error, closes the connection and releases the will",
    statements: ["3.1.1/MQTT-3.1.0-2", "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.0-2", "5.0/MQTT-3.2.0-2"],
    versions: ALL,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      const clientId = c.clientId();
      const client = await c.connect({ clientId, will: { topic: c.topic("will"), payload: "'gone'" } });
      client.send(connect(c.version, { clientId }));
      await client.expectClose({ reasons: [0x82] });
      await watcher.expect("PUBLISH", { topic: c.topic("will"), payload: "gone" });
    },
  },
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
  {
    name: "connect/client-id-characters",
    title: "client ids of 1 to 23 letters and digits are accepted",
    statements: ["3.1.1/MQTT-3.1.3-5", "5.0/MQTT-3.1.3-5"],
    versions: ALL,
    async run(c) {
      const all = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
      // Versions run next to each other and must not take over each other's clients.
      const turned = all.slice(c.version) + all.slice(0, c.version);
      for (const clientId of [
        turned.slice(0, 1),
        turned.slice(0, 23),
        turned.slice(23, 46),
        turned.slice(46),
      ]) {
        const client = await c.startConnect({ clientId });
        await client.expect("CONNACK", { reasonCode: 0 });
        await client.disconnect();
      }
    },
  },
  {
    name: "connect/empty-client-id",
    title: "clients with an empty id and a clean session each get an id of their own",
    statements: ["3.1.1/MQTT-3.1.3-6", "5.0/MQTT-3.1.3-6", "5.0/MQTT-3.1.3-7", "5.0/MQTT-3.2.2-16"],
    versions: SINCE_3_1_1,
    async run(c) {
      const first = await c.startConnect({ clientId: "", name: "first" });
      const { reasonCode, properties } = await first.expect("CONNACK");
      if (reasonCode === 2 || reasonCode === 0x85) c.inconclusive("the server allows no empty client id");
      const second = await c.startConnect({ clientId: "", name: "second" });
      const { properties: otherProperties } = await second.expect("CONNACK", { reasonCode: 0 });
      await first.ping();
      await second.ping();
      if (c.version !== 5) return;
      const assigned = properties.assignedClientIdentifier;
      if (assigned === undefined || assigned === "") return first.fail("no Assigned Client Identifier");
      if (assigned === otherProperties.assignedClientIdentifier) second.fail("the id was assigned twice");
      // Whoever comes with that id takes over the connection: it is the client's id like any other.
      await c.connect({ clientId: assigned, name: "same id" });
      await first.expectClose({ reasons: [0x8e] });
    },
  },
  {
    name: "connect/assigned-client-id-session",
    title: "the session of an assigned client id is found by that id",
    statements: ["5.0/MQTT-3.1.3-7", "5.0/MQTT-3.1.3-2"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.startConnect({ clientId: "", name: "first", lasting: true });
      const { reasonCode, properties } = await client.expect("CONNACK");
      if (reasonCode === 0x85) c.inconclusive("the server allows no empty client id");
      const assigned = properties.assignedClientIdentifier;
      if (assigned === undefined) return client.fail("no Assigned Client Identifier");
      await client.disconnect();
      const again = await c.connect({ clientId: assigned, name: "again", lasting: true });
      if (again.connack?.sessionPresent !== true) again.fail("the session was not found");
    },
  },
  {
    name: "connect/no-assigned-client-id",
    title: "a client that has an id is assigned none",
    statements: ["5.0/MQTT-3.1.3-7"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.assignedClientIdentifier !== undefined)
        client.fail("an id was assigned");
    },
  },
  {
    name: "connect/empty-client-id-without-clean-session",
    title:
      "an empty client id with Clean Session 0 is answered by return code 2, then the connection is closed",
    statements: ["3.1.1/MQTT-3.1.3-8", "3.1.1/MQTT-3.1.3-7", "3.1.1/MQTT-3.2.2-4", "3.1.1/MQTT-3.2.2-5"],
    versions: ONLY_3_1_1,
    async run(c) {
      const client = await c.startConnect({ clientId: "", cleanStart: false, name: "client" });
      await client.expectBytes("20 02 00 02");
      await client.expectClose();
    },
  },
  {
    name: "connect/client-id-refused",
    title: "a client id that is not allowed is refused, and the connection closed",
    statements: ["3.1.1/MQTT-3.1.3-9", "3.1.1/MQTT-3.2.2-5", "5.0/MQTT-3.1.3-8", "5.0/MQTT-3.2.2-7"],
    versions: SINCE_3_1_1,
    needs: { broker: { refusedClientIds: /^bad/ } },
    async run(c) {
      const client = await c.startConnect({ clientId: c.clientId("bad") });
      await client.expectClose({ reasons: [0x85], returnCodes: [2], mustSay: c.version === 4 });
      await c.connect({ clientId: c.clientId("good") });
    },
  },
  {
    name: "connect/takeover",
    title: "a second client with the same id ends the connection of the first, whose will is published",
    statements: [
      "3.1.1/MQTT-3.1.4-2",
      "3.1.1/MQTT-3.1.2-8",
      "3.1.1/MQTT-3.1.3-2",
      "5.0/MQTT-3.1.4-3",
      "5.0/MQTT-3.1.2-8",
      "5.0/MQTT-3.1.3-2",
      "5.0/MQTT-4.13.2-1",
      "5.0/MQTT-3.14.4-2",
      "5.0/MQTT-3.14.2-1",
    ],
    versions: ALL,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      const clientId = c.clientId("twin");
      const first = await c.connect({
        clientId,
        name: "first",
        will: { topic: c.topic("will"), payload: "'taken over'" },
      });
      const second = await c.connect({ clientId, name: "second" });
      await first.expectClose({ reasons: [0x8e], mustSay: c.version === 5 });
      await watcher.expect("PUBLISH", { payload: "taken over" });
      await second.ping();
    },
  },
  {
    name: "connect/nothing-after-refusal",
    title: "what comes behind a refused CONNECT is not processed",
    statements: ["3.1.1/MQTT-3.1.4-5", "5.0/MQTT-3.1.4-6", "5.0/MQTT-3.1.4-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic());
      const client = await c.open();
      const refused =
        c.version === 5 ? connectWith(c, 0x03, text("")) : connect(4, { clientId: "", cleanStart: false });
      client.send(refused, publish(c.version, { topic: c.topic(), payload: "smuggled" }));
      await client.expectClose({ reasons: [0x81], returnCodes: [2] });
      await watcher.expectNothing();
    },
  },
  {
    name: "connect/bad-password",
    title: "a wrong password is refused, nothing behind it is processed, and Session Present is 0",
    statements: [
      "3.1.1/MQTT-3.1.4-5",
      "3.1.1/MQTT-3.2.2-4",
      "3.1.1/MQTT-3.2.2-5",
      "5.0/MQTT-3.1.4-2",
      "5.0/MQTT-3.1.4-6",
      "5.0/MQTT-3.2.2-6",
      "5.0/MQTT-3.2.2-7",
      "5.0/MQTT-4.13.2-1",
    ],
    versions: ALL,
    needs: { broker: { user: { userName: "known", password: "right" } } },
    async run(c) {
      const known = { userName: "known", password: "'right'" } as const;
      const clientId = c.clientId();
      const owner = await c.connect({ clientId, ...known, lasting: true });
      await owner.disconnect();
      const watcher = await c.connect({ clientId: c.clientId("watch"), ...known });
      await watcher.subscribe(c.topic());
      const thief = await c.open("thief");
      thief.send(
        connect(c.version, { clientId, userName: "known", password: "'wrong'", cleanStart: false }),
        publish(c.version, { topic: c.topic(), payload: "smuggled" }),
      );
      await thief.expectClose({ reasons: [0x86, 0x87], returnCodes: [4, 5] });
      const nobody = await c.open("nobody");
      nobody.send(connect(c.version, { clientId: c.clientId("other") }));
      await nobody.expectClose({ reasons: [0x86, 0x87], returnCodes: [4, 5] });
      await watcher.expectNothing();
    },
  },
  {
    name: "connect/response-information",
    title: "Response Information comes only on request",
    statements: ["5.0/MQTT-3.1.2-28"],
    versions: ONLY_5,
    needs: { broker: { responseInformation: "reply" } },
    async run(c) {
      // The observer of every connection fails on Response Information that nobody asked for.
      await c.connect({ clientId: c.clientId("absent") });
      await c.connect({ clientId: c.clientId("no"), properties: { requestResponseInformation: 0 } });
      const asking = await c.connect({
        clientId: c.clientId("yes"),
        properties: { requestResponseInformation: 1 },
      });
      if (asking.connack?.properties.responseInformation === undefined)
        c.note("no Response Information on request");
    },
  },
  {
    name: "connect/one-connack",
    title: "there is one CONNACK for a connection",
    statements: ["5.0/MQTT-3.2.0-2"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      await client.subscribe(c.topic());
      await client.publish({ topic: c.topic(), qos: 1 });
      await client.expect("PUBLISH");
      await client.expectNothing();
    },
  },
];
