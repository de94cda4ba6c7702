// Captures made by hand: frames of any link layer, in files of any kind, with whatever may happen to segments on their way.
export const FIN = 0x01;
export const SYN = 0x02;
export const ACK = 0x10;

export interface End {
  readonly address: readonly number[];
  readonly port: number;
}

const client: End = { address: [192, 0, 2, 1], port: 50_000 };
const server: End = { address: [192, 0, 2, 2], port: 1883 };
const ipv6 = (last: number): number[] => [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), last];
export const client6: End = { address: ipv6(1), port: 50_000 };
export const server6: End = { address: ipv6(2), port: 1883 };

function uint16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

function uint32(value: number): number[] {
  return [...uint16(value >>> 16), ...uint16(value & 0xffff)];
}

/** A TCP segment with its IP header. */
function ipPacket(from: End, to: End, sequence: number, flags: number, payload: Uint8Array): Uint8Array {
  const options = (flags & SYN) === 0 ? [] : [2, 4, 5, 0xb4];
  const headerWords = 5 + options.length / 4;
  const tcp = [
    ...uint16(from.port),
    ...uint16(to.port),
    ...uint32(sequence >>> 0),
    ...uint32(0),
    headerWords << 4,
    flags,
    ...uint16(65_535),
    ...uint32(0),
    ...options,
    ...payload,
  ];
  const header =
    from.address.length === 4
      ? [0x45, 0, ...uint16(20 + tcp.length), 0, 0, 0x40, 0, 64, 6, 0, 0, ...from.address, ...to.address]
      : [0x60, 0, 0, 0, ...uint16(tcp.length), 6, 64, ...from.address, ...to.address];
  return Uint8Array.from([...header, ...tcp]);
}

const MACS = new Array(12).fill(2) as number[];

/** What stands in front of an IP packet on each kind of link. */
export const links: Record<string, { readonly linkType: number; header(version: number): number[] }> = {
  Ethernet: { linkType: 1, header: (version) => [...MACS, ...etherType(version)] },
  "Ethernet with VLAN tags": {
    linkType: 1,
    header: (version) => [...MACS, 0x88, 0xa8, 0, 1, 0x81, 0x00, 0, 2, ...etherType(version)],
  },
  "Linux cooked": {
    linkType: 113,
    header: (version) => [...new Array(14).fill(0), ...etherType(version)] as number[],
  },
  "Linux cooked 2": {
    linkType: 276,
    header: (version) => [...etherType(version), ...new Array(18).fill(0)] as number[],
  },
  loopback: { linkType: 0, header: () => [2, 0, 0, 0] },
  "loopback of OpenBSD": { linkType: 108, header: () => [0, 0, 0, 2] },
  "raw IP": { linkType: 101, header: () => [] },
  "raw IP of BSD": { linkType: 12, header: () => [] },
};

function etherType(version: number): number[] {
  return version === 4 ? [0x08, 0x00] : [0x86, 0xdd];
}

export interface MadeFrame {
  readonly bytes: Uint8Array;
  /** Microseconds since 1970. */
  readonly timeUs: number;
}

/** One TCP connection as frames, segment by segment. */
export class Wire {
  readonly frames: MadeFrame[] = [];
  readonly #link: string;
  readonly #client: End;
  readonly #server: End;
  readonly sequence: { client: number; server: number };

  constructor({
    link = "Ethernet",
    ends = [client, server],
    sequence = { client: 1_000, server: 9_000 },
  }: { link?: string; ends?: readonly [End, End]; sequence?: { client: number; server: number } } = {}) {
    this.#link = link;
    [this.#client, this.#server] = ends;
    this.sequence = { ...sequence };
  }

  /** The handshake of TCP. */
  open(): this {
    this.put("client", SYN, new Uint8Array(0));
    this.put("server", SYN | ACK, new Uint8Array(0));
    return this.put("client", ACK, new Uint8Array(0));
  }

  /** Bytes in one segment. */
  send(side: "client" | "server", hex: string): this {
    return this.put(side, ACK, Buffer.from(hex.replaceAll(" ", ""), "hex"));
  }

  put(side: "client" | "server", flags: number, payload: Uint8Array): this {
    this.frames.push(this.frame(side, flags, payload));
    this.sequence[side] += payload.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1);
    return this;
  }

