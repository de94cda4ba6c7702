/**
 * Dumps with offsets: of hexdump, xxd, od, tcpdump, Wireshark, tshark, gdb and devices.
 *
 *     00000000  10 74 00 04 4d 51 54 54  04 c0 00 78 00 33 61 62  |.t..MQTT...x.3ab|
 *     00000000: 1074 0004 4d51 5454 04c0 0078 0033 6162  .t..MQTT...x.3ab
 *     \t0x0000:  1074 0004 4d51 5454 04c0 0078 0033 6162  .t..MQTT...x.3ab
 *
 * A text counts as a dump when its offsets agree with the bytes in its rows. The column of characters is told from bytes by
 * that, and by being what the bytes of its row look like.
 */

import { concatBytes } from "#base";

interface Row {
  readonly offsetText: string;
  /** Blanks behind the offset. */
  readonly gap: number;
  /** What follows the offset, without a column between bars. */
  readonly rest: string;
  readonly hasColon: boolean;
  readonly hasBar: boolean;
}

type Line = Row | "repeated";

const rowPattern = /^\s*(?:0x)?([0-9a-f]{4,16})(:?)(?:(\s+)(.*))?$/i;
/** A column of characters between `|` or, from od, between `>` and `<`. */
const barPattern = /\s+(\|.*|>.*<)$/;
/** Rows may be wider in dumps of somebody's own, but not much. */
const WIDEST_ROW = 256;

/** The bytes of each dump in `text`, one for each time the offsets begin anew; undefined when it is no dump. */
export function readHexDump(text: string): Uint8Array[] | undefined {
  const lines = rowsOf(text);
  if (lines === undefined) return undefined;
  for (const isStrict of [true, false]) {
    for (const radix of [16, 8, 10]) {
      const blocks = blocksOf(lines, { radix, isStrict });
      if (blocks !== undefined) return blocks;
    }
  }
  return undefined;
}

/** Undefined when a line holds hex without an offset. */
function rowsOf(text: string): Line[] | undefined {
  const lines: Line[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "*") {
      lines.push("repeated");
      continue;
    }
    const match = rowPattern.exec(line);
    if (match === null) {
      if (/^\s*([0-9a-f]{2}\s+)*[0-9a-f]{2}\s*$/i.test(line)) return undefined;
      continue;
    }
    const [, offsetText = "", colon = "", gap = "", columns = ""] = match;
    const rest = columns.replace(barPattern, "");
    const hasBar = rest.length < columns.length;
    lines.push({ offsetText, gap: gap.length, rest, hasColon: colon === ":", hasBar });
  }
  return lines.some((line) => line !== "repeated") ? lines : undefined;
}

interface Reading {
  readonly radix: number;
  /** Rows without a column of characters have no bytes beyond the next offset. */
  readonly isStrict: boolean;
}

/** Undefined when the offsets do not fit. */
function blocksOf(lines: readonly Line[], { radix, isStrict }: Reading): Uint8Array[] | undefined {
  const blocks: Uint8Array[][] = [];
  let next = -1;
  let isRepeated = false;
  let isCertain = false;
  for (const [index, line] of lines.entries()) {
    if (line === "repeated") {
      isRepeated = true;
      continue;
    }
    const offset = offsetOf(line, radix);
    if (Number.isNaN(offset)) return undefined;
    const block = blocks.at(-1);
    if (block !== undefined && isRepeated) {
      const row = block.at(-1) ?? new Uint8Array(0);
      for (; next < offset && row.length > 0; next += row.length) block.push(row);
    }
    isRepeated = false;
    if (block === undefined || (offset !== next && offset === 0)) blocks.push([]);
    else if (offset !== next) return undefined;
    else if (offset > 0) isCertain = true;
    const width = widthOf(lines, index, offset, radix);
    const { bytes, isShown } = readRow(line, width);
    if (isStrict && hasMore(line, bytes)) return undefined;
    if (isShown || line.hasColon || isBeginning(line)) isCertain = true;
    blocks.at(-1)?.push(bytes);
    next = offset + bytes.length;
  }
  const found = blocks.map(concatBytes).filter(({ length }) => length > 0);
  return isCertain && found.length > 0 ? found : undefined;
}

/** Whether the row is all bytes, and more of them than `bytes`. */
function hasMore(row: Row, bytes: Uint8Array): boolean {
  if (!/^([0-9a-f]{2}\s+)*[0-9a-f]{2}\s*$/i.test(row.rest)) return false;
  return row.rest.trim().split(/\s+/).length > bytes.length;
}

function offsetOf({ offsetText }: Row, radix: number): number {
  const digits = radix === 16 ? /^[0-9a-f]+$/i : radix === 10 ? /^[0-9]+$/ : /^[0-7]+$/;
  return digits.test(offsetText) ? Number.parseInt(offsetText, radix) : Number.NaN;
}

/** A row at offset 0, set apart from its bytes. */
function isBeginning({ offsetText, gap }: Row): boolean {
  return /^0+$/.test(offsetText) && gap > 1;
}

/** Bytes that the row at `index` has by the offset of the next one; undefined when that does not tell. */
function widthOf(lines: readonly Line[], index: number, offset: number, radix: number): number | undefined {
  const line = lines[index + 1];
  if (line === undefined || line === "repeated") return undefined;
  const width = offsetOf(line, radix) - offset;
  return width > 0 && width <= WIDEST_ROW ? width : undefined;
}

/** `isShown` says that a column of characters was there and agrees with the bytes. */
function readRow(row: Row, width: number | undefined): { bytes: Uint8Array; isShown: boolean } {
  const { rest, hasBar } = row;
  const bytes: number[] = [];
  let isShown = hasBar;
  const most = width ?? WIDEST_ROW;
  const token = /(\s*)(?:0x)?([0-9a-f]+)(?=\s|$)/iy;
  for (let match = token.exec(rest); match !== null && bytes.length < most; match = token.exec(rest)) {
    const [whole, gap = "", digits = ""] = match;
    const shown = rest.slice(token.lastIndex - whole.length + gap.length);
    if (bytes.length > 0 && gap.length > 1 && isCharacters(shown, bytes)) {
      isShown = true;
      break;
    }
    const isGapOk = bytes.length === 0 || gap.length === 1 || width !== undefined || bytes.length === 8;
    if (digits.length % 2 === 1 || !isGapOk) break;
    const pairs = (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
    bytes.push(...(isLittleEndian(row) ? pairs.toReversed() : pairs));
  }
  const after = rest.slice(rest.length - rest.trimStart().length);
  isShown ||= bytes.length > 0 && endsWithCharacters(after, bytes);
  return { bytes: Uint8Array.from(bytes.slice(0, most)), isShown };
}

/** hexdump and od -x print words of two bytes, the low byte first, behind an offset of seven digits. */
function isLittleEndian({ offsetText, rest, hasColon }: Row): boolean {
  return offsetText.length === 7 && !hasColon && /^[0-9a-f]{4}( +[0-9a-f]{4})*\s*$/i.test(rest);
}

function characters(bytes: readonly number[]): string {
  return bytes.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
}

function isCharacters(text: string, bytes: readonly number[]): boolean {
  return text.trimEnd() === characters(bytes).trim();
}

function endsWithCharacters(text: string, bytes: readonly number[]): boolean {
  const column = characters(bytes).trim();
  return column !== "" && text.trimEnd().endsWith(`  ${column}`);
}
