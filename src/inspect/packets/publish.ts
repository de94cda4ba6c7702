/** PUBLISH (3.3). */

import type { FieldReader, OpenField } from "../field-reader.ts";
import { count, isPlainText, textOrHex } from "../value-text.ts";
import { judgeTopicName } from "./connect.ts";
import { readProperties } from "./properties.ts";

const TOPIC_ALIAS = 0x23;

export function readPublish(reader: FieldReader, firstByte: OpenField): void {
  const flags = firstByte.raw[0] as number;
  const qos = (flags >> 1) & 3;
  if (qos === 3) reader.malformed(firstByte, "QoS is 3; 0, 1 and 2 are allowed.", "MQTT-3.3.1-4");
  if (qos === 0 && (flags & 0x08) !== 0) {
    reader.malformed(firstByte, "DUP is 1 at QoS 0; only QoS 1 and 2 send again.", "MQTT-3.3.1-2");
  }
  reader.group("Variable Header", () => {
    const topic = reader.unjudgedText("Topic Name", "MQTT-3.3.2-1");
    if (qos > 0) {
      reader.packetId([reader.sender === "client" ? "MQTT-2.2.1-3" : "MQTT-2.2.1-4", "MQTT-2.3.1-1"]);
    }
    const properties = readProperties(reader, "PUBLISH");
    const isAliased = properties.has(TOPIC_ALIAS);
    if (topic.field.length > 0) judgeTopicName(reader, topic.field, topic.text);
    else if (isAliased) topic.field.note = "the Topic Alias stands in for it";
    else {
      reader.protocolError(topic.field, "Topic Name is empty, and there is no Topic Alias.", [
        "U5-3.3.2.1",
        "MQTT-4.7.3-1",
      ]);
    }
  });
  readPayload(reader);
}

function readPayload(reader: FieldReader): void {
  if (reader.left === 0) return;
  const { left } = reader;
  const present = Math.min(left, reader.limit - reader.at);
  if (present < left) reader.isIncomplete = true;
  reader.group("Payload", () => {
    const payload = reader.take("Application Message", present);
    payload.value = isPlainText(payload.raw) ? textOrHex(payload.raw) : count(left, "byte");
    if (present < left) payload.note = `the first ${present} of ${count(left, "byte")}`;
  });
}
