/** The options of `martlet shadow`. */

import type { Options, OptionValues } from "../options.ts";

export const DEFAULT_PORT = 1883;
export const DEFAULT_WINDOW_MS = 2_000;
export const DEFAULT_INTERVAL_SECONDS = 60;

export const options = {
  upstream: {
    kind: "texts",
    short: "u",
    placeholder: "<url>",
    help: "The old broker, which answers the clients: mqtt://host:1883 or mqtts://host:8883. Needed.",
  },
  port: {
    kind: "integer",
    short: "p",
    placeholder: "<port>",
    lowest: 0,
    highest: 65_535,
    help: `Port for the clients, over TCP; 0 for any free one. Default ${DEFAULT_PORT}.`,
  },
  host: {
    kind: "texts",
    placeholder: "<address>",
    help: "Address to listen on. Default: this machine only. 0.0.0.0 is every IPv4 address, :: every address.",
  },
  config: {
    kind: "texts",
    short: "c",
    placeholder: "<file>",
    help: "Configuration of the Martlet that is compared: martlet.toml or mosquitto.conf. Its listeners, bridges and folder are not used. Default: anybody may do everything.",
  },
  ca: {
    kind: "texts",
    placeholder: "<file>",
    help: "PEM file with the authorities that the old broker's certificate is verified with.",
  },
  insecure: { kind: "switch", help: "Do not verify the old broker's certificate." },
  window: {
    kind: "integer",
    short: "w",
    placeholder: "<ms>",
    lowest: 50,
    highest: 600_000,
    help: `Milliseconds that one broker may be behind the other. Default ${DEFAULT_WINDOW_MS}.`,
  },
  "report-interval": {
    kind: "integer",
    placeholder: "<s>",
    lowest: 0,
    highest: 86_400,
    help: `Seconds between summaries; 0 for one at the end only. Default ${DEFAULT_INTERVAL_SECONDS}.`,
  },
  "max-pending": {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 10_000_000,
    help: "Packets of one client that may wait for their like before it is no longer compared. Default 10000.",
  },
  json: { kind: "switch", help: "Write each line as a JSON object." },
} as const satisfies Options;

export type Values = OptionValues<typeof options>;
