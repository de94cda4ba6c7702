/**
 * Frames out of capture files: pcap in both byte orders, with microseconds or nanoseconds, and pcapng with its sections and
 * interfaces. A file that ends in the middle of a frame gives the frames before it.
 *
 *     pcap     header (24) | time, lengths (16) | frame | …
 *     pcapng   block: type, length | body | length | block …
 */

/** One frame as it was captured. */
export interface Frame {
  /** Counted from 1, as in Wireshark. */
  readonly number: number;
  /** Microseconds since 1970; undefined where the file has none. */
  readonly timeUs: number | undefined;
  /** What the first bytes are a header of, by the numbers of tcpdump.org. */
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

/** How far a file could be read. */
export interface FrameReading {
  readonly frames: readonly Frame[];
  /** Sentences about what could not be read. */
  readonly notes: readonly string[];
}

const PCAP_MICROSECONDS = 0xa1b2c3d4;
const PCAP_NANOSECONDS = 0xa1b23c4d;
const PCAPNG_SECTION = 0x0a0d0d0a;
const PCAPNG_BYTE_ORDER = 0x1a2b3c4d;

/** Whether `bytes` begin like a capture file. */
export function isCapture(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && (magicOf(bytes) !== undefined || viewOf(bytes).getUint32(0) === PCAPNG_SECTION);
}

/** The frames of a capture file; `isCapture` says that it is one. */
export function readFrames(bytes: Uint8Array): FrameReading {
  const magic = magicOf(bytes);
  return magic === undefined ? new PcapngReader(bytes).read() : readPcap(bytes, magic);
}

interface PcapMagic {
  readonly isLittleEndian: boolean;
  readonly unitsPerSecond: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function magicOf(bytes: Uint8Array): PcapMagic | undefined {
  for (const isLittleEndian of [true, false]) {
    const magic = viewOf(bytes).getUint32(0, isLittleEndian);
    if (magic === PCAP_MICROSECONDS) return { isLittleEndian, unitsPerSecond: 1_000_000 };
    if (magic === PCAP_NANOSECONDS) return { isLittleEndian, unitsPerSecond: 1_000_000_000 };
  }
  return undefined;
}

const CUT_OFF = "The file ends in the middle of a frame.";

function readPcap(bytes: Uint8Array, { isLittleEndian, unitsPerSecond }: PcapMagic): FrameReading {
  if (bytes.length < 24) return { frames: [], notes: ["The file ends in its header."] };
  const view = viewOf(bytes);
  const linkType = view.getUint32(20, isLittleEndian) & 0xffff;
  const frames: Frame[] = [];
  let at = 24;
  for (; at + 16 <= bytes.length; ) {
    const seconds = view.getUint32(at, isLittleEndian);
    const fraction = view.getUint32(at + 4, isLittleEndian);
    const length = view.getUint32(at + 8, isLittleEndian);
    const start = at + 16;
    if (length > bytes.length - start) break;
    const timeUs = seconds * 1_000_000 + Math.floor(fraction / (unitsPerSecond / 1_000_000));
    frames.push({
      number: frames.length + 1,
      timeUs,
      linkType,
      bytes: bytes.subarray(start, start + length),
    });
    at = start + length;
  }
  return { frames, notes: at === bytes.length ? [] : [CUT_OFF] };
}

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly unitsPerSecond: number;
  readonly offsetSeconds: number;
}

const INTERFACE = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

const TIME_RESOLUTION = 9;
const TIME_OFFSET = 14;

class PcapngReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #frames: Frame[] = [];
  #isLittleEndian = true;
  #interfaces: Interface[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  read(): FrameReading {
    const length = this.#bytes.length;
    let at = 0;
    while (at + 12 <= length) {
      const isSection = this.#view.getUint32(at) === PCAPNG_SECTION;
      if (isSection) {
        this.#isLittleEndian = this.#view.getUint32(at + 8, true) === PCAPNG_BYTE_ORDER;
        this.#interfaces = [];
      }
      const size = this.#uint32(at + 4);
      if (size < 12 || size > length - at) break;
      if (!isSection) this.#readBlock(this.#uint32(at), at + 8, at + size - 4);
      at += size;
    }
    return { frames: this.#frames, notes: at === length ? [] : [CUT_OFF] };
  }

  #uint32(at: number): number {
    return this.#view.getUint32(at, this.#isLittleEndian);
  }

  #uint16(at: number): number {
    return this.#view.getUint16(at, this.#isLittleEndian);
  }

  /** The block's body is `[start, end)`. One that is too short for its type is passed over. */
  #readBlock(type: number, start: number, end: number): void {
    const size = end - start;
    if (type === INTERFACE && size >= 8) this.#interfaces.push(this.#readInterface(start, end));
    else if (type === ENHANCED_PACKET && size >= 20) {
      const device = this.#interfaces[this.#uint32(start)];
      this.#add(device, this.#time(device, start + 4), start + 20, this.#uint32(start + 12), end);
    } else if (type === PACKET && size >= 20) {
      const device = this.#interfaces[this.#uint16(start)];
      this.#add(device, this.#time(device, start + 4), start + 20, this.#uint32(start + 12), end);
    } else if (type === SIMPLE_PACKET && size >= 4) {
      const [device] = this.#interfaces;
      const most = device === undefined || device.snapLength === 0 ? size : device.snapLength;
      this.#add(device, undefined, start + 4, Math.min(this.#uint32(start), most), end);
    }
  }

  #add(
    device: Interface | undefined,
    timeUs: number | undefined,
    start: number,
    size: number,
    end: number,
  ): void {
    const bytes = this.#bytes.subarray(start, Math.min(start + size, end));
    // A frame of no interface still counts, so that the numbers are those of other programs.
    this.#frames.push({ number: this.#frames.length + 1, timeUs, linkType: device?.linkType ?? -1, bytes });
  }

  #time(device: Interface | undefined, at: number): number {
    const units = (BigInt(this.#uint32(at)) << 32n) | BigInt(this.#uint32(at + 4));
    const perSecond = BigInt(device?.unitsPerSecond ?? 1_000_000);
    return Number((units * 1_000_000n) / perSecond) + (device?.offsetSeconds ?? 0) * 1_000_000;
  }

  #readInterface(start: number, end: number): Interface {
    let unitsPerSecond = 1_000_000;
    let offsetSeconds = 0;
    for (let at = start + 8; at + 4 <= end; ) {
      const option = this.#uint16(at);
      const size = this.#uint16(at + 2);
      const value = at + 4;
      if (option === 0 || value + size > end) break;
      if (option === TIME_RESOLUTION && size === 1) unitsPerSecond = resolution(this.#bytes[value] as number);
      if (option === TIME_OFFSET && size === 8) {
        offsetSeconds = Number(this.#view.getBigInt64(value, this.#isLittleEndian));
      }
      at = value + Math.ceil(size / 4) * 4;
    }
    const linkType = this.#uint16(start);
    return { linkType, snapLength: this.#uint32(start + 4), unitsPerSecond, offsetSeconds };
  }
}

/** A power of ten, or with the highest bit of two. */
function resolution(byte: number): number {
  const exponent = byte & 0x7f;
  return byte < 0x80 ? 10 ** Math.min(exponent, 18) : 2 ** Math.min(exponent, 62);
}
