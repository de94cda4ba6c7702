import type { ShadowSummary } from "#shadow";

/** What `martlet shadow` ends with, besides what every command may. The numbers are API. */
const ShadowStatus = {
  /** Everything was compared, and nothing was different. */
  SAME: 0,
  DIFFERENT: 1,
  /** What was compared was the same, but not everything could be compared, or there was nothing. */
  INCOMPLETE: 3,
} as const;

/** Notes of what could not be compared. */
const incomplete = ["gave-up", "upstream", "limit"] as const;

/** The status for what was seen. */
export function statusOf({ compared, differenceCount, notices }: ShadowSummary): number {
  if (differenceCount > 0) return ShadowStatus.DIFFERENT;
  const isEmpty = compared.answers + compared.deliveries === 0;
  const isPartial = incomplete.some((kind) => notices[kind] !== undefined);
  return isEmpty || isPartial ? ShadowStatus.INCOMPLETE : ShadowStatus.SAME;
}
