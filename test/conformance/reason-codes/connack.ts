import { expect } from "vitest";
import type { Gate } from "#auth";
import type { ReasonCode } from "#protocol";
import type { RawPeer } from "../../../src/testing/conformance/peer.ts";
import { packet, text } from "../../../src/testing/conformance/wire/bytes.ts";
import type { Scenario } from "./scenario.ts";

const refusingGate = (code: number, serverReference?: string): Gate => ({
  authenticate: () => ({
    outcome: "refused",
    reasonCode: code as ReasonCode,
    ...(serverReference === undefined ? {} : { serverReference }),
  }),
});

async function expectRefused(client: RawPeer, code: number): Promise<void> {
  const connack = await client.expect("CONNACK", { reasonCode: code });
  expect(connack.sessionPresent).toBe(false);
  await client.expectClose({ reasons: [code] });
}

export const connackScenarios: Scenario[] = [
  {
    name: "CONNACK",
    code: 0x00,
    by: "a plain CONNECT",
    run: async (c) => void (await c.connect()),
  },
  {
    name: "CONNACK",
    code: 0x81,
    by: "the reserved connect flag",
    async run(c) {
      const client = await c.open();
      client.send(packet(0x10, "00 04 'MQTT' 05 03 00 00 00", text(c.clientId())));
      await expectRefused(client, 0x81);
    },
  },
  {
    name: "CONNACK",
    code: 0x82,
    by: "Receive Maximum 0",
    run: async (c) => expectRefused(await c.startConnect({ properties: { receiveMaximum: 0 } }), 0x82),
  },
  {
    name: "CONNACK",
    code: 0x84,
    by: "a version that the settings exclude",
    settings: { versions: [3, 4] },
    run: async (c) => expectRefused(await c.startConnect(), 0x84),
  },
  {
    name: "CONNACK",
    code: 0x85,
    by: "an empty client id where the settings want one",
    settings: { allowEmptyClientId: false },
    run: async (c) => expectRefused(await c.startConnect({ clientId: "" }), 0x85),
  },
  {
    name: "CONNACK",
    code: 0x88,
    by: "a login that is decided while the broker stops",
    gate: {
      authenticate: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return { outcome: "accepted" };
      },
    },
    async run(c, broker) {
      const client = await c.startConnect();
      const closed = broker.close();
      await client.expectClose({ reasons: [0x88] });
      await closed;
    },
  },
  {
    name: "CONNACK",
    code: 0x8c,
    by: "an authentication method that is not offered",
    run: async (c) =>
      expectRefused(await c.startConnect({ properties: { authenticationMethod: "none" } }), 0x8c),
  },
  {
    name: "CONNACK",
    code: 0x97,
    by: "one session more than the settings allow",
    settings: { maximumSessions: 1 },
    async run(c) {
      await c.connect({ clientId: c.clientId("first") });
      await expectRefused(await c.startConnect({ clientId: c.clientId("second") }), 0x97);
    },
  },
  {
    name: "CONNACK",
    code: 0x99,
    by: "a will that claims to be text and is not, where the settings check it",
    settings: { checkPayloadFormat: true },
    async run(c) {
      const will = { topic: "a", payload: "ff", properties: { payloadFormatIndicator: 1 } };
      await expectRefused(await c.startConnect({ will }), 0x99);
    },
  },
  {
    name: "CONNACK",
    code: 0x9a,
    by: "a retained will where the settings allow none",
    settings: { retainAvailable: false },
    run: async (c) => expectRefused(await c.startConnect({ will: { topic: "a", retain: true } }), 0x9a),
  },
  {
    name: "CONNACK",
    code: 0x9b,
    by: "a will above Maximum QoS",
    settings: { maximumQos: 1 },
    run: async (c) => expectRefused(await c.startConnect({ will: { topic: "a", qos: 2 } }), 0x9b),
  },
  ...[0x9c, 0x9d].map(
    (code): Scenario => ({
      name: "CONNACK",
      code,
      by: "a gate that sends the client elsewhere",
      gate: refusingGate(code, "other.example:1883"),
      async run(c) {
        const client = await c.startConnect();
        const properties = { serverReference: "other.example:1883" };
        await client.expect("CONNACK", { reasonCode: code, properties });
        await client.expectClose();
      },
    }),
  ),
  // What is left is a decision of the program: its gate says so.
  ...[0x80, 0x83, 0x86, 0x87, 0x89, 0x8a, 0x90, 0x95, 0x9f].map(
    (code): Scenario => ({
      name: "CONNACK",
      code,
      by: "a gate that refuses with it",
      gate: refusingGate(code),
      run: async (c) => expectRefused(await c.startConnect(), code),
    }),
  ),
];
