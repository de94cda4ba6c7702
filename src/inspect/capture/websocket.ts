/**
 * MQTT out of WebSocket (RFC 6455): behind the HTTP headers, the payloads of all data frames in a row. Frames that are
 * compressed, or not whole, end it.
 *
 *     HTTP headers \r\n\r\n | FIN, opcode | MASK, length | mask | payload | …
 */

import { concatBytes } from "#base";
import { type Origin, originOf, type Run } from "./stream.ts";

const HEADERS_END = [0x0d, 0x0a, 0x0d, 0x0a];
const CONTINUATION = 0;
const BINARY = 2;

/** Whether a client's first bytes ask for a WebSocket. */
export function isWebSocketRequest(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 2_000)).toLowerCase();
  return text.startsWith("get ") && text.includes("upgrade: websocket");
}

/** Whether it asks for MQTT. */
export function isMqttRequest(head: Uint8Array): boolean {
  return /sec-websocket-protocol:[^\r\n]*mqtt/i.test(String.fromCharCode(...head.subarray(0, 2_000)));
}

/** What a run carries behind its HTTP headers, with the frames it came in. */
export function unwrapWebSocket(run: Run): Run {
  const { bytes } = run;
  const parts: Uint8Array[] = [];
  const origins: Origin[] = [];
  let length = 0;
  let at = headersEnd(bytes);
  while (at !== undefined && at + 2 <= bytes.length) {
    const frame = readFrame(bytes, at);
    if (frame === undefined) break;
    if (frame.isData && frame.payload.length > 0) {
      origins.push({ offset: length, frame: originOf(run, frame.end - 1) });
      parts.push(frame.payload);
      length += frame.payload.length;
    }
    at = frame.end;
  }
  return { ...run, bytes: concatBytes(parts), origins };
}

function headersEnd(bytes: Uint8Array): number | undefined {
  for (let at = 0; at + 4 <= bytes.length; at++) {
    if (HEADERS_END.every((byte, index) => bytes[at + index] === byte)) return at + 4;
  }
  return undefined;
}

interface WebSocketFrame {
  readonly isData: boolean;
  readonly payload: Uint8Array;
  readonly end: number;
}

/** Undefined when it is not whole, or compressed. */
function readFrame(bytes: Uint8Array, start: number): WebSocketFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = bytes[start] as number;
  const second = bytes[start + 1] as number;
  if ((first & 0x70) !== 0) return undefined;
  let at = start + 2;
  let length = second & 0x7f;
  if (length === 126) {
    if (at + 2 > bytes.length) return undefined;
    length = view.getUint16(at);
    at += 2;
  } else if (length === 127) {
    if (at + 8 > bytes.length) return undefined;
    length = Number(view.getBigUint64(at));
    at += 8;
  }
  const mask = (second & 0x80) === 0 ? undefined : bytes.subarray(at, at + 4);
  if (mask !== undefined) at += 4;
  const end = at + length;
  if (end > bytes.length) return undefined;
  const payload = new Uint8Array(bytes.subarray(at, end));
  if (mask !== undefined)
    for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (mask[i & 3] as number);
  const opcode = first & 0x0f;
  return { isData: opcode === BINARY || opcode === CONTINUATION, payload, end };
}
