/** The options of `martlet broker`. Those that set something are short names for keys of the configuration. */

import type { Options, OptionValues } from "../options.ts";

export const DEFAULT_PORT = 1883;
export const DEFAULT_WEBSOCKET_PORT = 8083;
export const DEFAULT_TLS_PORT = 8883;
export const WEBSOCKET_PATH = "/mqtt";

export const options = {
  config: {
    kind: "texts",
    short: "c",
    placeholder: "<file>",
    help: "Configuration file in TOML, YAML or JSON, by its ending; any other is a mosquitto.conf. Environment variables and options win over it.",
  },
  set: {
    kind: "texts",
    placeholder: "<key=value>",
    help: "Set one key of the configuration, for example limits.maximum_connections=500; may be given several times.",
  },
  "test-config": {
    kind: "switch",
    help: "Only say whether the configuration is allowed: exit status 0 or 1.",
  },
  "print-config": {
    kind: "switch",
    help: "Only print the configuration in force, with where each value comes from.",
  },
  port: {
    kind: "integers",
    short: "p",
    placeholder: "<port>",
    lowest: 0,
    highest: 65_535,
    help: `Port for MQTT over TCP; 0 for any free one; may be given several times. Default ${DEFAULT_PORT}. The options for listeners take the place of those in the file.`,
  },
  host: {
    kind: "texts",
    placeholder: "<address>",
    help: "Address or name to listen on; may be given several times. Default: this machine only. 0.0.0.0 is every IPv4 address, :: every address.",
  },
  "ws-port": {
    kind: "integer",
    placeholder: "<port>",
    lowest: 0,
    highest: 65_535,
    help: `Port for MQTT over WebSocket, path ${WEBSOCKET_PATH}; 0 for any free one. Default ${DEFAULT_WEBSOCKET_PORT}.`,
  },
  "no-ws": { kind: "switch", help: "No WebSocket." },
  "tls-port": {
    kind: "integer",
    placeholder: "<port>",
    lowest: 0,
    highest: 65_535,
    help: `Port for MQTT over TLS, with --tls-cert and --tls-key; 0 for any free one. Default ${DEFAULT_TLS_PORT}.`,
  },
  "tls-cert": {
    kind: "texts",
    placeholder: "<file>",
    help: "Certificate to show, in PEM form, with those between it and its authority.",
  },
  "tls-key": { kind: "texts", placeholder: "<file>", help: "The certificate's private key, in PEM form." },
  "tls-ca": {
    kind: "texts",
    placeholder: "<file>",
    help: "The authorities that sign clients' certificates, in PEM form.",
  },
  "tls-require-certificate": {
    kind: "switch",
    help: "Over TLS let in only clients with a certificate of --tls-ca.",
  },
  pipes: {
    kind: "texts",
    placeholder: "<kind>",
    help: "What TCP and TLS connections stand on: net is Node's public sockets, handle the faster handles below them, auto is handle where it is known to work. Default auto.",
  },
  data: {
    kind: "texts",
    placeholder: "<folder>",
    help: "Where sessions, queued and retained messages are kept; of one broker alone. Default ./martlet-data.",
  },
  sync: {
    kind: "texts",
    placeholder: "<mode>",
    help: "When a message counts as kept, and is acknowledged: durable is on the disk, os is handed to the system, memory is nowhere. Default durable.",
  },
  "no-persistence": { kind: "switch", help: "Keep nothing: the same as --sync memory." },
  salvage: { kind: "switch", help: "Start with a damaged folder, without what cannot be read." },
  "allow-anonymous": {
    kind: "switch",
    help: "Let anybody connect, also from other machines. Without it only this machine's own addresses are allowed.",
  },
  daemon: {
    kind: "switch",
    short: "d",
    help: "Go on in the background; this command ends once clients can connect, or says why they cannot.",
  },
  verbose: { kind: "switch", short: "v", help: "Show every packet." },
  quiet: { kind: "switch", short: "q", help: "Show only warnings and errors." },
} as const satisfies Options;

export type Values = OptionValues<typeof options>;
