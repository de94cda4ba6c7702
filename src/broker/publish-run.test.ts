/** Runs of messages have to reach everybody as if they had been delivered one by one, however the bytes were cut. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolVersion, type PublishPacket } from "#protocol";
import { Bench, type BenchClient, show } from "../../test/support/broker-bench.ts";
import { encodeAll, publishPacket } from "../../test/support/raw-client.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

interface Scene {
  readonly bench: Bench;
  readonly publisher: BenchClient;
  readonly receivers: readonly BenchClient[];
}

/** One receiver of every kind whose bytes may differ; `oneByOne` switches runs off. */
function scene(version: ProtocolVersion, oneByOne: boolean): Scene {
  const bench = new Bench({ settings: { topicAliasMaximumOutbound: 2 } });
  if (oneByOne) bench.broker.on("messagePublished", () => undefined);
  const publisher = bench.connect("publisher", { version });
  publisher.sub("#", { noLocal: version === MQTT_5_0 });
  const receivers: BenchClient[] = [publisher];
  const add = (
    clientId: string,
    each: Parameters<Bench["connect"]>[1],
    filters: readonly [string, object][],
  ): void => {
    const client = bench.connect(clientId, each);
    for (const [filter, options] of filters) client.sub(filter, options);
    receivers.push(client);
  };
  add("three-one", { version: MQTT_3_1 }, [["#", {}]]);
  add("three-one-one", { version: MQTT_3_1_1 }, [["a/+", { qos: 1 }]]);
  add("five", {}, [["#", { qos: 2 }]]);
  add("aliasing", { properties: { topicAliasMaximum: 10 } }, [["#", {}]]);
  add("identified", {}, [
    ["a/#", { identifier: 7 }],
    ["+/b", { identifier: 300 }],
  ]);
  add("as-published", {}, [["#", { retainAsPublished: true }]]);
  add("narrow", { properties: { maximumPacketSize: 40 } }, [["#", {}]]);
  add("shared-1", {}, [["$share/s/#", {}]]);
  add("shared-2", { version: MQTT_3_1_1 }, [["$share/s/#", {}]]);
  add("away", { version: MQTT_3_1_1, cleanStart: false }, [["#", { qos: 1 }]]);
  receivers.at(-1)?.cut();
  bench.outcomes();
  return { bench, publisher, receivers };
}

/** Receivers that take runs above QoS 0 as they are, until too much is in flight. */
function plainScene(version: ProtocolVersion, oneByOne: boolean): Scene {
  const bench = new Bench({ settings: { maximumInFlight: 12 } });
  if (oneByOne) bench.broker.on("messagePublished", () => undefined);
  const publisher = bench.connect("publisher", { version });
  const receivers = [publisher];
  for (const qos of [2, 1] as const) {
    const client = bench.connect(`receiver-${qos}`, { version });
    client.sub("a/#", { qos: 2 });
    client.sub("b/b", { qos });
    receivers.push(client);
  }
  bench.outcomes();
  return { bench, publisher, receivers };
}

/** Several messages alike, so that there are runs. */
const messages = fc
  .array(
    fc.record({
      topicName: fc.constantFrom("a", "a/b", "b/b", "é/☃"),
      payloads: fc.array(
        fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 0, max: 60 }) },
          { weight: 1, arbitrary: fc.constantFrom(130, 5000, 40_000) },
        ),
        { minLength: 1, maxLength: 6 },
      ),
      qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      dup: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((groups) =>
    groups.flatMap(({ payloads, ...rest }) =>
      payloads.map((payload) => ({ payload, retain: false, ...rest })),
    ),
  );

const message = fc.record({
  topicName: fc.constantFrom("a", "a/b", "b/b", "é/☃"),
  payload: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 1, arbitrary: fc.constantFrom(130, 200, 5000) },
  ),
  qos: fc.constantFrom<0 | 1>(0, 0, 0, 0, 0, 0, 1),
  retain: fc.constantFrom(false, false, false, false, false, true),
});

function play(
  oneByOne: boolean,
  version: ProtocolVersion,
  messages: readonly PublishPacket[],
  cuts: readonly number[],
  setUp = scene,
) {
  const { bench, publisher, receivers } = setUp(version, oneByOne);
  const bytes = encodeAll(messages, version);
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  for (let i = 1; i < edges.length; i++) {
    const part = bytes.slice(edges[i - 1], edges[i]);
    if (part.length === 0) continue;
    publisher.sendBytes(part);
    bench.run();
  }
  const { bytesReceived, publishReceived, publishSent, publishBytesSent, packetsSent } = bench.broker.metrics;
  return {
    received: receivers.map((client) => client.packets.map((packet) => show(packet))),
    closed: receivers.map((client) => client.closed),
    outcomes: bench.outcomes().sort(),
    metrics: { bytesReceived, publishReceived, publishSent, publishBytesSent, packetsSent },
    log: bench.log,
  };
}

