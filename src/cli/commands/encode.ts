/** `martlet encode`: a packet from options or JSON to its bytes. */

import { readFileSync } from "node:fs";
import { ConfigError, describeError, nearest } from "#base";
import {
  type PacketTypeName,
  packetFromJson,
  packetToJson,
  packetTypeNames,
  parseVersion,
  type VersionedPacket,
} from "#inspect";
import { encodePacket, InvalidPacketError, ProtocolVersion, versionName } from "#protocol";
import { defineCommand } from "../command.ts";
import { fieldOptions, jsonOfOptions, placeOption, propertyOptions } from "../encode/packet-options.ts";
import { packetsOfJson } from "../encode/packets-of-json.ts";
import { ExitStatus } from "../exit-status.ts";
import type { Options } from "../options.ts";
import { namePositionals } from "../positionals.ts";
import { TextOutput } from "../text-output.ts";

const STANDARD_INPUT = "-";
const ARRAY_ROW = 12;

const ownOptions = {
  input: { kind: "texts", placeholder: "<text>", help: "The same as <packet or file>. - is standard input." },
  protocol: {
    kind: "texts",
    short: "V",
    placeholder: "<v>",
    help: "Version: 3 (MQTT 3.1), 4 (3.1.1) or 5 (5.0). Default 4, or what the JSON says.",
  },
  raw: { kind: "switch", help: "Write the bytes themselves." },
  "c-array": { kind: "switch", help: "Write an array in C." },
  json: { kind: "switch", help: "Write the packet as JSON, to be changed and encoded again." },
} as const satisfies Options;

const options: Options = { ...ownOptions, ...fieldOptions, ...propertyOptions };

type Values = Readonly<Record<string, boolean | number | readonly string[] | undefined>>;

const command = {
  name: "encode",
  description: [
    `Writes the packet as hex. <packet> is its type (${packetTypeNames.join(", ")}), with its fields as options. Without a type it reads JSON from the file or from standard input: one packet, a list, or what martlet decode --json writes.`,
    "Example: martlet encode connect --client-id sensor-1 --protocol 5",
    "Example: martlet encode publish --topic a/b --payload hello --qos 1 --c-array",
    'Example: echo \'{"type":"pingreq"}\' | martlet encode',
  ],
  options,
  usage: "[<packet or file>] [options]",
  prepare: (args: readonly string[]): readonly string[] => namePositionals(args, options, ["input"]),
  async run(values: Values): Promise<number> {
    const version = versionOf(values["protocol"] as readonly string[] | undefined);
    const form = formOf(values);
    const packets = await packetsOf(values, version);
    const output = new TextOutput();
    if (form === "json") await output.line(jsonOf(packets));
    for (const [index, { packet, version: own }] of packets.entries()) {
      const bytes = encodePacket(packet, own);
      const type = typeName(packet.type);
      if (bytes === undefined) {
        throw new InvalidPacketError(`MQTT ${versionName(own)} has no words for this ${type.toUpperCase()}`);
      }
      if (form === "raw") await output.bytes(bytes);
      else if (form === "c-array") await output.line(cArray(bytes, type, index));
      else if (form === "hex") await output.line(hexOf(bytes).join(" "));
    }
    await output.flush();
    return ExitStatus.OK;
  },
};

export const encodeCommand = defineCommand(command);

/** @throws ConfigError for a version that does not exist */
function versionOf(values: readonly string[] | undefined): ProtocolVersion | undefined {
  const [text, second] = values ?? [];
  if (second !== undefined) throw new ConfigError("--protocol", "it is given twice.");
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

type Form = "hex" | "raw" | "c-array" | "json";

function formOf(values: Values): Form {
  const [form = "hex", second] = (["raw", "c-array", "json"] as const).filter(
    (name) => values[name] === true,
  );
  if (second === undefined) return form;
  throw new ConfigError(`--${second}`, `it contradicts --${form}; give one of them.`);
}

async function packetsOf(values: Values, version: ProtocolVersion | undefined): Promise<VersionedPacket[]> {
  const [source = STANDARD_INPUT, second] = (values["input"] ?? []) as readonly string[];
  if (second !== undefined) throw new ConfigError(second, "one packet or one file is expected here.");
  if (isTypeName(source)) {
    const own = version ?? ProtocolVersion.MQTT_3_1_1;
    return [packetFromJson(jsonOfOptions(source, own, values), own, placeOption)];
  }
  for (const name of [...Object.keys(fieldOptions), ...Object.keys(propertyOptions)]) {
    if (values[name] === undefined) continue;
    throw new ConfigError(`--${name}`, "it needs a packet: write for example martlet encode connect.");
  }
  if (source !== STANDARD_INPUT) return packetsOfJson(readText(source), source, version);
  return packetsOfJson(await readStandardInput(), "standard input", version);
}

function isTypeName(text: string): text is PacketTypeName {
  return (packetTypeNames as string[]).includes(text);
}

function typeName(type: number): string {
  return packetTypeNames[type - 1] as string;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const near = nearest(path, packetTypeNames);
    const hint = near === undefined ? "" : ` Did you mean ${near}?`;
    throw new ConfigError(
      path,
      `this is no packet, and no file that can be read: ${describeError(error)}.${hint}`,
    );
  }
}

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) console.error("Write a packet as JSON, then press Ctrl-D.");
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** One packet alone, or a list. */
function jsonOf(packets: readonly VersionedPacket[]): string {
  const values = packets.map(({ packet, version }) => packetToJson(packet, version));
  return JSON.stringify(values.length === 1 ? values[0] : values, undefined, 2);
}

function hexOf(bytes: Uint8Array): string[] {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
}

/** `index` counts from 0; later packets have a number in their names. */
function cArray(bytes: Uint8Array, type: string, index: number): string {
  const name = index === 0 ? `${type}_packet` : `${type}_packet_${index + 1}`;
  const values = hexOf(bytes).map((byte) => `0x${byte}`);
  const rows: string[] = [];
  for (let at = 0; at < values.length; at += ARRAY_ROW) {
    rows.push(`  ${values.slice(at, at + ARRAY_ROW).join(", ")},`);
  }
  return [`static const unsigned char ${name}[${bytes.length}] = {`, ...rows, "};"].join("\n");
}
