/**
 * For any bytes: the dissector never throws, its fields tile the packets, and it agrees with the decoder about what is wrong.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, seededRandom, toHex } from "#base";
import {
  encodePacket,
  Framer,
  isWireError,
  type PacketSink,
  ProtocolVersion,
  toPublishPacket,
  type WireError,
} from "#protocol";
import { mutatedBytes } from "../../test/support/mutated-bytes.ts";
import { packetSamples } from "../../test/support/packet-samples.ts";
import { dissect } from "./dissect.ts";
import type { DissectedPacket, Field, Sender } from "./field.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const versions = [MQTT_3_1, MQTT_3_1_1, MQTT_5_0];

const sink: PacketSink = { onPublish: (view) => void toPublishPacket(view), onPacket: () => undefined };

/** What a receiver of `sender`'s bytes throws, and whether it waits for more of them. */
function verdict(
  bytes: Uint8Array,
  version: ProtocolVersion | undefined,
  sender: Sender,
): { error: WireError | undefined; isWaiting: boolean } {
  const framer = new Framer(sink, { side: sender === "client" ? "server" : "client", version });
  try {
    framer.push(bytes);
  } catch (error) {
    if (!isWireError(error)) throw error;
    return { error, isWaiting: false };
  }
  return { error: undefined, isWaiting: framer.bufferedBytes > 0 };
}

/** The fields without children of bytes, in order. */
function leaves(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => {
    const inner = (field.children ?? []).filter(({ bits }) => bits === undefined);
    return inner.length === 0 ? [field] : leaves(inner);
  });
}

/** What breaks the rule that fields tile their packet, and parts of a byte that byte. */
function gaps({ offset, length, fields }: DissectedPacket, bytes: Uint8Array): string[] {
  const found: string[] = [];
  let at = offset;
  for (const leaf of leaves(fields)) {
    if (leaf.offset !== at) found.push(`${leaf.name} begins at ${leaf.offset}, not ${at}`);
    if (leaf.raw.length !== leaf.length || leaf.raw.byteOffset !== bytes.byteOffset + at) {
      found.push(`${leaf.name} has other bytes`);
    }
    at += leaf.length;
  }
  if (at !== offset + length) found.push(`the fields end at ${at}, not ${offset + length}`);
  for (const { name, bits, children } of everyField(fields)) {
    const parts = bits === undefined ? (children ?? []).filter((child) => child.bits !== undefined) : [];
    if (parts.length > 0 && bitsOf(parts).join("") !== "76543210") found.push(`${name} has gaps`);
  }
  return found;
}

function everyField(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => [field, ...everyField(field.children ?? [])]);
}

function bitsOf(parts: readonly Field[]): number[] {
  return parts.flatMap(({ bits }) => {
    const { highest = 0, lowest = 0 } = bits ?? {};
    return Array.from({ length: highest - lowest + 1 }, (_, index) => highest - index);
  });
}

/** Disagreements about `bytes` as one connection's beginning, or as what follows in `version`. */
function disagreement(bytes: Uint8Array, version: ProtocolVersion, sender: Sender): string | undefined {
  const isConnect = sender === "client" && (bytes[0] as number) >> 4 === 1;
  const { error, isWaiting } = verdict(bytes, isConnect ? undefined : version, sender);
  // Where the beginning of the connection is not there, a CONNECT may be its first.
  if (!isConnect && error?.statement.endsWith("MQTT-3.1.0-2") === true) return undefined;
  const packets = [...dissect(bytes, { version, sender, isFromStart: isConnect })];
  for (const packet of packets) {
    const [gap] = gaps(packet, bytes);
    if (gap !== undefined) return `${toHex(bytes, 500)}: ${gap}`;
  }
  const faulty = packets.find(({ problems }) => problems.length > 0);
  const problem = faulty?.problems[0];
  const last = packets.at(-1);
  if (error === undefined && problem === undefined && isWaiting === last?.isIncomplete) return undefined;
  // Of a packet that is not whole the decoder has only judged the header.
  if (error === undefined && isWaiting && faulty?.isIncomplete === true) return undefined;
  const isSame =
    error !== undefined &&
    problem?.statement === error.statement &&
    problem.reasonCode === error.reasonCode &&
    (problem.kind === "malformed-packet") === (error.code === "MARTLET_MALFORMED_PACKET");
  if (isSame) return undefined;
  const decoder =
    error === undefined ? `nothing, waits: ${isWaiting}` : `${error.statement} (${error.message})`;
  const ours = problem === undefined ? "nothing" : `${problem.statement} (${problem.reason})`;
  return `${version} from ${sender} ${toHex(bytes, 500)}: decoder ${decoder}, dissector ${ours}`;
}

