/** Packets spoilt byte by byte, for those who read them. */

/**
 * A copy with one to three changes: another byte, a flipped bit, a byte more or less; then the remaining length is usually mended.
 * Nothing may be left of a short one.
 */
export function mutatedBytes(original: Uint8Array, below: (bound: number) => number): Uint8Array {
  const mutated = [...original];
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(mutated.length + 1);
    switch (below(5)) {
      case 0:
        mutated[at] = below(256);
        break;
      case 1:
        mutated[at] = (mutated[at] ?? 0) ^ (1 << below(8));
        break;
      case 2:
        mutated.splice(at, 0, below(256));
        break;
      case 3:
        mutated[at] = below(4);
        break;
      default:
        mutated.splice(at, 1);
    }
  }
  if (below(4) > 0 && mutated.length >= 2 && mutated.length < 130) mutated[1] = mutated.length - 2;
  return Uint8Array.from(mutated);
}
