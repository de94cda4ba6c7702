/**
 * A packet as a table, like in a hex viewer: offset, bytes, field and value, a row for each field, a line for each bit.
 *
 *     0008  04                       Protocol Version        4, MQTT 3.1.1
 *     0009  c0                       Connect Flags           0xc0
 *           1... ....                  User Name Flag        1
 */

import { styleText } from "node:util";
import type { BitRange, DissectedPacket, Field, Problem } from "#inspect";

const BYTES_IN_ROW = 8;
const BYTES_WIDTH = BYTES_IN_ROW * 3 - 1;
const NAME_WIDTH = 25;
const NARROWEST_VALUE = 20;
/** Longer fields are shown by their beginning. */
const MOST_ROWS = 8;

export interface TableOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Show all bytes of long fields. */
  readonly isFull: boolean;
}

/** The lines of the table. */
export function packetTable(packet: DissectedPacket, options: TableOptions): string[] {
  return new Table(packet, options).lines;
}

class Table {
  readonly lines: string[] = [];
  readonly #packet: DissectedPacket;
  readonly #isFull: boolean;
  readonly #offsetDigits: number;
  readonly #valueWidth: number;

  constructor(packet: DissectedPacket, { width, isFull }: TableOptions) {
    this.#packet = packet;
    this.#isFull = isFull;
    const last = packet.offset + packet.length;
    this.#offsetDigits = Math.max(4, last.toString(16).length);
    this.#valueWidth = Math.max(NARROWEST_VALUE, width - this.#valueColumn);
    for (const field of packet.fields) this.#section(field);
  }

  get #nameColumn(): number {
    return this.#offsetDigits + 2 + BYTES_WIDTH + 2;
  }

  get #valueColumn(): number {
    return this.#nameColumn + NAME_WIDTH;
  }

  /** The three parts of a packet have a heading; what lies between them has none. */
  #section(field: Field): void {
    if (field.children === undefined) {
      this.#field(field, 0);
      return;
    }
    this.lines.push(styleText("dim", `${" ".repeat(this.#nameColumn)}${field.name}`));
    for (const child of field.children) this.#field(child, 0);
  }

  #field(field: Field, depth: number): void {
    const { children = [] } = field;
    const isByte = children.some(({ bits }) => bits !== undefined);
    if (children.length > 0 && !isByte) {
      for (const [index, child] of children.entries()) this.#field(child, depth + (index === 0 ? 0 : 1));
      return;
    }
    this.#row(field, depth);
    for (const child of children) this.#bits(child, depth + 1);
  }

  #row(field: Field, depth: number): void {
    const { raw, offset, length } = field;
    const problems = this.#packet.problems.flatMap((problem, index) =>
      isAt(problem, field) ? [index + 1] : [],
    );
    const marks = problems.map((number) => `<- ${number}`).join(" ");
    const name = `${"  ".repeat(depth)}${field.name}`;
    const isLongName = name.length >= NAME_WIDTH;
    const values = wrap(field.value ?? "", this.#valueWidth);
    const notes = field.note === undefined ? [] : wrap(field.note, this.#valueWidth);
    const texts = [
      ...(isLongName ? [[name, ""]] : []),
      ...values.map((value, index) => [index === 0 && !isLongName ? name : "", value]),
    ] as [string, string][];
    if (marks !== "") texts[0] = [texts[0]?.[0] ?? "", `${texts[0]?.[1] ?? ""}  ${marks}`.trimStart()];
    const byteRows = Math.ceil(length / BYTES_IN_ROW);
    const shownRows = this.#isFull || byteRows <= MOST_ROWS + 1 ? byteRows : MOST_ROWS;
    const rows = Math.max(1, shownRows, texts.length + notes.length);
    for (let row = 0; row < rows; row++) {
      const at = row * BYTES_IN_ROW;
      const hasBytes = row < shownRows;
      const bytes = hasBytes ? hex(raw.subarray(at, at + BYTES_IN_ROW)) : "";
      const [left = "", right = ""] = texts[row] ?? [];
      const note = notes[row - texts.length] ?? "";
      this.#line(
        hasBytes || row === 0 ? offset + at : undefined,
        bytes,
        left,
        note === "" ? right : styleText("dim", note),
        problems.length > 0,
      );
    }
    if (shownRows < byteRows) {
      this.#line(undefined, `... ${length - shownRows * BYTES_IN_ROW} more bytes`, "", "", false);
    }
  }

  #bits(field: Field, depth: number): void {
    const name = `${"  ".repeat(depth)}${field.name}`;
    const picture = bitPicture(field.raw[0] ?? 0, field.bits as BitRange);
    this.#line(undefined, picture, name, field.value ?? "", false);
  }

  #line(offset: number | undefined, bytes: string, name: string, value: string, isWrong: boolean): void {
    const digits = offset === undefined ? "" : offset.toString(16).padStart(this.#offsetDigits, "0");
    const left = digits.padEnd(this.#offsetDigits);
    const middle = bytes.padEnd(BYTES_WIDTH);
    const right = value === "" ? name : `${name.padEnd(NAME_WIDTH)}${value}`;
    const line = isWrong
      ? styleText("red", `${left}  ${middle}  ${right}`.trimEnd())
      : `${styleText("dim", left)}  ${styleText("cyan", middle)}  ${right}`;
    this.lines.push(line.trimEnd());
  }
}

function isAt(problem: Problem, { offset, length, name }: Field): boolean {
  if (problem.length === 0 || length === 0) return problem.offset === offset && problem.field === name;
  return problem.offset >= offset && problem.offset < offset + length;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** `.1.. ....`: the bits of a field where they stand in their byte. */
function bitPicture(byte: number, { highest, lowest }: BitRange): string {
  let picture = "";
  for (let bit = 7; bit >= 0; bit--) {
    const isPart = bit <= highest && bit >= lowest;
    picture += isPart ? String((byte >> bit) & 1) : ".";
    if (bit === 4) picture += " ";
  }
  return picture;
}

/** At blanks where there are some, else anywhere. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(" ", width);
    const end = blank > width / 2 ? blank : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
