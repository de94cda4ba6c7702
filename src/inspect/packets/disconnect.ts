/** DISCONNECT (3.14) and AUTH (3.15), which share their short forms. */

import type { FieldReader } from "../field-reader.ts";
import { authCodesOf, disconnectCodesOf } from "../reason-codes.ts";
import { readReasonCode } from "./connack.ts";
import { PropertiesFound, readProperties } from "./properties.ts";

const SESSION_EXPIRY_INTERVAL = 0x11;
const AUTHENTICATION_METHOD = 0x15;

export function readDisconnect(reader: FieldReader): void {
  const { sender } = reader;
  const [expiry] = readBody(reader).all(SESSION_EXPIRY_INTERVAL);
  reader.expectEnd();
  if (expiry !== undefined && sender === "server") {
    reader.protocolError(expiry, "A server sends no Session Expiry Interval in DISCONNECT.", "MQTT-3.14.2-2");
  }
}

function readBody(reader: FieldReader): PropertiesFound {
  if (!reader.isVersion5 || reader.left === 0) return new PropertiesFound();
  return reader.group("Variable Header", () => {
    readReasonCode(reader, "Disconnect Reason Code", disconnectCodesOf(reader.sender), "MQTT-3.14.2-1");
    return reader.left > 0 ? readProperties(reader, "DISCONNECT") : new PropertiesFound();
  });
}

export function readAuth(reader: FieldReader): void {
  if (reader.left === 0) {
    if (reader.sender === "client") {
      reader.protocolError(
        reader.here("Authenticate Reason Code"),
        "AUTH without a body means Success, which is the server's to say.",
        "MQTT-3.15.2-1",
      );
    }
    return;
  }
  const properties = reader.group("Variable Header", () => {
    readReasonCode(reader, "Authenticate Reason Code", authCodesOf(reader.sender), "MQTT-3.15.2-1");
    return readProperties(reader, "AUTH");
  });
  reader.expectEnd();
  if (!properties.has(AUTHENTICATION_METHOD)) {
    reader.protocolError(
      reader.here("Authentication Method"),
      "AUTH has no Authentication Method; it has one.",
      "U5-3.15.2.2.2",
    );
  }
}
