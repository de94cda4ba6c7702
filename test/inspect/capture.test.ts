// Captures: every kind of file and link, and what networks do to segments.
import { describe, expect, it } from "vitest";
import {
  type CaptureEvent,
  type CaptureOptions,
  type CaptureReading,
  endpointText,
  isCapture,
  readCapture,
  summaryOf,
} from "#inspect";
import { ACK, client6, FIN, links, type MadeFrame, Pcapng, pcapFile, SYN, server6, Wire } from "./frames.ts";

const CONNECT = "10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00";
const CONNACK = "20 03 00 00 00";
const PUBLISH = "30 06 00 01 61 00 68 69";
const PINGREQ = "c0 00";
const PINGRESP = "d0 00";

/** `client CONNECT`, `server CONNACK` …, each with what is wrong with it. */
function lines(reading: CaptureReading): string[] {
  return [...reading.events].map((event) => lineOf(event));
}

function lineOf(event: CaptureEvent): string {
  const who = `${event.connection.number} ${event.sender}`;
  if (event.kind === "gap") return `${who} gap of ${event.missingBytes}, then ${event.skippedBytes} skipped`;
  const { name, problems, isIncomplete } = event.packet;
  const faults = problems.map(({ statement }) => ` ${statement}`).join("");
  return `${who} ${name}${isIncomplete ? " incomplete" : ""}${faults}`;
}

function read(wire: Wire, options?: CaptureOptions): CaptureReading {
  return readCapture(pcapFile(wire.frames, wire.linkType), options);
}

/** A connection with a packet or two from each side. */
function session(wire: Wire): Wire {
  return wire
    .open()
    .send("client", CONNECT)
    .send("server", CONNACK)
    .send("client", `${PUBLISH} ${PINGREQ}`)
    .send("server", PINGRESP)
    .put("client", FIN | ACK, new Uint8Array(0));
}

const sessionLines = [
  "1 client CONNECT",
  "1 server CONNACK",
  "1 client PUBLISH",
  "1 client PINGREQ",
  "1 server PINGRESP",
];

describe("links", () => {
  it.each(Object.keys(links))("%s, with IPv4 and IPv6", (link) => {
    for (const ends of [undefined, [client6, server6] as const]) {
      const wire = session(new Wire(ends === undefined ? { link } : { link, ends }));
      const reading = read(wire);
      expect(lines(reading)).toEqual(sessionLines);
      expect(reading.notes).toEqual([]);
      const [connection] = reading.connections;
      const shown = [connection?.client, connection?.server].map((end) => end && endpointText(end));
      expect(shown).toEqual(
        ends === undefined
          ? ["192.0.2.1:50000", "192.0.2.2:1883"]
          : ["[2001:db8::1]:50000", "[2001:db8::2]:1883"],
      );
    }
  });

  it("that are not known are counted, and told", () => {
    const { frames } = session(new Wire());
    expect(readCapture(pcapFile(frames, 127)).notes).toEqual([
      `${frames.length} frames were passed over: their kind of network is not known here.`,
    ]);
  });
});

describe("files", () => {
  const wire = session(new Wire());
  const times = (bytes: Uint8Array): (number | undefined)[] =>
    [...readCapture(bytes).events].map(({ frame }) => frame.timeUs);
  const expected = [3, 4, 5, 5, 6].map((index) => wire.frames[index]?.timeUs);

  it.each([
    { isLittleEndian: true, isNanoseconds: false },
    { isLittleEndian: false, isNanoseconds: false },
    { isLittleEndian: true, isNanoseconds: true },
    { isLittleEndian: false, isNanoseconds: true },
  ])("of libpcap, %j", (options) => {
    const bytes = pcapFile(wire.frames, 1, options);
    expect(isCapture(bytes)).toBe(true);
    expect(lines(readCapture(bytes))).toEqual(sessionLines);
    expect(times(bytes)).toEqual(expected);
  });

  it.each([true, false])("of pcapng, little-endian %s, with units and offsets of time", (isLittleEndian) => {
    const file = new Pcapng(isLittleEndian);
    const offset = Buffer.alloc(8);
    if (isLittleEndian) offset.writeBigInt64LE(1_767_225_600n);
    else offset.writeBigInt64BE(1_767_225_600n);
    file
      .device(1)
      .device(
        1,
        Buffer.concat([
          file.option(9, Uint8Array.of(9)),
          file.option(14, offset),
          file.option(0, new Uint8Array(0)),
        ]),
      );
    for (const [index, { bytes, timeUs }] of wire.frames.entries()) {
      if (index % 2 === 0) file.packet(0, BigInt(timeUs), bytes);
      else file.packet(1, BigInt(timeUs - 1_767_225_600_000_000) * 1_000n, bytes);
    }
    // Blocks of other kinds are passed over.
    file.block(0x0b_ad, Buffer.alloc(8)).section().device(1);
    expect(isCapture(file.bytes)).toBe(true);
    expect(lines(readCapture(file.bytes))).toEqual(sessionLines);
    expect(times(file.bytes)).toEqual(expected);
  });

  it("of pcapng without times", () => {
    const file = new Pcapng(true).device(1);
    for (const { bytes } of wire.frames) file.simplePacket(bytes);
    expect(lines(readCapture(file.bytes))).toEqual(sessionLines);
    expect(times(file.bytes)).toEqual(new Array(5).fill(undefined));
  });

  it("that end in the middle of a frame give what is before it", () => {
    const whole = pcapFile(wire.frames, 1);
    for (let length = 24; length < whole.length; length += 7) {
      const reading = readCapture(whole.subarray(0, length));
      expect(sessionLines.slice(0, lines(reading).length)).toEqual(lines(reading));
    }
    expect(readCapture(whole.subarray(0, whole.length - 3)).notes).toEqual([
      "The file ends in the middle of a frame.",
    ]);
  });

  it("with any bytes behind their beginning do no harm", () => {
    for (const made of [
      pcapFile(wire.frames, 1),
      new Pcapng(true).device(1).packet(0, 1n, Buffer.alloc(60)).bytes,
    ]) {
      for (let at = 4; at < made.length; at++) {
        const bytes = Uint8Array.from(made);
        bytes[at] = 0xff;
        expect(Array.isArray(lines(readCapture(bytes)))).toBe(true);
      }
    }
  });
});

