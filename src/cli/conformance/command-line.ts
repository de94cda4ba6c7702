/** The options of `martlet conformance`, and its command line as these. Loads nothing that the help does not need. */

import type { Options, OptionValues } from "../options.ts";

export const DEFAULT_CONCURRENCY = 20;
export const DEFAULT_PATIENCE_SECONDS = 5;

export const options = {
  url: {
    kind: "texts",
    placeholder: "<url>",
    help: "The same as <url>, the broker: mqtt://host:1883, mqtts://host:8883, ws://host/mqtt, wss://host/mqtt or unix:/path.",
  },
  "protocol-version": {
    kind: "texts",
    short: "V",
    placeholder: "<v>",
    help: "3.1, 3.1.1 or 5.0, also as --version <v>; several with commas. Default: all that the broker speaks.",
  },
  only: {
    kind: "texts",
    placeholder: "<name>",
    help: "Only cases whose name, or a statement of which, is this or begins with it: will/, 5.0/MQTT-3.3.1-4, MQTT-4.7. Several with commas.",
  },
  list: { kind: "switch", help: "List the cases instead of running them; no broker is needed." },
  statements: { kind: "switch", help: "Show the result of every statement." },
  json: { kind: "switch", help: "Write the report as JSON, with all there is to know." },
  junit: {
    kind: "texts",
    placeholder: "<file>",
    help: "Also write a JUnit report to this file; - is standard output, instead of the other report.",
  },
  "ws-url": {
    kind: "texts",
    placeholder: "<url>",
    help: "Where the same broker takes WebSocket, for the cases about it.",
  },
  username: { kind: "texts", short: "u", placeholder: "<name>", help: "User name to log in with." },
  password: { kind: "texts", short: "P", placeholder: "<text>", help: "Password to log in with." },
  cafile: {
    kind: "texts",
    placeholder: "<file>",
    help: "PEM file with the authorities that the broker's certificate is verified with.",
  },
  cert: { kind: "texts", placeholder: "<file>", help: "PEM file with the client's own certificate." },
  key: { kind: "texts", placeholder: "<file>", help: "PEM file with the key of --cert." },
  insecure: { kind: "switch", help: "Do not verify the broker's certificate." },
  concurrency: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 200,
    help: `Cases that run at the same time. Default ${DEFAULT_CONCURRENCY}.`,
  },
  patience: {
    kind: "integer",
    placeholder: "<s>",
    lowest: 1,
    highest: 60,
    help: `Seconds that the broker may take to answer. Default ${DEFAULT_PATIENCE_SECONDS}.`,
  },
} as const satisfies Options;

export type ConformanceValues = OptionValues<typeof options>;

/**
 * `mqtt://host --version 5.0` as the options `--url` and `--protocol-version`: every command has `--version` as a switch of
 * its own, and no command has arguments without a name.
 */
export function prepareArguments(args: readonly string[], options: Options): string[] {
  const prepared: string[] = [];
  const takesValue = (word: string): boolean => {
    const option = word.startsWith("--")
      ? options[word.slice(2)]
      : Object.values(options).find(({ short }) => short !== undefined && word === `-${short}`);
    return option !== undefined && option.kind !== "switch";
  };
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    const next = args[i + 1];
    if (word === "--version" && next !== undefined && /^[0-9]/.test(next)) {
      prepared.push(`--protocol-version=${next}`);
      i++;
    } else if (word.startsWith("--version=")) prepared.push(`--protocol-version=${word.slice(10)}`);
    else if (takesValue(word) && next !== undefined) {
      prepared.push(word, next);
      i++;
    } else prepared.push(word.startsWith("-") ? word : `--url=${word}`);
  }
  return prepared;
}
