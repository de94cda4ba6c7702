/**
 * Properties (2.2.2) into objects, driven by the property table. PUBLISH on the hot path is read in place instead: see
 * `publish-properties.ts`.
 */

import type { Properties, UserProperty } from "../property.ts";
import { type PropertyDefinition, PropertyKind, type PropertyScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import type { Statement } from "../statement.ts";
import { topicNameProblem } from "../topic-name.ts";
import type { Reader } from "./reader.ts";

/** A value of the wrong type, or a property in the wrong packet. */
const WRONG_PROPERTY = "U5-2.2.2.2";

/** The properties at the cursor, their length first; none of 3.x. */
export function decodeProperties(reader: Reader, scope: PropertyScope): Properties {
  if (!reader.isVersion5) return {};
  const length = reader.variableByteInteger("the property length", "MQTT-2.2.2-1");
  const packetEnd = reader.end;
  if (length > reader.left) throw reader.malformed("the properties end behind the packet", "U5-2.2.2.1");
  reader.end = reader.at + length;
  const properties = decodePropertyBlock(reader, scope);
  reader.end = packetEnd;
  return properties;
}

/** The properties from the cursor to the reader's end. */
export function decodePropertyBlock(reader: Reader, scope: PropertyScope): Properties {
  const properties: Properties = {};
  while (reader.left > 0) {
    const id = reader.variableByteInteger("a property identifier", WRONG_PROPERTY);
    const definition = scope.definitions[id];
    if (definition === undefined) {
      throw reader.malformed(`${scope.packet} carries property 0x${id.toString(16)}`, WRONG_PROPERTY);
    }
    decodeProperty(reader, properties, definition, scope.statements[id] ?? WRONG_PROPERTY);
  }
  return properties;
}

function decodeProperty(
  reader: Reader,
  properties: Properties,
  { name, kind }: PropertyDefinition,
  statement: Statement,
): void {
  if (kind === PropertyKind.PAIR) {
    const pair: UserProperty = [reader.text(name, WRONG_PROPERTY), reader.text(name, WRONG_PROPERTY)];
    properties.userProperties = append(properties.userProperties, pair);
    return;
  }
  if (kind === PropertyKind.VARIABLE) {
    const identifier = reader.variableByteInteger(name, WRONG_PROPERTY);
    if (identifier === 0) throw reader.protocolError("subscription identifier 0", statement);
    properties.subscriptionIdentifiers = append(properties.subscriptionIdentifiers, identifier);
    return;
  }
  if (properties[name] !== undefined) throw reader.protocolError(`${name} is there twice`, statement);
  const value = decodeValue(reader, name, kind, statement);
  checkValue(reader, name, value, statement);
  (properties as Record<string, unknown>)[name] = value;
}

function append<T>(list: readonly T[] | undefined, item: T): readonly T[] {
  if (list === undefined) return [item];
  (list as T[]).push(item); // ours: made by the line above
  return list;
}

function decodeValue(
  reader: Reader,
  name: string,
  kind: PropertyKind,
  statement: Statement,
): boolean | number | string | Uint8Array {
  switch (kind) {
    case PropertyKind.UINT16:
      return reader.uint16(name, WRONG_PROPERTY);
    case PropertyKind.UINT32:
      return reader.uint32(name, WRONG_PROPERTY);
    case PropertyKind.TEXT:
      return reader.text(name, WRONG_PROPERTY);
    case PropertyKind.BINARY:
      return reader.binary(name, WRONG_PROPERTY);
    default: {
      const byte = reader.byte(name, WRONG_PROPERTY);
      if (byte > 1) throw reader.protocolError(`${name} is ${byte}, neither 0 nor 1`, statement);
      return kind === PropertyKind.BIT ? byte : byte === 1;
    }
  }
}

/** The few properties that do not accept every value of their type. */
function checkValue(reader: Reader, name: string, value: unknown, statement: Statement): void {
  if (name === "topicAlias" && value === 0) {
    throw reader.protocolError("topic alias 0", "MQTT-3.3.2-8", ReasonCode.TOPIC_ALIAS_INVALID);
  }
  if ((name === "receiveMaximum" || name === "maximumPacketSize") && value === 0) {
    throw reader.protocolError(`${name} is 0`, statement);
  }
  if (name === "responseTopic") {
    const problem = topicNameProblem(value as string);
    if (problem !== undefined) throw reader.protocolError(`response topic: ${problem}`, "MQTT-3.3.2-14");
  }
}
