/**
 * A stand-in before another broker: clients connect to it and get that broker, byte for byte, while a Martlet in the same process
 * gets the same packets and is held against it.
 *
 * Promises that clients notice nothing of Martlet but the time it takes: they share a process. Owns connections and the report;
 * the comparison of one client is in `witness.ts`.
 */

import { createServer, type Server, type Socket } from "node:net";
import { type Clock, ConfigError, StateError, systemClock } from "#base";
import { listenOnPortError, type Pipe } from "#transport";
import type { DeliverySink } from "./delivery-comparison.ts";
import { type Difference, type Notice, type ShadowSummary, Tally } from "./difference.ts";
import { differenceTexts } from "./difference-texts.ts";
import { FeedLine } from "./feed-line.ts";
import { Memories } from "./memories.ts";
import { Relay } from "./relay.ts";
import { type ShadowSettings, shadowSettings } from "./settings.ts";
import { type Upstream, type UpstreamOptions, upstreamOf } from "./upstream.ts";
import { Witness } from "./witness.ts";
import type { WitnessHome } from "./witness-home.ts";

export interface ShadowOptions {
  /** The old broker. */
  readonly upstream: UpstreamOptions;
  /** A connection to the Martlet that is compared, such as `MartletBroker.connectPipe`. */
  readonly connectPipe: () => Pipe;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 1883; 0 for any free one. */
  readonly port?: number;
  readonly settings?: Partial<ShadowSettings>;
  /** Hears of each difference; must not throw. */
  readonly onDifference?: (difference: Difference) => void;
  /** Hears of what is worth knowing and no difference; must not throw. */
  readonly onNotice?: (notice: Notice) => void;
  readonly clock?: Clock;
}

const DEFAULT_PORT = 1883;
/** So many times in a window it is looked whether something is due. */
const TICKS_IN_WINDOW = 8;

interface Watched {
  readonly witness: Witness;
  readonly relay: Relay;
}

/**
 * @example
 * const shadow = new Shadow({
 *   upstream: { url: "mqtt://old:1883" },
 *   connectPipe: () => broker.connectPipe(),
 *   onDifference: ({ client, kind }) => console.log(client, kind),
 * });
 * await shadow.start();
 */
export class Shadow {
  readonly #options: ShadowOptions;
  readonly #settings: ShadowSettings;
  readonly #clock: Clock;
  readonly #upstream: Upstream;
  readonly #tally = new Tally();
  readonly #line: FeedLine;
  readonly #memories: Memories;
  readonly #home: WitnessHome;
  readonly #watched = new Set<Watched>();
  #server: Server | undefined;
  #cancelTick: (() => void) | undefined;

