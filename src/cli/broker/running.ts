/** Runs a broker by its configuration until it is told to stop; or only says what that configuration is. */

import { ConfigError } from "#base";
import {
  type Configuration,
  ConfigurationError,
  ConfigurationFiles,
  type ConfigurationSources,
  hasLogins,
  printConfiguration,
  readConfiguration,
} from "#config";
import { isExposed, version } from "#server";
import type { ConfiguredBroker } from "#service";
import { ListenError } from "#transport";
import { logConnections, PacketLines } from "../client-lines.ts";
import { logDenials } from "../denial-lines.ts";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import { LogLines } from "../output.ts";
import { onStopSignal } from "../stop-signals.ts";
import type { Values } from "./command-line.ts";
import { assignmentsOf } from "./flags.ts";
import { followChanges } from "./follow-changes.ts";
import { greeting } from "./greeting.ts";
import { listenAdvice } from "./listen-advice.ts";
import { logFormOf } from "./log-form.ts";

/** The broker itself gives its clients four seconds. */
const STOP_LIMIT_MS = 4_800;

/** Resolves with the exit status. */
export async function runBroker(values: Values): Promise<number> {
  try {
    if (values["test-config"] === true) return await testConfiguration(values);
    if (values["print-config"] === true) {
      const reading = await readConfiguration(sourcesOf(values));
      process.stdout.write(`# martlet version ${version}\n${printConfiguration(reading)}`);
      return ExitStatus.OK;
    }
    return await serve(values);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) {
      if (values["test-config"] !== true || !(error instanceof ConfigError)) throw error;
      console.error(`martlet: ${printable(error.message)}`);
      return ExitStatus.FAILED;
    }
    for (const line of error.lines) console.error(`martlet: ${printable(line)}`);
    if (values["test-config"] === true) return ExitStatus.FAILED;
    const isCommandLine = error.problems.every(({ place }) => place.kind === "flag");
    return isCommandLine ? ExitStatus.USAGE : ExitStatus.FAILED;
  }
}

/** @throws ConfigError for options that contradict each other */
function sourcesOf(values: Values): ConfigurationSources {
  const [file, second] = values.config ?? [];
  if (second !== undefined) throw new ConfigError("--config", "it is given twice.");
  return { file, variables: process.env, settings: values.set ?? [], flags: assignmentsOf(values) };
}

/** Makes all that the configuration asks for, files included, and listens nowhere. @throws ConfigurationError */
async function testConfiguration(values: Values): Promise<number> {
  const { checkConfiguration } = await import("#service");
  checkConfiguration(await readConfiguration(sourcesOf(values)));
  console.log(printable(`${values.config?.[0] ?? "The configuration"} is allowed.`));
  return ExitStatus.OK;
}

async function serve(values: Values): Promise<number> {
  const { ConfiguredBroker } = await import("#service");
  const files = await ConfigurationFiles.read({
    sources: sourcesOf(values),
    apply: (change) => {
      const changeLines = lines.prepare(logFormOf(change.to.log));
      served.apply(change);
      changeLines();
    },
    log: { write: (level, sentence) => lines.write(level, sentence) },
  });
  const { reading } = files;
  const { configuration } = reading;
  const lines = new LogLines(logFormOf(configuration.log));
  const packets = configuration.log.packets ? new PacketLines(lines) : undefined;
  const served = new ConfiguredBroker(reading, {
    log: lines,
    trace: packets,
    salvage: values.salvage === true,
  });
  const { broker } = served;
  logConnections(broker, lines);
  logDenials(broker, lines);
  packets?.attach(broker);
  lines.write("info", `martlet version ${version} starting`);
  try {
    await served.start();
  } catch (error) {
    await lines.drained();
    throw error instanceof ListenError ? listenAdvice(error, reading) : error;
  }
  const stopped = untilStopped(served, lines);
  const stopFollowing = followChanges(files, served, lines, values.config?.[0]);
  for (const line of greeting(broker.addresses, {
    isExposed: (served.options.listeners ?? []).some(isExposed),
    hasLogins: hasLogins(configuration),
    webSocketPath: (port) => webSocketPathOf(configuration, port),
    persistence: served.options.persistence,
  })) {
    lines.write("info", line);
  }
  lines.write("info", `martlet version ${version} running`);
  try {
    return await stopped;
  } finally {
    stopFollowing();
  }
}

/** The one of that port; for a port that was chosen freely, that of a listener without one. */
function webSocketPathOf({ listeners }: Configuration, port: number): string {
  const found = listeners.filter(({ protocol }) => protocol === "websocket" || protocol === "wss");
  const listener = found.find((each) => each.port === port) ?? found.find((each) => each.port === 0);
  return listener?.path ?? "";
}

/** Resolves when the broker has stopped because somebody asked for it. */
async function untilStopped(broker: ConfiguredBroker, lines: LogLines): Promise<number> {
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