/** Spoilt, but never to nothing. */
function mutate(original: Uint8Array, below: (bound: number) => number): Uint8Array {
  const mutated = mutatedBytes(original, below);
  return mutated.length === 0 ? Uint8Array.of(below(256)) : mutated;
}

const ways = versions.flatMap((version) =>
  (["client", "server"] as const).map((sender) => ({ version, sender })),
);

describe.each(ways)("version $version, from a $sender", ({ version, sender }) => {
  const samples = packetSamples(version, sender).map((packet) => {
    const bytes = encodePacket(packet, version);
    if (bytes === undefined) throw new TypeError(`no bytes for ${JSON.stringify(packet)}`);
    return bytes;
  });

  test("right packets have no problems", () => {
    for (const bytes of samples) {
      const [packet, ...rest] = dissect(bytes, { version, sender });
      expect(packet, toHex(bytes)).toMatchObject({ problems: [], hints: [], isIncomplete: false, version });
      expect(rest).toEqual([]);
      expect(disagreement(bytes, version, sender)).toBeUndefined();
    }
  });

  test("mutated packets are judged like the decoder judges them", () => {
    const random = seededRandom(version * 2 + (sender === "client" ? 1 : 0));
    const below = random.below.bind(random);
    const disagreements: string[] = [];
    let wrong = 0;
    for (let run = 0; run < 1_500; run++) {
      const bytes = mutate(samples[below(samples.length)] ?? Uint8Array.of(0), below);
      const found = disagreement(bytes, version, sender);
      if (found !== undefined) disagreements.push(found);
      if (verdict(bytes, version, sender).error !== undefined) wrong++;
    }
    expect(disagreements.slice(0, 5)).toEqual([]);
    expect(wrong).toBeGreaterThan(500);
  });

  test("a packet cut anywhere is incomplete, and says how many bytes are missing", () => {
    const wrong: string[] = [];
    for (const bytes of samples) {
      const header = bytes.length < 130 ? 2 : 3;
      for (let length = 1; length < bytes.length; length++) {
        const cut = bytes.subarray(0, length);
        const [packet, ...rest] = dissect(cut, { version, sender });
        const missing = length < header ? undefined : bytes.length - length;
        const isRight =
          packet?.isIncomplete === true &&
          packet.missingBytes === missing &&
          packet.problems.length + rest.length + gaps(packet, cut).length === 0;
        if (!isRight) wrong.push(toHex(cut, 500));
      }
    }
    expect(wrong).toEqual([]);
  });

  test("packets in a row are found one by one", () => {
    const random = seededRandom(version);
    for (let run = 0; run < 50; run++) {
      const parts = Array.from({ length: 5 }, () => samples[random.below(samples.length)] as Uint8Array);
      const row = parts.filter((bytes) => (bytes[0] as number) >> 4 !== 1);
      const found = [...dissect(concatBytes(row), { version, sender })];
      expect(found.map(({ length, problems }) => [length, problems])).toEqual(
        row.map((bytes) => [bytes.length, []]),
      );
    }
  });
});

test("any bytes at all are dissected, without a direction and without a version", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc
          .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ minLength: 1, maxLength: 40 }))
          .map(([first, body]) => Uint8Array.of(first, body.length, ...body)),
      ),
      (given) => {
        // As a program of Node gives it: parts of a Buffer are views.
        const bytes = Buffer.from(given);
        const packets = [...dissect(bytes)];
        expect([...bytes]).toEqual([...given]);
        expect(packets.flatMap((packet) => gaps(packet, bytes))).toEqual([]);
        expect(packets.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length);
      },
    ),
    { numRuns: 1_500 },
  );
});

test("without a direction a packet is wrong only if it is wrong from both", () => {
  const random = seededRandom(3);
  const below = random.below.bind(random);
  for (const version of versions) {
    const samples = (["client", "server"] as const)
      .flatMap((sender) => packetSamples(version, sender))
      .map((packet) => encodePacket(packet, version) as Uint8Array);
    for (let run = 0; run < 1_500; run++) {
      const bytes = mutate(samples[below(samples.length)] ?? Uint8Array.of(0), below);
      const isConnect = (bytes[0] as number) >> 4 === 1;
      const [first] = dissect(bytes, { version });
      const whole = bytes.subarray(0, first?.length);
      const asServer = verdict(whole, isConnect ? undefined : version, "client");
      const asClient = verdict(whole, version, "server");
      if (asServer.isWaiting || asClient.isWaiting) continue;
      const isWrong = asServer.error !== undefined && asClient.error !== undefined;
      expect((first?.problems.length ?? 0) > 0, `${version}: ${toHex(whole, 200)}`).toBe(isWrong);
    }
  }
});
