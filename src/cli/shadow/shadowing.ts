/** Runs a shadow before another broker until it is told to stop. */

import { readFileSync } from "node:fs";
import { ConfigError, describeError, silentLog } from "#base";
import { ConfigurationError, isMosquittoConf, type Reading, readConfiguration } from "#config";
import { createBroker, type MartletBroker } from "#server";
import { ConfiguredBroker } from "#service";
import { Shadow } from "#shadow";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import { LineWriter } from "../line-writer.ts";
import { onStopSignal } from "../stop-signals.ts";
import { DEFAULT_INTERVAL_SECONDS, DEFAULT_PORT, DEFAULT_WINDOW_MS, type Values } from "./command-line.ts";
import { statusOf } from "./exit-status.ts";
import { jsonForm, textForm } from "./report.ts";

const STANDARD_OUTPUT = 1;
/** Broker and connections are gone by then. */
const STOP_LIMIT_MS = 4_800;

/** What a client may do by the old broker's word, Martlet must not hold against it. */
const mostGenerous = { receiveMaximum: 65_535, topicAliasMaximum: 65_535 } as const;

/** A Martlet without ports and without a folder. */
interface Compared {
  readonly broker: MartletBroker;
  start(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Resolves with the exit status. */
export async function runShadow(values: Values): Promise<number> {
  try {
    return await stand(values);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const line of error.lines) console.error(`martlet: ${printable(line)}`);
    return ExitStatus.FAILED;
  }
}

/** @throws ConfigError for options that are not allowed */
async function stand(values: Values): Promise<number> {
  const url = only(values, "upstream");
  if (url === undefined)
    throw new ConfigError("--upstream", "it is missing; write --upstream mqtt://host:1883.");
  const form = values.json === true ? jsonForm : textForm;
  const output = new LineWriter(STANDARD_OUTPUT);
  const write = (lines: readonly string[]): void => {
    for (const line of lines) output.write(line);
  };
  const compared = await comparedBroker(only(values, "config"));
  const host = only(values, "host");
  const shadow = new Shadow({
    upstream: { url, ca: authorities(only(values, "ca")), insecure: values.insecure === true },
    connectPipe: () => compared.broker.connectPipe(),
    ...(host === undefined ? {} : { host }),
    port: values.port ?? DEFAULT_PORT,
    settings: {
      windowMs: values.window ?? DEFAULT_WINDOW_MS,
      ...(values["max-pending"] === undefined ? {} : { maximumPending: values["max-pending"] }),
    },
    onDifference: (difference) => write(form.difference(difference)),
    onNotice: (notice) => write(form.notice(notice)),
  });
  await compared.start();
  const port = await shadow.start();
  // Before anybody is told that it runs, and then stops it.
  const stopped = new Promise<void>((resolve) => {
    onStopSignal(
      () => resolve(),
      () => output.flushSync(),
    );
  });
  console.error(printable(`Listening on ${host ?? "127.0.0.1"} port ${port}, before ${url}.`));
  const seconds = values["report-interval"] ?? DEFAULT_INTERVAL_SECONDS;
  const interval =
    seconds === 0 ? undefined : setInterval(() => write(form.summary(shadow.summary)), seconds * 1_000);
  await stopped;
  clearInterval(interval);
  setTimeout(() => process.exit(ExitStatus.FAILED), STOP_LIMIT_MS).unref();
  const summary = await shadow.stop();
  write(form.summary(summary));
  await compared.stop();
  await output.drained();
  process.exit(statusOf(summary));
}

function only(values: Values, name: "upstream" | "host" | "config" | "ca"): string | undefined {
  const [value, second] = values[name] ?? [];
  if (second !== undefined) throw new ConfigError(`--${name}`, "it is given twice.");
  return value;
}

function authorities(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError("--ca", `${file} cannot be read: ${describeError(error)}.`);
  }
}

/** @throws ConfigurationError for a file that is not allowed */
async function comparedBroker(file: string | undefined): Promise<Compared> {
  if (file === undefined) {
    const broker = createBroker({ settings: { ...mostGenerous, sysIntervalSeconds: 0 } });
    return { broker, start: () => broker.start(), stop: () => broker.stop() };
  }
  const reading = await readingOf(file);
  const configured = new ConfiguredBroker(alone(reading), { log: silentLog });
  configured.broker.changeSettings(mostGenerous);
  return configured;
}

/** What has no effect in a mosquitto.conf goes to standard error. @throws ConfigurationError for a file that is not allowed */
async function readingOf(file: string): Promise<Reading> {
  const others = { variables: {}, settings: [], flags: [] };
  if (!isMosquittoConf(file)) return await readConfiguration({ file, ...others });
  const { mosquittoDocument } = await import("#mosquitto");
  const { document, warnings } = mosquittoDocument(file);
  for (const { level, sentence } of warnings) if (level === "warn") console.error(printable(sentence));
  return await readConfiguration({ document: () => document, ...others });
}

/** Without what reaches out of this process. */
function alone(reading: Reading): Reading {
  const { configuration } = reading;
  return {
    ...reading,
    configuration: {
      ...configuration,
      listeners: [],
      bridges: [],
      sys: { ...configuration.sys, interval_seconds: 0 },
      persistence: { ...configuration.persistence, mode: "memory" },
    },
  };
}
