/**
 * The wire errors with the statement of the standard that is in force on this connection.
 *
 * A rule is named once, with its id in 5.0 and in 3.1.1 (3.1 has no ids and borrows those of 3.1.1); the version picks.
 * Before CONNECT has told the version, the ids of 3.1.1 are used.
 */

import type { ReasonCode } from "./reason-code.ts";
import { ProtocolVersion } from "./version.ts";
import { MalformedPacketError, ProtocolError } from "./wire-error.ts";

/** The ids of a rule: one if both standards number it alike or only one has it, else the pair of 5.0 and 3.1.1. */
export type Statement = string | readonly [mqtt5: string, mqtt3: string];

/** That a fault ends the connection: for fields cut off, bytes left over and whatever has no statement of its own. */
export const GENERAL_STATEMENT: Statement = ["MQTT-4.13.1-1", "MQTT-4.8.0-1"];

/** `MQTT-3.3.1-4` or `U5-3.8.3b` in 5.0, `3.1.1/MQTT-3.3.1-4` before. */
function statementId(version: ProtocolVersion | undefined, statement: Statement): string {
  const isPair = typeof statement !== "string";
  if (version === ProtocolVersion.MQTT_5_0) return isPair ? statement[0] : statement;
  return `3.1.1/${isPair ? statement[1] : statement}`;
}

/** A MalformedPacketError, reason code 0x81. */
export function malformed(
  version: ProtocolVersion | undefined,
  message: string,
  statement: Statement = GENERAL_STATEMENT,
): MalformedPacketError {
  return new MalformedPacketError(message, statementId(version, statement));
}

/** A ProtocolError; reason code 0x82 unless `reasonCode` says it better. */
export function protocolError(
  version: ProtocolVersion | undefined,
  message: string,
  statement: Statement,
  reasonCode?: ReasonCode,
): ProtocolError {
  return new ProtocolError(message, statementId(version, statement), reasonCode);
}
