/** `martlet decode`: bytes of packets, field by field, and what is wrong with them. */

import { ConfigError } from "#base";
import {
  type CaptureEvent,
  type CaptureReading,
  dissect,
  endpointText,
  parseVersion,
  readCapture,
  readFrameList,
  type Sender,
  versionOf,
} from "#inspect";
import type { ProtocolVersion } from "#protocol";
import { defineCommand } from "../command.ts";
import { DecodeStatus } from "../decode/exit-status.ts";
import { type Input, type InputForm, readInput } from "../decode/input.ts";
import { eventJson, packetJson, timeText } from "../decode/json-report.ts";
import { paragraph } from "../decode/text-lines.ts";
import { PacketCounts, packetLines, type ReportOptions, versionRemark } from "../decode/text-report.ts";
import type { Options, OptionValues } from "../options.ts";
import { namePositionals } from "../positionals.ts";
import { one } from "../single-value.ts";
import { TextOutput } from "../text-output.ts";

const DEFAULT_PORT = 1883;
const DEFAULT_WIDTH = 80;
const WIDEST = 140;

const options = {
  input: {
    kind: "texts",
    placeholder: "<text>",
    help: "The same as <file or hex>. - is standard input.",
  },
  protocol: {
    kind: "texts",
    short: "V",
    placeholder: "<v>",
    help: "Version of the packets where no CONNECT says it: 3 (MQTT 3.1), 4 (3.1.1) or 5 (5.0). Default: what fits best.",
  },
  from: {
    kind: "texts",
    placeholder: "<side>",
    help: "Who sent the bytes, client or server: then packets that this side may not send are wrong, too.",
  },
  base64: { kind: "switch", help: "The input is Base64." },
  raw: { kind: "switch", help: "The input is the bytes themselves; without it that is found out." },
  port: {
    kind: "texts",
    short: "p",
    placeholder: "<port>",
    help: `Of a capture: show connections to this port; may be given several times. Default ${DEFAULT_PORT}, and every connection that begins with a CONNECT.`,
  },
  summary: {
    kind: "switch",
    short: "s",
    help: "One line for each packet; those that are wrong are explained.",
  },
  full: { kind: "switch", help: "Show all bytes of long payloads." },
  json: { kind: "switch", help: "Write everything as JSON." },
} as const satisfies Options;

const GOES_ON = "A receiver closes the connection here. What follows is read as if it went on.";

type Values = OptionValues<typeof options>;

export const decodeCommand = defineCommand({
  name: "decode",
  description: [
    "Reads hex as an argument, in a file or from standard input, in any usual spelling: 10 74 00, 0x10, 0x74, 1074, 10:74, \\x10\\x74, C arrays, and dumps of hexdump, xxd, od, Wireshark and tcpdump with their offsets and characters. Also reads capture files (pcap and pcapng), Base64 and the bare bytes.",
    "Prints each packet byte by byte with the names of the specification. For a packet that is wrong it says where, what was found, what is allowed, and the statement that it breaks.",
    "Example: martlet decode 10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00",
    "Example: martlet decode capture.pcapng --summary",
    "Exit status here: 0 all packets are right, 1 at least one is wrong, 3 the last one is not whole.",
  ],
  options,
  usage: "[<file or hex>] [options]",
  prepare: (args) => namePositionals(args, options, ["input"]),
  async run(values) {
    const version = versionOption(values.protocol);
    const ports = portsOf(values.port);
    const sender = senderOption(values.from);
    const input = await readInput(values.input ?? [], formOf(values));
    const output = new TextOutput();
    const report = new Report(output, values);
    if (input.kind === "bytes") await report.bytes(input.bytes, { version, sender });
    else await report.capture(captureOf(input, { version, ports }));
    await output.flush();
    return report.status;
  },
});

function versionOption(values: readonly string[] | undefined): ProtocolVersion | undefined {
  const text = one("--protocol", values);
  if (text === undefined) return undefined;
  const version = parseVersion(text);
  if (version === undefined) {
    throw new ConfigError(
      "--protocol",
      `"${text}" is not known; give 3, 4 or 5 for MQTT 3.1, 3.1.1 and 5.0.`,
    );
  }
  return version;
}

function senderOption(values: readonly string[] | undefined): Sender | undefined {
  const text = one("--from", values);
  if (text === undefined || text === "client" || text === "server") return text;
  throw new ConfigError("--from", `"${text}" is not known; give client or server.`);
}

function portsOf(values: readonly string[] | undefined): number[] | undefined {
  return values
    ?.flatMap((text) => text.split(","))
    .map((text) => {
      const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
      if (port >= 1 && port <= 65_535) return port;
      throw new ConfigError("--port", `"${text}" is not allowed; give a whole number from 1 to 65535.`);
    });
}

function formOf({ base64, raw }: Values): InputForm {
  if (base64 === true && raw === true) {
    throw new ConfigError("--raw", "it contradicts --base64; give one of them.");
  }
  return base64 === true ? "base64" : raw === true ? "raw" : undefined;
}

