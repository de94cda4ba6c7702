/** Packets for people: each as a table, what is wrong with it below, and a count at the end. */

import { styleText } from "node:util";
import { type DissectedPacket, type KnownVersion, type Problem, summaryOf } from "#inspect";
import { versionName } from "#protocol";
import { packetTable } from "./packet-table.ts";
import { paragraph, toTell } from "./text-lines.ts";

export interface ReportOptions {
  readonly width: number;
  readonly isFull: boolean;
  /** One line for each packet. */
  readonly isSummary: boolean;
}

/** What was seen so far. */
export class PacketCounts {
  packets = 0;
  wrong = 0;
  incomplete = 0;
  bytes = 0;

  add({ problems, isIncomplete, length }: DissectedPacket): void {
    this.packets++;
    this.bytes += length;
    if (problems.length > 0) this.wrong++;
    else if (isIncomplete) this.incomplete++;
  }

  /** `3 packets, 40 bytes, 1 wrong` */
  get sentence(): string {
    const parts = [`${this.packets} ${this.packets === 1 ? "packet" : "packets"}`, `${this.bytes} bytes`];
    if (this.wrong > 0) parts.push(`${this.wrong} wrong`);
    if (this.incomplete > 0) parts.push(`${this.incomplete} incomplete`);
    return parts.join(", ");
  }
}

/** The lines about one packet, the `number`th. */
export function packetLines(packet: DissectedPacket, number: number, options: ReportOptions): string[] {
  const { name, problems, isIncomplete } = packet;
  const isFine = problems.length === 0 && !isIncomplete;
  if (options.isSummary) {
    const line = `${name.padEnd(11)} ${summaryOf(packet)}`.trimEnd();
    const lines = [isFine ? line : styleText("red", line)];
    return isFine ? lines : [...lines, ...faultLines(packet, options)];
  }
  const size = `${packet.length} ${packet.length === 1 ? "byte" : "bytes"}`;
  const place = packet.offset === 0 ? "" : ` at offset ${toTell(packet.offset)}`;
  const title = `${styleText("bold", name)}  ${size}${place}, MQTT ${versionName(packet.version)}`;
  return [
    `${styleText("dim", `Packet ${number}:`)} ${title}`,
    ...packetTable(packet, options),
    ...(isFine ? [] : [""]),
    ...faultLines(packet, options),
  ];
}

/** What is wrong, what is missing, and where that may come from. */
function faultLines(packet: DissectedPacket, { width }: ReportOptions): string[] {
  const { problems, hints, isIncomplete } = packet;
  const lines = problems.flatMap((problem, index) => problemLines(packet, problem, index + 1, width));
  if (isIncomplete) lines.push(...headed("yellow", "INCOMPLETE", missingText(packet), width));
  for (const hint of hints) lines.push(...headed("green", "HINT", hint, width));
  return lines;
}

function problemLines(packet: DissectedPacket, problem: Problem, number: number, width: number): string[] {
  const kind = problem.kind === "malformed-packet" ? "MALFORMED" : "PROTOCOL ERROR";
  const inPacket = packet.offset === 0 ? "" : `, byte ${problem.packetOffset} of the packet`;
  const place = `offset ${toTell(problem.offset)}${inPacket}`;
  return headed("red", `${number} ${kind}`, `${place}: ${problem.reason} [${problem.statement}]`, width);
}

/** `Remaining Length says 116, but 94 bytes follow: 22 are missing.` */
function missingText({ missingBytes, length, fields }: DissectedPacket): string {
  if (missingBytes === undefined)
    return "The input ends in the fixed header: the Remaining Length is not whole.";
  const header = fields[0]?.length ?? 0;
  const here = length - header;
  const says = `Remaining Length says ${here + missingBytes}, but ${here} ${here === 1 ? "byte follows" : "bytes follow"}`;
  return `${says}: ${missingBytes} ${missingBytes === 1 ? "is" : "are"} missing.`;
}

type Head = "red" | "yellow" | "green";

/** `head` in front of `text`, which is wrapped below itself. */
function headed(style: Head, head: string, text: string, width: number): string[] {
  const [first = "", ...rest] = paragraph(`${head}  ${text}`, width, "  ");
  return [first.replace(head, () => styleText([style, "bold"], head)), ...rest];
}

/** What the reader should know about the version; undefined when a CONNECT said it, or the command line. */
export function versionRemark({ version, source, fit }: KnownVersion): string | undefined {
  if (source !== "guessed" || fit === "same") return undefined;
  const read = `No CONNECT says the version: read as MQTT ${versionName(version)}`;
  if (fit === "only") return `${read}, where it is right.`;
  if (fit === "none") return `${read}, which fits best; --protocol reads another.`;
  return `${read}; --protocol 4 reads it as 3.1.1, where it is right as well.`;
}
