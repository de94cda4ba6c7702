import assert from "node:assert/strict";
import { createBroker } from "martlet";
import { encodePacket, type Packet, PacketType, ProtocolVersion } from "martlet/protocol";
import { VirtualClock } from "martlet/testing";

const clock = new VirtualClock();
const broker = await createBroker({ clock }).start();
const received: string[] = [];
broker.subscribe("status/#", ({ topicName, payload }) => {
  received.push(`${topicName} ${new TextDecoder().decode(payload)}`);
});

// A client of bare packets at the other end of a pipe in memory.
const pipe = broker.connectPipe();
pipe.open({ onBytes: () => undefined, onWritten: () => undefined, onClosed: () => undefined });
const connect: Packet = {
  type: PacketType.CONNECT,
  protocolVersion: ProtocolVersion.MQTT_5_0,
  isBridge: false,
  clientId: "sensor-1",
  cleanStart: true,
  keepAliveSeconds: 60,
  will: {
    topicName: "status/sensor-1",
    payload: new TextEncoder().encode("gone"),
    qos: 1,
    retain: false,
    properties: { willDelayInterval: 3600 },
  },
  properties: { sessionExpiryInterval: 7200 },
};
pipe.write(encodePacket(connect, ProtocolVersion.MQTT_5_0) ?? new Uint8Array());
clock.runTurns();
assert.equal(broker.sizes.clients, 1);

// Its connection breaks. The will waits for an hour, which passes at once.
pipe.destroy();
clock.advance(3_599_000);
assert.deepEqual(received, []);
clock.advance(1_000);
assert.deepEqual(received, ["status/sensor-1 gone"]);

// Another hour, and the session is over.
clock.advance(3_600_000);
assert.equal(broker.sizes.sessions, 0);
await broker.stop();
console.log("an hour's delay, tested at once");
