/** Packets out of chunks and into slabs. */

import {
  encodePacket,
  Framer,
  fixedHeaderSize,
  NO_PROPERTIES,
  type Packet,
  PacketType,
  ProtocolVersion,
  publishRemainingLength,
  type Qos,
  writeAcknowledgement,
  writePublishHead,
} from "../../src/protocol/index.ts";
import { type Benchmark, type Loop, sink } from "./benchmark.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const PACKETS = 500;
const OPERATIONS = 10_000;
const topicName = "plant/12/line/345/state";
const topic = new TextEncoder().encode(topicName);
const payload = new Uint8Array(64).fill(0x2e);

function encoded(packet: Packet, version: ProtocolVersion): Uint8Array {
  const bytes = encodePacket(packet, version);
  if (bytes === undefined) throw new Error(`a packet of type ${packet.type} cannot be said in ${version}`);
  return bytes;
}

function publishOf(qos: Qos): Packet {
  const packetId = qos === 0 ? 0 : 7;
  return {
    type: PacketType.PUBLISH,
    topicName,
    payload,
    qos,
    retain: false,
    dup: false,
    packetId,
    properties: {},
  };
}

/** Puts a chunk of many equal packets through a framer that is connected. */
function framing(version: ProtocolVersion, packet: Packet, cut = 0): Loop {
  const framer = new Framer(
    {
      onPublish(view) {
        sink.number += view.end;
      },
      onPacket({ type }) {
        sink.number += type;
      },
    },
    { side: "server" },
  );
  const connect: Packet = {
    type: PacketType.CONNECT,
    protocolVersion: version,
    isBridge: false,
    clientId: "bench",
    cleanStart: true,
    keepAliveSeconds: 0,
    properties: {},
  };
  framer.push(encoded(connect, version));
  const one = encoded(packet, version);
  const chunk = new Uint8Array(one.length * PACKETS);
  for (let i = 0; i < PACKETS; i++) chunk.set(one, i * one.length);
  const parts: Uint8Array[] = [];
  const partSize = cut === 0 ? chunk.length : cut;
  for (let at = 0; at < chunk.length; at += partSize) parts.push(chunk.subarray(at, at + partSize));
  return {
    operations: PACKETS,
    run() {
      for (const part of parts) framer.push(part);
    },
  };
}

export const protocolBenchmarks: readonly Benchmark[] = [
  {
    name: "framer/qos0",
    what: "a PUBLISH of 64 bytes among others",
    prepare: () => framing(MQTT_3_1_1, publishOf(0)),
  },
  { name: "framer/qos1", what: "the same at QoS 1", prepare: () => framing(MQTT_3_1_1, publishOf(1)) },
  { name: "framer/v5", what: "the same at QoS 1 in 5.0", prepare: () => framing(MQTT_5_0, publishOf(1)) },
  {
    name: "framer/cut",
    what: "the same in chunks of 128 bytes, which cut every packet",
    prepare: () => framing(MQTT_3_1_1, publishOf(1), 128),
  },
  {
    name: "framer/puback",
    what: "a PUBACK among others, by onPacket",
    prepare: () =>
      framing(MQTT_3_1_1, { type: PacketType.PUBACK, packetId: 7, reasonCode: 0, properties: {} }),
  },
  {
    name: "encode/publish-head",
    what: "writePublishHead in 3.1.1",
    prepare() {
      const slab = new Uint8Array(256);
      const remaining = publishRemainingLength(topic.length, true, NO_PROPERTIES, payload.length);
      sink.number += fixedHeaderSize(remaining);
      return {
        operations: OPERATIONS,
        run() {
          for (let i = 0; i < OPERATIONS; i++) {
            sink.number += writePublishHead(slab, 0, 0x32, remaining, topic, (i & 1023) + 1);
          }
        },
      };
    },
  },
  {
    name: "encode/puback",
    what: "writeAcknowledgement",
    prepare() {
      const slab = new Uint8Array(8);
      return {
        operations: OPERATIONS,
        run() {
          for (let i = 0; i < OPERATIONS; i++) {
            sink.number += writeAcknowledgement(slab, 0, PacketType.PUBACK, (i & 1023) + 1, 0, MQTT_3_1_1);
          }
        },
      };
    },
  },
  {
    name: "encode/packet",
    what: "encodePacket of a whole PUBLISH object in 5.0",
    prepare() {
      const packet = publishOf(1);
      return {
        operations: PACKETS,
        run() {
          for (let i = 0; i < PACKETS; i++) sink.number += encoded(packet, MQTT_5_0).length;
        },
      };
    },
  },
];
