/**
 * The header of the PROXY protocol, in which a proxy says before all else for whom it connects. Versions 1 (a line of text)
 * and 2 (binary), told apart by their first bytes.
 *
 * Reads what it is given and keeps nothing: whoever collects the bytes asks again when more have come. What the header
 * says beyond addresses (names, what a proxy knows of the client's TLS) is stepped over: it is the proxy's word only, and
 * nobody here would check it. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */

import { formatAddress, parseAddress } from "#base";
import { PipeError } from "./errors.ts";

/** What a header came to. */
export interface ProxyHeader {
  /** How many bytes it takes; behind them the client speaks. */
  readonly lengthBytes: number;
  /** Undefined when the proxy connects for itself (a health check), or for a client without an IP address. */
  readonly client: { readonly address: string; readonly port: number } | undefined;
}

/** Longest header that is read. Version 1 has at most 107 bytes; more than this is no header of any proxy in use. */
export const LONGEST_PROXY_HEADER = 4_096;

const LONGEST_LINE = 107;
const V1_START = latin1Bytes("PROXY ");
const V2_SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const V2_FIXED_BYTES = 16;
const TLV_HEAD_BYTES = 3;
const CR = 0x0d;
const LF = 0x0a;

const Command = { LOCAL: 0, PROXY: 1 } as const;
const HIGHEST_PROTOCOL = 2;
/** Sizes of the two addresses and ports together, by family: none, IPv4, IPv6, Unix socket. */
const addressBytes: readonly number[] = [0, 12, 36, 216];
const ipBytes: readonly number[] = [0, 4, 16, 0];

/**
 * The header at the start of `bytes`, or undefined when they are only a part of one.
 * @throws PipeError when they are none; its message is the end of a sentence
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (startsLike(bytes, V2_SIGNATURE)) return readBinary(bytes);
  if (startsLike(bytes, V1_START)) return readLine(bytes);
  throw broken("the connection does not begin with one");
}

/** As far as both go. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(bytes.length, start.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

/** `PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n` */
function readLine(bytes: Uint8Array): ProxyHeader | undefined {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf(LF);
  if (end === -1) {
    if (bytes.length >= LONGEST_LINE) throw broken(`its line is longer than ${LONGEST_LINE} bytes`);
    return undefined;
  }
  if (bytes[end - 1] !== CR) throw broken("its line does not end with CR LF");
  const [, family = "", ...rest] = String.fromCharCode(...bytes.subarray(0, end - 1)).split(" ");
  const lengthBytes = end + 1;
  // What follows UNKNOWN is to be ignored.
  if (family === "UNKNOWN") return { lengthBytes, client: undefined };
  const [source = "", destination = "", sourcePort = "", destinationPort = "", ...more] = rest;
  if ((family !== "TCP4" && family !== "TCP6") || more.length > 0) throw broken("its line has another form");
  readAddress(destination, family);
  readPort(destinationPort);
  return {
    lengthBytes,
    client: { address: readAddress(source, family), port: readPort(sourcePort) },
  };
}

/** In the form in which addresses are compared. */
function readAddress(text: string, family: "TCP4" | "TCP6"): string {
  const isOfFamily = text.includes(":") === (family === "TCP6") && !text.includes("%");
  const address = isOfFamily ? parseAddress(text) : undefined;
  if (address === undefined) throw broken(`it names no address of ${family}`);
  return formatAddress(address);
}

function readPort(text: string): number {
  const port = /^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (port > 65_535) throw broken("it names no port");
  return port;
}

function readBinary(bytes: Uint8Array): ProxyHeader | undefined {
  if (bytes.length < V2_FIXED_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [version, command] = halvesOf(view.getUint8(12));
  const [family, protocol] = halvesOf(view.getUint8(13));
  if (version !== 2) throw broken(`it has the unknown version ${version}`);
  if (command > Command.PROXY) throw broken(`it has the unknown command ${command}`);
  const lengthBytes = V2_FIXED_BYTES + view.getUint16(14);
  if (lengthBytes > LONGEST_PROXY_HEADER) {
    throw broken(`it has ${lengthBytes} bytes, more than the ${LONGEST_PROXY_HEADER} allowed`);
  }
  if (bytes.length < lengthBytes) return undefined;
  // Of a proxy that connects for itself the rest is to be ignored.
  if (command === Command.LOCAL) return { lengthBytes, client: undefined };
  const size = addressBytes[family];
  if (size === undefined || protocol > HIGHEST_PROTOCOL) throw broken("it has an unknown kind of address");
  if (V2_FIXED_BYTES + size > lengthBytes) throw broken("it is too short for its addresses");
  checkExtensions(view, V2_FIXED_BYTES + size, lengthBytes);
  const ip = ipBytes[family] ?? 0;
  if (ip === 0) return { lengthBytes, client: undefined };
  return {
    lengthBytes,
    client: {
      address: formatAddress(bytes.slice(V2_FIXED_BYTES, V2_FIXED_BYTES + ip)),
      port: view.getUint16(V2_FIXED_BYTES + 2 * ip),
    },
  };
}

/** Type, length and value, one after another up to the end. */
function checkExtensions(view: DataView, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const next = at + TLV_HEAD_BYTES <= end ? at + TLV_HEAD_BYTES + view.getUint16(at + 1) : end + 1;
    if (next > end) throw broken("an extension is longer than the header");
    at = next;
  }
}

function halvesOf(byte: number): readonly [high: number, low: number] {
  return [byte >> 4, byte & 0x0f];
}

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** `what` is the end of a sentence about the header. */
function broken(what: string): PipeError {
  return new PipeError("protocol", what);
}
