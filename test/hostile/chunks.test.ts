/** However a stream is cut into chunks, what arrives is what was sent: every byte, in order, once. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesEqual, seededRandom, utf8Encode } from "#base";
import { PacketType, ProtocolVersion, type Qos } from "#protocol";
import { encodeAll, publishPacket, type RawClient } from "../support/raw-client.ts";
import { ALL_VERSIONS, startVirtualBroker } from "../support/virtual-broker.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

/** Each message is recognisable from its first to its last byte. */
function payloadOf(index: number, length: number): Uint8Array {
  return utf8Encode(`${index}:`.repeat(Math.ceil(length / 2)).slice(0, Math.max(length, `${index}:`.length)));
}

function sendInChunks(client: RawClient, stream: Uint8Array, sizeOf: (index: number) => number): void {
  let index = 0;
  for (let at = 0; at < stream.length; index++) {
    const end = Math.min(stream.length, at + Math.max(1, sizeOf(index)));
    client.sendBytes(stream.slice(at, end));
    at = end;
  }
}

/** Which message `payload` is and how long; where its bytes are not its own it says so. */
function nameOf(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload);
  const index = text.slice(0, text.indexOf(":"));
  const isWhole = bytesEqual(payload, payloadOf(Number(index), payload.length));
  return isWhole
    ? `${index} of ${payload.length} bytes`
    : `spoiled, ${payload.length} bytes from ${text.slice(0, 6)}`;
}

const namesOf = (client: RawClient): string[] =>
  client.all(PacketType.PUBLISH).map(({ payload }) => nameOf(payload));

describe.each(ALL_VERSIONS)("from version %i", (version) => {
  test.each([
    ["1000 bytes in segments of an Ethernet", 1000, 1460],
    ["200 bytes in chunks of 150", 200, 150],
    ["200 bytes in chunks of 210", 200, 210],
    ["3000 bytes in chunks of 4096", 3000, 4096],
    ["40 bytes byte by byte", 40, 1],
    ["5000 bytes in chunks of 5000", 5000, 5000],
  ])("QoS 0 messages of %s", async (_name, payloadSize, chunkSize) => {
    const { client, clock } = await startVirtualBroker();
    const subscribers = [MQTT_3_1_1, MQTT_5_0].map((of) => client(`subscriber${of}`, { version: of }));
    for (const subscriber of subscribers) subscriber.subscribe(1, "t", 0);
    const publisher = client("publisher", { version });
    clock.runTurns();
    const payloads = Array.from({ length: 60 }, (_, index) => payloadOf(index, payloadSize));
    const packets = payloads.map((payload) => publishPacket("t", payload));
    sendInChunks(publisher, encodeAll(packets, version), () => chunkSize);
    clock.runTurns();
    for (const subscriber of subscribers) expect(namesOf(subscriber)).toEqual(payloads.map(nameOf));
  });
});

test("any messages in any chunks", async () => {
  const message = fc.record({
    topic: fc.constantFrom("a", "b/c", "long/topic/name/of/some/levels"),
    length: fc.oneof(fc.nat(60), fc.nat(5000)),
    qos: fc.constantFrom<Qos>(0, 0, 0, 1, 2),
    retain: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ALL_VERSIONS),
      fc.array(message, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 6000 }),
      fc.nat(),
      async (version, messages, largestChunk, seed) => {
        const { client, clock, broker } = await startVirtualBroker();
        const subscriber = client("subscriber", { answers: true });
        subscriber.subscribe(1, "#", 2);
        const old = client("old", { answers: true, version: MQTT_3_1_1 });
        old.subscribe(1, "#", 2);
        const publisher = client("publisher", { answers: true, version });
        clock.runTurns();
        const random = seededRandom(seed);
        const packets = messages.map(({ topic, length, qos, retain }, index) =>
          publishPacket(topic, payloadOf(index, length), {
            qos,
            retain,
            packetId: qos === 0 ? 0 : index + 1,
          }),
        );
        sendInChunks(publisher, encodeAll(packets, version), () => 1 + random.below(largestChunk));
        clock.runTurns();
        const expected = packets.map(({ payload }) => nameOf(payload));
        expect(namesOf(subscriber)).toEqual(expected);
        expect(namesOf(old)).toEqual(expected);
        expect(publisher.all(PacketType.PUBACK).length).toBe(messages.filter(({ qos }) => qos === 1).length);
        expect(publisher.all(PacketType.PUBCOMP).length).toBe(messages.filter(({ qos }) => qos === 2).length);
        expect(broker.metrics.invariantErrors).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});

test("the streams of many clients in small chunks do not mix", async () => {
  const { client, clock } = await startVirtualBroker();
  const subscriber = client("subscriber", { version: MQTT_3_1_1 });
  subscriber.subscribe(1, "#", 0);
  clock.runTurns();
  const random = seededRandom(11);
  const publishers = Array.from({ length: 8 }, (_, p) => {
    const packets = Array.from({ length: 40 }, (_unused, i) =>
      publishPacket(`p/${p}`, payloadOf(1000 * (p + 1) + i, 20 + i * 7)),
    );
    return {
      raw: client(`publisher${p}`, { version: MQTT_3_1_1 }),
      packets,
      stream: encodeAll(packets, MQTT_3_1_1),
      at: 0,
    };
  });
  let left = publishers;
  while (left.length > 0) {
    const next = left[random.below(left.length)] as (typeof publishers)[number];
    const end = Math.min(next.stream.length, next.at + 1 + random.below(300));
    next.raw.sendBytes(next.stream.slice(next.at, end));
    next.at = end;
    if (random.below(3) === 0) clock.runTurns();
    left = left.filter(({ at, stream }) => at < stream.length);
  }
  clock.runTurns();
  for (const [p, { packets }] of publishers.entries()) {
    const got = subscriber.all(PacketType.PUBLISH).filter(({ topicName }) => topicName === `p/${p}`);
    expect(got.map(({ payload }) => nameOf(payload))).toEqual(packets.map(({ payload }) => nameOf(payload)));
  }
});
