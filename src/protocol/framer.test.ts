import { describe, expect, test } from "vitest";
import { concatBytes, InvariantError, utf8Decode } from "#base";
import { toPublishPacket } from "./decode/publish.ts";
import { Framer, type FramerOptions, type PacketSink } from "./framer.ts";
import { type Packet, PacketType } from "./packet.ts";
import { packetBytes } from "./packet-notation.ts";
import { SLAB_SIZE } from "./slab-pool.ts";
import { ProtocolVersion } from "./version.ts";
import { MalformedPacketError, ProtocolError } from "./wire-error.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

class Collector implements PacketSink {
  readonly packets: Packet[] = [];
  /** Called after each packet with how many there are. */
  after: (count: number) => void = () => undefined;

  onPublish(view: Parameters<PacketSink["onPublish"]>[0]): void {
    this.onPacket(toPublishPacket(view));
  }

  onPacket(packet: Packet): void {
    this.packets.push(packet);
    this.after(this.packets.length);
  }
}

function framing(options: Partial<FramerOptions> = {}): { framer: Framer; sink: Collector } {
  const sink = new Collector();
  return { framer: new Framer(sink, { side: "server", ...options }), sink };
}

const payload = (size: number): string => "78".repeat(size);

/** A client's side of a connection, with every length of remaining length up to three bytes. */
const stream = concatBytes(
  [
    "10 * 'MQTT' 05 02 003c [] 'me'",
    "82 * 0001 [0b 01] 'a/#' 01",
    "30 * 'a' []",
    `32 * 'a/b' 0002 [26 'k' 'v'] ${payload(300)}`,
    "c0 *",
    "40 * 0003",
    "62 * 0004",
    `30 * 'big' [] ${payload(20_000)}`,
    "c0 *",
    "30 * '' [23 0001] 01",
    "e0 *",
  ].map(packetBytes),
);

const expected = (() => {
  const { framer, sink } = framing();
  framer.push(stream);
  return sink.packets;
})();

describe("chunks", () => {
  test("all at once", () => {
    expect(expected.map((packet) => packet.type)).toEqual([1, 8, 3, 3, 12, 4, 6, 3, 12, 3, 14]);
    expect(expected[0]).toMatchObject({ clientId: "me" });
  });

  test("byte by byte, in memory that is reused", () => {
    const { framer, sink } = framing();
    const chunk = new Uint8Array(1);
    for (const byte of stream) {
      chunk[0] = byte;
      framer.push(chunk);
    }
    expect(sink.packets).toEqual(expected);
    expect(framer.bufferedBytes).toBe(0);
  });

  test("cut in two at every byte", () => {
    const chunk = new Uint8Array(stream.length);
    for (let cut = 0; cut <= stream.length; cut += cut > 500 && cut < stream.length - 100 ? 37 : 1) {
      const { framer, sink } = framing();
      for (const [start, end] of [
        [0, cut],
        [cut, stream.length],
      ] as const) {
        chunk.fill(0xff).set(stream.subarray(start, end));
        framer.push(chunk.subarray(0, end - start));
      }
      expect(sink.packets.length, `cut at ${cut}`).toBe(expected.length);
      expect(sink.packets.at(-2)).toEqual(expected.at(-2));
      expect(framer.bufferedBytes).toBe(0);
    }
  });

  test.each([2, 3, 5, 7, 64, 1000, 4096])("in chunks of %i", (size) => {
    const { framer, sink } = framing();
    for (let at = 0; at < stream.length; at += size) framer.push(stream.slice(at, at + size));
    expect(sink.packets).toEqual(expected);
  });

  test.each([SLAB_SIZE - 1, SLAB_SIZE, SLAB_SIZE + 1, 70_000, 2_200_000])(
    "a packet of %i bytes in pieces",
    (size) => {
      const { framer, sink } = framing({ version: MQTT_3_1_1 });
      const header = size < 16_384 ? 3 : size < 2_097_152 ? 4 : 5;
      const bytes = packetBytes(`30 * 'a' ${payload(size - header - 3)}`);
      expect(bytes).toHaveLength(size);
      for (const first of [1, 2, 3, 4, 5, 10]) {
        framer.push(bytes.subarray(0, first));
        framer.push(bytes.subarray(first, first + 1000));
        expect(framer.bufferedBytes).toBe(first + 1000);
        framer.push(bytes.subarray(first + 1000));
      }
      expect(sink.packets).toHaveLength(6);
      expect(framer.bufferedBytes).toBe(0);
    },
  );

  test("parses in place: the view lies in the chunk", () => {
    const seen: unknown[] = [];
    const chunk = concatBytes([packetBytes("30 * 'a' 31"), packetBytes("30 * 'bc' 32")]);
    const framer = new Framer(
      {
        onPublish: (view) => {
          seen.push(view, view.bytes, utf8Decode(view.bytes, view.topicStart, view.topicEnd));
        },
        onPacket: () => undefined,
      },
      { side: "server", version: MQTT_3_1_1 },
    );
    framer.push(chunk);
    expect(seen[0]).toBe(seen[3]);
    expect(seen[1]).toBe(chunk);
    expect(seen[4]).toBe(chunk);
    expect([seen[2], seen[5]]).toEqual(["a", "bc"]);
  });

  test("an empty chunk is nothing", () => {
    const { framer, sink } = framing();
    framer.push(new Uint8Array(0));
    expect(sink.packets).toEqual([]);
  });
});

