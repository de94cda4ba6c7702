/**
 * The properties of PUBLISH: validated in place for the hot path, cut down to those a server forwards, or as an object.
 *
 *     forwarded as they are   payload format, content type, response topic, correlation data, user properties
 *     written anew            message expiry interval (less the time waited), subscription identifiers, topic alias
 *
 * HOT: `readPublishProperties` and `forwardableProperties` run for every 5.0 message that has properties.
 */

import { copyBytes, EMPTY_BYTES } from "#base";
import type { PublishProperties } from "../property.ts";
import { publishScope } from "../property-table.ts";
import { NO_EXPIRY, type PublishView } from "../publish-view.ts";
import { ReasonCode } from "../reason-code.ts";
import { hasWildcard } from "../topic-name.ts";
import { utf8Error, utf8Problem } from "../utf8.ts";
import { readVariableByteInteger, variableByteIntegerSize } from "../variable-byte-integer.ts";
import { ProtocolVersion } from "../version.ts";
import { MalformedPacketError, ProtocolError } from "../wire-error.ts";
import { decodePropertyBlock } from "./properties.ts";
import { type DecodeOptions, Reader } from "./reader.ts";

const PAYLOAD_FORMAT_INDICATOR = 0x01;
const MESSAGE_EXPIRY_INTERVAL = 0x02;
const CONTENT_TYPE = 0x03;
const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;
const USER_PROPERTY = 0x26;

/** Identifier and value: what these take in the packet. */
const MESSAGE_EXPIRY_INTERVAL_SIZE = 5;
const TOPIC_ALIAS_SIZE = 3;

