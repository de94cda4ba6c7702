/** Whether a subscription was granted as it was asked for; a problem of the run when not. */

import { FIRST_REFUSAL, type Qos, type ReasonCode, reasonName } from "#protocol";
import type { Problems } from "./problems.ts";

/** @param code what SUBACK says; undefined when none came */
export function isGranted(code: ReasonCode | undefined, qos: Qos, problems: Problems): boolean {
  if (code === undefined) problems.add("subscription-refused", "no answer in time");
  else if (code >= FIRST_REFUSAL) problems.add("subscription-refused", reasonName(code));
  else if (code < qos) problems.add("subscription-refused", `it grants QoS ${code} and not ${qos}`);
  else return true;
  return false;
}
