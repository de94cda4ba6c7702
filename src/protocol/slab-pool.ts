/**
 * The memory in which framers keep partial packets. Under load every read ends in the middle of some packet, so small and
 * middling ones share slabs of a few sizes; a large packet gets exactly its size, which the system backs lazily: what a peer
 * announces and does not send costs nothing.
 */

/** Packets up to this size wait in a small slab. */
export const SLAB_SIZE = 4096;

/** Others in a slab that has room, if there is one. */
const SIZES = [SLAB_SIZE, 16 * 1024, 64 * 1024];

/** Idle slabs of one size, in bytes. */
const MOST_IDLE_BYTES = 1024 * 1024;

const idle: readonly Uint8Array[][] = SIZES.map(() => []);

/** At least `size` bytes of any content. */
export function takeBuffer(size: number): Uint8Array {
  for (let i = 0; i < SIZES.length; i++) {
    const slabSize = SIZES[i] as number;
    if (size <= slabSize) return (idle[i] as Uint8Array[]).pop() ?? new Uint8Array(slabSize);
  }
  return new Uint8Array(size);
}

/** Gives back what `takeBuffer` gave. A buffer that is never given back is just collected. */
export function returnBuffer(buffer: Uint8Array): void {
  const at = SIZES.indexOf(buffer.length);
  if (at < 0) return;
  const slabs = idle[at] as Uint8Array[];
  if (slabs.length * buffer.length < MOST_IDLE_BYTES) slabs.push(buffer);
}
