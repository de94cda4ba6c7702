/**
 * What a broker says of itself when it starts, reloads and ends. For people: with a greeting that says what to do next. In the
 * lines of mosquitto, which programs wait for: where `log.words` is set, and for a mosquitto.conf.
 */

import { type Configuration, hasLogins, isMosquittoConf, type Reading } from "#config";
import { isExposed, version } from "#server";
import type { ConfiguredBroker } from "#service";
import type { ListeningAddress } from "#transport";
import type { LogLines } from "../output.ts";
import type { ConfigurationSource } from "./configuration-source.ts";
import { greeting } from "./greeting.ts";

const LOCAL_ONLY = [
  "Starting in local only mode. Connections will only be possible from clients running on this machine.",
  "Create a configuration file which defines a listener to allow remote access.",
  "For more details see https://mosquitto.org/documentation/authentication-methods/",
];

export class Announcements {
  /** Whether only the lines of mosquitto are told. */
  readonly isBrief: boolean;
  readonly #lines: LogLines;
  readonly #reading: Reading;
  readonly #file: string | undefined;
  readonly #source: ConfigurationSource;
  readonly #program: string;

  /** @param file the configuration file, if there is one */
  constructor(lines: LogLines, reading: Reading, source: ConfigurationSource, file: string | undefined) {
    this.#lines = lines;
    this.#reading = reading;
    this.#file = file;
    this.#source = source;
    this.#program = reading.configuration.log.program ?? `martlet version ${version}`;
    this.isBrief =
      (file !== undefined && isMosquittoConf(file)) || reading.sourceOf(["log", "words"]).kind !== "default";
  }

  /** Before anything is done. */
  starting(): void {
    this.#loading();
    this.#say(`${this.#program} starting`);
    if (!this.isBrief) return;
    this.#say(this.#file === undefined ? "Using default config." : `Config loaded from ${this.#file}.`);
    if (this.#isVersion2 && this.#isLocalOnly) {
      for (const line of LOCAL_ONLY) this.#lines.write("warn", line);
    }
  }

  /** Once clients can connect. */
  running({ broker, options }: ConfiguredBroker): void {
    const { configuration } = this.#reading;
    if (this.isBrief) {
      const opened = broker.addresses.flatMap((each) => openingLines(each, configuration));
      for (const line of new Set(opened)) this.#say(line);
      if (this.#isVersion2) this.#say(`${this.#program} running`);
      return;
    }
    const lines = greeting(broker.addresses, {
      isExposed: (options.listeners ?? []).some(isExposed),
      hasLogins: hasLogins(configuration),
      webSocketPath: (port) => webSocketPathOf(configuration, port),
      persistence: options.persistence,
    });
    for (const line of lines) this.#say(line);
    this.#say(`${this.#program} running`);
  }

  reloading(): void {
    this.#say(
      this.isBrief ? "Reloading config." : "SIGHUP received: reading the configuration and its files again.",
    );
    this.#loading();
  }

  stopping(signal: NodeJS.Signals): void {
    if (!this.isBrief) this.#say(`${signal} received: telling clients and closing their connections.`);
  }

  terminating(): void {
    this.#say(`${this.#program} terminating`);
  }

  /** What a mosquitto.conf takes in. */
  #loading(): void {
    for (const file of this.#source.included?.().files ?? []) this.#say(`Loading config file ${file}`);
  }

  /** mosquitto 1.5 listens everywhere, and does not say that it runs. */
  get #isVersion2(): boolean {
    return this.#reading.configuration.log.words !== "mosquitto-1.5";
  }

  /** Nobody said where to listen: a port alone is none. */
  get #isLocalOnly(): boolean {
    const { listeners } = this.#reading.configuration;
    const { kind } = this.#reading.sourceOf(["listeners"]);
    return (kind === "default" || kind === "flag") && listeners.every(({ host = [] }) => host.length === 0);
  }

  #say(sentence: string): void {
    this.#lines.write("info", sentence);
  }
}

/** mosquitto opens a socket for each family where `::` is both. */
function openingLines(
  { transport, address, port }: ListeningAddress,
  { listeners }: Configuration,
): readonly string[] {
  if (transport === "unix") return [`Opening unix listen socket on path ${address}.`];
  if (transport === "websocket" || transport === "wss") {
    return [`Opening websockets listen socket on port ${port}.`];
  }
  const isBoth = !listeners.some((each) => each.port === port && each.socket_family === "ipv6");
  const families = address === "::" && isBoth ? ["ipv4", "ipv6"] : [address.includes(":") ? "ipv6" : "ipv4"];
  return families.map((family) => `Opening ${family} listen socket on port ${port}.`);
}

/** The one of that port; for a port that was chosen freely, that of a listener without one. */
function webSocketPathOf({ listeners }: Configuration, port: number): string {
  const found = listeners.filter(({ protocol }) => protocol === "websocket" || protocol === "wss");
  const listener = found.find((each) => each.port === port) ?? found.find((each) => each.port === 0);
  return listener?.path ?? "";
}