describe("segments", () => {
  it("that cut packets anywhere are put together", () => {
    const stream = Buffer.from(`${CONNECT}${PUBLISH}${PINGREQ}`.replaceAll(" ", ""), "hex");
    for (let size = 1; size < 9; size++) {
      const wire = new Wire().open();
      for (let at = 0; at < stream.length; at += size)
        wire.put("client", ACK, stream.subarray(at, at + size));
      const events = [...read(wire).events];
      expect(events.map(lineOf)).toEqual(["1 client CONNECT", "1 client PUBLISH", "1 client PINGREQ"]);
      // Each came with the frame of its last byte.
      const ends = [15, 23, 25].map((end) => Math.ceil(end / size) + 3);
      expect(events.map(({ frame }) => frame.number)).toEqual(ends);
    }
  });

  it("in any order, and sent twice, make the same packets", () => {
    const parts = [CONNECT, PUBLISH, PINGREQ, PUBLISH];
    for (const order of permutations([0, 1, 2, 3])) {
      const wire = new Wire().open();
      const made = parts.map((hex) => {
        const payload = Buffer.from(hex.replaceAll(" ", ""), "hex");
        const frame = wire.frame("client", ACK, payload);
        wire.sequence.client += payload.length;
        return frame;
      });
      for (const index of [...order, order[0] as number]) wire.frames.push(made[index] as MadeFrame);
      expect(lines(read(wire))).toEqual([
        "1 client CONNECT",
        "1 client PUBLISH",
        "1 client PINGREQ",
        "1 client PUBLISH",
      ]);
    }
  });

  it("that overlap are taken once, and keep-alive probes not at all", () => {
    const wire = new Wire().open().send("client", CONNECT);
    const sequence = wire.sequence.client;
    wire.sequence.client = sequence - 5;
    wire.send("client", `02 00 3c 00 00 ${PINGREQ}`.replace("02 00 3c 00 00", "3c 00 00 00 00"));
    wire.sequence.client = sequence + 1;
    wire.send("client", "00");
    expect(lines(read(wire))).toEqual(["1 client CONNECT", "1 client PINGREQ"]);
  });

  it("are counted on where sequence numbers begin anew", () => {
    const wire = new Wire({ sequence: { client: 0xffff_fff8, server: 0xffff_fffe } });
    expect(lines(read(session(wire)))).toEqual(sessionLines);
  });

  it("that are missing leave a gap, behind which the next packet is found", () => {
    const wire = new Wire().open().send("client", CONNECT);
    wire.sequence.client += 4;
    wire.send("client", PINGREQ);
    expect(lines(read(wire))).toEqual([
      "1 client CONNECT",
      "1 client gap of 4, then 0 skipped",
      "1 client PINGREQ",
    ]);
  });

  it("whose packet begins before the gap are passed over to its end", () => {
    const wire = new Wire().open().send("client", `${CONNECT} 30 0a 00 01`);
    wire.sequence.client += 3;
    wire.send("client", `62 63 64 65 66 ${PINGREQ}`);
    expect(lines(read(wire))).toEqual([
      "1 client CONNECT",
      "1 client PUBLISH incomplete",
      "1 client gap of 3, then 5 skipped",
      "1 client PINGREQ",
    ]);
  });

  it("in the middle of a connection are read without its beginning", () => {
    const wire = new Wire().send("client", PUBLISH).send("server", "40 02 00 07").send("client", PINGREQ);
    expect(lines(read(wire))).toEqual(["1 client PUBLISH", "1 server PUBACK", "1 client PINGREQ"]);
    expect([...read(wire).events].map((event) => event.kind === "packet" && summaryOf(event.packet))).toEqual(
      ['topic "a", QoS 0, 2 bytes', "id 7", ""],
    );
  });
});

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

