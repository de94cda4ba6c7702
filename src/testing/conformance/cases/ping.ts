/** Sections 3.12 and 3.1.2.10: PINGREQ, and Keep Alive. */

import { ALL, type ConformanceCase, ONLY_5 } from "../case.ts";

export const pingCases: readonly ConformanceCase[] = [
  {
    name: "ping/answered",
    title: "PINGREQ is answered by PINGRESP",
    statements: ["3.1.1/MQTT-3.12.4-1", "5.0/MQTT-3.12.4-1"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      client.send("c0 00");
      await client.expectBytes("d0 00");
      client.send("c0 00 c0 00");
      await client.expectBytes("d0 00");
      await client.expectBytes("d0 00");
      await client.expectNothing();
    },
  },
  {
    name: "keep-alive/closed",
    title: "silence for one and a half times Keep Alive closes the connection, as a network failure does",
    statements: ["3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-22", "5.0/MQTT-3.2.2-22"],
    versions: ALL,
    async run(c) {
      const client = await c.connect({ keepAlive: 2 });
      // Not before Keep Alive itself is over.
      await client.expectClose({ reasons: [0x8d], afterMs: 1_950, withinMs: c.due(3_000) });
    },
  },
  {
    name: "keep-alive/kept",
    title: "any packet keeps the connection",
    statements: ["3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-22"],
    versions: ALL,
    async run(c) {
      const client = await c.connect({ keepAlive: 1 });
      for (let i = 0; i < 4; i++) {
        await c.wait(800);
        if (i % 2 === 0) await client.ping();
        else await client.publish({ topic: c.topic("nobody") });
      }
      await client.ping();
    },
  },
  {
    name: "keep-alive/receiving-does-not-count",
    title: "only packets from the client count for Keep Alive",
    statements: ["3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-22"],
    versions: ALL,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub"), keepAlive: 1 });
      await subscriber.subscribe(c.topic());
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (let i = 0; i < 20 && !subscriber.closed; i++) {
        await publisher.publish({ topic: c.topic(), payload: "still there?", qos: 1 });
        await c.wait(250);
        subscriber.inbox.splice(0, subscriber.inbox.findLastIndex((each) => each.name === "PUBLISH") + 1);
      }
      await subscriber.expectClose({ reasons: [0x8d] });
    },
  },
  {
    name: "keep-alive/off",
    title: "Keep Alive 0 never closes the connection",
    statements: ["3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-22"],
    versions: ALL,
    async run(c) {
      const client = await c.connect({ keepAlive: 0 });
      if ((client.connack?.properties.serverKeepAlive ?? 65_535) < 30)
        c.inconclusive("the server sets a Keep Alive");
      await client.expectNothing(4_000);
      await client.ping();
    },
  },
  {
    name: "keep-alive/longest",
    title: "the longest Keep Alive is 18 hours, 12 minutes and 15 seconds",
    statements: ["3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-22"],
    versions: ALL,
    needs: { virtualTime: true },
    async run(c) {
      const client = await c.connect({ keepAlive: 65_535 });
      if (client.connack?.properties.serverKeepAlive !== undefined)
        c.inconclusive("the server sets a Keep Alive");
      await client.expectNothing(65_535_000);
      await client.expectClose({ reasons: [0x8d], withinMs: c.due(0.5 * 65_535_000) });
    },
  },
  {
    name: "keep-alive/of-server",
    title: "Server Keep Alive replaces the client's Keep Alive",
    statements: ["5.0/MQTT-3.1.2-21", "5.0/MQTT-3.2.2-21"],
    versions: ONLY_5,
    needs: { broker: { serverKeepAliveSeconds: 2 } },
    async run(c) {
      for (const keepAlive of [0, 1, 600]) {
        const client = await c.connect({ keepAlive });
        if (client.connack?.properties.serverKeepAlive !== 2) client.fail("CONNACK does not say 2");
        await client.expectClose({ reasons: [0x8d], afterMs: 1_950, withinMs: c.due(3_000) });
      }
    },
  },
  {
    name: "keep-alive/maximum-of-server",
    title: "a longer Keep Alive than the server wants is answered by Server Keep Alive",
    statements: ["5.0/MQTT-3.2.2-21", "5.0/MQTT-3.2.2-22"],
    versions: ONLY_5,
    needs: { broker: { maximumKeepAliveSeconds: 10 } },
    async run(c) {
      for (const keepAlive of [600, 0]) {
        const eager = await c.connect({ clientId: c.clientId(`k${keepAlive}x`), keepAlive });
        if (eager.connack?.properties.serverKeepAlive !== 10) eager.fail("CONNACK does not say 10");
      }
      const modest = await c.connect({ clientId: c.clientId("modest"), keepAlive: 2 });
      const told = modest.connack?.properties.serverKeepAlive ?? 2;
      await modest.expectClose({
        reasons: [0x8d],
        afterMs: told * 1000 - 50,
        withinMs: c.due(told * 1_500),
      });
    },
  },
];
