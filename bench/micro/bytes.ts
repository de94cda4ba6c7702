/** The operations of `src/base/bytes.ts`; `copy-bytes` around its threshold, next to the two ways between which it decides. */

import { bytesEqual, copyBytes, hashBytes, utf8Decode } from "../../src/base/index.ts";
import { type Benchmark, sink } from "./benchmark.ts";

const OPERATIONS = 10_000;
const SIZES = [8, 16, 32, 40, 48, 64, 256, 4096];

function overSource(size: number, use: (target: Uint8Array, source: Uint8Array, start: number) => void) {
  const source = new Uint8Array(size * 2 + 64).fill(0x61);
  const target = new Uint8Array(size);
  return {
    operations: OPERATIONS,
    run() {
      // Another place each time, as packets in a chunk have it.
      for (let i = 0; i < OPERATIONS; i++) use(target, source, i & 63);
    },
  };
}

const copies: Benchmark[] = SIZES.flatMap((size) => [
  {
    name: `copy-bytes/${size}`,
    what: `copyBytes of ${size} bytes`,
    prepare: () =>
      overSource(size, (target, source, start) => {
        sink.number += copyBytes(target, 0, source, start, start + size);
      }),
  },
  {
    name: `copy-bytes/${size}-loop`,
    what: "the same by a loop",
    prepare: () =>
      overSource(size, (target, source, start) => {
        for (let i = 0; i < size; i++) target[i] = source[start + i] as number;
      }),
  },
  {
    name: `copy-bytes/${size}-set`,
    what: "the same by set and subarray",
    prepare: () =>
      overSource(size, (target, source, start) => target.set(source.subarray(start, start + size))),
  },
]);

export const byteBenchmarks: readonly Benchmark[] = [
  ...copies,
  {
    name: "hash-bytes/24",
    what: "hashBytes of a topic name of 24 bytes",
    prepare: () =>
      overSource(24, (_, source, start) => {
        sink.number += hashBytes(source, start, start + 24);
      }),
  },
  {
    name: "bytes-equal/24",
    what: "bytesEqual of two of 24 bytes",
    prepare: () => {
      const other = new Uint8Array(24).fill(0x61);
      const same = other.slice();
      return overSource(24, () => {
        sink.number += bytesEqual(same, other) ? 1 : 0;
      });
    },
  },
  {
    name: "utf8-decode/24",
    what: "utf8Decode of 24 bytes of ASCII",
    prepare: () =>
      overSource(24, (_, source, start) => {
        sink.number += utf8Decode(source, start, start + 24).length;
      }),
  },
];
