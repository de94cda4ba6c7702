/** What is asked about formats before one is read: apart from the reader, which a tool without `-F` does not load. */

/** Whether a format asks for what only the packet tells. */
export function needsPacketId(format: string): boolean {
  return /%-?0?\d*(\.\d*)?[mjJA]/.test(format);
}

/** Each byte of UTF-8 as a character. */
export function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
