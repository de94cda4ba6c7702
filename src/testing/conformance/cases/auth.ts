/**
 * Sections 3.15 and 4.12: enhanced authentication of 5.0.
 *
 * The broker under test has to know one method, whose exchange is: the client says `start`, the server `challenge`, the
 * client `answer`. With any other data from the client the server refuses. Re-authentication goes the same way.
 */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { packet, raw } from "../wire/bytes.ts";
import { auth } from "../wire/write.ts";
import { expectErrors, propertyBlock } from "./support.ts";

const method = "CONFORMANCE";
const needs = { broker: { enhancedAuthentication: { method } } } as const;

function data(word: string): { authenticationMethod: string; authenticationData: Uint8Array } {
  return { authenticationMethod: method, authenticationData: raw(`'${word}'`) };
}

/** A connection up to the server's challenge. */
async function challenged(c: ConformanceContext): Promise<RawPeer> {
  const client = await c.startConnect({ properties: data("start") });
  await client.expect("AUTH", { reasonCode: 0x18, properties: data("challenge") });
  return client;
}

async function authenticated(c: ConformanceContext): Promise<RawPeer> {
  const client = await challenged(c);
  client.send(auth(0x18, data("answer")));
  await client.expect("CONNACK", { reasonCode: 0, properties: { authenticationMethod: method } });
  return client;
}

