/** The options of `martlet bench`, and its command line as these. Loads nothing that the help does not need. */

import type { Options, OptionValues } from "../options.ts";

export const DEFAULT_URL = "mqtt://127.0.0.1:1883";
export const DEFAULT_DURATION_SECONDS = 5;
export const DEFAULT_WARM_UP_SECONDS = 1;

export const options = {
  url: {
    kind: "texts",
    placeholder: "<url>",
    help: `The same as <url>, the broker: mqtt://host:1883, mqtts://host:8883, ws://host/mqtt, wss://host/mqtt or unix:/path. Default ${DEFAULT_URL}.`,
  },
  scenario: {
    kind: "texts",
    placeholder: "<name>",
    help: "The same as <scenario>; several with commas, or all. Default: pairs, qos1 and rate.",
  },
  list: { kind: "switch", help: "List the scenarios instead of running them." },
  duration: {
    kind: "integer",
    short: "d",
    placeholder: "<s>",
    lowest: 1,
    highest: 86_400,
    help: `Seconds that are measured. Default ${DEFAULT_DURATION_SECONDS}.`,
  },
  "warm-up": {
    kind: "integer",
    placeholder: "<s>",
    lowest: 0,
    highest: 3_600,
    help: `Seconds that run before. Default ${DEFAULT_WARM_UP_SECONDS}.`,
  },
  publishers: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 1_000_000,
    help: "Publishers of a load of your own, or changed in those that are named; so are the options down to --protocol.",
  },
  subscribers: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 1_000_000,
    help: "Subscribers. They share out the topics, or each topic has several.",
  },
  topics: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 1_000_000,
    help: "Topics. Default: one for each publisher.",
  },
  window: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 0,
    highest: 65_535,
    help: "Messages that each publisher has under way at most; 0 for as many as its connection takes.",
  },
  rate: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 10_000_000,
    help: "Messages a second of all publishers together, whether the broker keeps up or not, instead of a window.",
  },
  size: {
    kind: "integer",
    placeholder: "<bytes>",
    lowest: 16,
    highest: 16_000_000,
    help: "Bytes of each payload.",
  },
  qos: { kind: "integer", short: "q", placeholder: "<n>", lowest: 0, highest: 2, help: "0, 1 or 2." },
  protocol: { kind: "texts", placeholder: "<v>", help: "3.1.1 or 5." },
  pid: {
    kind: "texts",
    placeholder: "<n>",
    help: "Process of the broker, whose CPU time and memory are read (Linux only); several with commas.",
  },
  username: { kind: "texts", short: "u", placeholder: "<name>", help: "User name to log in with." },
  password: { kind: "texts", short: "P", placeholder: "<text>", help: "Password to log in with." },
  ca: {
    kind: "texts",
    placeholder: "<file>",
    help: "PEM file with the authorities that the broker's certificate is verified with.",
  },
  insecure: { kind: "switch", help: "Do not verify the broker's certificate." },
  json: { kind: "switch", help: "Write the results as JSON." },
  quiet: { kind: "switch", help: "Do not say how far the run is." },
} as const satisfies Options;

export type BenchValues = OptionValues<typeof options>;

/** `mqtt://host qos1` as the options `--url` and `--scenario`. */
export function prepareArguments(args: readonly string[], options: Options): string[] {
  const prepared: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    const next = args[i + 1];
    const option = word.startsWith("-") ? optionOf(word, options) : undefined;
    if (option !== undefined && option.kind !== "switch" && next !== undefined) {
      prepared.push(word, next);
      i++;
    } else if (word.startsWith("-")) prepared.push(word);
    else prepared.push(isUrl(word) ? `--url=${word}` : `--scenario=${word}`);
  }
  return prepared;
}

function optionOf(word: string, options: Options): Options[string] | undefined {
  if (word.startsWith("--")) return options[word.slice(2)];
  return Object.values(options).find(({ short }) => short !== undefined && word === `-${short}`);
}

function isUrl(word: string): boolean {
  return word.includes("://") || word.startsWith("unix:");
}