function packetsOf(
  parts: readonly { topicName: string; payload: number; qos: 0 | 1 | 2; retain: boolean; dup?: boolean }[],
): PublishPacket[] {
  return parts.map(({ topicName, payload, qos, retain, dup = false }, index) =>
    publishPacket(topicName, `${index}:`.padEnd(payload, "x"), {
      qos,
      retain,
      dup: dup && qos > 0,
      packetId: qos === 0 ? 0 : index + 1,
    }),
  );
}

describe("a run is delivered as its messages would be one by one", () => {
  for (const version of [MQTT_3_1, MQTT_3_1_1, MQTT_5_0]) {
    test(`from a publisher of version ${version}, whole chunks`, () => {
      fc.assert(
        fc.property(fc.array(message, { minLength: 1, maxLength: 30 }), (parts) => {
          const packets = packetsOf(parts);
          expect(play(false, version, packets, [])).toEqual(play(true, version, packets, []));
        }),
        { numRuns: 60 },
      );
    });

    test(`from a publisher of version ${version}, any chunks`, () => {
      fc.assert(
        fc.property(
          fc.array(message, { minLength: 1, maxLength: 30 }),
          fc.array(fc.nat(4000), { maxLength: 8 }),
          (parts, cuts) => {
            const packets = packetsOf(parts);
            expect(play(false, version, packets, cuts)).toEqual(play(true, version, packets, []));
          },
        ),
        { numRuns: 120 },
      );
    });

    test(`from a publisher of version ${version}, at all QoS, whole and in any chunks`, () => {
      fc.assert(
        fc.property(messages, fc.array(fc.nat(4000), { maxLength: 4 }), (parts, cuts) => {
          const packets = packetsOf(parts);
          for (const setUp of [plainScene, scene]) {
            const wanted = play(true, version, packets, [], setUp);
            expect(play(false, version, packets, [], setUp)).toEqual(wanted);
            expect(play(false, version, packets, cuts, setUp)).toEqual(wanted);
          }
        }),
        { numRuns: 40 },
      );
    });
  }
});

test("a packet that came in two chunks, before one that begins in the second, is delivered as it was sent", () => {
  const bench = new Bench();
  const publisher = bench.connect("publisher", { version: MQTT_3_1_1 });
  const receiver = bench.connect("receiver", { version: MQTT_3_1_1 });
  receiver.sub("t");
  receiver.news();
  const bytes = encodeAll([publishPacket("t", "first"), publishPacket("t", "second")], MQTT_3_1_1);
  publisher.sendBytes(bytes.slice(0, 4));
  bench.run();
  publisher.sendBytes(bytes.slice(4, 14)); // the rest of the first packet, and the head of the second
  bench.run();
  publisher.sendBytes(bytes.slice(14));
  bench.run();
  expect(receiver.news()).toEqual(["PUBLISH t first q0", "PUBLISH t second q0"]);
});

test("a run that nobody wants is counted message by message", () => {
  const bench = new Bench();
  const publisher = bench.connect("publisher");
  publisher.sayTogether(publishPacket("t", "1"), publishPacket("t", "2"), publishPacket("t", "3"));
  expect(bench.outcomes()).toEqual(["no-subscriber", "no-subscriber", "no-subscriber"]);
  expect(bench.counts).toEqual({ "no-subscriber": 3 });
});

test("a run is delivered before the packet behind it is handled", () => {
  const bench = new Bench();
  const publisher = bench.connect("publisher");
  const receiver = bench.connect("receiver");
  receiver.sub("#");
  receiver.news();
  publisher.sayTogether(
    publishPacket("t", "1"),
    publishPacket("t", "2"),
    publishPacket("t", "3", { qos: 1, packetId: 1 }),
    publishPacket("t", "4"),
    { type: 14, reasonCode: 0, properties: {} },
  );
  expect(receiver.texts).toEqual(["1", "2", "3", "4"]);
});

test("what came before a malformed packet is delivered, what came after is not", () => {
  const bench = new Bench();
  const publisher = bench.connect("publisher", { version: MQTT_3_1_1 });
  const receiver = bench.connect("receiver");
  receiver.sub("#");
  const good = encodeAll([publishPacket("t", "1"), publishPacket("t", "2")], MQTT_3_1_1);
  publisher.sendBytes(new Uint8Array([...good, 0x36, 0x00, ...good]));
  bench.run();
  expect(receiver.texts).toEqual(["1", "2"]);
  expect(publisher.closed).toBe(true);
});
