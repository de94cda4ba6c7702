/** What went wrong, in words. The client has none for reason codes, so that it stays small in browsers. */

import { describeError } from "#base";
import { type ReasonCode, reasonName } from "#protocol";

export function failureText(error: unknown): string {
  const text = describeError(error);
  const reasonCode = (error as { reasonCode?: ReasonCode } | null | undefined)?.reasonCode;
  return reasonCode === undefined ? text : `${text} (${reasonName(reasonCode)})`;
}
