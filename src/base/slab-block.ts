/**
 * New slabs, cut from blocks of one mebibyte: what lives about as long is freed together, and goes back to the system. Single
 * slabs of some 64 KiB would stay with the allocator, in gaps between what lives on.
 */

const BLOCK_SIZE = 1024 * 1024;

let block = new ArrayBuffer(0);
let used = 0;

/** A slab of `sizeBytes`, all zero. */
export function newSlab(sizeBytes: number): Uint8Array {
  if (sizeBytes > BLOCK_SIZE / 4) return new Uint8Array(sizeBytes);
  if (used + sizeBytes > block.byteLength) {
    block = new ArrayBuffer(BLOCK_SIZE);
    used = 0;
  }
  const slab = new Uint8Array(block, used, sizeBytes);
  used += sizeBytes;
  return slab;
}
