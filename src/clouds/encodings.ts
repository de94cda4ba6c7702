/** Bytes and texts in the encodings that clouds use. What is read comes from strangers: undefined for what is malformed. */

const LONGEST_BASE64 = 8_192;

export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** In either case. */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** As JWT writes it: other characters for + and /, and no filling. */
export function base64UrlOf(bytes: Uint8Array): string {
  return base64Of(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** With its filling or without. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (text.length > LONGEST_BASE64) return undefined;
  const bare = text.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/]+$/.test(bare) || bare.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(bare), (character) => character.charCodeAt(0));
}

/** All but letters, digits and `-._~` as `%2B`, in upper case (RFC 3986). */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}

/** `+` stays what it is. */
export function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Fields of `a=1&b=2` whose names and values are percent-encoded; undefined when one is malformed or there twice. */
export function fieldsOf(text: string): ReadonlyMap<string, string> | undefined {
  return namedValues(text.split("&"), percentDecoded);
}

/** Names and values around the first `=` of each part, which may have none; undefined when a name is there twice. */
export function namedValues(
  parts: readonly string[],
  decode: (text: string) => string | undefined = (text) => text,
): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>();
  for (const part of parts) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = decode(at < 0 ? part : part.slice(0, at));
    const value = decode(at < 0 ? "" : part.slice(at + 1));
    if (name === undefined || value === undefined || values.has(name)) return undefined;
    values.set(name, value);
  }
  return values;
}

/** A whole number that is exact, such as a time stamp. */
export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
