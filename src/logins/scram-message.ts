/**
 * The messages of SCRAM (RFC 5802, section 7) as a server reads and writes them. They come from strangers: whatever is not
 * exactly as the grammar has it is no message, and the lengths are bounded.
 */

import { utf8Decode } from "#base";

/** Of one message; a name may need 64 KiB, but nobody's does. */
const LONGEST_MESSAGE = 4_096;
const LONGEST_NONCE = 1_024;

/** A message that cannot be accepted, as a clause for the log. */
export interface BadMessage {
  readonly problem: string;
}

/** `n,,n=user,r=nonce` */
export interface ClientFirst {
  /** `n,,` or `y,,`, which the client's last message repeats. */
  readonly header: string;
  /** Behind the header. */
  readonly bare: string;
  readonly userName: string;
  readonly nonce: string;
}

/** `c=biws,r=nonce,p=proof` */
export interface ClientFinal {
  readonly channelBinding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  readonly withoutProof: string;
}

export function parseClientFirst(bytes: Uint8Array | undefined): ClientFirst | BadMessage {
  const text = textOf(bytes);
  if (text === undefined) return { problem: "the first message is no text of SCRAM" };
  const match = /^(([nyp])(?:=[^,]*)?,(?:a=([^,]*))?,)(.*)$/s.exec(text);
  if (match === null) return { problem: "the first message does not begin as SCRAM does" };
  const [, header = "", flag, authorizedAs, bare = ""] = match;
  if (flag === "p") return { problem: "it asks for channel binding, which is not offered" };
  if (header[1] !== ",") return { problem: "the first message does not begin as SCRAM does" };
  if (bare.startsWith("m=")) return { problem: "it asks for an extension that is not known" };
  const fields = /^n=([^,]*),r=([^,]*)(?:,|$)/.exec(bare);
  const userName = nameOf(fields?.[1]);
  const nonce = fields?.[2];
  if (userName === undefined || !isNonce(nonce))
    return { problem: "the first message has no name and nonce" };
  if (authorizedAs !== undefined && nameOf(authorizedAs) !== userName) {
    return { problem: "it wants to act for another user" };
  }
  return { header, bare, userName, nonce };
}

export function parseClientFinal(bytes: Uint8Array | undefined): ClientFinal | BadMessage {
  const text = textOf(bytes);
  const match = text === undefined ? null : /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([^,]*)$/s.exec(text);
  const channelBinding = fromBase64(match?.[2]);
  const nonce = match?.[3];
  const proof = fromBase64(match?.[4]);
  if (channelBinding === undefined || !isNonce(nonce) || proof === undefined) {
    return { problem: "the last message is none of SCRAM" };
  }
  return { channelBinding, nonce, proof, withoutProof: match?.[1] ?? "" };
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length > LONGEST_MESSAGE) return undefined;
  const text = utf8Decode(bytes);
  // A null character is in no message; U+FFFD stands for what is no UTF-8.
  return /[\0\ufffd]/.test(text) ? undefined : text;
}

/** Commas and equals signs in names stand as `=2C` and `=3D`; another equals sign is an error. */
function nameOf(text: string | undefined): string | undefined {
  if (text === undefined || text === "" || /=(?!2C|3D)/.test(text)) return undefined;
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

/** Printable ASCII but the comma. */
function isNonce(text: string | undefined): text is string {
  return text !== undefined && text.length <= LONGEST_NONCE && /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Base64 with filling, as the grammar wants it. */
function fromBase64(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
