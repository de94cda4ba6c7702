/** Text as the bytes of its UTF-8: apart from the reader of formats, which a tool without `-F` does not load. */

/** Each byte of UTF-8 as a character. */
export function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
