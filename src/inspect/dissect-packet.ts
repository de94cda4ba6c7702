/**
 * One packet into its fields, whatever its bytes are. The order in which things are judged is that of `#protocol`, so that
 * the first problem is the one that a receiver would name.
 */

import { PacketType, type ProtocolVersion } from "#protocol";
import type { DissectedPacket, Sender } from "./field.ts";
import { FieldReader, type OpenField, StopReading } from "./field-reader.ts";
import { onlySender, packetName } from "./packet-type.ts";
import { readAcknowledgement } from "./packets/acknowledgement.ts";
import { readConnack } from "./packets/connack.ts";
import { readConnect } from "./packets/connect.ts";
import { readAuth, readDisconnect } from "./packets/disconnect.ts";
import { judgeFlags, type Position, readFirstByte, readRemainingLength } from "./packets/fixed-header.ts";
import { readPublish } from "./packets/publish.ts";
import { readSuback, readUnsuback } from "./packets/suback.ts";
import { readSubscribe, readUnsubscribe } from "./packets/subscribe.ts";
import { count } from "./value-text.ts";

/** Where a packet lies and what is known about it. */
export interface PacketContext extends Position {
  /** Of its first byte. */
  readonly start: number;
  /** Behind the last byte of the input. */
  readonly limit: number;
  /** In force when the packet begins. CONNECT tells its own. */
  readonly version: ProtocolVersion;
  /** Undefined: whoever may send it. */
  readonly sender: Sender | undefined;
}

/** The packet that begins at `context.start`; there is at least one byte. Has no hints. */
export function dissectPacket(bytes: Uint8Array, context: PacketContext): DissectedPacket {
  const { sender, version, start } = context;
  if (sender !== undefined) return dissectFrom(bytes, context, sender);
  const only = onlySender((bytes[start] as number) >> 4, version);
  if (only !== undefined) return dissectFrom(bytes, context, only);
  const fromClient = dissectFrom(bytes, context, "client");
  if (fromClient.problems.length === 0) return { ...fromClient, sender: undefined };
  const fromServer = dissectFrom(bytes, context, "server");
  if (fromServer.problems.length === 0) return fromServer;
  const isSame = fromClient.problems[0]?.statement === fromServer.problems[0]?.statement;
  return isSame ? { ...fromClient, sender: undefined } : fromClient;
}

function dissectFrom(bytes: Uint8Array, context: PacketContext, sender: Sender): DissectedPacket {
  const { start, limit, version, isAfterConnect } = context;
  const type = (bytes[start] as number) >> 4;
  const tellsVersion = type === PacketType.CONNECT && sender === "client" && !isAfterConnect;
  const reader = new FieldReader(bytes, start, limit, tellsVersion ? undefined : version, sender);
  const end = readWhole(reader, context);
  const present = Math.min(end ?? limit, limit);
  if (reader.at < present) reader.take("Not read", present - reader.at, count(present - reader.at, "byte"));
  const missing = end === undefined ? undefined : Math.max(0, end - limit);
  return {
    offset: start,
    length: present - start,
    type,
    name: packetName(type, reader.version ?? version),
    version: reader.version ?? version,
    sender,
    fields: reader.fields,
    problems: reader.problems,
    isIncomplete: missing === undefined ? reader.isIncomplete : missing > 0,
    missingBytes: missing,
    hints: [],
  };
}

/** Returns where the packet ends by its Remaining Length; undefined when it says nothing of use. */
function readWhole(reader: FieldReader, context: PacketContext): number | undefined {
  let end: number | undefined;
  try {
    const firstByte = reader.group("Fixed Header", () => {
      const field = readFirstByte(reader, context.version, context);
      const { number } = readRemainingLength(reader);
      end = reader.at + number;
      return field;
    });
    reader.end = end ?? reader.limit;
    readBody(reader, firstByte);
  } catch (error) {
    if (!(error instanceof StopReading)) throw error;
  }
  return end;
}

function readBody(reader: FieldReader, firstByte: OpenField): void {
  const type = (firstByte.raw[0] as number) >> 4;
  if (type === PacketType.CONNECT) return readConnect(reader, firstByte);
  if (type === 0 || (type === PacketType.AUTH && !reader.isVersion5)) return;
  if (type === PacketType.PUBLISH) return readPublish(reader, firstByte);
  judgeFlags(reader, firstByte);
  switch (type) {
    case PacketType.CONNACK:
      return readConnack(reader);
    case PacketType.SUBSCRIBE:
      return readSubscribe(reader);
    case PacketType.SUBACK:
      return readSuback(reader);
    case PacketType.UNSUBSCRIBE:
      return readUnsubscribe(reader);
    case PacketType.UNSUBACK:
      return readUnsuback(reader);
    case PacketType.DISCONNECT:
      return readDisconnect(reader);
    case PacketType.AUTH:
      return readAuth(reader);
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return reader.expectEnd();
    default:
      return readAcknowledgement(reader, type);
  }
}
