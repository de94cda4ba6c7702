/** Comparing secrets. The time it takes tells nothing about where two differ. */

/**
 * Whether `a` and `b` hold the same bytes, in constant time for all of one length, which is no secret. Empty ones are never the
 * same: nothing proves nothing.
 */
export function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length || a.length === 0) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
