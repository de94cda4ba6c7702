/** Section 3.1.3.1: client identifiers, given and assigned. */

import { ALL, type ConformanceCase, ONLY_3_1_1, ONLY_5, SINCE_3_1_1 } from "../case.ts";

export const connectClientIdCases: readonly ConformanceCase[] = [
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
];
