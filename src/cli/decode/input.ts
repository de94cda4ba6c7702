/** What `martlet decode` is given: hex on the command line, a file or standard input, in whatever form it comes. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { ConfigError, concatBytes, describeError } from "#base";
import { guessLinkType, isCapture, readBase64, readHex } from "#inspect";

/** Bytes in a row, a capture file, or frames of a dump. */
export type Input =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "capture"; readonly bytes: Uint8Array }
  | { readonly kind: "frames"; readonly frames: readonly { linkType: number; bytes: Uint8Array }[] };

/** How the input is written; undefined is found out. */
export type InputForm = "base64" | "raw" | undefined;

const STANDARD_INPUT = "-";

/**
 * @param args the arguments that are no options: the name of one file, or hex
 * @throws ConfigError for a file that cannot be read, or a text that is no hex
 */
export async function readInput(args: readonly string[], form: InputForm): Promise<Input> {
  const [first] = args;
  if (first === undefined || (args.length === 1 && first === STANDARD_INPUT)) {
    return inputOf("standard input", await readStandardInput(), form);
  }
  if (args.length === 1 && isFile(first)) return inputOf(first, readFile(first), form);
  const text = args.join(" ");
  if (form === "raw") throw new ConfigError(first, "there is no such file.");
  if (form === undefined && readHex(text).kind === "no-hex" && args.length === 1 && !/\s/.test(first)) {
    throw new ConfigError(first, "this is no file, and no hex either.");
  }
  return inputOf("<hex>", Buffer.from(text, "utf8"), form);
}

function isFile(path: string): boolean {
  return existsSync(path) && !statSync(path).isDirectory();
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError(path, `it cannot be read: ${describeError(error)}.`);
  }
}

async function readStandardInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY) console.error("Paste hex, then press Ctrl-D (on Windows Ctrl-Z and Enter).");
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return concatBytes(chunks);
}

function inputOf(name: string, bytes: Uint8Array, form: InputForm): Input {
  if (form === "raw") return notEmpty(name, bytes);
  if (form === "base64") {
    const decoded = readBase64(Buffer.from(bytes).toString("utf8"));
    if (decoded === undefined) throw new ConfigError("--base64", `${name} is no Base64.`);
    return notEmpty(name, decoded);
  }
  if (isCapture(bytes)) return { kind: "capture", bytes };
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new ConfigError(name, "it is packed by gzip; unpack it first, for example with gunzip.");
  }
  const text = textOf(bytes);
  if (text === undefined) return notEmpty(name, bytes);
  return fromText(name, text);
}

function notEmpty(name: string, bytes: Uint8Array): Input {
  if (bytes.length === 0) throw new ConfigError(name, "it is empty.");
  return { kind: "bytes", bytes };
}

function fromText(name: string, text: string): Input {
  const reading = readHex(text);
  if (reading.kind === "no-hex") {
    const { line, column, reason } = reading;
    throw new ConfigError(name, `line ${line}, column ${column}: ${reason}`);
  }
  const linkTypes = reading.blocks.map(guessLinkType);
  if (linkTypes.every((linkType) => linkType !== undefined)) {
    const frames = reading.blocks.map((bytes, index) => ({ bytes, linkType: linkTypes[index] as number }));
    return { kind: "frames", frames };
  }
  return notEmpty(name, concatBytes(reading.blocks));
}

/** Undefined for bytes that are no text: a packet always has bytes that no text has. */
function textOf(bytes: Uint8Array): string | undefined {
  // What Windows' shells write.
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  const isBinary = bytes.some(
    (byte) => (byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1b) || byte === 0x7f,
  );
  if (isBinary) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
