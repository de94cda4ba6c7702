/** Section 6: MQTT over WebSocket. */

import { ALL, type ConformanceCase, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { publish } from "../wire/write.ts";

async function openWebSocket(c: ConformanceContext): Promise<RawPeer> {
  const client = await c.open("client", "webSocket");
  client.send(c.connectPacket({ clientId: c.clientId() }));
  await client.expect("CONNACK", { reasonCode: 0 });
  return client;
}

const needs = { webSocket: true } as const;

export const webSocketCases: readonly ConformanceCase[] = [
  {
    name: "websocket/subprotocol",
    title: "the server answers the sub-protocol mqtt with mqtt",
    statements: ["3.1.1/MQTT-6.0.0-4", "5.0/MQTT-6.0.0-4"],
    versions: SINCE_3_1_1,
    needs,
    async run(c) {
      const client = await openWebSocket(c);
      if (client.link.subprotocol !== "mqtt") client.fail(`the sub-protocol is "${client.link.subprotocol}"`);
    },
  },
  {
    name: "websocket/frames",
    title: "a frame may hold a part of a packet or several",
    statements: ["3.1.1/MQTT-6.0.0-2", "5.0/MQTT-6.0.0-2", "5.0/MQTT-4.2.0-1"],
    versions: ALL,
    needs,
    async run(c) {
      const client = await openWebSocket(c);
      const message = publish(c.version, { topic: c.topic(), payload: "in pieces", qos: 1, packetId: 5 });
      await client.subscribe({ filter: c.topic() });
      client.link.sendByteFrames?.(message);
      await client.take("PUBACK", { packetId: 5 });
      await client.take("PUBLISH", { payload: "in pieces" });
      client.send("c0 00 c0 00", message, "c0 00");
      for (let i = 0; i < 3; i++) await client.take("PINGRESP");
      await client.take("PUBACK", { packetId: 5 });
    },
  },
  {
    name: "websocket/text-frame",
    title: "a frame that is not binary closes the connection",
    statements: ["3.1.1/MQTT-6.0.0-1", "5.0/MQTT-6.0.0-1"],
    versions: SINCE_3_1_1,
    needs,
    async run(c) {
      const client = await openWebSocket(c);
      client.link.sendTextFrame?.("hello");
      await client.expectClose();
    },
  },
];
