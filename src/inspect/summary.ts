/** A packet in one line: what somebody who looks through many wants to know of each. */

import type { DissectedPacket, Field } from "./field.ts";
import { count } from "./value-text.ts";

/** Fields that are told, by what they are called in a line; in the order of the line. */
const shown: readonly (readonly [name: string, label: string])[] = [
  ["Client Identifier", "client"],
  ["User Name", "user"],
  ["Clean Start", "clean start"],
  ["Clean Session", "clean session"],
  ["Keep Alive", "keep alive"],
  ["Will Topic", "will"],
  ["Session Present", "session present"],
  ["Connect Reason Code", ""],
  ["Connect Return code", ""],
  ["Packet Identifier", "id"],
  ["Topic Name", "topic"],
  ["Topic Alias", "alias"],
  ["QoS", "QoS"],
  ["Topic Filter", ""],
  ["Requested QoS", "QoS"],
  ["Maximum QoS", "QoS"],
  ["Reason Code", ""],
  ["Return Code", ""],
  ["Disconnect Reason Code", ""],
  ["Authenticate Reason Code", ""],
  ["Reason String", ""],
];

const labels = new Map(shown);
const order = new Map(shown.map(([name], index) => [name, index]));
/** The payload of a subscription comes in pairs, as it stands. */
const SUBSCRIBE = 8;

/** `topic "a/b", QoS 0, 5 bytes`; without the name of the packet. */
export function summaryOf({ type, fields, isIncomplete, missingBytes, problems }: DissectedPacket): string {
  const found = leaves(fields).filter(({ name, value }) => labels.has(name) && value !== undefined);
  const sorted =
    type === SUBSCRIBE
      ? found
      : found.toSorted((a, b) => (order.get(a.name) as number) - (order.get(b.name) as number));
  const parts = sorted.map(
    ({ name, value }) => `${labels.get(name) as string} ${shortened(value as string)}`,
  );
  const payload = leaves(fields).find(({ name }) => name === "Application Message");
  if (payload !== undefined) parts.push(count(payload.length, "byte"));
  if (problems.length > 0) parts.push(count(problems.length, "problem"));
  if (isIncomplete)
    parts.push(missingBytes === undefined ? "incomplete" : `${count(missingBytes, "byte")} missing`);
  return parts.map((part) => part.trim()).join(", ");
}

function leaves(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => {
    const { children = [] } = field;
    const isByte = children.some(({ bits }) => bits !== undefined);
    return children.length === 0 ? [field] : isByte ? [field, ...children] : leaves(children);
  });
}

const LONGEST = 48;

function shortened(value: string): string {
  return value.length > LONGEST ? `${value.slice(0, LONGEST)}...` : value;
}
