/**
 * `-F`: a format of mosquitto_sub, read once and applied to each message.
 *
 * What is written are bytes, as text in which each character stands for one (`latin1`): payloads need not be UTF-8, and widths
 * count bytes as they do in C. Promises the bytes of mosquitto_sub 2.0, and of 2.1 what that adds: `%d`, `%f` and a character
 * between the bytes of `%x` and `%X`.
 */

import type { PublishProperties, UserProperty } from "#protocol";
import { nanoseconds, strftime } from "../clock-text.ts";
import { latin1, toBytes } from "./byte-text.ts";
import { type JsonObject, type JsonValue, readJson, writeJson } from "./json-text.ts";
import { UsageError } from "./settings.ts";
import type { ShownMessage } from "./shown-message.ts";

interface FormatContext {
  /** Indent the JSON of `%j` and `%J`. */
  readonly isPretty: boolean;
  /** What to say about a message that cannot be shown so. */
  readonly complain: (sentence: string) => void;
}

interface Field {
  readonly letter: string;
  readonly isLeft: boolean;
  readonly pad: " " | "0";
  readonly width: number;
  readonly precision: number | undefined;
  readonly separator: string;
}

type Piece = (message: ShownMessage, context: FormatContext) => string;

const LETTERS = "%ACDEFIPRSUJXdfjlmpqrtx";
const SEPARATORS = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~ ";
const escapes: Readonly<Record<string, string>> = {
  "\\": "\\",
  "0": "\0",
  a: "\x07",
  e: "\x1b",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** @throws UsageError in the words of mosquitto_sub */
export function readFormat(format: string): Piece {
  const pieces: (Piece | string)[] = [];
  const text = toBytes(format);
  for (let at = 0; at < text.length; ) {
    const character = text[at] as string;
    const next = text[at + 1];
    if (character === "%") at = readField(text, at, pieces);
    else if (character === "@") {
      if (next === undefined) throw new UsageError("Error: Incomplete format specifier.");
      pieces.push(next === "@" ? "@" : timePiece(next));
      at += 2;
    } else if (character === "\\") {
      if (next === undefined) throw new UsageError("Error: Incomplete escape specifier.");
      const escaped = escapes[next];
      if (escaped === undefined) throw new UsageError(`Error: Invalid escape specifier '${next}'.`);
      pieces.push(escaped);
      at += 2;
    } else {
      pieces.push(character);
      at++;
    }
  }
  return (message, context) =>
    pieces.map((piece) => (typeof piece === "string" ? piece : piece(message, context))).join("");
}

function readField(text: string, at: number, pieces: (Piece | string)[]): number {
  const [whole = "", left, zero, width = "", precision] =
    /^%(-?)(0?)(\d*)(?:\.(\d*))?/.exec(text.slice(at)) ?? [];
  let end = at + whole.length;
  let letter = text[end];
  let separator = "";
  const beyond = text[end + 1];
  if (letter !== undefined && SEPARATORS.includes(letter) && (beyond === "x" || beyond === "X")) {
    separator = letter;
    letter = beyond;
    end++;
  }
  if (letter === undefined) throw new UsageError("Error: Incomplete format specifier.");
  if (!LETTERS.includes(letter)) throw new UsageError(`Error: Invalid format specifier '${letter}'.`);
  const field: Field = {
    letter,
    isLeft: left === "-",
    pad: zero === "0" ? "0" : " ",
    width: Number(width),
    precision: precision === undefined ? undefined : Number(precision),
    separator,
  };
  pieces.push((message, context) => fieldText(field, message, context));
  return end + 1;
}

function timePiece(letter: string): Piece {
  return ({ atMs }) => (letter === "N" ? nanoseconds(atMs) : toBytes(strftime(letter, new Date(atMs))));
}

function fieldText(field: Field, message: ShownMessage, context: FormatContext): string {
  const { properties, payload, atMs } = message;
  switch (field.letter) {
    case "%":
      return "%";
    case "A":
      return integerText(field, message.topicAlias);
    case "C":
      return properties.contentType === undefined
        ? " ".repeat(field.width)
        : stringText(field, toBytes(properties.contentType));
    case "D":
      return latin1(properties.correlationData ?? new Uint8Array(0));
    case "E":
      return integerText(field, properties.messageExpiryInterval);
    case "F":
      return integerText(field, formatIndicator(properties));
    case "I":
      return stringText(field, isoTime(atMs));
    case "j":
    case "J":
      return jsonText(message, context, field.letter === "j");
    case "l":
      return integerText(field, payload.length);
    case "m":
      return integerText(field, message.packetId);
    case "P":
      return (properties.userProperties ?? []).map(([key, value]) => toBytes(`${key}:${value}`)).join(" ");
    case "p":
      return payloadText(field, payload);
    case "q":
      return String(message.qos);
    case "R":
      return properties.responseTopic === undefined
        ? ""
        : stringText(field, toBytes(properties.responseTopic));
    case "r":
      return message.retain ? "1" : "0";
    case "S":
      return integerText(field, properties.subscriptionIdentifiers?.[0]);
    case "t":
      return stringText(field, toBytes(message.topicName));
    case "U":
      return `${Math.floor(atMs / 1000)}.${nanoseconds(atMs)}`;
    case "d":
    case "f":
      return floatText(field, message, context);
    default:
      return hexText(field, payload);
  }
}

function integerText({ isLeft, pad, width }: Field, value: number | undefined): string {
  if (value === undefined) return pad.repeat(width);
  const text = String(value);
  return isLeft ? text.padEnd(width) : text.padStart(width, pad);
}

function stringText({ isLeft, width, precision }: Field, value: string): string {
  const cut = precision === undefined ? value : value.slice(0, precision);
  return isLeft ? cut.padEnd(width) : cut.padStart(width);
}

function payloadText({ isLeft, pad, width }: Field, payload: Uint8Array): string {
  const text = latin1(width > 0 ? payload.subarray(0, width) : payload);
  return isLeft ? text.padEnd(width) : text.padStart(width, pad);
}

function hexText({ letter, isLeft, pad, width, separator }: Field, payload: Uint8Array): string {
  const shown = width > 0 ? payload.subarray(0, Math.floor(Math.min(payload.length, width) / 2)) : payload;
  const bytes = [...shown].map((byte) => byte.toString(16).padStart(2, "0"));
  const lower = bytes.join(separator);
  const text = letter === "X" ? lower.toUpperCase() : lower;
  return isLeft ? text.padEnd(width) : text.padStart(width, pad);
}

function floatText(
  { letter, precision, width, isLeft, pad }: Field,
  message: ShownMessage,
  context: FormatContext,
): string {
  const { payload, topicName } = message;
  const size = letter === "d" ? 8 : 4;
  if (payload.length !== size) {
    context.complain(
      `Error: Message payload on topic ${topicName} is ${payload.length} bytes, %${letter} needs ${size}.`,
    );
    return "";
  }
  const view = new DataView(payload.buffer, payload.byteOffset, size);
  const value = size === 8 ? view.getFloat64(0, true) : view.getFloat32(0, true);
  const text = Number.isFinite(value) ? value.toFixed(precision ?? 6) : String(value).toLowerCase();
  return isLeft ? text.padEnd(width) : text.padStart(width, pad);
}

function jsonText(message: ShownMessage, context: FormatContext, isEscaped: boolean): string {
  const { topicName, qos, retain, payload, packetId, atMs } = message;
  const text = latin1(payload);
  const properties = jsonProperties(message);
  const value: JsonValue | undefined = isEscaped ? text : readJson(text);
  if (value === undefined && payload.length > 0) {
    context.complain(`Error: Message payload is not valid JSON on topic ${topicName}.`);
    return "";
  }
  const members: JsonObject = [
    ["tst", jsonTime(atMs)],
    ["topic", toBytes(topicName)],
    ["qos", qos],
    ["retain", retain ? 1 : 0],
    ["payloadlen", payload.length],
    ...(qos > 0 ? ([["mid", packetId]] as const) : []),
    ...(properties.length > 0 ? ([["properties", properties]] as const) : []),
    ["payload", payload.length === 0 ? NULL : (value as JsonValue)],
  ];
  return writeJson(members, context);
}

const NULL = readJson("null") as JsonValue;

function jsonProperties({ properties, topicAlias }: ShownMessage): JsonObject {
  const { contentType, responseTopic, correlationData, userProperties } = properties;
  const members: (readonly [string, JsonValue | undefined])[] = [
    ["payload-format-indicator", formatIndicator(properties)],
    ["message-expiry-interval", properties.messageExpiryInterval],
    ["content-type", contentType === undefined ? undefined : toBytes(contentType)],
    ["response-topic", responseTopic === undefined ? undefined : toBytes(responseTopic)],
    ["correlation-data", correlationData === undefined ? undefined : latin1(correlationData)],
    ["subscription-identifier", properties.subscriptionIdentifiers?.[0]],
    ["topic-alias", topicAlias],
    ["user-properties", userProperties === undefined ? undefined : pairs(userProperties)],
  ];
  return members.filter((member): member is readonly [string, JsonValue] => member[1] !== undefined);
}

function pairs(userProperties: readonly UserProperty[]): JsonObject {
  return userProperties.map(([key, value]) => [toBytes(key), toBytes(value)]);
}

function formatIndicator({ payloadFormatIndicator }: PublishProperties): number | undefined {
  return payloadFormatIndicator === undefined ? undefined : Number(payloadFormatIndicator);
}

/** `2026-11-21T01:24:52+0000` */
function isoTime(atMs: number): string {
  const at = new Date(atMs);
  return `${strftime("F", at)}T${strftime("T", at)}${strftime("z", at)}`;
}

/** `2026-11-21T01:24:52.123456Z+0000` */
function jsonTime(atMs: number): string {
  const at = new Date(atMs);
  return `${strftime("F", at)}T${strftime("T", at)}.${nanoseconds(atMs).slice(0, 6)}Z${strftime("z", at)}`;
}
