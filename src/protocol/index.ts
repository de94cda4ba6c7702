/**
 * @module protocol: Control Packets ⇄ bytes, for MQTT 3.1, 3.1.1 and 5.0. Runs everywhere, browsers included.
 *
 * The door is wide because it is also the public `martlet/protocol`: the model, the codec of objects, and the pieces of the
 * hot path that broker and client put together themselves.
 */

export { ClientFramer, type ClientPacketSink } from "./client-framer.ts";
export { decodePacket } from "./decode/packet.ts";
export { toPublishPacket } from "./decode/publish.ts";
export { decodePublishProperties, forwardableProperties } from "./decode/publish-properties.ts";
export { LARGEST_ACKNOWLEDGEMENT, writeAcknowledgement } from "./encode/acknowledgement.ts";
export { encodePacket } from "./encode/packet.ts";
export {
  encodePublishProperties,
  NO_PROPERTIES,
  publishFirstByte,
  publishPropertiesLength,
  publishRemainingLength,
  writePublishHead,
  writePublishProperties,
} from "./encode/publish.ts";
export { fixedHeaderSize, type Side } from "./fixed-header.ts";
export { Framer } from "./framer.ts";
export { type IncomingPublish, readTopicName } from "./lean/decode.ts";
export { type ClientPacket, encodeClientPacket, encodeClientPublishProperties } from "./lean/encode.ts";
export * as packetTypes from "./lean/packet-types.ts";
export {
  LONGEST_ACKNOWLEDGEMENT,
  type PublishParts,
  packetSize,
  remainingLength,
  writePublish,
  writeShortAcknowledgement,
} from "./lean/publish.ts";
export { protocolError } from "./lean/reader.ts";
export * as reasons from "./lean/reasons.ts";
export { checkName as checkClientTopicName, checkTopicFilter } from "./lean/topics.ts";
export * as versions from "./lean/versions.ts";
export * from "./packet.ts";
export type { FramerOptions, PacketSink, PublishesAlike } from "./packet-framer.ts";
export type {
  AcknowledgementProperties,
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  Properties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  UserProperty,
  WillProperties,
} from "./property.ts";
export { SESSION_NEVER_EXPIRES } from "./property.ts";
export { NO_EXPIRY, PublishView } from "./publish-view.ts";
export { FIRST_REFUSAL, ReasonCode, reasonName } from "./reason-code.ts";
export { returnCodeOfReason } from "./reason-code-sets.ts";
export {
  isSharedFilter,
  type ParsedTopicFilter,
  parseTopicFilter,
  topicFilterProblem,
  topicMatches,
} from "./topic-filter.ts";
export { checkTopicName, topicNameProblem } from "./topic-name.ts";
export { type TextRules, type Utf8Problem, utf8Problem } from "./utf8.ts";
export {
  INCOMPLETE,
  NOT_AN_INTEGER,
  readVariableByteInteger,
  variableByteIntegerSize,
  writeVariableByteInteger,
} from "./variable-byte-integer.ts";
export { ProtocolVersion, versionName } from "./version.ts";
export {
  InvalidPacketError,
  isWireError,
  MalformedPacketError,
  ProtocolError,
  type WireError,
} from "./wire-error.ts";
