/** SUBSCRIBE (3.8) and UNSUBSCRIBE (3.10). */

import { isSharedFilter, ProtocolVersion, topicFilterProblem } from "#protocol";
import type { FieldReader } from "../field-reader.ts";
import type { Rule } from "../statement.ts";
import { hexNumber } from "../value-text.ts";
import { readProperties } from "./properties.ts";

const PACKET_ID: Rule = ["MQTT-2.2.1-3", "MQTT-2.3.1-1"];
const SUBSCRIPTION_IDENTIFIER = 0x0b;

export function readSubscribe(reader: FieldReader): void {
  reader.group("Variable Header", () => {
    reader.packetId(PACKET_ID);
    const [, second] = readProperties(reader, "SUBSCRIBE").all(SUBSCRIPTION_IDENTIFIER);
    if (second !== undefined) {
      reader.protocolError(
        second,
        "Subscription Identifier is there twice; once is allowed.",
        "U5-3.8.2.1.2",
      );
    }
  });
  if (reader.left === 0) {
    reader.protocolError(reader.here("Payload"), "SUBSCRIBE has no Topic Filter; it has at least one.", [
      "MQTT-3.8.3-2",
      "MQTT-3.8.3-3",
    ]);
    return;
  }
  reader.group("Payload", () => {
    while (reader.left > 0) {
      reader.group("Subscription", () => {
        const topicFilter = readTopicFilter(reader);
        if (reader.isVersion5) readOptions(reader, topicFilter);
        else readRequestedQos(reader);
      });
    }
  });
}

export function readUnsubscribe(reader: FieldReader): void {
  reader.group("Variable Header", () => {
    reader.packetId(PACKET_ID);
    readProperties(reader, "UNSUBSCRIBE");
  });
  if (reader.left === 0) {
    reader.protocolError(
      reader.here("Payload"),
      "UNSUBSCRIBE has no Topic Filter; it has at least one.",
      "MQTT-3.10.3-2",
    );
    return;
  }
  reader.group("Payload", () => {
    while (reader.left > 0) readTopicFilter(reader);
  });
}

/** A misplaced wildcard ends no connection: the server refuses that one filter. */
function readTopicFilter(reader: FieldReader): string {
  const { field, text } = reader.text("Topic Filter");
  if (field.length === 0) {
    reader.protocolError(field, "Topic Filter is empty; it has at least one character.", "MQTT-4.7.3-1");
  }
  const problem = text === "" ? undefined : topicFilterProblem(text);
  if (problem !== undefined) field.note = `a server refuses this filter: ${problem}`;
  return text;
}

function readRequestedQos(reader: FieldReader): void {
  const { field, number } = reader.byte("Requested QoS");
  // The upper six bits mean nothing in 3.1.
  const isOld = reader.version === ProtocolVersion.MQTT_3_1;
  const qos = isOld ? number & 3 : number;
  field.value = String(qos);
  if (qos > 2) {
    reader.malformed(
      field,
      `Requested QoS is ${hexNumber(number)}; 0, 1 and 2 are allowed${number > 3 ? ", the other bits are reserved" : ""}.`,
      "MQTT-3.8.3-4",
    );
  }
}

const retainHandlings = [
  "send retained messages",
  "send them if the subscription is new",
  "do not send them",
];

function readOptions(reader: FieldReader, topicFilter: string): void {
  const { field, number } = reader.byte("Subscription Options");
  field.value = hexNumber(number);
  const reserved = reader.bits(field, "Reserved", { highest: 7, lowest: 6 });
  const retainHandling = reader.bits(field, "Retain Handling", { highest: 5, lowest: 4 }, (bits) =>
    bits === 3 ? "3" : `${bits}, ${retainHandlings[bits]}`,
  );
  reader.bits(field, "Retain As Published", { highest: 3, lowest: 3 });
  const noLocal = reader.bits(field, "No Local", { highest: 2, lowest: 2 }) === 1;
  const qos = reader.bits(field, "Maximum QoS", { highest: 1, lowest: 0 });
  if (reserved !== 0) {
    reader.malformed(
      field,
      "Bits 7 and 6 of the Subscription Options are reserved and have to be 0.",
      "MQTT-3.8.3-5",
    );
  }
  if (qos === 3) reader.protocolError(field, "Maximum QoS is 3; 0, 1 and 2 are allowed.", "U5-3.8.3b");
  if (retainHandling === 3) {
    reader.protocolError(field, "Retain Handling is 3; 0, 1 and 2 are allowed.", "U5-3.8.3c");
  }
  if (noLocal && isSharedFilter(topicFilter)) {
    reader.protocolError(
      field,
      "No Local is 1 on a Shared Subscription; there it has to be 0.",
      "MQTT-3.8.3-4",
    );
  }
}
