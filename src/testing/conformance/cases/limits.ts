/** What a server announces in CONNACK of 5.0 and holds to, and Maximum Packet Size of the client. */

import { type ConformanceCase, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import { packet } from "../wire/bytes.ts";
import { publish, subscribe } from "../wire/write.ts";

export const limitCases: readonly ConformanceCase[] = [
  {
    name: "limits/maximum-packet-size-of-client",
    title: "a packet too large for the client is dropped as if it were delivered",
    statements: ["5.0/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-25"],
    versions: ONLY_5,
    async run(c) {
      const properties = { maximumPacketSize: 100, receiveMaximum: 1 };
      const subscriber = await c.connect({ clientId: c.clientId("sub"), properties });
      await subscriber.subscribe({ filter: c.topic(), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const qos of [0, 1, 2]) {
        await publisher.publish({ topic: c.topic(), payload: "x".repeat(200), qos });
        await publisher.publish({ topic: c.topic(), payload: `small ${qos}`, qos });
        await subscriber.receive({ payload: `small ${qos}`, qos });
      }
    },
  },
  {
    name: "limits/maximum-packet-size-exact",
    title: "a packet of exactly the Maximum Packet Size is sent, one byte more is not",
    statements: ["5.0/MQTT-3.1.2-24"],
    versions: ONLY_5,
    async run(c) {
      const overhead = publish(5, { topic: c.topic() }).length;
      const properties = { maximumPacketSize: 100 };
      const subscriber = await c.connect({ clientId: c.clientId("sub"), properties });
      await subscriber.subscribe({ filter: c.topic() });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const [fits, tooLarge] = ["x".repeat(100 - overhead), "y".repeat(101 - overhead)];
      await publisher.publish({ topic: c.topic(), payload: tooLarge, qos: 1 });
      await publisher.publish({ topic: c.topic(), payload: fits, qos: 1 });
      await subscriber.expect("PUBLISH", { payload: fits });
      await subscriber.expectNothing();
    },
  },
  {
    name: "limits/maximum-packet-size-and-stored-messages",
    title: "stored messages too large for the new connection are dropped, the others come",
    statements: ["5.0/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-25"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId("sub");
      const before = await c.connect({ clientId, name: "before", lasting: true });
      await before.subscribe({ filter: c.topic(), qos: 1 });
      await before.disconnect();
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "x".repeat(200), qos: 1 });
      await publisher.publish({ topic: c.topic(), payload: "small", qos: 1 });
      const again = await c.connect({
        clientId,
        name: "again",
        lasting: true,
        properties: { maximumPacketSize: 100 },
      });
      await again.receive({ payload: "small" });
    },
  },
  {
    name: "limits/no-words-for-small-clients",
    title: "reasons and user properties are left out where they would not fit",
    statements: [
      "5.0/MQTT-3.1.2-24",
      "5.0/MQTT-3.2.2-19",
      "5.0/MQTT-3.2.2-20",
      "5.0/MQTT-3.4.2-2",
      "5.0/MQTT-3.4.2-3",
      "5.0/MQTT-3.5.2-2",
      "5.0/MQTT-3.5.2-3",
      "5.0/MQTT-3.6.2-2",
      "5.0/MQTT-3.6.2-3",
      "5.0/MQTT-3.7.2-2",
      "5.0/MQTT-3.7.2-3",
      "5.0/MQTT-3.9.2-1",
      "5.0/MQTT-3.9.2-2",
      "5.0/MQTT-3.11.2-1",
      "5.0/MQTT-3.11.2-2",
      "5.0/MQTT-3.14.2-3",
      "5.0/MQTT-3.14.2-4",
    ],
    versions: ONLY_5,
    async run(c) {
      // The size is so that the packets fit, but hardly a word more. The observer fails on a packet above it.
      const normal = await c.connect({ clientId: c.clientId("normal") });
      const maximumPacketSize = Math.max(24, (normal.connack?.bytes.length ?? 0) + 2);
      const client = await c.connect({ properties: { maximumPacketSize } });
      await client.subscribe({ filter: c.topic(), qos: 2 });
      await client.unsubscribe(c.topic("unknown"));
      await client.publish({ topic: c.topic("nobody"), qos: 1 });
      await client.publish({ topic: c.topic("nobody"), qos: 2 });
      client.send(packet(0x62, "00 4d"));
      await client.expect("PUBCOMP", { packetId: 0x4d });
      client.send(packet(0x50, "00 4d"));
      const answer = await client.nextOrClosed();
      if (answer === undefined) return;
      if (answer.name !== "PUBREL" && answer.name !== "DISCONNECT")
        client.fail(`${answer.name} to an unknown PUBREC`);
      if (answer.name === "DISCONNECT") return;
      client.send(subscribe(5, 9, [{ filter: "conformance/a#" }]));
      const refusal = await client.nextOrClosed();
      if (refusal?.name !== "SUBACK") return;
      client.send("36 00");
      await client.expectClose({ reasons: [0x81] });
    },
  },
  {
    name: "limits/no-words-in-refusals",
    title: "a refusing CONNACK for a small client has no words that do not fit",
    statements: ["5.0/MQTT-3.2.2-19", "5.0/MQTT-3.2.2-20", "5.0/MQTT-3.1.2-24"],
    versions: ONLY_5,
    needs: { broker: { user: { userName: "known", password: "right" } } },
    async run(c) {
      const client = await c.startConnect({
        userName: "known",
        password: "'wrong'",
        properties: { maximumPacketSize: 8 },
      });
      await client.expectClose({ reasons: [0x86, 0x87] });
    },
  },
  {
    name: "limits/maximum-packet-size-of-server",
    title: "a packet above the server's Maximum Packet Size is an error",
    statements: ["5.0/U5-3.2.2.3.6b", "5.0/MQTT-3.2.2-15"],
    versions: ONLY_5,
    needs: { broker: { maximumPacketSize: 1000 } },
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.maximumPacketSize !== 1000) client.fail("CONNACK does not say 1000");
      const overhead = publish(5, { topic: c.topic(), qos: 1, payload: "x".repeat(900) }).length - 900;
      await client.publish({ topic: c.topic(), qos: 1, payload: "x".repeat(1000 - overhead) });
      client.send(
        publish(5, { topic: c.topic(), qos: 1, packetId: 9, payload: "x".repeat(1001 - overhead) }),
      );
      await client.expectClose({ reasons: [0x95] });
    },
  },
  {
    name: "limits/maximum-packet-size-before-connect",
    title: "a CONNECT above the server's Maximum Packet Size is refused or closes the connection",
    statements: ["5.0/U5-3.2.2.3.6b"],
    versions: SINCE_3_1_1,
    needs: { broker: { maximumPacketSize: 1000 } },
    async run(c) {
      const will = { topic: c.topic(), payload: new Uint8Array(2000) };
      const client = await c.startConnect({ will });
      await client.expectClose({ reasons: [0x95], returnCodes: [3, 5] });
    },
  },
  {
    name: "limits/maximum-qos",
    title: "a server with a Maximum QoS says so, grants no more, and takes nothing above it",
    statements: ["5.0/MQTT-3.2.2-9", "5.0/MQTT-3.2.2-10", "5.0/MQTT-3.2.2-11", "5.0/U5-3.2.2.3.4b"],
    versions: ONLY_5,
    needs: { broker: { maximumQos: 1 } },
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.maximumQos !== 1) client.fail("CONNACK does not say Maximum QoS 1");
      for (const qos of [0, 1, 2]) {
        client.send(subscribe(5, 10 + qos, [{ filter: c.topic(), qos }]));
        const { reasonCodes } = await client.expect("SUBACK", { packetId: 10 + qos });
        if ((reasonCodes[0] ?? 0x80) > qos) client.fail(`QoS ${qos} was answered by ${reasonCodes[0]}`);
      }
      await client.publish({ topic: c.topic("other"), qos: 1 });
      client.send(publish(5, { topic: c.topic(), qos: 2, packetId: 5 }));
      await client.expectClose({ reasons: [0x9b] });
    },
  },
  {
    name: "limits/maximum-qos-0",
    title: "a server with Maximum QoS 0 takes QoS 0 only, and lowers what it grants",
    statements: ["5.0/MQTT-3.2.2-9", "5.0/MQTT-3.2.2-10", "5.0/U5-3.2.2.3.4b"],
    versions: ONLY_5,
    needs: { broker: { maximumQos: 0 } },
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.maximumQos !== 0) client.fail("CONNACK does not say Maximum QoS 0");
      client.send(subscribe(5, 10, [{ filter: c.topic(), qos: 2 }]));
      await client.expect("SUBACK", { packetId: 10 });
      await client.publish({ topic: c.topic(), payload: "hello" });
      await client.expect("PUBLISH", { payload: "hello", qos: 0 });
      client.send(publish(5, { topic: c.topic(), qos: 1, packetId: 5 }));
      await client.expectClose({ reasons: [0x9b] });
    },
  },
  {
    name: "limits/session-expiry-cap",
    title: "a server that keeps sessions for less than asked says for how long, and holds to it",
    statements: ["5.0/MQTT-4.1.0-2"],
    versions: ONLY_5,
    needs: { broker: { sessionExpiryCapSeconds: 2 } },
    async run(c) {
      const clientId = c.clientId();
      const client = await c.connect({ clientId, lasting: true });
      if (client.connack?.properties.sessionExpiryInterval !== 2) client.fail("CONNACK does not say 2");
      await client.disconnect();
      await c.wait(3_000);
      const again = await c.connect({ clientId, lasting: true });
      if (again.connack?.sessionPresent !== false) again.fail("the session is still there");
    },
  },
];
