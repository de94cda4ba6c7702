/** Section 3.14: DISCONNECT from either side. */

import { ALL, type ConformanceCase, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import { packet } from "../wire/bytes.ts";
import { disconnect, publish } from "../wire/write.ts";

export const disconnectCases: readonly ConformanceCase[] = [
  {
    name: "disconnect/orderly",
    title: "after DISCONNECT the server closes the connection and says nothing more",
    statements: ["3.1.1/MQTT-3.14.4-3", "5.0/MQTT-3.14.4-3"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      client.send(disconnect(c.version));
      await client.expectClose();
    },
  },
  {
    name: "disconnect/nothing-behind-it",
    title: "what a client sends behind DISCONNECT is not processed",
    // The client must not send it; what a server does with it is not said, so it is only noted.
    statements: [],
    versions: SINCE_3_1_1,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic());
      const client = await c.connect();
      client.send(disconnect(c.version), publish(c.version, { topic: c.topic(), payload: "too late" }));
      await client.expectClose();
      await c.wait(c.quietMs);
      if (watcher.inbox.splice(0).length > 0) c.note("a PUBLISH behind DISCONNECT was processed");
    },
  },
  {
    name: "disconnect/reserved-flags",
    title: "reserved flags of DISCONNECT are checked, and a wrong one releases the will",
    statements: ["3.1.1/MQTT-3.14.1-1", "5.0/MQTT-3.14.1-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      for (const first of [0xe1, 0xe2, 0xe8]) {
        const client = await c.connect({ will: { topic: c.topic("will"), payload: "'gone'" } });
        client.send(packet(first));
        await client.expectClose({ reasons: [0x81] });
        await watcher.expect("PUBLISH", { payload: "gone" });
      }
    },
  },
  {
    name: "disconnect/with-body-before-5.0",
    title: "DISCONNECT has no body before 5.0",
    statements: ["3.1.1/MQTT-4.8.0-1"],
    versions: [4],
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      const client = await c.connect({ will: { topic: c.topic("will"), payload: "'gone'" } });
      client.send("e0 01 00");
      await client.expectClose();
      await watcher.expect("PUBLISH", { payload: "gone" });
    },
  },
  {
    name: "disconnect/all-forms",
    title: "DISCONNECT may come without reason, without properties, or with both",
    statements: ["5.0/MQTT-3.14.4-3"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      for (const hex of ["e0 00", "e0 01 00", "e0 02 00 00", "e0 0a 00 08 1f 00 05 'hello'"]) {
        const client = await c.connect({ will: { topic: c.topic("will"), payload: "'gone'" } });
        client.send(hex);
        await client.expectClose();
      }
      await watcher.expectNothing();
    },
  },
  {
    name: "disconnect/bad-reason",
    title: "a reason code that a client's DISCONNECT cannot have is an error",
    statements: ["5.0/MQTT-3.14.2-1"],
    versions: ONLY_5,
    async run(c) {
      for (const code of [0x01, 0x18, 0x8e, 0xff]) {
        const client = await c.connect();
        client.send(packet(0xe0, Uint8Array.of(code)));
        await client.expectClose({ reasons: [0x81, 0x82] });
      }
    },
  },
  {
    name: "disconnect/session-expiry-twice",
    title: "Session Expiry Interval twice in DISCONNECT is an error",
    statements: ["5.0/U5-3.14.2.2.2"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect({ lasting: true });
      client.send("e0 0c 00 0a 11 00 00 00 05 11 00 00 00 05");
      await client.expectClose({ reasons: [0x82] });
    },
  },
  {
    name: "disconnect/session-expiry-after-0",
    title: "a Session Expiry Interval in DISCONNECT after 0 in CONNECT is an error, and no DISCONNECT",
    statements: ["5.0/U5-3.14.2.2.2b", "5.0/MQTT-3.14.2-2"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("will"));
      const clientId = c.clientId();
      const client = await c.connect({ clientId, will: { topic: c.topic("will"), payload: "'gone'" } });
      client.send("e0 07 00 05 11 00 00 00 05");
      await client.expectClose({ reasons: [0x82] });
      await watcher.expect("PUBLISH", { payload: "gone" });
      const again = await c.connect({ clientId, name: "again", cleanStart: false });
      if (again.connack?.sessionPresent !== false) again.fail("the session was kept");
    },
  },
  {
    name: "disconnect/by-server",
    title: "after its own DISCONNECT the server sends nothing more and closes",
    statements: [
      "5.0/MQTT-3.14.4-1",
      "5.0/MQTT-3.14.4-2",
      "5.0/MQTT-3.14.2-1",
      "5.0/MQTT-3.14.2-2",
      "5.0/MQTT-4.13.1-1",
    ],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic(), qos: 1 });
      // Behind the error comes more that would be answered.
      client.send("36 00", "c0 00", publish(5, { topic: c.topic(), qos: 1, packetId: 5 }));
      await client.expectClose({ reasons: [0x81] });
    },
  },
];
