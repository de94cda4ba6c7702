// PUBACK, PUBREC, PUBREL and PUBCOMP.
import { expect } from "vitest";
import type { Broker } from "#broker";
import { refuse } from "#hooks";
import type { ReasonCode } from "#protocol";
import type { ConformanceContext } from "../../../src/testing/conformance/context.ts";
import { publish, pubrel } from "../../../src/testing/conformance/wire/write.ts";
import type { Scenario } from "./scenario.ts";

async function expectPublishAnswer(
  c: ConformanceContext,
  name: "PUBACK" | "PUBREC",
  code: number,
): Promise<void> {
  const client = await c.connect();
  if (code === 0x00) await client.subscribe("a");
  client.send(publish(5, { topic: "a", qos: name === "PUBACK" ? 1 : 2, packetId: 7 }));
  await client.take(name, { packetId: 7, reasonCode: code });
}

export const publishScenarios: Scenario[] = (["PUBACK", "PUBREC"] as const).flatMap((name) => [
  {
    name,
    code: 0x00,
    by: "a message that somebody wants",
    run: async (c: ConformanceContext) => expectPublishAnswer(c, name, 0x00),
  },
  {
    name,
    code: 0x10,
    by: "a message that nobody wants",
    run: async (c: ConformanceContext) => expectPublishAnswer(c, name, 0x10),
  },
  {
    name,
    code: 0x87,
    by: "a gate that does not let the client publish",
    gate: { authenticate: () => ({ outcome: "accepted" }) as const, mayPublish: () => false },
    run: async (c: ConformanceContext) => expectPublishAnswer(c, name, 0x87),
  },
  {
    name,
    code: 0x90,
    by: "more topic levels than the settings allow",
    settings: { maximumTopicLevels: 2 },
    async run(c: ConformanceContext) {
      const client = await c.connect();
      client.send(publish(5, { topic: "a/b/c", qos: name === "PUBACK" ? 1 : 2, packetId: 7 }));
      await client.expect(name, { packetId: 7, reasonCode: 0x90 });
    },
  },
  {
    name,
    code: 0x99,
    by: "a payload that claims to be text and is not, where the settings check it",
    settings: { checkPayloadFormat: true },
    async run(c: ConformanceContext) {
      const client = await c.connect();
      const properties = { payloadFormatIndicator: 1 };
      const qos = name === "PUBACK" ? 1 : 2;
      client.send(publish(5, { topic: "a", qos, packetId: 7, payload: Uint8Array.of(0xff), properties }));
      await client.expect(name, { packetId: 7, reasonCode: 0x99 });
    },
  },
  ...[0x80, 0x83, 0x91, 0x97].map((code) => ({
    name,
    code,
    by: "a publish hook that refuses with it",
    prepare: (broker: Broker) => void broker.hooks.add("publish", () => refuse(code as ReasonCode)),
    run: async (c: ConformanceContext) => expectPublishAnswer(c, name, code),
  })),
]);

export const releaseScenarios: Scenario[] = [
  {
    name: "PUBREL",
    code: 0x00,
    by: "PUBREC for a message that is under way",
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: "a", qos: 2 });
      await client.publish({ topic: "a", qos: 2 });
      const { packetId } = await client.expect("PUBLISH");
      client.pubrec(packetId);
      await client.expect("PUBREL", { packetId, reasonCode: 0 });
    },
  },
  {
    name: "PUBREL",
    code: 0x92,
    by: "PUBREC with an identifier that nobody knows",
    async run(c) {
      const client = await c.connect();
      client.pubrec(77);
      await client.expect("PUBREL", { packetId: 77, reasonCode: 0x92 });
    },
  },
  {
    name: "PUBCOMP",
    code: 0x00,
    by: "PUBREL for a message that is under way",
    run: async (c) => expect(await (await c.connect()).publish({ topic: "a", qos: 2 })).toBe(0),
  },
  {
    name: "PUBCOMP",
    code: 0x92,
    by: "PUBREL with an identifier that nobody knows",
    async run(c) {
      const client = await c.connect();
      client.send(pubrel(5, 77));
      await client.expect("PUBCOMP", { packetId: 77, reasonCode: 0x92 });
    },
  },
];