export const authCases: readonly ConformanceCase[] = [
  {
    name: "auth/exchange",
    title: "AUTH goes back and forth with 0x18 until CONNACK, which repeats the method",
    statements: [
      "5.0/MQTT-4.12.0-2",
      "5.0/MQTT-4.12.0-5",
      "5.0/MQTT-3.2.0-1",
      "5.0/MQTT-3.15.2-1",
      "5.0/MQTT-4.12.0-3",
    ],
    versions: ONLY_5,
    needs,
    async run(c) {
      const client = await authenticated(c);
      await client.ping();
    },
  },
  {
    name: "auth/no-words-for-small-clients",
    title: "AUTH to a client with a small Maximum Packet Size has no words that do not fit",
    statements: ["5.0/MQTT-3.15.2-2", "5.0/MQTT-3.15.2-3", "5.0/MQTT-3.1.2-24"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const challenge = auth(0x18, data("challenge"));
      const client = await c.startConnect({
        properties: { ...data("start"), maximumPacketSize: challenge.length },
      });
      // The observer fails on a larger one.
      await client.expect("AUTH", { reasonCode: 0x18, properties: data("challenge") });
    },
  },
  {
    name: "auth/refused",
    title: "a wrong answer is refused and closes the connection",
    statements: ["5.0/MQTT-4.12.0-4", "5.0/MQTT-3.2.2-7"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const client = await challenged(c);
      client.send(auth(0x18, data("wrong")));
      await client.expectClose({ reasons: [0x87, 0x86] });
    },
  },
  {
    name: "auth/unknown-method",
    title: "an unknown method is refused, with 0x8C or 0x87 if anything is said",
    statements: ["5.0/MQTT-4.12.0-1", "5.0/MQTT-3.2.2-7"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.startConnect({ properties: { authenticationMethod: "no such method" } });
      await client.expectClose({ reasons: [0x8c, 0x87] });
    },
  },
  {
    name: "auth/other-packet-instead",
    title: "before CONNACK the client may send nothing but AUTH and DISCONNECT",
    statements: ["5.0/MQTT-3.1.2-30", "5.0/MQTT-3.1.4-6"],
    versions: ONLY_5,
    needs,
    async run(c) {
      for (const hex of ["c0 00", "30 04 00 01 'a' 00"]) {
        const client = await challenged(c);
        client.send(hex);
        await client.expectClose({ reasons: [0x82] });
      }
    },
  },
  {
    name: "auth/other-reason",
    title: "the client's answer has to say 0x18",
    statements: ["5.0/MQTT-4.12.0-3"],
    versions: ONLY_5,
    needs,
    async run(c) {
      for (const code of [0x00, 0x19]) {
        const client = await challenged(c);
        client.send(auth(code, data("answer")));
        await client.expectClose({ reasons: [0x82] });
      }
    },
  },
  {
    name: "auth/other-method",
    title: "the client's answer has to repeat the method",
    statements: ["5.0/MQTT-4.12.0-5", "5.0/U5-3.15"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const client = await challenged(c);
      client.send(auth(0x18, { ...data("answer"), authenticationMethod: "other" }));
      await client.expectClose({ reasons: [0x82, 0x8c] });
    },
  },
  {
    name: "auth/malformed",
    title: "AUTH without its method, or with a property twice, is an error",
    statements: ["5.0/U5-3.15.2.2.2", "5.0/U5-3.15.2.2.3", "5.0/U5-3.4.2.2.2"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const methodBytes = raw("15 00 0b 'CONFORMANCE'");
      const dataBytes = raw("16 00 06 'answer'");
      for (const block of [
        propertyBlock(dataBytes),
        propertyBlock(methodBytes, methodBytes, dataBytes),
        propertyBlock(methodBytes, dataBytes, dataBytes),
        propertyBlock(methodBytes, "1f 00 01 'a' 1f 00 01 'b'"),
      ]) {
        const client = await challenged(c);
        client.send(packet(0xf0, "18", block));
        await client.expectClose({ reasons: [0x82] });
      }
    },
  },
  {
    name: "auth/flags",
    title: "the flags of AUTH are 0",
    statements: ["5.0/MQTT-3.15.1-1", "5.0/MQTT-2.1.3-1"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const client = await challenged(c);
      client.send(packet(0xf1, "18", propertyBlock("15 00 0b 'CONFORMANCE' 16 00 06 'answer'")));
      await client.expectClose({ reasons: [0x81] });
    },
  },
  {
    name: "auth/not-begun",
    title: "without a method in CONNECT there is no AUTH, and no method in CONNACK",
    statements: ["5.0/MQTT-4.12.0-6", "5.0/MQTT-4.12.0-7", "5.0/U5-3.15"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.authenticationMethod !== undefined) client.fail("CONNACK has a method");
      await expectErrors(c, [0x82], [auth(0x18, data("start")), auth(0x19, data("start")), "f0 00"]);
    },
  },
  {
    name: "auth/before-connect",
    title: "AUTH before CONNECT closes the connection",
    statements: ["5.0/MQTT-3.1.0-1", "5.0/U5-3.15"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.open();
      client.send(auth(0x18, data("start")));
      await client.expectClose();
    },
  },
  {
    name: "auth/re-authentication",
    title: "re-authentication goes on beside other packets and ends with AUTH 0x00, not with CONNACK",
    statements: ["5.0/MQTT-4.12.0-5", "5.0/MQTT-4.12.1-1", "5.0/MQTT-3.2.0-2", "5.0/MQTT-3.15.2-1"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const client = await authenticated(c);
      for (let round = 0; round < 2; round++) {
        client.send(auth(0x19, data("start")));
        await client.expect("AUTH", { reasonCode: 0x18, properties: data("challenge") });
        await client.ping();
        client.send(auth(0x18, data("answer")));
        await client.expect("AUTH", { reasonCode: 0x00, properties: { authenticationMethod: method } });
      }
      await client.ping();
    },
  },
  {
    name: "auth/re-authentication-refused",
    title: "a failed re-authentication closes the connection",
    statements: ["5.0/MQTT-4.12.1-2"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const client = await authenticated(c);
      client.send(auth(0x19, data("start")));
      await client.expect("AUTH", { reasonCode: 0x18 });
      client.send(auth(0x18, data("wrong")));
      await client.expectClose({ reasons: [0x87, 0x86] });
    },
  },
  {
    name: "auth/re-authentication-by-other-method",
    title: "re-authentication keeps to the method of CONNECT",
    statements: ["5.0/MQTT-4.12.1-1", "5.0/U5-3.15"],
    versions: ONLY_5,
    needs,
    async run(c) {
      const client = await authenticated(c);
      client.send(auth(0x19, { ...data("start"), authenticationMethod: "other" }));
      await client.expectClose({ reasons: [0x82, 0x8c] });
    },
  },
];
