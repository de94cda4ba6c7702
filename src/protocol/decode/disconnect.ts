/** DISCONNECT (3.14). In 3.x it is two bytes and only clients send it. */

import { type DisconnectPacket, PacketType } from "../packet.ts";
import type { DisconnectProperties } from "../property.ts";
import { disconnectScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { disconnectCodesOfClient, disconnectCodesOfServer } from "../reason-code-sets.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";

/** Decodes the body at the reader's cursor. */
export function decodeDisconnect(reader: Reader): DisconnectPacket {
  let reasonCode: ReasonCode = ReasonCode.NORMAL_DISCONNECTION;
  let properties: DisconnectProperties = {};
  const isFromClient = reader.options.side === "server";
  if (reader.isVersion5 && reader.left > 0) {
    reasonCode = reader.reasonCode(
      isFromClient ? disconnectCodesOfClient : disconnectCodesOfServer,
      "MQTT-3.14.2-1",
    );
    if (reader.left > 0) properties = decodeProperties(reader, disconnectScope);
  }
  reader.expectEnd();
  if (!isFromClient && properties.sessionExpiryInterval !== undefined) {
    throw reader.protocolError("a session expiry interval from the server", "MQTT-3.14.2-2");
  }
  return { type: PacketType.DISCONNECT, reasonCode, properties };
}
