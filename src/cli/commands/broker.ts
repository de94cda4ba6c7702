/** `martlet broker`: a broker until it is told to stop. */

import { ConfigError } from "#base";
import {
  type BrokerOptions,
  createBroker,
  isExposed,
  type ListenerOptions,
  type MartletBroker,
  type PersistenceOptions,
  version,
} from "#server";
import { ListenError } from "#transport";
import { logConnections, PacketLines } from "../client-lines.ts";
import { defineCommand } from "../command.ts";
import { ExitStatus } from "../exit-status.ts";
import { greeting } from "../greeting.ts";
import { listenAdvice } from "../listen-advice.ts";
import type { Options, OptionValues } from "../options.ts";
import { LogLines } from "../output.ts";
import { onStopSignal } from "../stop-signals.ts";
import { namedByOption, type TlsFiles, tlsListenerOf } from "../tls-files.ts";

const DEFAULT_FOLDER = "martlet-data";
const WEBSOCKET_PATH = "/mqtt";
const DEFAULT_PORT = 1883;
const DEFAULT_WEBSOCKET_PORT = 8083;
/** The broker itself gives its clients four seconds. */
const STOP_LIMIT_MS = 4_800;

const options = {
  port: {
    kind: "integer",
    short: "p",
    placeholder: "<port>",
    lowest: 0,
    highest: 65_535,
    help: `Port for MQTT over TCP; 0 for any free one. Default ${DEFAULT_PORT}.`,
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
    help: "Port for MQTT over TLS, with --tls-cert and --tls-key; 0 for any free one. Default 8883.",
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
    help: `Where sessions, queued and retained messages are kept; of one broker alone. Default ./${DEFAULT_FOLDER}.`,
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
  verbose: { kind: "switch", short: "v", help: "Show every packet." },
  quiet: { kind: "switch", short: "q", help: "Show only warnings and errors." },
} as const satisfies Options;

type Values = OptionValues<typeof options>;

export const brokerCommand = defineCommand({
  name: "broker",
  summary: "Run an MQTT broker. This is what martlet does without a command.",
  description: [
    "Runs an MQTT broker for MQTT 3.1, 3.1.1 and 5.0 until Ctrl-C. What it acknowledges is on the disk, and there again when it starts the next time. It writes one line for each event to standard output.",
  ],
  options,
  async run(values) {
    const listeners = listenersOf(values);
    const persistence = persistenceOf(values);
    const lines = new LogLines(levelOf(values));
    const packets = values.verbose === true ? new PacketLines(lines) : undefined;
    const broker = create(values, {
      listeners,
      ...(persistence === undefined ? {} : { persistence }),
      allowAnonymous: values["allow-anonymous"] === true,
      log: lines,
      ...(packets === undefined ? {} : { trace: packets }),
    });
    logConnections(broker, lines);
    packets?.attach(broker);
    lines.write("info", `martlet version ${version} starting`);
    try {
      await broker.start();
    } catch (error) {
      await lines.drained();
      throw error instanceof ListenError ? listenAdvice(error, listeners) : error;
    }
    const stopped = untilStopped(broker, lines);
    for (const line of greeting(broker.addresses, {
      isExposed: listeners.some(isExposed),
      webSocketPath: WEBSOCKET_PATH,
      persistence,
    })) {
      lines.write("info", line);
    }
    lines.write("info", `martlet version ${version} running`);
    return await stopped;
  },
});

/** @throws ConfigError that names the option */
function create(values: Values, options: BrokerOptions): MartletBroker {
  try {
    return createBroker(options);
  } catch (error) {
    throw namedByOption(error, tlsFilesOf(values));
  }
}

/** @throws ConfigError that names the option */
function listenersOf(values: Values): ListenerOptions[] {
  const port = values.port ?? DEFAULT_PORT;
  const pipes = pipesOf(values);
  const webSocketPort = values["ws-port"] ?? DEFAULT_WEBSOCKET_PORT;
  const hosts = [...new Set(values.host)];
  const [only] = hosts;
  const host = only === undefined ? {} : { host: hosts.length === 1 ? only : hosts };
  const listeners: ListenerOptions[] = [{ protocol: "tcp", port, pipes, ...host }];
  const tls = tlsListenerOf(tlsFilesOf(values));
  if (tls !== undefined) {
    if (tls.port === port && port !== 0) {
      throw new ConfigError("--tls-port", `${port} is the port for TCP; give TLS another.`);
    }
    listeners.push({ ...tls, pipes, ...host });
  }
  if (values["no-ws"] !== true) {
    if (webSocketPort === port && port !== 0) {
      throw new ConfigError("--ws-port", `${port} is the port for TCP; give WebSocket another, or --no-ws.`);
    }
    if (webSocketPort === tls?.port && webSocketPort !== 0) {
      throw new ConfigError("--ws-port", `${webSocketPort} is the port for TLS; give WebSocket another.`);
    }
    listeners.push({ protocol: "websocket", port: webSocketPort, path: WEBSOCKET_PATH, ...host });
  } else if (values["ws-port"] !== undefined) {
    throw new ConfigError("--no-ws", "it contradicts --ws-port; give one of them.");
  }
  if (listeners.some(isExposed) && values["allow-anonymous"] !== true) {
    const exposed = hosts.filter((each) => isExposed({ protocol: "tcp", port, host: each })).join(", ");
    throw new ConfigError(
      "--host",
      `other machines could reach ${exposed} and nobody would be asked for a password; add --allow-anonymous if you want that.`,
    );
  }
  return listeners;
}

function tlsFilesOf(values: Values): TlsFiles {
  return {
    port: values["tls-port"],
    cert: values["tls-cert"]?.at(-1),
    key: values["tls-key"]?.at(-1),
    ca: values["tls-ca"]?.at(-1),
    requireCertificate: values["tls-require-certificate"] === true,
  };
}

/** Undefined when nothing is kept. @throws ConfigError for what is no mode, or contradicts itself */
function persistenceOf(values: Values): PersistenceOptions | undefined {
  const mode = values.sync?.at(-1) ?? (values["no-persistence"] === true ? "memory" : "durable");
  if (mode !== "durable" && mode !== "os" && mode !== "memory") {
    throw new ConfigError("--sync", `"${mode}" is not allowed; give durable, os or memory.`);
  }
  if (mode !== "memory" && values["no-persistence"] === true) {
    throw new ConfigError("--no-persistence", `it contradicts --sync ${mode}; give one of them.`);
  }
  const folder = values.data?.at(-1);
  if (mode === "memory") {
    if (folder === undefined) return undefined;
    throw new ConfigError("--data", "nothing is kept there with --no-persistence; give one of them.");
  }
  return { folder: folder ?? DEFAULT_FOLDER, mode, salvage: values.salvage === true };
}

/** @throws ConfigError for what is none of the kinds */
function pipesOf({ pipes = [] }: Values): "auto" | "net" | "handle" {
  const kind = pipes.at(-1) ?? "auto";
  if (kind === "auto" || kind === "net" || kind === "handle") return kind;
  throw new ConfigError("--pipes", `"${kind}" is not allowed; give auto, net or handle.`);
}

/** @throws ConfigError for two that contradict each other */
function levelOf({ verbose, quiet }: Values): "debug" | "info" | "warn" {
  if (verbose === true && quiet === true) {
    throw new ConfigError("--quiet", "it contradicts --verbose; give one of them.");
  }
  if (verbose === true) return "debug";
  return quiet === true ? "warn" : "info";
}

/** Resolves when the broker has stopped because somebody asked for it. */
async function untilStopped(broker: MartletBroker, lines: LogLines): Promise<number> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    onStopSignal(resolve, () => lines.flushSync());
  });
  lines.write("info", `${signal} received: telling clients and closing their connections.`);
  const limit = setTimeout(() => {
    lines.write("warn", "The broker did not stop in time.");
    lines.flushSync();
    process.exit(ExitStatus.FAILED);
  }, STOP_LIMIT_MS);
  await broker.stop();
  lines.write("info", `martlet version ${version} terminating`);
  await lines.drained();
  clearTimeout(limit);
  process.exit(ExitStatus.OK);
}