  /** A frame that is not put yet. */
  frame(side: "client" | "server", flags: number, payload: Uint8Array): MadeFrame {
    const [from, to] = side === "client" ? [this.#client, this.#server] : [this.#server, this.#client];
    const packet = ipPacket(from, to, this.sequence[side], flags, payload);
    const header = links[this.#link]?.header(from.address.length === 4 ? 4 : 6) ?? [];
    const timeUs = 1_767_225_600_000_000 + this.frames.length * 1_000 + 7;
    return { bytes: Uint8Array.from([...header, ...packet]), timeUs };
  }

  get linkType(): number {
    return links[this.#link]?.linkType ?? 0;
  }
}

export interface FileOptions {
  readonly isLittleEndian?: boolean;
  readonly isNanoseconds?: boolean;
}

/** A file of libpcap. */
export function pcapFile(
  frames: readonly MadeFrame[],
  linkType: number,
  options: FileOptions = {},
): Uint8Array {
  const { isLittleEndian = true, isNanoseconds = false } = options;
  const header = Buffer.alloc(24);
  const file = new DataView(header.buffer, header.byteOffset, 24);
  file.setUint32(0, isNanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, isLittleEndian);
  file.setUint16(4, 2, isLittleEndian);
  file.setUint16(6, 4, isLittleEndian);
  file.setUint32(16, 262_144, isLittleEndian);
  file.setUint32(20, linkType, isLittleEndian);
  const records = frames.map(({ bytes, timeUs }) => {
    const record = Buffer.alloc(16);
    const view = new DataView(record.buffer, record.byteOffset, 16);
    view.setUint32(0, Math.floor(timeUs / 1_000_000), isLittleEndian);
    view.setUint32(4, (timeUs % 1_000_000) * (isNanoseconds ? 1_000 : 1), isLittleEndian);
    view.setUint32(8, bytes.length, isLittleEndian);
    view.setUint32(12, bytes.length, isLittleEndian);
    return Buffer.concat([record, bytes]);
  });
  return Buffer.concat([header, ...records]);
}

/** A file of pcapng, by its blocks. */
export class Pcapng {
  readonly #blocks: Buffer[] = [];
  readonly #isLittleEndian: boolean;

  constructor(isLittleEndian: boolean) {
    this.#isLittleEndian = isLittleEndian;
    this.section();
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#blocks);
  }

  section(): this {
    return this.block(
      0x0a0d0d0a,
      Buffer.concat([this.#uint32(0x1a2b3c4d), this.#uint16(1), this.#uint16(0), Buffer.alloc(8, 0xff)]),
    );
  }

  device(linkType: number, options: Buffer = Buffer.alloc(0)): this {
    return this.block(1, Buffer.concat([this.#uint16(linkType), this.#uint16(0), this.#uint32(0), options]));
  }

  option(code: number, value: Uint8Array): Buffer {
    const filling = Buffer.alloc((4 - (value.length % 4)) % 4);
    return Buffer.concat([this.#uint16(code), this.#uint16(value.length), value, filling]);
  }

  /** An Enhanced Packet Block; `time` in the units of its device. */
  packet(device: number, time: bigint, bytes: Uint8Array): this {
    const filling = Buffer.alloc((4 - (bytes.length % 4)) % 4);
    const high = Number(time >> 32n);
    const low = Number(time & 0xffff_ffffn);
    const head = [device, high, low, bytes.length, bytes.length].map((value) => this.#uint32(value));
    return this.block(6, Buffer.concat([...head, bytes, filling]));
  }

  /** A Simple Packet Block, which has no time. */
  simplePacket(bytes: Uint8Array): this {
    const filling = Buffer.alloc((4 - (bytes.length % 4)) % 4);
    return this.block(3, Buffer.concat([this.#uint32(bytes.length), bytes, filling]));
  }

  block(type: number, body: Uint8Array): this {
    const size = this.#uint32(body.length + 12);
    this.#blocks.push(Buffer.concat([this.#uint32(type), size, body, size]));
    return this;
  }

  #uint32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    if (this.#isLittleEndian) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  }

  #uint16(value: number): Buffer {
    const bytes = Buffer.alloc(2);
    if (this.#isLittleEndian) bytes.writeUInt16LE(value);
    else bytes.writeUInt16BE(value);
    return bytes;
  }
}
