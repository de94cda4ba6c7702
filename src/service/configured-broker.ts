/**
 * A broker that does what a configuration says, and goes on doing so when the configuration or one of its files changes.
 *
 * What can change while it runs changes as a whole: everything that may fail is prepared first, and when something does fail, all
 * stays as it was and the log says why. Connections go on, unless what let them in does so no longer.
 */

import { openGate } from "#auth";
import { ConfigError, type Log, silentLog } from "#base";
import type { PacketTrace } from "#broker";
import {
  brokerSettingsOf,
  type Change,
  type Configuration,
  type ConfigurationChange,
  ConfigurationError,
  journalSettingsOf,
  type KeyPath,
  type ListenerConfiguration,
  listenerSettingsOf,
  missingFiles,
  type Problem,
  type Reading,
} from "#config";
import { ReasonCode } from "#protocol";
import { type BrokerOptions, MartletBroker } from "#server";
import { checkCredentials } from "#transport";
import { gateWithBridges } from "./bridge-gate.ts";
import { Bridges, prepareBridges } from "./bridges.ts";
import { ConfiguredGate } from "./configured-gate.ts";
import { type GateTools, systemTools } from "./gate-tools.ts";
import { namedApart } from "./listener-names.ts";
import { listenerOptionsOf, nameOf } from "./listener-options.ts";
import { exposureProblem, fileProblem, namedByPlace } from "./places.ts";
import { credentialsNow, secureListeners, TlsFiles } from "./tls-files.ts";

const LOGIN_WITHDRAWN = { kind: "login-withdrawn", reasonCode: ReasonCode.NOT_AUTHORIZED } as const;

export interface ConfiguredBrokerOptions {
  readonly log: Log;
  readonly trace?: PacketTrace | undefined;
  /** Goes on behind records that cannot be read. Default false. */
  readonly salvage?: boolean;
}

export class ConfiguredBroker {
  readonly broker: MartletBroker;
  /** What it was made with, for whoever wants to tell of it. */
  readonly options: BrokerOptions;
  readonly bridges: Bridges;
  readonly #tools: GateTools;
  #configuration: Configuration;
  #gate: ConfiguredGate;
  #prepared: ReturnType<typeof prepareBridges>;
  #tlsFiles: TlsFiles | undefined;

