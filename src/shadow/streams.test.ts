// What carries packets to Martlet: cutting bytes, keeping the order among clients, acknowledging with Martlet's ids.
import { expect, test } from "vitest";
import { concatBytes, seededRandom } from "#base";
import { type Packet, PacketType } from "#protocol";
import { VirtualClock } from "#testing";
import { Acknowledger } from "./acknowledger.ts";
import type { Delivery } from "./delivery.ts";
import { FeedLine } from "./feed-line.ts";
import { PacketStream } from "./packet-stream.ts";

test.each([1, 2, 3, 4])("packets in any pieces come out whole, seed %i", (seed) => {
  const random = seededRandom(seed);
  const packets = Array.from({ length: 60 }, () => {
    const length = random.below(4) === 0 ? random.below(40_000) : random.below(120);
    const body = new Uint8Array(length).fill(random.below(256));
    const header = [0x30];
    for (let rest = length; ; rest >>>= 7) {
      header.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest < 128) break;
    }
    return concatBytes([Uint8Array.from(header), body]);
  });
  const whole: Uint8Array[] = [];
  const stream = new PacketStream(
    { onWhole: (bytes) => void whole.push(bytes.slice()), onRest: () => expect.unreachable() },
    100_000,
  );
  const bytes = concatBytes(packets);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(random.below(2) === 0 ? 3 : 9_000);
    stream.push(bytes.subarray(at, end));
    at = end;
  }
  expect(whole).toEqual(packets);
  expect(stream.keptBytes).toBe(0);
});

test.each([
  ["malformed", [0xc0, 0, 0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 1], 7],
  ["too-large", [0xc0, 0, 0x30, 0x80, 0x10, 1, 2], 5],
] as const)("what is %s comes out as it is, with all behind it", (why, bytes, restBytes) => {
  const rests: [number, string][] = [];
  let whole = 0;
  const stream = new PacketStream(
    { onWhole: () => void whole++, onRest: (rest, what) => void rests.push([rest.length, what]) },
    1_000,
  );
  stream.push(Uint8Array.from(bytes));
  stream.push(Uint8Array.of(0xc0, 0));
  expect([whole, rests]).toEqual([
    1,
    [
      [restBytes, why],
      [2, why],
    ],
  ]);
});

test("a line waits for an answer, and not for ever", () => {
  const clock = new VirtualClock();
  const line = new FeedLine(clock, 1_000, () => expect.unreachable());
  const done: number[] = [];
  let release = (): void => undefined;
  line.push(1, () => {
    done.push(1);
    release = line.hold();
  });
  line.push(1, () => void done.push(2));
  expect(done).toEqual([1]);
  release();
  release();
  expect(done).toEqual([1, 2]);
  line.hold();
  line.push(1, () => void done.push(3));
  clock.advance(999);
  expect(done).toEqual([1, 2]);
  clock.advance(1);
  expect(done).toEqual([1, 2, 3]);
});

test("a line that is full goes on without waiting, and says so", () => {
  let overflows = 0;
  const line = new FeedLine(new VirtualClock(), 10, () => void overflows++);
  const done: number[] = [];
  line.hold();
  line.push(6, () => void done.push(1));
  line.push(6, () => void done.push(2));
  expect([done, overflows]).toEqual([[1, 2], 1]);
});

function delivery(qos: number, packetId: number): Delivery {
  return {
    topicName: "t",
    qos,
    retain: false,
    packetId,
    payloadBytes: 0,
    payloadHash: "",
    properties: "",
    atMs: 0,
    index: 0,
    partner: undefined,
    acknowledged: undefined,
    isComplete: false,
  };
}

function acknowledging() {
  const sent: string[] = [];
  const acknowledger = new Acknowledger((packet: Packet) => {
    if ("packetId" in packet && "reasonCode" in packet)
      sent.push(`${packet.type} ${packet.packetId} ${packet.reasonCode}`);
  });
  return { sent, acknowledger };
}

const { PUBACK, PUBREC, PUBCOMP } = PacketType;

test("Martlet gets what the client says, when it says it, with Martlet's ids", () => {
  const { sent, acknowledger } = acknowledging();
  const [old, martlet] = [delivery(2, 7), delivery(2, 30)];
  acknowledger.pass(old, martlet);
  expect(sent).toEqual([]);
  old.acknowledged = 0;
  acknowledger.pass(old, martlet);
  acknowledger.onRelease(30);
  expect(sent).toEqual([`${PUBREC} 30 0`]);
  old.isComplete = true;
  acknowledger.pass(old, martlet);
  expect(sent).toEqual([`${PUBREC} 30 0`, `${PUBCOMP} 30 0`]);
});

test("also when Martlet has another QoS, or the client refuses", () => {
  const { sent, acknowledger } = acknowledging();
  const done = (qos: number, code: number): Delivery =>
    Object.assign(delivery(qos, 1), { acknowledged: code, isComplete: true });
  acknowledger.pass(done(1, 0), delivery(2, 31));
  acknowledger.onRelease(31);
  acknowledger.pass(done(2, 0), delivery(1, 32));
  acknowledger.pass(done(2, 0x97), delivery(2, 33));
  acknowledger.finish(delivery(0, 0));
  acknowledger.finish(delivery(1, 34));
  acknowledger.onRelease(99);
  expect(sent).toEqual([
    `${PUBREC} 31 0`,
    `${PUBCOMP} 31 0`,
    `${PUBACK} 32 0`,
    `${PUBREC} 33 151`,
    `${PUBACK} 34 0`,
    `${PUBCOMP} 99 0`,
  ]);
});
