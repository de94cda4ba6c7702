/**
 * Ids of the standards' statements. A rule is named once, with its id in 5.0 and in 3.1.1, like in `#protocol`; that the two
 * agree is tested packet by packet.
 */

import { ProtocolVersion } from "#protocol";

/** One id if both standards number the rule alike or only one has it, else the pair of 5.0 and 3.1.1. */
export type Rule = string | readonly [mqtt5: string, mqtt3: string];

/** That a fault ends the connection: for whatever has no statement of its own. */
export const GENERAL_RULE: Rule = ["MQTT-4.13.1-1", "MQTT-4.8.0-1"];

/** The id in force in `version`; before CONNECT has told one, that of 3.1.1. */
export function statementOf(rule: Rule, version: ProtocolVersion | undefined): string {
  const [mqtt5, mqtt3] = typeof rule === "string" ? [rule, rule] : rule;
  return version === ProtocolVersion.MQTT_5_0 ? mqtt5 : `3.1.1/${mqtt3}`;
}
