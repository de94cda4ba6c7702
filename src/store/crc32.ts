/** CRC-32 in plain code, for disks that are no real ones: the same sums as `node:zlib`. */

const table: Uint32Array = new Uint32Array(256).map((_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  return value;
});

/** CRC-32 of `bytes[start, end)`, going on from `seed`. */
export function crc32(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let sum = ~seed;
  for (let i = start; i < end; i++) {
    sum = (sum >>> 8) ^ (table[(sum ^ (bytes[i] as number)) & 0xff] as number);
  }
  return ~sum >>> 0;
}