  /** @throws ConfigError for a URL or a setting that is not allowed */
  constructor(options: ShadowOptions) {
    this.#options = options;
    this.#settings = shadowSettings(options.settings);
    this.#clock = options.clock ?? systemClock();
    this.#upstream = upstreamOf(options.upstream);
    const { maximumFeedBytes, maximumRemembered, windowMs } = this.#settings;
    this.#line = new FeedLine(this.#clock, maximumFeedBytes, () =>
      this.#limitNotice("too much waits for Martlet's answers; their order among clients is not kept"),
    );
    this.#memories = new Memories({
      maximum: maximumRemembered,
      windowMs,
      onFull: (what) =>
        this.#limitNotice(`no more ${what} are remembered; what is new is not compared fully`),
      sinkOf: (group) => this.#groupSink(group),
    });
    this.#home = {
      clock: this.#clock,
      settings: this.#settings,
      line: this.#line,
      memories: this.#memories,
      tally: this.#tally,
      connect: options.connectPipe,
      onDifference: ({ clientId, connection }, kind, texts) =>
        this.#difference({ kind, client: clientId, connection, ...texts }),
      onNotice: ({ clientId, connection }, kind, says) =>
        this.#notice({ kind, client: clientId, connection, says }),
    };
  }

  /** Clients whose connections are open or not told to the end. */
  get size(): number {
    return this.#watched.size;
  }

  /** What was compared up to now. */
  get summary(): ShadowSummary {
    const tally = this.#tally.copy();
    for (const { witness } of this.#watched) if (!witness.isDone) witness.addTo(tally);
    for (const group of this.#memories.groups.values()) tally.deliveries += group.pairs;
    return tally.summary();
  }

  /**
   * Listens; resolves with the port.
   * @throws ListenError when it cannot
   * @throws ConfigError when the old broker would be the shadow itself
   */
  async start(): Promise<number> {
    if (this.#server !== undefined) throw new StateError("A shadow starts once; make another one.");
    const { host = "127.0.0.1", port = DEFAULT_PORT } = this.#options;
    if (port === this.#upstream.port && isOneMachine(host, this.#upstream.host)) {
      throw new ConfigError(
        "--upstream",
        `${this.#upstream.name} is where the shadow itself would listen. Move the old broker to another port, or give the shadow one with --port.`,
      );
    }
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(listenOnPortError(host, port, error)));
      server.listen({ host, port }, resolve);
    });
    this.#scheduleTick();
    const address = server.address();
    return address === null || typeof address === "string" ? port : address.port;
  }

  /** Lets Martlet catch up, breaks off all connections, tells what can be told, and resolves with the summary. */
  async stop(): Promise<ShadowSummary> {
    this.#cancelTick?.();
    const server = this.#server;
    const closed = new Promise<void>((resolve) => {
      if (server?.listening === true) server.close(() => resolve());
      else resolve();
    });
    const caughtUpMs = this.#clock.now();
    await this.#caughtUp();
    const nowMs = this.#clock.now();
    for (const watched of this.#watched) {
      watched.witness.finish(nowMs, caughtUpMs);
      watched.relay.destroy();
      this.#watched.delete(watched);
    }
    for (const group of this.#memories.groups.values())
      this.#tally.undecided += group.settle(nowMs, caughtUpMs);
    this.#line.close();
    await closed;
    return this.summary;
  }

  /** Resolves when Martlet has answered what has come, or the window is over. */
  async #caughtUp(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.schedule(this.#settings.windowMs, resolve);
      this.#line.rest();
      this.#line.push(0, () => {
        cancel();
        resolve();
      });
    });
  }

  #accept(client: Socket): void {
    const witness = new Witness(++this.#tally.connections, this.#home);
    const relay = new Relay({
      client,
      upstream: this.#upstream,
      old: this.#upstream.dial(this.#clock, this.#settings.dialTimeoutMs),
      listener: witness,
      onUnreachable: (says) => {
        this.#notice({ kind: "upstream", client: "", connection: witness.connection, says });
        witness.abandon("there is no connection to the old broker");
      },
    });
    witness.isClientSlow = () => relay.isClientSlow;
    this.#watched.add({ witness, relay });
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.schedule(this.#settings.windowMs / TICKS_IN_WINDOW, () => {
      this.#tick();
      this.#scheduleTick();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.now();
    for (const watched of this.#watched) {
      watched.witness.tick(nowMs);
      if (watched.witness.isDone) this.#watched.delete(watched);
    }
    for (const group of this.#memories.groups.values()) group.expire(nowMs, { mayBeEarly: false });
  }

  #groupSink(group: string): DeliverySink {
    return {
      onDifference: (kind, old, martlet) =>
        this.#difference({ kind, client: group, connection: 0, ...differenceTexts(old, martlet) }),
      onPair: () => undefined,
      onAlone: () => undefined,
    };
  }

  #difference(difference: Difference): void {
    this.#tally.countDifference(difference.kind);
    this.#options.onDifference?.(difference);
  }

  #notice(notice: Notice): void {
    this.#tally.countNotice(notice.kind);
    this.#options.onNotice?.(notice);
  }

  #limitNotice(says: string): void {
    this.#notice({ kind: "limit", client: "", connection: 0, says });
  }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/i;

/** Whether who listens on `listening` is, as far as names tell, who is meant by `target`. */
function isOneMachine(listening: string, target: string): boolean {
  const isEveryAddress = listening === "0.0.0.0" || listening === "::";
  return target === listening || (LOOPBACK.test(target) && (isEveryAddress || LOOPBACK.test(listening)));
}
