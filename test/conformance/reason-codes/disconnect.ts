// AUTH and DISCONNECT.
import type { Gate } from "#auth";
import type { ReasonCode } from "#protocol";
import type { ConformanceContext } from "../../../src/testing/conformance/context.ts";
import type { RawPeer } from "../../../src/testing/conformance/peer.ts";
import { raw } from "../../../src/testing/conformance/wire/bytes.ts";
import { auth, publish, subscribe } from "../../../src/testing/conformance/wire/write.ts";
import type { Scenario } from "./scenario.ts";

const method = "STEPS";
const loginData = (word: string) => ({
  authenticationMethod: method,
  authenticationData: raw(`'${word}'`),
});

/** `go` goes on, `done` is right, anything else is wrong. */
const gateWithMethod: Gate = {
  authenticate: () => ({ outcome: "accepted" }),
  beginExchange: (asked) =>
    asked === method
      ? {
          step(data) {
            const word = new TextDecoder().decode(data);
            if (word === "go") return { outcome: "continued", authenticationData: raw("'more'") };
            if (word === "done") return { outcome: "accepted" };
            return { outcome: "refused", reasonCode: 0x87 as ReasonCode };
          },
        }
      : undefined,
};

async function expectDisconnect(client: RawPeer, code: number): Promise<void> {
  await client.expectClose({ reasons: [code], mustSay: true });
}

async function authenticated(c: ConformanceContext): Promise<RawPeer> {
  const client = await c.startConnect({ properties: loginData("done") });
  await client.expect("CONNACK", { reasonCode: 0 });
  return client;
}

export const authScenarios: Scenario[] = [
  {
    name: "AUTH",
    code: 0x18,
    by: "an authentication that needs one more round",
    gate: gateWithMethod,
    async run(c) {
      const client = await c.startConnect({ properties: loginData("go") });
      await client.expect("AUTH", { reasonCode: 0x18, properties: loginData("more") });
    },
  },
  {
    name: "AUTH",
    code: 0x00,
    by: "the end of a re-authentication",
    gate: gateWithMethod,
    async run(c) {
      const client = await authenticated(c);
      client.send(auth(0x19, loginData("done")));
      await client.expect("AUTH", { reasonCode: 0x00 });
    },
  },
];

export const disconnectScenarios: Scenario[] = [
  {
    name: "DISCONNECT",
    code: 0x80,
    by: "a code of the program that does not belong into DISCONNECT",
    async run(c, broker) {
      const client = await c.connect();
      broker.disconnect(c.clientId(), { reasonCode: 0x8c as ReasonCode });
      await expectDisconnect(client, 0x80);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x81,
    by: "a PUBLISH with QoS 3",
    async run(c) {
      const client = await c.connect();
      client.send("36 00");
      await expectDisconnect(client, 0x81);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x82,
    by: "a second CONNECT",
    async run(c) {
      const client = await c.connect();
      client.send(c.connectPacket({ clientId: c.clientId() }));
      await expectDisconnect(client, 0x82);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x87,
    by: "a re-authentication that fails",
    gate: gateWithMethod,
    async run(c) {
      const client = await authenticated(c);
      client.send(auth(0x19, loginData("wrong")));
      await expectDisconnect(client, 0x87);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x8b,
    by: "the end of the broker",
    async run(c, broker) {
      const client = await c.connect();
      const closed = broker.close();
      await expectDisconnect(client, 0x8b);
      await closed;
    },
  },
  {
    name: "DISCONNECT",
    code: 0x8d,
    by: "silence for longer than Keep Alive allows",
    async run(c) {
      const client = await c.connect({ keepAlive: 2 });
      await client.expectClose({ reasons: [0x8d], mustSay: true, withinMs: c.due(3_000) });
    },
  },
  {
    name: "DISCONNECT",
    code: 0x8e,
    by: "another connection with the same client id",
    async run(c) {
      const first = await c.connect({ name: "first" });
      await c.connect({ name: "second" });
      await expectDisconnect(first, 0x8e);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x93,
    by: "more QoS 2 messages under way than Receive Maximum",
    settings: { receiveMaximum: 1 },
    async run(c) {
      const client = await c.connect();
      client.send([1, 2].map((packetId) => publish(5, { topic: "a", qos: 2, packetId })));
      await client.take("PUBREC", { packetId: 1 });
      await expectDisconnect(client, 0x93);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x94,
    by: "a topic alias above Topic Alias Maximum",
    settings: { topicAliasMaximum: 1 },
    async run(c) {
      const client = await c.connect();
      client.send(publish(5, { topic: "a", properties: { topicAlias: 2 } }));
      await expectDisconnect(client, 0x94);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x95,
    by: "a packet above Maximum Packet Size",
    settings: { maximumPacketSize: 100 },
    async run(c) {
      const client = await c.connect();
      client.send(publish(5, { topic: "a", payload: new Uint8Array(200) }));
      await expectDisconnect(client, 0x95);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x98,
    by: "the program, which gives no other reason",
    async run(c, broker) {
      const client = await c.connect();
      broker.disconnect(c.clientId());
      await expectDisconnect(client, 0x98);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x9a,
    by: "a retained message where the settings allow none",
    settings: { retainAvailable: false },
    async run(c) {
      const client = await c.connect();
      client.send(publish(5, { topic: "a", retain: true }));
      await expectDisconnect(client, 0x9a);
    },
  },
  {
    name: "DISCONNECT",
    code: 0x9b,
    by: "a message above Maximum QoS",
    settings: { maximumQos: 1 },
    async run(c) {
      const client = await c.connect();
      client.send(publish(5, { topic: "a", qos: 2, packetId: 1 }));
      await expectDisconnect(client, 0x9b);
    },
  },
  ...[0x9c, 0x9d].map(
    (code): Scenario => ({
      name: "DISCONNECT",
      code,
      by: "the program, which sends the client elsewhere",
      async run(c, broker) {
        const client = await c.connect();
        broker.disconnect(c.clientId(), {
          reasonCode: code as ReasonCode,
          serverReference: "other.example:1883",
        });
        const properties = { serverReference: "other.example:1883" };
        await client.expect("DISCONNECT", { reasonCode: code, properties });
        await client.expectClose();
      },
    }),
  ),
  {
    name: "DISCONNECT",
    code: 0xa1,
    by: "a subscription identifier where the settings allow none",
    settings: { subscriptionIdentifierAvailable: false },
    async run(c) {
      const client = await c.connect();
      client.send(subscribe(5, 7, [{ filter: "a" }], { subscriptionIdentifier: [1] }));
      await expectDisconnect(client, 0xa1);
    },
  },
  // What is left is a decision of the program.
  ...[0x00, 0x83, 0x89, 0x8f, 0x90, 0x96, 0x97, 0x99, 0x9e, 0x9f, 0xa0, 0xa2].map(
    (code): Scenario => ({
      name: "DISCONNECT",
      code,
      by: "the program, with this reason",
      async run(c, broker) {
        const client = await c.connect();
        broker.disconnect(c.clientId(), { reasonCode: code as ReasonCode });
        await expectDisconnect(client, code);
      },
    }),
  ),
];
