/**
 * The composition root: a broker with listeners, on the system's clock and dice.
 */

import type { Gate } from "#auth";
import {
  type Clock,
  ConfigError,
  describeError,
  type Log,
  type Random,
  StateError,
  silentLog,
  systemClock,
  systemRandom,
} from "#base";
import { Broker, type BrokerSettings, type PacketTrace } from "#broker";
import type { RecoveryReport, Store } from "#store";
import {
  type ListeningAddress,
  memoryPipes,
  type Pipe,
  type SecureListener,
  type TlsCredentials,
  type TransportListener,
} from "#transport";
import {
  isExposed,
  type ListenerOptions,
  type ListenerReports,
  listenerFor,
  listenerName,
} from "./listen.ts";
import { type PersistenceOptions, storeFor } from "./persistence.ts";
import { version } from "./version.ts";

export interface BrokerOptions {
  /** Default none: clients connect with `connectPipe`, and the program publishes and subscribes itself. */
  readonly listeners?: readonly ListenerOptions[];
  /** Limits and features; each has a default. */
  readonly settings?: Partial<BrokerSettings>;
  /** Who may connect and do what. Default: anybody, on loopback only. */
  readonly gate?: Gate;
  /** Lets anybody connect also from other machines, when there is no gate. Default false. */
  readonly allowAnonymous?: boolean;
  /** What outlives the process. Default: nothing; the command `martlet` keeps it in `./martlet-data`. */
  readonly persistence?: PersistenceOptions;
  /** A store of one's own, instead of `persistence`; for tests. */
  readonly store?: Store;
  readonly log?: Log;
  /** Sees every packet; for tools. */
  readonly trace?: PacketTrace;
  /** For tests: where time comes from. */
  readonly clock?: Clock;
  /** For tests: where chance comes from. */
  readonly random?: Random;
}

interface NamedListener {
  readonly name: string;
  readonly transport: TransportListener | SecureListener;
}

export class MartletBroker extends Broker {
  readonly #listeners: readonly NamedListener[];
  readonly #clock: Clock;
  readonly #log: Log;
  #addresses: readonly ListeningAddress[] = [];

  constructor(options: BrokerOptions = {}) {
    const clock = options.clock ?? systemClock();
    const log = options.log ?? silentLog;
    const random = options.random ?? systemRandom();
    const store =
      options.store ??
      (options.persistence === undefined ? undefined : storeFor(options.persistence, clock, random));
    super({
      clock,
      random,
      log,
      ...(store === undefined ? {} : { store }),
      version: `martlet version ${version}`,
      // Under a clock of its own every run is the same, to the byte.
      ...(options.clock === undefined ? { memoryBytes: () => process.memoryUsage.rss() } : {}),
      ...(options.settings === undefined ? {} : { settings: options.settings }),
      ...(options.gate === undefined ? {} : { gate: options.gate }),
      ...(options.trace === undefined ? {} : { trace: options.trace }),
    });
    this.#clock = clock;
    this.#log = log;
    const listeners = options.listeners ?? [];
    const exposed = listeners.findIndex(isExposed);
    if (exposed >= 0 && options.gate === undefined && options.allowAnonymous !== true) {
      throw new ConfigError(
        `listeners[${exposed}].host`,
        "other machines could reach this listener and anybody could connect; set a gate, or allowAnonymous.",
      );
    }
    const reports: ListenerReports = {
      onProblem: (problem) => log.write("warn", describeError(problem)),
      onNotice: (level, sentence) => log.write(level, sentence),
    };
    this.#listeners = listeners.map((listener, index) => ({
      name: listenerName(listener),
      transport: listenerFor(listener, `listeners[${index}]`, this.settings, reports),
    }));
  }

  /** Where clients can connect; empty before `start`. */
  get addresses(): readonly ListeningAddress[] {
    return this.#addresses;
  }

  /**
   * Listens, and resolves when clients can connect.
   * @throws ListenError when a listener cannot start, StateError when `stop` comes meanwhile; then none listens
   */
  async start(): Promise<this> {
    const report = await this.restore();
    if (report !== undefined) this.#tellRestored(report);
    this.open();
    const addresses: ListeningAddress[] = [];
    try {
      for (const { name, transport } of this.#listeners) {
        addresses.push(...(await transport.start((pipe) => this.accept(pipe, name))));
        if (!this.isOpen) throw new StateError("The broker was stopped while it started.");
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#addresses = addresses;
    return this;
  }

  /**
   * Replaces what the TLS listeners of this name show and ask for, from the next handshake on. Connections go on.
   *
   * @throws ConfigError when there is none of this name, or the credentials cannot be used; then the old ones stay
   */
  renewCredentials(listener: string, credentials: TlsCredentials): void {
    const renewed = this.#listeners.filter(
      (each): each is NamedListener & { readonly transport: SecureListener } =>
        each.name === listener && "renew" in each.transport,
    );
    if (renewed.length === 0) throw new ConfigError(listener, "there is no TLS listener of this name.");
    for (const { transport } of renewed) transport.renew(credentials);
  }

  #tellRestored({ records, durationMs, cut, lostBatches, salvaged }: RecoveryReport): void {
    const { sessions, retained, subscriptions } = this.sizes;
    this.#log.write(
      records === 0 ? "debug" : "info",
      `Restored ${sessions} sessions, ${subscriptions} subscriptions and ${retained} retained messages (${records} records) in ${Math.round(durationMs)} ms.`,
    );
    if (cut !== undefined)
      this.#log.write(
        "info",
        `The last write was cut off by a crash, before it was acknowledged: ${cut.file}.`,
      );
    if (lostBatches > 0)
      this.#log.write("warn", `The system lost the last ${lostBatches} writes before a crash.`);
    for (const { file, offset, sizeBytes } of salvaged)
      this.#log.write("warn", `Skipped ${sizeBytes} unreadable bytes of ${file} at offset ${offset}.`);
  }

  /** Stops listening, tells the clients, and resolves when all are gone, at the latest after a few seconds. */
  async stop(): Promise<void> {
    const closed = this.#listeners.map(({ transport }) => transport.close());
    await this.close();
    await Promise.all(closed);
  }

  /**
   * A connection without a port: what a client inside this process reads and writes. It comes in as on the listener of that name.
   * @throws StateError before `start` and after `stop`
   */
  connectPipe(listener = ""): Pipe {
    if (!this.isOpen) throw new StateError("The broker does not run; call start first.");
    const [near, far] = memoryPipes(this.#clock);
    this.accept(far, listener);
    return near;
  }
}

/**
 * A broker to embed in a program or a test.
 *
 * @example
 * ```ts
 * import { createBroker } from "martlet";
 *
 * const broker = await createBroker({ listeners: [{ protocol: "tcp", port: 1883 }] }).start();
 * broker.subscribe("sensors/#", (message) => console.log(message.topicName, message.payload.length));
 * await broker.publish({ topicName: "sensors/1", payload: "21.5", retain: true });
 * await broker.stop();
 * ```
 *
 * @throws ConfigError for a setting that is not allowed
 */
export function createBroker(options: BrokerOptions = {}): MartletBroker {
  return new MartletBroker(options);
}