describe("pause and resume", () => {
  test("after every packet, in every chunking", () => {
    for (const size of [1, 7, 100, 5000, stream.length]) {
      const { framer, sink } = framing();
      sink.after = () => framer.pause();
      const chunk = new Uint8Array(size);
      for (let at = 0; at < stream.length; at += size) {
        const part = stream.subarray(at, at + size);
        chunk.fill(0xff).set(part);
        framer.push(chunk.subarray(0, part.length));
      }
      chunk.fill(0xff);
      for (let count = 1; count <= expected.length; count++) {
        expect(framer.paused).toBe(true);
        expect(sink.packets.length).toBe(count);
        framer.resume();
      }
      expect(sink.packets).toEqual(expected);
      expect(framer.bufferedBytes).toBe(0);
    }
  });

  test("stops before the next packet of the chunk and keeps the rest", () => {
    const { framer, sink } = framing();
    sink.after = (count) => (count === 3 ? framer.pause() : undefined);
    framer.push(stream);
    expect(sink.packets).toHaveLength(3);
    expect(framer.bufferedBytes).toBeGreaterThan(20_000);
    framer.push(packetBytes("c0 *"));
    framer.resume();
    expect(sink.packets).toEqual([...expected, { type: PacketType.PINGREQ }]);
    expect(framer.paused).toBe(false);
  });

  test("paused from outside, nothing is handled", () => {
    const { framer, sink } = framing();
    framer.pause();
    framer.push(stream);
    expect(sink.packets).toEqual([]);
    expect(framer.bufferedBytes).toBe(stream.length);
    framer.resume();
    expect(sink.packets).toEqual(expected);
  });

  test("resume from inside the sink undoes pause and does not re-enter", () => {
    const { framer, sink } = framing();
    let depth = 0;
    sink.after = () => {
      expect(depth++).toBe(0);
      framer.pause();
      framer.resume();
      depth--;
    };
    framer.push(stream.slice(0, 100));
    framer.push(stream.slice(100));
    expect(sink.packets).toEqual(expected);
  });
});

