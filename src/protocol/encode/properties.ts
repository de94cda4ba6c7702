/** Properties (2.2.2) from objects to bytes, driven by the property table; in the order of their identifiers. */

import type { Properties } from "../property.ts";
import { type PropertyDefinition, PropertyKind, type PropertyScope } from "../property-table.ts";
import { topicNameProblem } from "../topic-name.ts";
import { ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import { Writer } from "./writer.ts";

/** Writes length and properties [MQTT-2.2.2-1]; nothing in 3.x, which has none. */
export function encodeProperties(
  writer: Writer,
  properties: Properties,
  scope: PropertyScope,
  version: ProtocolVersion,
): void {
  if (version !== ProtocolVersion.MQTT_5_0) return;
  const block = encodePropertyBlock(properties, scope);
  writer.variableByteInteger(block.length, "the property length");
  writer.raw(block);
}

/** The properties of `scope` without their length. Others are not looked at: the packets' types exclude them. */
export function encodePropertyBlock(properties: Properties, scope: PropertyScope): Uint8Array {
  const writer = new Writer();
  for (const definition of scope.definitions) {
    if (definition === undefined) continue;
    const value = properties[definition.name];
    if (value !== undefined) encodeProperty(writer, definition, value);
  }
  return writer.body();
}

type PropertyValue = NonNullable<Properties[keyof Properties]>;

function encodeProperty(writer: Writer, { id, name, kind }: PropertyDefinition, value: PropertyValue): void {
  if (kind === PropertyKind.PAIR) {
    for (const [key, text] of value as NonNullable<Properties["userProperties"]>) {
      writer.byte(id);
      writer.text(key, name);
      writer.text(text, name);
    }
    return;
  }
  if (kind === PropertyKind.VARIABLE) {
    for (const identifier of value as NonNullable<Properties["subscriptionIdentifiers"]>) {
      if (identifier === 0) throw new InvalidPacketError("subscription identifier 0");
      writer.byte(id);
      writer.variableByteInteger(identifier, name);
    }
    return;
  }
  checkValue(name, value);
  writer.byte(id);
  switch (kind) {
    case PropertyKind.UINT16:
      return writer.uint16(value as number, name);
    case PropertyKind.UINT32:
      return writer.uint32(value as number, name);
    case PropertyKind.TEXT:
      return writer.text(value as string, name);
    case PropertyKind.BINARY:
      return writer.binary(value as Uint8Array, name);
    default:
      return writer.byte(Number(value));
  }
}

function checkValue(name: string, value: PropertyValue): void {
  const isNeverZero = name === "topicAlias" || name === "receiveMaximum" || name === "maximumPacketSize";
  if (isNeverZero && value === 0) throw new InvalidPacketError(`${name} is 0`);
  if (name === "maximumQos" && value !== 0 && value !== 1)
    throw new InvalidPacketError(`${name} is neither 0 nor 1`);
  if (name === "responseTopic") {
    const problem = topicNameProblem(value as string);
    if (problem !== undefined) throw new InvalidPacketError(`${name}: ${problem}`);
  }
}