  /**
   * @throws ConfigurationError for a file that cannot be read, and for a listener that is open to everybody by accident;
   * ConfigError for whatever else is not allowed, by its place
   */
  constructor(reading: Reading, { log, trace, salvage = false }: ConfiguredBrokerOptions) {
    const configuration = namedApart(reading.configuration);
    this.#configuration = configuration;
    this.#tools = systemTools(log);
    const listeners = listenersOf({ ...reading, configuration });
    const exposed = exposureProblem(reading);
    if (exposed !== undefined) throw new ConfigurationError([exposed]);
    this.#gate = new ConfiguredGate(configuration, this.#tools);
    const { gate } = this.#gate;
    const { mode, folder } = configuration.persistence;
    this.options = {
      listeners,
      settings: brokerSettingsOf(configuration),
      // Whether that is meant has been asked above.
      allowAnonymous: true,
      gate: gateWithBridges(gate ?? openGate(), this.#isOfBridge),
      ...(mode === "memory"
        ? {}
        : { persistence: { folder, mode, salvage, settings: journalSettingsOf(configuration) } }),
      log,
      ...(trace === undefined ? {} : { trace }),
    };
    try {
      this.#prepared = prepareBridges(configuration.bridges);
      this.broker = new MartletBroker(this.options);
      for (const listener of configuration.listeners) this.#limit(listener);
    } catch (error) {
      this.#gate.close();
      throw namedByPlace(error, reading);
    }
    this.#gate.attach(this.broker);
    this.bridges = new Bridges(this.broker, this.#tools);
  }

  /** As `MartletBroker.start`; its files are watched from now on. */
  async start(): Promise<void> {
    await this.broker.start();
    this.#tlsFiles = this.#watchTls(this.#configuration);
    await this.bridges.change(this.#prepared);
  }

  async stop(): Promise<void> {
    this.#tlsFiles?.close();
    this.#gate.close();
    await this.bridges.stop();
    await this.broker.stop();
  }

  /** Lets go of its files; for one that is not started. */
  discard(): void {
    this.#gate.close();
  }

  /** Takes over what its files say now: users, rules, certificates. */
  reloadFiles(): void {
    this.#gate.reload();
    this.#tlsFiles?.reload();
  }

  /**
   * Does what `change.to` says. For `ConfigurationFiles`.
   *
   * @throws ConfigError for what is not possible; then nothing has changed
   */
  readonly apply = ({ to: written, changes, placeOf }: ConfigurationChange): void => {
    const to = namedApart(written);
    const bridges = prepareBridges(to.bridges);
    const gate = concerns(changes, isAboutGate) ? new ConfiguredGate(to, this.#tools) : undefined;
    let tlsFiles: TlsFiles | undefined;
    try {
      tlsFiles = concerns(changes, isAboutTls) ? this.#prepareTls(to, placeOf) : undefined;
      this.#changeLimits(to);
    } catch (error) {
      gate?.close();
      tlsFiles?.close();
      throw error;
    }
    if (gate !== undefined) this.#replaceGate(gate);
    if (tlsFiles !== undefined) this.#replaceTls(tlsFiles);
    this.#prepared = bridges;
    if (this.broker.isOpen) void this.bridges.change(bridges);
    this.#configuration = to;
  };

  readonly #isOfBridge = (clientId: string): boolean =>
    this.#prepared.some(({ options }) => options.localClientId === clientId);

  /** Those of the broker and of each listener, all or none. */
  #changeLimits(to: Configuration): void {
    this.broker.changeSettings(brokerSettingsOf(to));
    try {
      for (const listener of to.listeners) this.#limit(listener);
    } catch (error) {
      this.broker.changeSettings(brokerSettingsOf(this.#configuration));
      for (const listener of this.#configuration.listeners) this.#limit(listener);
      throw error;
    }
  }

  #limit(listener: ListenerConfiguration): void {
    this.broker.setListener(nameOf(listener), listenerSettingsOf(listener));
  }

  #replaceGate(gate: ConfiguredGate): void {
    const before = this.#gate;
    before.close();
    this.#gate = gate;
    this.broker.changeGate(gateWithBridges(gate.gate ?? openGate(), this.#isOfBridge));
    gate.attach(this.broker);
    for (const clientId of gate.shutOut(before, this.broker.clients()))
      this.broker.disconnect(clientId, LOGIN_WITHDRAWN);
  }

  #watchTls(configuration: Configuration): TlsFiles {
    return new TlsFiles(
      secureListeners(configuration, nameOf),
      (name, credentials) => this.broker.renewCredentials(name, credentials),
      this.#tools,
    );
  }

  /** @throws ConfigError for credentials that cannot be used, by their place */
  #prepareTls(configuration: Configuration, placeOf: Reading["placeOf"]): TlsFiles {
    for (const [index, listener] of configuration.listeners.entries()) {
      if (listener.tls === undefined) continue;
      const credentials = credentialsNow(listener, ["listeners", index], placeOf);
      try {
        checkCredentials(credentials);
      } catch (error) {
        throw error instanceof ConfigError
          ? namedByPlace(error.renamed(`listeners[${index}].${error.path}`), { placeOf })
          : error;
      }
    }
    return this.#watchTls(configuration);
  }

  #replaceTls(files: TlsFiles): void {
    this.#tlsFiles?.close();
    this.#tlsFiles = files;
    files.reload();
  }
}

/**
 * Makes all that a configuration asks for, files included, and lets go of it again: nothing listens, nothing is written.
 *
 * @throws ConfigurationError with all files that cannot be read; and what the constructor throws
 */
export function checkConfiguration(reading: Reading): void {
  const missing = missingFiles(reading.configuration).map((each) =>
    fileProblem(each, reading.placeOf(each.path)),
  );
  const exposed = exposureProblem(reading);
  const problems = exposed === undefined ? missing : [...missing, exposed];
  if (problems.length > 0) throw new ConfigurationError(problems);
  new ConfiguredBroker(reading, { log: silentLog }).discard();
}

function isAboutGate([first, , third]: KeyPath): boolean {
  if (first === "listeners") return third === "allow_anonymous" || third === "logins" || third === "access";
  return first === "logins" || first === "access" || first === "users";
}

function isAboutTls([first, , third]: KeyPath): boolean {
  return first === "listeners" && third === "tls";
}

function concerns(changes: readonly Change[], isConcerned: (path: KeyPath) => boolean): boolean {
  return changes.some(({ path }) => isConcerned(path));
}

/** @throws ConfigurationError for files that cannot be read */
function listenersOf({ configuration, placeOf }: Reading): ReturnType<typeof listenerOptionsOf>[] {
  const problems: Problem[] = [];
  const listeners = configuration.listeners.map((listener, index) =>
    listenerOptionsOf(listener, ["listeners", index], (path, says, file) => {
      const place = placeOf(path);
      problems.push(file === undefined ? { path, says, place } : fileProblem({ path, says, file }, place));
    }),
  );
  if (problems.length > 0) throw new ConfigurationError(problems);
  return listeners;
}
