/** `martlet broker`: a broker until it is told to stop. */

import { ConfigError } from "#base";
import { createBroker, isExposed, type ListenerOptions, type MartletBroker, version } from "#server";
import { ListenError } from "#transport";
import { logConnections, PacketLines } from "../client-lines.ts";
import { defineCommand } from "../command.ts";
import { ExitStatus } from "../exit-status.ts";
import { greeting } from "../greeting.ts";
import { listenAdvice } from "../listen-advice.ts";
import type { Options, OptionValues } from "../options.ts";
import { LogLines } from "../output.ts";
import { onStopSignal } from "../stop-signals.ts";

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
    "Runs an MQTT broker for MQTT 3.1, 3.1.1 and 5.0 until Ctrl-C. It keeps everything in memory and writes one line for each event to standard output.",
  ],
  options,
  async run(values) {
    const listeners = listenersOf(values);
    const lines = new LogLines(levelOf(values));
    const packets = values.verbose === true ? new PacketLines(lines) : undefined;
    const broker = createBroker({
      listeners,
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
    for (const line of greeting(broker.addresses, listeners.some(isExposed), WEBSOCKET_PATH)) {
      lines.write("info", line);
    }
    lines.write("info", `martlet version ${version} running`);
    return await stopped;
  },
});

/** @throws ConfigError that names the option */
function listenersOf(values: Values): ListenerOptions[] {
  const port = values.port ?? DEFAULT_PORT;
  const webSocketPort = values["ws-port"] ?? DEFAULT_WEBSOCKET_PORT;
  const hosts = [...new Set(values.host)];
  const [only] = hosts;
  const host = only === undefined ? {} : { host: hosts.length === 1 ? only : hosts };
  const listeners: ListenerOptions[] = [{ protocol: "tcp", port, ...host }];
  if (values["no-ws"] !== true) {
    if (webSocketPort === port && port !== 0) {
      throw new ConfigError("--ws-port", `${port} is the port for TCP; give WebSocket another, or --no-ws.`);
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
