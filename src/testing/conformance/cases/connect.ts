/**
 * Sections 3.1 and 3.2: CONNECT is accepted or refused. The packet's fields are in `connect-fields.ts`, client ids in
 * `connect-client-id.ts`, sessions in `connect-session.ts`.
 */

import { ALL, type ConformanceCase, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import { packet, raw, text } from "../wire/bytes.ts";
import { connect, publish } from "../wire/write.ts";
import { connectWith } from "./support.ts";

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
      for (const byte of c.connectPacket({ clientId: c.clientId() })) client.send(Uint8Array.of(byte));
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
      client.send(c.connectPacket({ clientId: c.clientId() }), message, "c0 00");
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
    statements: [
      "3.1.1/MQTT-3.1.0-2",
      "3.1.1/MQTT-3.1.2-8",
      "5.0/MQTT-3.1.0-2",
      "5.0/MQTT-3.1.2-8",
      "5.0/MQTT-3.2.0-2",
    ],
    versions: ALL,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      const clientId = c.clientId();
      const client = await c.connect({ clientId, will: { topic: c.topic("will"), payload: "'gone'" } });
      client.send(c.connectPacket({ clientId }));
      await client.expectClose({ reasons: [0x82] });
      await watcher.expect("PUBLISH", { topic: c.topic("will"), payload: "gone" });
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
