/** Properties (2.2.2), driven by the table of their names; none before 5.0. */

import { topicNameProblem } from "#protocol";
import { type FieldReader, type OpenField, StopReading } from "../field-reader.ts";
import {
  GENERAL_PROPERTY_RULE,
  homesOf,
  numberText,
  type PropertyRow,
  type PropertyScope,
  pairText,
  propertyRow,
} from "../property-names.ts";
import { hexNumber, textOrHex } from "../value-text.ts";

const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS_INVALID = 0x94;

/** What the packet's own rules ask about its properties. */
export class PropertiesFound {
  readonly #fields = new Map<number, OpenField[]>();

  add(id: number, field: OpenField): void {
    this.#fields.set(id, [...this.all(id), field]);
  }

  /** The fields that hold the values of this property, in order. */
  all(id: number): readonly OpenField[] {
    return this.#fields.get(id) ?? [];
  }

  has(id: number): boolean {
    return this.#fields.has(id);
  }
}

/** Reads length and properties. `prefix` tells the fields of two such blocks in one packet apart. */
export function readProperties(reader: FieldReader, scope: PropertyScope, prefix = ""): PropertiesFound {
  const found = new PropertiesFound();
  if (!reader.isVersion5) return found;
  reader.group(`${prefix}Properties`, () => {
    const { field, number } = reader.variableByteInteger(`${prefix}Property Length`, "MQTT-2.2.2-1");
    if (number > reader.left) {
      reader.malformed(
        field,
        `${prefix}Property Length says ${number}, but only ${reader.left} bytes are left in the packet.`,
        "U5-2.2.2.1",
      );
      throw new StopReading();
    }
    const packetEnd = reader.end;
    reader.end = reader.at + number;
    reader.block = "property block";
    while (reader.left > 0) readProperty(reader, scope, found);
    reader.end = packetEnd;
    reader.block = "packet";
  });
  return found;
}

function readProperty(reader: FieldReader, scope: PropertyScope, found: PropertiesFound): void {
  reader.group("Property", (group) => {
    const { field, number: id } = reader.variableByteInteger(
      "Property Identifier",
      GENERAL_PROPERTY_RULE,
      paddedRule(scope),
    );
    const row = propertyRow(id);
    field.value = `${id} (${hexNumber(id)})`;
    if (row === undefined) {
      reader.malformed(field, `${hexNumber(id)} is no Property Identifier.`, GENERAL_PROPERTY_RULE);
      throw new StopReading();
    }
    group.name = row.name;
    const statement = row.statements[scope];
    if (statement === undefined) {
      reader.malformed(
        field,
        `${row.name} (${hexNumber(id)}) is not for ${scope}; it belongs to ${homesOf(row)}.`,
        GENERAL_PROPERTY_RULE,
      );
    } else if (found.has(id) && row.kind !== "pair" && row.kind !== "variable") {
      reader.protocolError(field, `${row.name} is there twice; once is allowed.`, statement);
    }
    if (scope === "PUBLISH" && id === SUBSCRIPTION_IDENTIFIER && reader.sender === "client") {
      reader.protocolError(field, "A client sends no Subscription Identifier in PUBLISH.", "MQTT-3.3.4-6");
    }
    const value = readValue(reader, row, scope, statement ?? GENERAL_PROPERTY_RULE);
    found.add(id, value);
    if (value.value !== undefined) group.value = value.value;
  });
}

/** In PUBLISH the rule about the property speaks where elsewhere that about its form does. */
function paddedRule(scope: PropertyScope): string {
  return scope === "PUBLISH" ? GENERAL_PROPERTY_RULE : "MQTT-1.5.5-1";
}

/** Returns the field with the value; of a pair, its second text. */
function readValue(
  reader: FieldReader,
  row: PropertyRow,
  scope: PropertyScope,
  statement: string,
): OpenField {
  const { name, kind } = row;
  switch (kind) {
    case "bit": {
      const { field, number } = reader.byte(name, GENERAL_PROPERTY_RULE);
      if (number > 1) reader.protocolError(field, `${name} is ${number}; 0 and 1 are allowed.`, statement);
      else field.value = numberText(row, number);
      return field;
    }
    case "uint16":
    case "uint32": {
      const { field, number } =
        kind === "uint16"
          ? reader.uint16(name, GENERAL_PROPERTY_RULE)
          : reader.uint32(name, GENERAL_PROPERTY_RULE);
      field.value = numberText(row, number);
      if (number === 0) judgeZero(reader, field, statement);
      return field;
    }
    case "variable": {
      const { field, number } = reader.variableByteInteger(name, GENERAL_PROPERTY_RULE, paddedRule(scope));
      if (number === 0) reader.protocolError(field, `${name} is 0; it is 1 to 268435455.`, statement);
      return field;
    }
    case "text": {
      const { field, text } = reader.unjudgedText(name, GENERAL_PROPERTY_RULE);
      const isText = reader.checkText(field);
      const problem = name === "Response Topic" && isText ? topicNameProblem(text) : undefined;
      if (problem !== undefined) {
        reader.protocolError(field, `${name} is ${field.value}; ${problem}.`, "MQTT-3.3.2-14");
      }
      return field;
    }
    case "binary": {
      const field = reader.binary(name, GENERAL_PROPERTY_RULE);
      field.value = textOrHex(field.raw);
      return field;
    }
    case "pair": {
      const key = reader.text(`${name} Name`, GENERAL_PROPERTY_RULE);
      const value = reader.text(`${name} Value`, GENERAL_PROPERTY_RULE);
      return { ...value.field, value: pairText(key.text, value.text) };
    }
  }
}

/** The few numbers that are never 0. */
function judgeZero(reader: FieldReader, field: OpenField, statement: string): void {
  const { name } = field;
  if (name === "Topic Alias") {
    reader.protocolError(field, "Topic Alias is 0; it is 1 to 65535.", "MQTT-3.3.2-8", TOPIC_ALIAS_INVALID);
  } else if (name === "Receive Maximum" || name === "Maximum Packet Size") {
    reader.protocolError(field, `${name} is 0; it is 1 or more.`, statement);
  }
}
