import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, toHex } from "#base";
import { encodePacket, type Packet, PacketType, ProtocolVersion } from "#protocol";
import { PacketScanner, type PacketSink } from "./packet-scanner.ts";

const LONGEST = 100_000;

/** Writes down what it is told, in one line each. */
class Notes implements PacketSink {
  readonly lines: string[] = [];

  onPublish(bytes: Uint8Array, firstByte: number, body: number, end: number): void {
    this.lines.push(`publish ${firstByte.toString(16)} ${toHex(bytes.subarray(body, end), 100_000)}`);
  }

  onAcknowledgement(type: number, packetId: number, reasonCode: number): void {
    this.lines.push(`acknowledgement ${type} ${packetId} ${reasonCode}`);
  }

  onPacket(bytes: Uint8Array): void {
    this.lines.push(`packet ${toHex(bytes)}`);
  }

  onNonsense(reason: string): void {
    this.lines.push(`nonsense: ${reason}`);
  }
}

function scan(chunks: readonly Uint8Array[]): string[] {
  const notes = new Notes();
  const scanner = new PacketScanner(LONGEST);
  for (const chunk of chunks) {
    const lent = chunk.slice();
    scanner.push(lent, notes);
    // The memory of a chunk is the pipe's again.
    lent.fill(0xff);
  }
  return notes.lines;
}

function bytesOf(packet: Packet): Uint8Array {
  const bytes = encodePacket(packet, ProtocolVersion.MQTT_5_0);
  if (bytes === undefined) throw new TypeError("no such packet");
  return bytes;
}

function publish(payloadBytes: number, qos: 0 | 1 | 2): Packet {
  return {
    type: PacketType.PUBLISH,
    topicName: "a/b",
    payload: new Uint8Array(payloadBytes).fill(payloadBytes),
    qos,
    retain: false,
    dup: false,
    packetId: qos === 0 ? 0 : 7,
    properties: {},
  };
}

const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc
    .record({ size: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 20_000 })), qos: fc.constantFrom(0, 1, 2) })
    .map(({ size, qos }) => publish(size, qos as 0 | 1 | 2)),
  fc
    .record({
      type: fc.constantFrom(PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP),
      packetId: fc.integer({ min: 1, max: 65_535 }),
      isRefused: fc.boolean(),
    })
    .map(({ type, packetId, isRefused }) => {
      const refusal = type === PacketType.PUBACK || type === PacketType.PUBREC ? 0x80 : 0x92;
      const reasonCode = isRefused ? refusal : 0;
      return { type, packetId, reasonCode, properties: {} } as Packet;
    }),
  fc.constant<Packet>({ type: PacketType.PINGRESP }),
  fc.constant<Packet>({ type: PacketType.SUBACK, packetId: 3, reasonCodes: [0, 1, 2], properties: {} }),
);

/** What a scanner has to say of `packets`, told from the objects. */
function expected(packets: readonly Packet[]): string[] {
  return packets.map((each) => {
    const bytes = bytesOf(each);
    switch (each.type) {
      case PacketType.PUBLISH: {
        const header = bytes.length < 130 ? 2 : bytes.length < 16_387 ? 3 : 4;
        const first = (bytes[0] as number).toString(16);
        return `publish ${first} ${toHex(bytes.subarray(header), 100_000)}`;
      }
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        return `acknowledgement ${each.type} ${each.packetId} ${each.reasonCode}`;
      default:
        return `packet ${toHex(bytes)}`;
    }
  });
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] as number);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe("PacketScanner", () => {
  it("finds the same packets however they are cut", () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 30_000 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), sizes, (packets, cuts) => {
        const bytes = concatBytes(packets.map(bytesOf));
        expect(scan(cut(bytes, cuts))).toEqual(expected(packets));
      }),
    );
  });

  it("finds them byte by byte", () => {
    const packets: Packet[] = [publish(200, 1), { type: PacketType.PINGRESP }, publish(0, 0)];
    const bytes = concatBytes(packets.map(bytesOf));
    expect(scan(cut(bytes, [1]))).toEqual(expected(packets));
  });

  it.each([
    ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a padded length", [0x30, 0x81, 0x00, 0x00]],
  ])("tells nonsense: %s", (_, bytes) => {
    const [first, ...rest] = scan([Uint8Array.from(bytes), bytesOf(publish(1, 0))]);
    expect(first).toBe("nonsense: what the broker sent is not MQTT");
    expect(rest).toEqual([]);
    expect(scan(cut(Uint8Array.from(bytes), [1]))).toEqual([first]);
  });

  it("does not wait for a packet that is longer than any that was asked for", () => {
    const head = Uint8Array.from([0x30, 0xff, 0xff, 0x7f]);
    const sentence = "the broker announced a packet of 2097155 bytes, longer than any that was asked for";
    expect(scan([head])).toEqual([`nonsense: ${sentence}`]);
    expect(scan(cut(head, [1]))).toEqual([`nonsense: ${sentence}`]);
  });
});
