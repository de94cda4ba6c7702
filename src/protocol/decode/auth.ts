/** AUTH (3.15), of 5.0 only. Without a body it means success. */

import { type AuthPacket, PacketType } from "../packet.ts";
import type { AuthProperties } from "../property.ts";
import { authScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { authCodesOfClient, authCodesOfServer } from "../reason-code-sets.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";

/** Decodes the body at the reader's cursor. */
export function decodeAuth(reader: Reader): AuthPacket {
  const isFromClient = reader.options.side === "server";
  let reasonCode: ReasonCode = ReasonCode.SUCCESS;
  let properties: AuthProperties = {};
  if (reader.left > 0) {
    reasonCode = reader.reasonCode(isFromClient ? authCodesOfClient : authCodesOfServer, "MQTT-3.15.2-1");
    properties = decodeProperties(reader, authScope);
    reader.expectEnd();
    if (properties.authenticationMethod === undefined) {
      throw reader.protocolError("no authentication method", "U5-3.15.2.2.2");
    }
  } else if (isFromClient) {
    throw reader.protocolError("success is the server's to say", "MQTT-3.15.2-1");
  }
  return { type: PacketType.AUTH, reasonCode, properties };
}
