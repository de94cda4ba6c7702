// What the tests here ask of a dissection: its fields as short rows.
import { type DissectedPacket, dissect, type Field, readHex } from "#inspect";

/** The fields without children, `offset bytes name: value`, as a reader of the table sees them. */
export function rowsOf(fields: readonly Field[]): string[] {
  return fields.flatMap((field) => {
    const inner = (field.children ?? []).filter(({ bits }) => bits === undefined);
    if (inner.length > 0) return rowsOf(inner);
    const bytes = Buffer.from(field.raw)
      .toString("hex")
      .replaceAll(/..(?=.)/g, "$& ");
    return [`${field.offset} ${bytes} ${field.name}: ${field.value}`];
  });
}

/** The parts of bytes, `name: value`. */
export function bitsOf(fields: readonly Field[]): string[] {
  return fields.flatMap(({ bits, name, value, children = [] }) =>
    bits === undefined ? bitsOf(children) : [`${name}: ${value}`],
  );
}

/** The bytes that a text means. */
export function bytesOf(text: string): Uint8Array {
  const reading = readHex(text);
  if (reading.kind === "no-hex") throw new TypeError(`${text}: ${reading.reason}`);
  return Buffer.concat(reading.blocks);
}

/** The packets in hex. */
export function packetsIn(hex: string, options?: Parameters<typeof dissect>[1]): DissectedPacket[] {
  return [...dissect(bytesOf(hex), options)];
}

/** The one packet in hex. */
export function packetIn(hex: string, options?: Parameters<typeof dissect>[1]): DissectedPacket {
  const [packet, ...rest] = packetsIn(hex, options);
  if (packet === undefined || rest.length > 0) throw new TypeError(`${rest.length + 1} packets in ${hex}`);
  return packet;
}
