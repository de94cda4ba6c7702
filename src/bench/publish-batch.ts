/**
 * Room for PUBLISHes of one publisher that are written together. HOT.
 *
 * All packets of a load have the same bytes but for a few fields. So a batch is made once, full of packets, and those are
 * changed in place:
 *
 *     | fixed header | topic, its number | packet id | properties | tag publisher sequence ticks ... | next packet ...
 *
 * A batch belongs to the pipe from `write` until that has taken it; meanwhile the publisher fills another.
 */

import { copyBytes, InvariantError, utf8Encode } from "#base";
import { encodePacket, fixedHeaderSize, PacketType, type PublishProperties, type Qos } from "#protocol";
import { type LoadVersion, SMALLEST_PAYLOAD } from "./scenario.ts";
import { numberOffset, topicName } from "./topics.ts";

/** What all messages of one publisher have in common. */
export interface MessagePlan {
  readonly version: LoadVersion;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Of the run, in topics; `payloadTag` says the same in payloads. */
  readonly tag: string;
  readonly payloadTag: number;
  readonly publisher: number;
  /** The first topic; others are set per message. */
  readonly topic: number;
  /** 0 or at least `SMALLEST_PAYLOAD`. */
  readonly payloadBytes: number;
  readonly properties: PublishProperties;
}

/** One packet that others are copies of, and where its fields lie. */
export interface MessageTemplate {
  readonly bytes: Uint8Array;
  readonly numberAt: number;
  readonly packetIdAt: number;
  readonly payloadAt: number;
}

export function messageTemplate(plan: MessagePlan): MessageTemplate {
  const { version, qos, retain, tag, payloadBytes, properties } = plan;
  const name = topicName(tag, plan.topic);
  const payload = new Uint8Array(payloadBytes);
  for (let at = SMALLEST_PAYLOAD; at < payloadBytes; at++) payload[at] = 0x20 + (at % 95);
  if (payloadBytes > 0) {
    writeNumber(payload, 0, plan.payloadTag);
    writeNumber(payload, 4, plan.publisher);
  }
  const packet = {
    type: PacketType.PUBLISH,
    topicName: name,
    payload,
    qos,
    retain,
    dup: false,
    packetId: qos === 0 ? 0 : 1,
    properties,
  };
  const bytes = encodePacket(packet, version);
  if (bytes === undefined) throw new InvariantError("A PUBLISH that the version has no words for.");
  const size = bytes.length;
  let header = 2;
  while (fixedHeaderSize(size - header) !== header) header++;
  const topicLength = utf8Encode(name).length;
  return {
    bytes,
    numberAt: header + 2 + numberOffset(tag),
    packetIdAt: header + 2 + topicLength,
    payloadAt: size - payloadBytes,
  };
}

export class PublishBatch {
  /** How many packets have room. */
  readonly capacity: number;
  readonly #template: MessageTemplate;
  readonly #size: number;
  readonly #bytes: Buffer;
  /** The first n packets; made when first needed. */
  readonly #views: (Buffer | undefined)[];

  constructor(template: MessageTemplate, capacity: number) {
    const size = template.bytes.length;
    this.capacity = capacity;
    this.#template = template;
    this.#size = size;
    // Node's sockets take a Buffer as it is; other arrays they wrap in one for each write.
    this.#bytes = Buffer.allocUnsafeSlow(size * capacity);
    for (let i = 0; i < capacity; i++) copyBytes(this.#bytes, i * size, template.bytes, 0, size);
    this.#views = new Array<Buffer | undefined>(capacity + 1).fill(undefined);
  }

  /** The topic of the `index`-th packet. */
  setTopic(index: number, number: number): void {
    const bytes = this.#bytes;
    const at = index * this.#size + this.#template.numberAt;
    const high = (number / 1000) | 0;
    const low = number - high * 1000;
    setDigits(bytes, at, high);
    setDigits(bytes, at + 4, low);
  }

  setPacketId(index: number, packetId: number): void {
    const bytes = this.#bytes;
    const at = index * this.#size + this.#template.packetIdAt;
    bytes[at] = packetId >>> 8;
    bytes[at + 1] = packetId;
  }

  /** Numbers `count` packets from the `index`-th on, beginning with `sequence`; all are due at `ticks`. */
  setMessages(index: number, count: number, sequence: number, ticks: number): void {
    const bytes = this.#bytes;
    const size = this.#size;
    let at = index * size + this.#template.payloadAt + 8;
    for (let i = 0; i < count; i++) {
      writeNumber(bytes, at, sequence + i);
      writeNumber(bytes, at + 4, ticks);
      at += size;
    }
  }

  /** The first `count` packets. */
  view(count: number): Uint8Array {
    return (this.#views[count] ??= this.#bytes.subarray(0, count * this.#size));
  }
}

/** Writes 32 bits, most significant byte first. */
function writeNumber(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Reads what `writeNumber` wrote. */
export function readNumber(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

function setDigits(bytes: Uint8Array, at: number, value: number): void {
  const hundreds = (value / 100) | 0;
  const rest = value - hundreds * 100;
  const tens = (rest / 10) | 0;
  bytes[at] = 0x30 + hundreds;
  bytes[at + 1] = 0x30 + tens;
  bytes[at + 2] = 0x30 + rest - tens * 10;
}
