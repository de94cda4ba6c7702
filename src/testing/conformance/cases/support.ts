/** What several chapters share: bytes of properties, and rows of packets that have to close their connection. */

import { toHex } from "#base";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { binary, packet, type Raw, raw, text, twoBytes, variableByteInteger } from "../wire/bytes.ts";
import { type PropertyKind, properties } from "../wire/properties.ts";
import { protocolName } from "../wire/write.ts";

const samples: Readonly<Record<PropertyKind, string>> = {
  byte: "01",
  two: "00 0a",
  four: "00 00 01 2c",
  variable: "05",
  text: "00 01 'x'",
  binary: "00 01 ff",
  pair: "00 01 'k' 00 01 'v'",
};

/** A property with a value that is right for it. */
export function sampleProperty(id: number): Uint8Array {
  const kind = properties.find((each) => each.id === id)?.kind ?? "byte";
  return raw([Uint8Array.of(id), samples[kind]]);
}

/** Properties with their length, from the bytes of each. */
export function propertyBlock(...parts: readonly Raw[]): Uint8Array {
  const body = raw(parts);
  return raw([variableByteInteger(body.length), body]);
}

/** Every property that must not stand in `place`. */
export function foreignProperties(place: (typeof properties)[number]["places"][number]): number[] {
  return properties.filter((each) => !each.places.includes(place)).map((each) => each.id);
}

/** A CONNECT of 5.0 with these property bytes, and a will with others. */
export function connect5(c: ConformanceContext, connectProperties: Raw, willProperties?: Raw): Uint8Array {
  const { flags, fields } = c.login;
  const will =
    willProperties === undefined
      ? []
      : [propertyBlock(willProperties), text(c.topic("will")), binary(raw("'gone'"))];
  return packet(
    0x10,
    protocolName(5),
    Uint8Array.of(flags | (will.length === 0 ? 0x02 : 0x06)),
    twoBytes(0),
    propertyBlock(connectProperties),
    text(c.clientId()),
    will,
    fields,
  );
}

/** A CONNECT with these flags and this payload, whatever they are worth. */
export function connectWith(c: ConformanceContext, flags: number, ...payload: readonly Raw[]): Uint8Array {
  const properties = c.version === 5 ? "00" : "";
  return packet(0x10, protocolName(c.version), Uint8Array.of(flags), twoBytes(0), properties, payload);
}

/** Bytes of a packet that a connection is named after. */
const NAME_BYTES = 8;

/** Each of these, as the first packet, has to close its connection without being accepted. */
export async function expectConnectErrors(
  c: ConformanceContext,
  reasons: readonly number[],
  packets: readonly Raw[],
): Promise<void> {
  for (const bytes of packets) {
    const client = await c.open(toHex(raw(bytes), NAME_BYTES));
    client.send(bytes);
    await client.expectClose({ reasons });
  }
}

/** Each of these, on a connection of its own, has to close it. */
export async function expectErrors(
  c: ConformanceContext,
  reasons: readonly number[],
  packets: readonly Raw[],
): Promise<void> {
  for (const bytes of packets) {
    const client = await c.connect({ name: toHex(raw(bytes), NAME_BYTES) });
    client.send(bytes);
    await client.expectClose({ reasons });
  }
}

/** Publishes `count` numbered messages one after the other. */
export async function publishNumbered(
  publisher: RawPeer,
  topic: string,
  qos: number,
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i++) await publisher.publish({ topic, payload: `${i}`, qos });
}

/** A text field of these bytes, well-formed or not. */
export function textField(hex: string): Uint8Array {
  const content = raw(hex);
  return raw([twoBytes(content.length), content]);
}

/** Byte sequences that are not UTF-8, each wrong in another way; the last is U+0000. */
export const illFormedUtf8: readonly string[] = [
  "c0 80",
  "c1 bf",
  "ed a0 80",
  "ed bf bf",
  "f4 90 80 80",
  "f8 88 80 80 80",
  "e2 82",
  "80",
  "ff",
  "00",
];

/** A subscriber of `topic()` at `qos`, and a publisher. */
export async function subscriberAndPublisher(
  c: ConformanceContext,
  qos: number,
): Promise<{ subscriber: RawPeer; publisher: RawPeer }> {
  const subscriber = await c.connect({ clientId: c.clientId("sub") });
  await subscriber.subscribe({ filter: c.topic(), qos });
  return { subscriber, publisher: await c.connect({ clientId: c.clientId("pub") }) };
}

/** A lasting session of "sub" with one QoS `qos` message under way, its connection cut before any acknowledgement. */
export async function cutBeforeAcknowledgement(c: ConformanceContext, qos: number) {
  const clientId = c.clientId("sub");
  const subscriber = await c.connect({ clientId, name: "before", lasting: true });
  await subscriber.subscribe({ filter: c.topic(), qos });
  const publisher = await c.connect({ clientId: c.clientId("pub") });
  await publisher.publish({ topic: c.topic(), payload: "once", qos });
  const sent = await subscriber.expect("PUBLISH", { payload: "once", qos, dup: false });
  return { clientId, subscriber, publisher, sent };
}

/** Packet identifiers at the boundaries of their bytes. */
export const packetIds = [1, 256, 0x7fff, 0xffff];

/** A PUBLISH with these property bytes. */
export function publishWithProperties(c: ConformanceContext, ...parts: readonly Raw[]): Uint8Array {
  return packet(0x30, text(c.topic()), propertyBlock(...parts), "'payload'");
}
