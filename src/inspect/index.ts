/**
 * @module inspect: bytes for people. A dissector that reads any bytes as packets and says what is wrong with them, readers of
 * hex text and of capture files, and packets as JSON. No Node modules: what runs here may also run in a browser.
 */

export { isCapture } from "./capture/frames.ts";
export {
  type CapturedConnection,
  type CapturedPacket,
  type CaptureEvent,
  type CaptureGap,
  type CaptureOptions,
  type CaptureReading,
  readCapture,
  readFrameList,
} from "./capture/read-capture.ts";
export { endpointText, guessLinkType } from "./capture/segment.ts";
export { type DissectOptions, dissect, type KnownVersion, type VersionSource, versionOf } from "./dissect.ts";
export type { BitRange, DissectedPacket, Field, Problem, Sender } from "./field.ts";
export { type HexReading, readHex } from "./hex-text.ts";
export { readBase64 } from "./json-value.ts";
export {
  type PacketTypeName,
  packetFromJson,
  packetToJson,
  packetTypeNames,
  parseVersion,
  type VersionedPacket,
} from "./packet-json.ts";
export { propertyKinds, propertyNames } from "./property-json.ts";
export { summaryOf } from "./summary.ts";
