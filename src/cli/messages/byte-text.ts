/** Bytes as text in which each character stands for one: apart from the reader of formats, which a tool without `-F` does not load. */

/** Each byte of UTF-8 as a character. */
export function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Each byte as a character. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
