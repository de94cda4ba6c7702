// SUBACK and UNSUBACK.
import { refuse } from "#hooks";
import type { ReasonCode } from "#protocol";
import type { ConformanceContext } from "../../../src/testing/conformance/context.ts";
import { subscribe, unsubscribe } from "../../../src/testing/conformance/wire/write.ts";
import type { Scenario } from "./scenario.ts";

async function expectSuback(c: ConformanceContext, filter: string, code: number): Promise<void> {
  const client = await c.connect();
  client.send(subscribe(5, 7, [{ filter, qos: code < 3 ? code : 0 }]));
  await client.expect("SUBACK", { packetId: 7, reasonCodes: [code] });
}

async function expectUnsuback(c: ConformanceContext, filter: string, code: number): Promise<void> {
  const client = await c.connect();
  await client.subscribe("a");
  client.send(unsubscribe(5, 7, [filter]));
  await client.expect("UNSUBACK", { packetId: 7, reasonCodes: [code] });
}

export const subscribeScenarios: Scenario[] = [
  ...[0x00, 0x01, 0x02].map(
    (code): Scenario => ({
      name: "SUBACK",
      code,
      by: `a subscription with QoS ${code}`,
      run: async (c) => expectSuback(c, "a", code),
    }),
  ),
  {
    name: "SUBACK",
    code: 0x87,
    by: "a gate that does not let the client subscribe",
    gate: { authenticate: () => ({ outcome: "accepted" }), maySubscribe: () => false },
    run: async (c) => expectSuback(c, "a", 0x87),
  },
  {
    name: "SUBACK",
    code: 0x8f,
    by: "a filter with more levels than the settings allow",
    settings: { maximumTopicLevels: 2 },
    run: async (c) => expectSuback(c, "a/b/c", 0x8f),
  },
  {
    name: "SUBACK",
    code: 0x97,
    by: "one subscription more than the settings allow",
    settings: { maximumSubscriptions: 1 },
    async run(c) {
      const client = await c.connect();
      await client.subscribe("a");
      client.send(subscribe(5, 7, [{ filter: "b" }]));
      await client.expect("SUBACK", { reasonCodes: [0x97] });
    },
  },
  {
    name: "SUBACK",
    code: 0x9e,
    by: "a shared subscription where the settings allow none",
    settings: { sharedSubscriptionAvailable: false },
    run: async (c) => expectSuback(c, "$share/g/a", 0x9e),
  },
  {
    name: "SUBACK",
    code: 0xa2,
    by: "a wildcard where the settings allow none",
    settings: { wildcardSubscriptionAvailable: false },
    run: async (c) => expectSuback(c, "a/#", 0xa2),
  },
  ...[0x80, 0x83, 0x91, 0xa1].map(
    (code): Scenario => ({
      name: "SUBACK",
      code,
      by: "a subscribe hook that refuses with it",
      prepare: (broker) => void broker.hooks.add("subscribe", () => refuse(code as ReasonCode)),
      run: async (c) => expectSuback(c, "a", code),
    }),
  ),
  {
    name: "UNSUBACK",
    code: 0x00,
    by: "the end of a subscription",
    run: async (c) => expectUnsuback(c, "a", 0x00),
  },
  {
    name: "UNSUBACK",
    code: 0x11,
    by: "a filter that was not subscribed",
    run: async (c) => expectUnsuback(c, "b", 0x11),
  },
  {
    name: "UNSUBACK",
    code: 0x8f,
    by: "a filter with a misplaced wildcard",
    run: async (c) => expectUnsuback(c, "a/#/b", 0x8f),
  },
];