describe("connections", () => {
  it("that use the same ports one after the other are told apart", () => {
    const first = session(new Wire());
    const second = session(new Wire({ sequence: { client: 500_000, server: 700_000 } }));
    const frames = [...first.frames, ...second.frames];
    expect(lines(readCapture(pcapFile(frames, 1)))).toEqual([
      ...sessionLines,
      ...sessionLines.map((line) => line.replace("1", "2")),
    ]);
  });

  it("at the same time are told in the order of time", () => {
    const one = new Wire().open().send("client", CONNECT).send("client", PINGREQ);
    const two = new Wire({
      ends: [
        { address: [192, 0, 2, 9], port: 50_001 },
        { address: [192, 0, 2, 2], port: 1883 },
      ],
    })
      .open()
      .send("client", CONNECT)
      .send("client", PINGREQ);
    const frames = one.frames.flatMap((frame, index) => [frame, two.frames[index] as MadeFrame]);
    expect(lines(readCapture(pcapFile(frames, 1)))).toEqual([
      "1 client CONNECT",
      "2 client CONNECT",
      "1 client PINGREQ",
      "2 client PINGREQ",
    ]);
  });

  it("whose beginning is there have to begin with CONNECT", () => {
    const wire = new Wire().open().send("client", PINGREQ);
    expect(lines(read(wire))).toEqual(["1 client PINGREQ 3.1.1/MQTT-3.1.0-1"]);
  });

  it("to other ports are found by their CONNECT, or by the port that is asked for", () => {
    const ends = [
      { address: [192, 0, 2, 1], port: 50_000 },
      { address: [192, 0, 2, 2], port: 2_000 },
    ] as const;
    expect(lines(read(session(new Wire({ ends }))))).toEqual(sessionLines);
    const withoutConnect = new Wire({ ends }).send("client", PINGREQ).send("server", PINGRESP);
    const unseen = read(withoutConnect);
    expect(lines(unseen)).toEqual([]);
    expect(unseen.notes).toEqual(["The capture has TCP connections to these ports: 2000 (1 connection)."]);
    expect(lines(read(withoutConnect, { ports: [2_000] }))).toEqual([
      "1 client PINGREQ",
      "1 server PINGRESP",
    ]);
    expect(lines(read(session(new Wire({ ends })), { ports: [1883] }))).toEqual([]);
  });

  it("of TLS are not read, and told", () => {
    const wire = new Wire().open().send("client", "16 03 01 00 05 01 00 00 01 00");
    expect(read(wire).notes).toEqual([
      "Connection 1 (to 192.0.2.2:1883) is encrypted by TLS and cannot be read.",
    ]);
  });

  it("of WebSocket are read through their frames", () => {
    const ends = [
      { address: [192, 0, 2, 1], port: 50_000 },
      { address: [192, 0, 2, 2], port: 8_083 },
    ] as const;
    const text = (value: string): string => Buffer.from(value.replaceAll("\n", "\r\n")).toString("hex");
    const masked = (hex: string, first = "82"): string => {
      const payload = Buffer.from(hex.replaceAll(" ", ""), "hex");
      const key = [1, 2, 3, 4];
      const length =
        payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff];
      const body = payload.map((byte, index) => byte ^ (key[index % 4] as number));
      return `${first}${Buffer.from([...length, ...key]).toString("hex")}${Buffer.from(body).toString("hex")}`;
    };
    const long = `30 c8 01 00 01 61 00 ${"62".repeat(196)}`;
    const wire = new Wire({ ends })
      .open()
      .send("client", text("GET /mqtt HTTP/1.1\nUpgrade: websocket\nSec-WebSocket-Protocol: mqtt\n\n"))
      .send("server", text("HTTP/1.1 101 Switching Protocols\n\n"))
      .send("client", masked(CONNECT))
      .send("server", "82 05 20 03 00 00 00")
      // A packet over two frames with a ping between them.
      .send(
        "client",
        masked(long.replaceAll(" ", "").slice(0, 20), "02") +
          masked("", "89") +
          masked(long.replaceAll(" ", "").slice(20), "80"),
      );
    const reading = read(wire);
    expect(lines(reading)).toEqual(["1 client CONNECT", "1 server CONNACK", "1 client PUBLISH"]);
    expect(reading.connections).toMatchObject([{ isWebSocket: true }]);
  });

  it("who opened one is the client, whatever the ports are", () => {
    const ends = [
      { address: [192, 0, 2, 1], port: 1883 },
      { address: [192, 0, 2, 2], port: 50_000 },
    ] as const;
    expect(lines(read(session(new Wire({ ends }))))).toEqual(sessionLines);
  });

  it("that only tried are no harm", () => {
    const wire = new Wire().put("client", SYN, new Uint8Array(0));
    expect(lines(read(wire))).toEqual([]);
  });
});
