/**
 * Topic Names (4.7): what a message is published to. At least one character, no wildcards. The length needs no check here:
 * the wire's two length bytes bound what is received, the encoder what is sent.
 */

import { ReasonCode } from "./reason-code.ts";
import { protocolError } from "./statement.ts";
import { type TextRules, utf8Error, utf8Problem } from "./utf8.ts";
import type { ProtocolVersion } from "./version.ts";

const PLUS = 0x2b;
const HASH = 0x23;

/** Whether `bytes[start, end)` holds `+` or `#`. */
export function hasWildcard(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === PLUS || byte === HASH) return true;
  }
  return false;
}

/**
 * Throws unless `bytes[start, end)` is a Topic Name. `what` names the field in the message.
 *
 * @throws MalformedPacketError for what is no text; ProtocolError when empty, and with reason 0x90 for a wildcard.
 */
export function checkTopicName(
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
  rules?: TextRules,
  what = "the topic name",
): void {
  const problem = utf8Problem(bytes, start, end, rules);
  if (problem !== undefined) throw utf8Error(version, what, problem);
  if (start === end) throw protocolError(version, `${what} is empty`, "MQTT-4.7.3-1");
  if (hasWildcard(bytes, start, end)) {
    throw protocolError(version, `${what} has a wildcard`, "MQTT-3.3.2-2", ReasonCode.TOPIC_NAME_INVALID);
  }
}

/** Why `text` is no Topic Name, or undefined. */
export function topicNameProblem(text: string): string | undefined {
  if (text === "") return "a topic name has at least one character"; // [MQTT-4.7.3-1]
  if (text.includes("\0")) return "a topic name has no U+0000"; // [MQTT-4.7.3-2]
  if (text.includes("+") || text.includes("#")) return "a topic name has no wildcards"; // [MQTT-4.7.0-1]
  return undefined;
}