interface CaptureWishes {
  readonly version: ProtocolVersion | undefined;
  readonly ports: readonly number[] | undefined;
}

function captureOf(input: Exclude<Input, { kind: "bytes" }>, wishes: CaptureWishes): CaptureReading {
  if (input.kind === "capture") return readCapture(input.bytes, wishes);
  const frames = input.frames.map((frame, index) => ({ ...frame, number: index + 1, timeUs: undefined }));
  return readFrameList({ frames, notes: [] }, wishes);
}

/** Writes what was found, in the form that was asked for. */
class Report {
  readonly #output: TextOutput;
  readonly #isJson: boolean;
  readonly #options: ReportOptions;
  readonly #counts = new PacketCounts();
  #events = 0;

  constructor(output: TextOutput, { json, full, summary }: Values) {
    this.#output = output;
    this.#isJson = json === true;
    const columns = process.stdout.isTTY ? process.stdout.columns : DEFAULT_WIDTH;
    this.#options = {
      width: Math.min(Math.max(columns, DEFAULT_WIDTH), WIDEST),
      isFull: full === true,
      isSummary: summary === true,
    };
  }

  get status(): DecodeStatus {
    if (this.#counts.wrong > 0) return DecodeStatus.WRONG;
    return this.#counts.incomplete > 0 ? DecodeStatus.INCOMPLETE : DecodeStatus.RIGHT;
  }

  async bytes(
    bytes: Uint8Array,
    wishes: { version: ProtocolVersion | undefined; sender: Sender | undefined },
  ): Promise<void> {
    const known = versionOf(bytes, wishes);
    const remark = versionRemark(known);
    if (this.#isJson) await this.#output.line(`{"versionIs":${JSON.stringify(known.source)},"packets":[`);
    else if (remark !== undefined) await this.#lines([...paragraph(remark, this.#options.width), ""]);
    for (const packet of dissect(bytes, { ...wishes, version: known.version })) {
      if (this.#output.isGone) return;
      this.#counts.add(packet);
      if (this.#isJson) await this.#json(packetJson(packet, bytes));
      else {
        const isLast = packet.offset + packet.length === bytes.length;
        await this.#lines(packetLines(packet, this.#counts.packets, this.#options));
        if (packet.problems.length > 0 && this.#counts.wrong === 1 && !isLast)
          await this.#output.line(GOES_ON);
        if (!this.#options.isSummary && !isLast) await this.#output.line("");
      }
    }
    await this.#end();
  }

  async capture({ connections, events, notes }: CaptureReading): Promise<void> {
    if (this.#isJson) {
      await this.#output.line(
        `{"connections":${connections.length},"notes":${JSON.stringify(notes)},"packets":[`,
      );
    } else if (notes.length > 0) {
      await this.#lines([...notes.flatMap((note) => paragraph(note, this.#options.width)), ""]);
    }
    for (const event of events) {
      if (this.#output.isGone) return;
      if (event.kind === "packet") this.#counts.add(event.packet);
      if (this.#isJson) await this.#json(eventJson(event));
      else await this.#lines(this.#eventLines(event));
    }
    await this.#end(connections.length);
  }

  #eventLines(event: CaptureEvent): string[] {
    const { connection, sender, frame } = event;
    const client = endpointText(connection.client);
    const server = endpointText(connection.server);
    const way = sender === "client" ? `${client} -> ${server}` : `${server} -> ${client}`;
    const time = frame.timeUs === undefined ? "" : `${timeText(frame.timeUs)}  `;
    const head = `${time}#${connection.number}  ${way}`;
    if (event.kind === "gap") {
      return [`${head}  ${event.missingBytes} bytes are missing in the capture here`];
    }
    const lines = packetLines(event.packet, this.#counts.packets, this.#options);
    if (!this.#options.isSummary) return [head, ...lines, ""];
    const [first = "", ...rest] = lines;
    const short = `${frame.timeUs === undefined ? "" : `${timeText(frame.timeUs).slice(11, 26)} `}#${connection.number} ${sender === "client" ? "->" : "<-"} `;
    return [`${short}${first}`, ...rest];
  }

  async #lines(lines: readonly string[]): Promise<void> {
    for (const line of lines) await this.#output.line(line);
  }

  async #json(value: unknown): Promise<void> {
    await this.#output.line(`${this.#events++ === 0 ? "" : ","}${JSON.stringify(value)}`);
  }

  async #end(connections?: number): Promise<void> {
    const { packets, wrong, incomplete } = this.#counts;
    if (this.#isJson) {
      await this.#output.line(`],"wrong":${wrong},"incomplete":${incomplete}}`);
      return;
    }
    const where =
      connections === undefined ? "" : `, ${connections} ${connections === 1 ? "connection" : "connections"}`;
    if (packets === 1 && connections === undefined) return;
    if (!this.#options.isSummary) await this.#output.line("");
    await this.#output.line(`${this.#counts.sentence}${where}`);
  }
}