/** Validates the properties in `view` and keeps what the receiver must know. */
export function readPublishProperties(view: PublishView, options: DecodeOptions): void {
  const { bytes, propertiesEnd: end } = view;
  let at = view.propertiesStart;
  let seen = 0;
  while (at < end) {
    const id = bytes[at++] as number;
    // User properties and the alias lie above 31; the alias is never 0, so it tells by itself whether it was there.
    if (id < 32) {
      if ((seen & (1 << id)) !== 0 && id !== SUBSCRIPTION_IDENTIFIER) throw twice(id);
      seen |= 1 << id;
    }
    switch (id) {
      case PAYLOAD_FORMAT_INDICATOR: {
        if (at + 1 > end) throw cutOff(id);
        const value = bytes[at++] as number;
        if (value > 1) throw new ProtocolError(`payload format indicator ${value}`, "U5-2.2.2.2");
        view.payloadFormatIndicator = value === 1;
        break;
      }
      case MESSAGE_EXPIRY_INTERVAL:
        if (at + 4 > end) throw cutOff(id);
        view.messageExpiryInterval = uint16(bytes, at) * 0x1_0000 + uint16(bytes, at + 2);
        at += 4;
        break;
      case CONTENT_TYPE:
        at = textEnd(bytes, at, end, id, options);
        break;
      case RESPONSE_TOPIC: {
        const start = at + 2;
        at = textEnd(bytes, at, end, id, options);
        if (start === at || hasWildcard(bytes, start, at)) throw badResponseTopic();
        break;
      }
      case CORRELATION_DATA:
        at = prefixedEnd(bytes, at, end, id);
        break;
      case SUBSCRIPTION_IDENTIFIER:
        at = subscriptionIdentifierEnd(bytes, at, end, options);
        view.hasSubscriptionIdentifier = true;
        break;
      case TOPIC_ALIAS:
        if (view.topicAlias !== 0) throw twice(id);
        if (at + 2 > end) throw cutOff(id);
        view.topicAlias = uint16(bytes, at);
        if (view.topicAlias === 0) {
          throw new ProtocolError("topic alias 0", "MQTT-3.3.2-8", ReasonCode.TOPIC_ALIAS_INVALID);
        }
        at += 2;
        break;
      case USER_PROPERTY:
        at = textEnd(bytes, at, end, id, options);
        at = textEnd(bytes, at, end, id, options);
        break;
      default:
        throw new MalformedPacketError(`PUBLISH carries property 0x${id.toString(16)}`, "U5-2.2.2.2");
    }
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Behind the length-prefixed field at `at`. */
function prefixedEnd(bytes: Uint8Array, at: number, end: number, id: number): number {
  if (at + 2 > end) throw cutOff(id);
  const next = at + 2 + uint16(bytes, at);
  if (next > end) throw cutOff(id);
  return next;
}

/** Behind the text at `at`, which is validated. */
function textEnd(bytes: Uint8Array, at: number, end: number, id: number, options: DecodeOptions): number {
  const next = prefixedEnd(bytes, at, end, id);
  const problem = utf8Problem(bytes, at + 2, next, options);
  if (problem !== undefined) throw utf8Error(ProtocolVersion.MQTT_5_0, `property ${nameOf(id)}`, problem);
  return next;
}

function subscriptionIdentifierEnd(
  bytes: Uint8Array,
  at: number,
  end: number,
  options: DecodeOptions,
): number {
  if (options.side === "server")
    throw new ProtocolError("a subscription identifier from a client", "MQTT-3.3.4-6");
  const identifier = readVariableByteInteger(bytes, at, end);
  if (identifier < 0)
    throw new MalformedPacketError("the subscription identifier is cut off or too long", "U5-2.2.2.2");
  if (identifier === 0) throw new ProtocolError("subscription identifier 0", "U5-3.3.2.3.8");
  return at + variableByteIntegerSize(identifier);
}

function nameOf(id: number): string {
  return publishScope.definitions[id]?.name ?? `0x${id.toString(16)}`;
}

function cutOff(id: number): MalformedPacketError {
  return new MalformedPacketError(`property ${nameOf(id)} is cut off`, "U5-2.2.2.2");
}

function twice(id: number): ProtocolError {
  return new ProtocolError(
    `property ${nameOf(id)} is there twice`,
    publishScope.statements[id] ?? "U5-2.2.2.2",
  );
}

function badResponseTopic(): ProtocolError {
  return new ProtocolError("the response topic is empty or has a wildcard", "MQTT-3.3.2-14");
}

/**
 * A copy of the raw properties that go on to subscribers as they are; `EMPTY_BYTES` if there are none. The view's
 * properties are valid.
 */
export function forwardableProperties(view: PublishView): Uint8Array {
  const { bytes, propertiesStart: start, propertiesEnd: end } = view;
  let length = end - start;
  if (view.topicAlias !== 0) length -= TOPIC_ALIAS_SIZE;
  if (view.messageExpiryInterval !== NO_EXPIRY) length -= MESSAGE_EXPIRY_INTERVAL_SIZE;
  if (length === 0) return EMPTY_BYTES;
  if (length === end - start && !view.hasSubscriptionIdentifier) return bytes.slice(start, end);

  const forwarded = new Uint8Array(length);
  let written = 0;
  for (let at = start; at < end; ) {
    const next = propertyEnd(bytes, at);
    const id = bytes[at];
    if (id !== TOPIC_ALIAS && id !== MESSAGE_EXPIRY_INTERVAL && id !== SUBSCRIPTION_IDENTIFIER) {
      written = copyBytes(forwarded, written, bytes, at, next);
    }
    at = next;
  }
  if (written === 0) return EMPTY_BYTES;
  return written === length ? forwarded : forwarded.slice(0, written);
}

/** Behind the valid property at `at`. */
function propertyEnd(bytes: Uint8Array, at: number): number {
  const value = at + 1;
  switch (bytes[at]) {
    case PAYLOAD_FORMAT_INDICATOR:
      return value + 1;
    case TOPIC_ALIAS:
      return value + 2;
    case MESSAGE_EXPIRY_INTERVAL:
      return value + 4;
    case SUBSCRIPTION_IDENTIFIER: {
      let last = value;
      while ((bytes[last] as number) > 0x7f) last++;
      return last + 1;
    }
    case USER_PROPERTY: {
      const second = value + 2 + uint16(bytes, value);
      return second + 2 + uint16(bytes, second);
    }
    default:
      return value + 2 + uint16(bytes, value);
  }
}

/** The object form goes both ways, so it accepts what only servers send. */
const EITHER_WAY: DecodeOptions = { side: "client" };

/** The properties of a PUBLISH in `bytes[start, end)`, without their length, as an object of copies. */
export function decodePublishProperties(bytes: Uint8Array, start: number, end: number): PublishProperties {
  return decodePropertyBlock(
    new Reader(bytes, start, end, ProtocolVersion.MQTT_5_0, EITHER_WAY),
    publishScope,
  );
}
