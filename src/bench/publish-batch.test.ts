import { describe, expect, it } from "vitest";
import { decodePacket, PacketType, ProtocolVersion, type Qos } from "#protocol";
import { type MessagePlan, messageTemplate, PublishBatch, readNumber } from "./publish-batch.ts";
import { topicName } from "./topics.ts";

function plan(changes: Partial<MessagePlan> = {}): MessagePlan {
  return {
    version: ProtocolVersion.MQTT_3_1_1,
    qos: 0,
    retain: false,
    tag: "0123abcd",
    payloadTag: 0x0123_abcd,
    publisher: 7,
    topic: 42,
    payloadBytes: 64,
    properties: {},
    ...changes,
  };
}

/** The packets of a batch that holds `count`. */
function packetsOf(batch: PublishBatch, count: number, version: MessagePlan["version"]) {
  const bytes = batch.view(count);
  const size = bytes.length / count;
  return Array.from({ length: count }, (_, index) => {
    const packet = decodePacket(bytes.slice(index * size, (index + 1) * size), version, "client");
    if (packet.type !== PacketType.PUBLISH) throw new TypeError("no PUBLISH");
    return packet;
  });
}

describe("PublishBatch", () => {
  it.each([
    ["3.1.1", ProtocolVersion.MQTT_3_1_1, {}],
    ["5.0", ProtocolVersion.MQTT_5_0, { contentType: "a/b", messageExpiryInterval: 600 }],
  ] as const)("holds the packets that were put into it, MQTT %s", (_, version, properties) => {
    const batch = new PublishBatch(messageTemplate(plan({ version, properties, qos: 1 })), 3);
    for (const index of [0, 1, 2]) {
      batch.setTopic(index, 123_450 + index);
      batch.setPacketId(index, 65_533 + index);
      batch.setMessages(index, 1, 0xffff_fff0 + index, 0x8000_0000 + index);
    }
    const packets = packetsOf(batch, 3, version);
    expect(packets.map((packet) => packet.topicName)).toEqual([
      "bench/0123abcd/123/450/t",
      "bench/0123abcd/123/451/t",
      "bench/0123abcd/123/452/t",
    ]);
    expect(packets.map((packet) => packet.packetId)).toEqual([65_533, 65_534, 65_535]);
    expect(packets.map((packet) => packet.properties)).toEqual([properties, properties, properties]);
    for (const [index, { payload }] of packets.entries()) {
      expect(payload.length).toBe(64);
      expect([0, 4, 8, 12].map((at) => readNumber(payload, at))).toEqual([
        0x0123_abcd,
        7,
        0xffff_fff0 + index,
        0x8000_0000 + index,
      ]);
    }
  });

  it("numbers several packets at once", () => {
    const batch = new PublishBatch(messageTemplate(plan()), 4);
    batch.setMessages(1, 3, 100, 9);
    const numbers = packetsOf(batch, 4, ProtocolVersion.MQTT_3_1_1).map(({ payload }) => [
      readNumber(payload, 8),
      readNumber(payload, 12),
    ]);
    expect(numbers).toEqual([
      [0, 0],
      [100, 9],
      [101, 9],
      [102, 9],
    ]);
  });

  it.each([0, 1, 2] as const)("starts with its own topic, QoS %d", (qos: Qos) => {
    const batch = new PublishBatch(messageTemplate(plan({ qos, retain: true })), 1);
    const [packet] = packetsOf(batch, 1, ProtocolVersion.MQTT_3_1_1);
    expect(packet).toMatchObject({ topicName: topicName("0123abcd", 42), qos, retain: true, dup: false });
  });

  it("may be empty messages", () => {
    const batch = new PublishBatch(messageTemplate(plan({ payloadBytes: 0 })), 2);
    batch.setTopic(1, 999_999);
    const packets = packetsOf(batch, 2, ProtocolVersion.MQTT_3_1_1);
    expect(packets.map(({ topicName: name, payload }) => [name, payload.length])).toEqual([
      ["bench/0123abcd/000/042/t", 0],
      ["bench/0123abcd/999/999/t", 0],
    ]);
  });
});
