/** Runs a broker by its configuration until it is told to stop; or only says what that configuration is. */

import { ConfigError, describeError, type Log } from "#base";
import {
  type Configuration,
  ConfigurationError,
  ConfigurationFiles,
  isMosquittoConf,
  printConfiguration,
  type Reading,
  readConfiguration,
} from "#config";
import { version } from "#server";
import type { ConfiguredBroker } from "#service";
import { ListenError } from "#transport";
import { logConnections, logSubscriptions } from "../client-lines/connection-lines.ts";
import { PacketLines } from "../client-lines/packet-lines.ts";
import { UndeliveredLines } from "../client-lines/undelivered-lines.ts";
import { wordings } from "../client-lines/wordings.ts";
import { logDenials } from "../denial-lines.ts";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import { LogLines } from "../output.ts";
import { onStopSignal } from "../stop-signals.ts";
import { Announcements } from "./announcements.ts";
import type { Values } from "./command-line.ts";
import { ConfigurationSource } from "./configuration-source.ts";
import { isDaemon, startDaemon, tellListening } from "./daemon.ts";
import { followChanges } from "./follow-changes.ts";
import { leftBehind } from "./left-behind.ts";
import { listenAdvice } from "./listen-advice.ts";
import { logFormOf } from "./log-form.ts";
import { processFaults } from "./process-faults.ts";
import { ProcessRole } from "./process-role.ts";
import { answerSignals } from "./state-signals.ts";

/** The broker itself gives its clients four seconds. */
const STOP_LIMIT_MS = 4_800;

/** Where warnings go while there is no log. */
const standardError: Pick<Log, "write"> = {
  write: (_, sentence) => console.error(`martlet: ${printable(sentence)}`),
};

/** Resolves with the exit status. */
export async function runBroker(values: Values): Promise<number> {
  try {
    if (values["test-config"] === true) return await testConfiguration(values);
    if (values["print-config"] === true) {
      const source = new ConfigurationSource(values);
      const reading = await readConfiguration(source.sources);
      source.warnTo(standardError);
      process.stdout.write(`# martlet version ${version}\n${printConfiguration(reading)}`);
      return ExitStatus.OK;
    }
    if (values.daemon === true && !isDaemon()) return await startDaemon();
    return await serve(values);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = error instanceof ConfigurationError ? error.lines : [error.message];
    for (const line of lines) console.error(`martlet: ${printable(line)}`);
    return values["test-config"] === true ? ExitStatus.FAILED : statusOf(error, values.config?.[0]);
  }
}

/** What a broker ends with that may not start. */
function statusOf(error: ConfigError, file: string | undefined): number {
  const isOfOptions =
    error instanceof ConfigurationError
      ? error.problems.every(({ place }) => place.kind === "flag")
      : error.path.startsWith("--");
  if (isOfOptions) return ExitStatus.USAGE;
  return file !== undefined && isMosquittoConf(file) ? ExitStatus.MOSQUITTO_CONF : ExitStatus.FAILED;
}

/** Makes all that the configuration asks for, files included, and listens nowhere. @throws ConfigurationError */
async function testConfiguration(values: Values): Promise<number> {
  const { checkConfiguration } = await import("#service");
  const source = new ConfigurationSource(values);
  const reading = await readConfiguration(source.sources);
  checkConfiguration(reading);
  checkProcess(reading);
  source.warnTo(standardError);
  console.log(printable(`${values.config?.[0] ?? "The configuration"} is allowed.`));
  return ExitStatus.OK;
}

/** @throws ConfigurationError with all that this process could not do */
function checkProcess(reading: Reading): void {
  const faults = processFaults(reading);
  if (faults.length > 0) throw new ConfigurationError(faults);
}

async function serve(values: Values): Promise<number> {
  const { ConfiguredBroker } = await import("#service");
  const source = new ConfigurationSource(values);
  const files = await ConfigurationFiles.read({
    sources: source.sources,
    apply: (change) => {
      const changeLines = lines.prepare(logFormOf(change.to.log));
      served.apply(change);
      changeLines();
      undelivered.follow();
    },
    log: { write: (level, sentence) => lines.write(level, sentence) },
  });
  const { reading } = files;
  const { configuration } = reading;
  checkProcess(reading);
  const lines = new LogLines(logFormOf(configuration.log));
  const announcements = new Announcements(lines, reading, source, values.config?.[0]);
  const wording = wordings[configuration.log.words];
  const packets = hasPackets(configuration) ? new PacketLines(lines, wording) : undefined;
  const served = new ConfiguredBroker(reading, {
    log: announcements.isBrief ? withoutDebug(lines) : lines,
    trace: packets,
    salvage: values.salvage === true,
  });
  const { broker } = served;
  logConnections(broker, lines, wording);
  logSubscriptions(broker, lines);
  packets?.attach(broker);
  logDenials(broker, lines);
  const undelivered = new UndeliveredLines(broker, lines, { isBrief: announcements.isBrief });
  undelivered.follow();
  const role = new ProcessRole(reading);
  announcements.starting();
  source.warnTo(lines);
  const left = stateOfMosquitto(values, source, served);
  if (left !== undefined) lines.write("warn", left);
  try {
    await served.start();
  } catch (error) {
    await lines.drained();
    throw error instanceof ListenError ? listenAdvice(error, reading) : error;
  }
  try {
    role.take(lines, served.options.persistence, announcements);
  } catch (error) {
    // Who cannot get at the folder cannot close it in order either.
    await served.stop().catch((problem: unknown) => lines.write("error", describeError(problem)));
    await lines.drained();
    throw error;
  }
  lines.publishWith((line) => broker.publish(line));
  const stopped = untilStopped(served, lines, announcements);
  const ends = [
    followChanges(files, served, lines, { file: values.config?.[0], source, announcements }),
    answerSignals(served, lines),
  ];
  role.tell();
  announcements.running(served);
  if (isDaemon()) tellListening();
  try {
    return await stopped;
  } finally {
    for (const end of ends) end();
  }
}

/** What of mosquitto's state this broker begins without, as a sentence. */
function stateOfMosquitto(
  { config: [conf] = [] }: Values,
  { database }: ConfigurationSource,
  { options: { persistence } }: ConfiguredBroker,
): string | undefined {
  if (conf === undefined || persistence === undefined) return undefined;
  return leftBehind({ conf, database, folder: persistence.folder });
}

/** Packets are of type `debug`: who names that type wants them. */
function hasPackets({ log }: Configuration): boolean {
  return log.packets || log.types?.includes("debug") === true;
}

/** What the broker tells of its own insides is nothing that mosquitto has. */
function withoutDebug(lines: LogLines): Log {
  return {
    write: (level, sentence, fields) => {
      if (level !== "debug") lines.write(level, sentence, fields);
    },
  };
}

/** Resolves when the broker has stopped because somebody asked for it. */
async function untilStopped(
  broker: ConfiguredBroker,
  lines: LogLines,
  announcements: Announcements,
): Promise<number> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    onStopSignal(resolve, () => lines.flushSync());
  });
  announcements.stopping(signal);
  const limit = setTimeout(() => {
    lines.write("warn", "The broker did not stop in time.");
    lines.flushSync();
    process.exit(ExitStatus.FAILED);
  }, STOP_LIMIT_MS);
  lines.publishWith(undefined);
  await broker.stop();
  announcements.terminating();
  await lines.drained();
  clearTimeout(limit);
  process.exit(ExitStatus.OK);
}
