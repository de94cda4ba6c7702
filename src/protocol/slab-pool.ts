/**
 * The memory in which framers keep partial packets. Small ones share a pool of slabs, since under load every read ends in
 * the middle of some packet; a large packet gets exactly its size, which the system backs lazily: what a peer announces and
 * does not send costs nothing.
 */

/** Packets up to this size wait in a pooled slab. */
export const SLAB_SIZE = 4096;

/** 1 MiB of idle slabs at most. */
const MOST_IDLE_SLABS = 256;

const idle: Uint8Array[] = [];

/** At least `size` bytes of any content. */
export function takeBuffer(size: number): Uint8Array {
  return size > SLAB_SIZE ? new Uint8Array(size) : (idle.pop() ?? new Uint8Array(SLAB_SIZE));
}

/** Gives back what `takeBuffer` gave. A buffer that is never given back is just collected. */
export function returnBuffer(buffer: Uint8Array): void {
  if (buffer.length === SLAB_SIZE && idle.length < MOST_IDLE_SLABS) idle.push(buffer);
}