describe("limits", () => {
  test("a packet above the maximum is refused with its header, before its body (U5-3.2.2.3.6b)", () => {
    const { framer } = framing({ version: MQTT_5_0, maximumPacketSize: 100 });
    framer.push(packetBytes(`30 * 'a' [] ${payload(94)}`));
    expect(() => framer.push(packetBytes("30 63"))).toThrow(
      expect.objectContaining({ reasonCode: 0x95, statement: "U5-3.2.2.3.6b" }),
    );
  });

  test("the header may come in pieces", () => {
    const { framer } = framing({ version: MQTT_3_1_1, maximumPacketSize: 1000 });
    framer.push(packetBytes("30 ff"));
    framer.push(packetBytes("ff"));
    expect(() => framer.push(packetBytes("01"))).toThrow(
      expect.objectContaining({ reasonCode: 0x95, statement: "3.1.1/MQTT-4.8.0-1" }),
    );
  });

  test("towards a client (U5-3.1.2.11.4b)", () => {
    const { framer } = framing({ side: "client", version: MQTT_5_0, maximumPacketSize: 10 });
    expect(() => framer.push(packetBytes("30 09"))).toThrow(
      expect.objectContaining({ statement: "U5-3.1.2.11.4b" }),
    );
  });

  test("can be set later", () => {
    const { framer } = framing({ version: MQTT_3_1_1 });
    framer.push(packetBytes("30 * 'a' 313233"));
    framer.maximumPacketSize = 5;
    expect(() => framer.push(packetBytes("30 * 'a' 313233"))).toThrow(ProtocolError);
  });

  test("what is announced and not sent holds no memory of its size", () => {
    const { framer } = framing({ version: MQTT_3_1_1 });
    framer.push(packetBytes("30 ffffff7f 0001 61"));
    expect(framer.bufferedBytes).toBe(8);
  });
});

describe("the end", () => {
  test("after an error everything is ignored", () => {
    const { framer, sink } = framing({ version: MQTT_3_1_1 });
    expect(() => framer.push(packetBytes("c0 00 00 00 c0 00"))).toThrow(MalformedPacketError);
    expect(sink.packets).toHaveLength(1);
    framer.push(packetBytes("c0 00"));
    framer.resume();
    expect(sink.packets).toHaveLength(1);
  });

  test("what the sink throws passes unchanged", () => {
    const { framer, sink } = framing({ version: MQTT_3_1_1 });
    const thrown = new RangeError("mine");
    sink.after = () => {
      throw thrown;
    };
    expect(() => framer.push(packetBytes("c0 00"))).toThrow(thrown);
    sink.after = () => undefined;
    framer.push(packetBytes("c0 00"));
    expect(sink.packets).toHaveLength(1);
  });

  test("a type that is refused is refused at its header, here of an HTTP GET", () => {
    const { framer } = framing();
    expect(() => framer.push(packetBytes("47 45"))).toThrow(
      expect.objectContaining({ statement: "3.1.1/MQTT-3.1.0-1" }),
    );
  });
});

test("the version is set before the sink sees CONNECT", () => {
  const { framer, sink } = framing();
  expect(framer.version).toBeUndefined();
  let seen: ProtocolVersion | undefined;
  sink.after = () => {
    seen ??= framer.version;
  };
  framer.push(stream);
  expect(seen).toBe(MQTT_5_0);
});

test("a client's framer is told its version", () => {
  expect(() => framing({ side: "client" })).toThrow(InvariantError);
});

test("what is kept is a copy, also of a Buffer whose slices are views", () => {
  // CONNECT with client id i, user name u and password 01 02.
  const bytes = Buffer.from("101400044d51545404c2003c00016900017500020102", "hex");
  const passwords: (Uint8Array | undefined)[] = [];
  const framer = new Framer(
    {
      onPublish: () => undefined,
      onPacket: (packet) => void (packet.type === PacketType.CONNECT && passwords.push(packet.password)),
    },
    { side: "server" },
  );
  framer.push(bytes);
  bytes.fill(0xff);
  expect(passwords.map((each) => each?.constructor)).toEqual([Uint8Array]);
  expect(passwords[0]?.includes(0xff)).toBe(false);
});
