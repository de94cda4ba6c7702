/**
 * A bridge: two clients, one of this broker and one of another, and a relay for each direction between them.
 *
 *     this broker ◀─ memory pipe ─▶ local client ─▶ relay ─▶ remote client ◀─ network ─▶ other broker
 *                                                ◀─ relay ◀─
 *
 * The local client stays connected. What it cannot pass on it does not acknowledge, so the messages wait in its session at this
 * broker, on the disk if the broker has one. Neither client says that it has a message before the other end has it: what is above
 * QoS 0 is not lost, whichever of the three goes away.
 */

import { ConnectRefusedError, type MqttClient, type Subscription } from "#client";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { Addresses, type BridgeAddress } from "./addresses.ts";
import { BridgeState, localOptions, remoteOptions } from "./client-options.ts";
import { Endpoint } from "./endpoint.ts";
import { failureText } from "./failure-text.ts";
import { IdleWatch } from "./idle-watch.ts";
import type { BridgeOptions, BridgePorts } from "./options.ts";
import { PrimaryWatch } from "./primary-watch.ts";
import { Relay } from "./relay.ts";
import { distinct, inRoutes, outRoutes, type Route } from "./topic-map.ts";

/** What becomes of the sessions. */
export interface BridgeStop {
  /** The bridge does not come back: this broker forgets its session. Default false. */
  readonly isForGood?: boolean;
}

/** How long saying goodbye may take. */
const FAREWELL_MS = 2_000;

type LocalSubscription = Subscription<Readonly<Record<string, string>>, Uint8Array>;

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #ports: BridgePorts;
  readonly #addresses: Addresses;
  readonly #who: string;
  readonly #outRoutes: readonly Route[];
  readonly #inRoutes: readonly Route[];
  readonly #out: Relay;
  readonly #in: Relay;
  readonly #local: Endpoint;
  readonly #remote: Endpoint;
  readonly #primaryWatch: PrimaryWatch;
  readonly #idleWatch: IdleWatch;
  readonly #localSubscriptions = new Map<string, LocalSubscription>();
  /** Says that it is a bridge. */
  #isPrivate: boolean;
  #isStopped = false;
  /** The connection in use is dropped for a better one. */
  #isSwitching = false;
  #dropRemote: (() => void) | undefined;

  constructor(options: BridgeOptions, ports: BridgePorts) {
    this.#options = options;
    this.#ports = ports;
    this.#addresses = new Addresses(options.addresses, options);
    this.#who = `Bridge ${options.name}`;
    this.#isPrivate = options.isPrivate && options.version !== ProtocolVersion.MQTT_5_0;
    this.#outRoutes = outRoutes(options.topics);
    this.#inRoutes = inRoutes(options.topics);
    const relay = { who: this.#who, log: ports.log, onTraffic: () => this.#idleWatch.onTraffic() };
    const { keepsRetain, maximumPacketBytes } = options;
    this.#out = new Relay({
      ...relay,
      routes: this.#outRoutes,
      keepsRetain,
      maximumPacketBytes,
      onWaiting: (messages) => this.#onWaiting(messages),
    });
    this.#in = new Relay({
      ...relay,
      routes: this.#inRoutes,
      keepsRetain: true,
      maximumPacketBytes: 0,
      onWaiting: () => undefined,
    });
    const { clock, random } = ports;
    this.#idleWatch = new IdleWatch(clock, options.idleTimeoutMs, {
      isBusy: () => this.#out.waiting > 0 || this.#in.waiting > 0,
      onIdle: () => this.#onIdle(),
    });
    this.#primaryWatch = new PrimaryWatch(clock, {
      dial: (timeoutMs) => ports.dial(this.#addresses.primary, timeoutMs),
      isWanted: () => this.#remote.isUp,
      onBack: () => this.#onPrimaryBack(),
    });
    const { leastMs, mostMs, stableMs } = options.restart;
    const common = {
      clock,
      random,
      background: true,
      onError: (error: unknown) => this.#report(error),
    } as const;
    const reconnect = { minimumDelayMs: leastMs, maximumDelayMs: mostMs, stableMs };
    this.#local = new Endpoint(
      {
        clock,
        replaceAfterMs: mostMs,
        options: { ...localOptions(options, ports), ...common },
      },
      {
        onClient: (client) => this.#onLocalClient(client),
        onUp: () => undefined,
        onDown: (error) => this.#onLocalDown(error),
      },
    );
    const isOnce = options.start === "once";
    this.#remote = new Endpoint(
      {
        clock,
        replaceAfterMs: isOnce ? undefined : mostMs,
        options: Object.defineProperties(
          {
            ...remoteOptions(options),
            ...common,
            fallback: (error: unknown, tried: ProtocolVersion) =>
              this.#lessPrivate(error) ? tried : undefined,
            dial: ({ timeoutMs }: { timeoutMs: number }) => this.#dial(timeoutMs),
            reconnect: isOnce ? (false as const) : reconnect,
          },
          { isBridge: { get: () => this.#isPrivate } },
        ),
      },
      {
        onClient: (client) => this.#onRemoteClient(client),
        onUp: (client) => this.#onRemoteUp(client),
        onDown: (error, { isUp }) => this.#onRemoteDown(error, isUp),
      },
    );
  }

  /** Messages for the other broker above QoS 0 that it does not have yet; those that this broker still keeps do not count. */
  get waiting(): number {
    return this.#out.waiting;
  }

  /** Messages that did not go through, in both directions. */
  get dropped(): number {
    return this.#out.dropped + this.#in.dropped;
  }

  /** Whether it is connected to the other broker. */
  get isConnected(): boolean {
    return this.#remote.isUp;
  }

  /** Subscribes at this broker, and connects to the other one as its start type says. Once only. */
  start(): void {
    this.#tell(BridgeState.OFFLINE);
    this.#local.start();
    if (this.#options.start !== "lazy") this.#remote.start();
  }

  /** Says goodbye at both ends, and resolves when that is done, at the latest after a few seconds. */
  async stop({ isForGood = false }: BridgeStop = {}): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.#stopRemote();
    this.#in.disconnect();
    this.#out.disconnect();
    const close = isForGood ? { properties: { sessionExpiryInterval: 0 } } : {};
    await this.#local.stop(() => Promise.resolve(), close);
  }

  async #stopRemote(): Promise<void> {
    this.#primaryWatch.stop();
    this.#idleWatch.stop();
    const { notificationTopic, isNotifiedLocallyOnly } = this.#options;
    const wasUp = this.#remote.isUp;
    this.#out.disconnect();
    await this.#remote.stop(async (client) => {
      if (notificationTopic === undefined || isNotifiedLocallyOnly) return;
      const limits = { qos: 1, retain: true, timeoutMs: FAREWELL_MS } as const;
      await client
        .publish(notificationTopic, BridgeState.OFFLINE, limits)
        .catch((error: unknown) => this.#report(error));
    });
    if (wasUp) this.#tell(BridgeState.OFFLINE);
  }

  async #dial(timeoutMs: number) {
    const { host, port } = this.#addresses.current;
    this.#ports.log.write("info", `Connecting bridge ${this.#options.name} (${host}:${port})`);
    const pipe = await this.#ports.dial(this.#addresses.current, timeoutMs);
    this.#dropRemote = () => pipe.destroy();
    return pipe;
  }

  /** The other broker may not know the bit that says that this is a bridge: whether to try without. */
  #lessPrivate(error: unknown): boolean {
    const isRefused =
      error instanceof ConnectRefusedError && error.reasonCode === ReasonCode.UNSUPPORTED_PROTOCOL_VERSION;
    if (!isRefused || !this.#isPrivate) return false;
    this.#isPrivate = false;
    return true;
  }

  #onLocalClient(client: MqttClient): void {
    const { localClientId } = this.#options;
    this.#localSubscriptions.clear();
    const routes = distinct(this.#outRoutes);
    const wanted = new Set(routes.map(({ filter }) => filter));
    for (const filter of this.#ports.localSubscriptions(localClientId)) {
      // What an earlier run was told to pass on: ended once the session is there.
      if (!wanted.has(filter)) this.#endSubscription(client, filter);
    }
    for (const route of routes) this.#subscribeLocally(client, route);
    this.#in.connect(client);
  }

  #subscribeLocally(client: MqttClient, route: Route): void {
    this.#ports.log.write("debug", `${this.#who} doing local SUBSCRIBE on topic ${route.filter}`);
    const { filter, qos } = route;
    const options = { qos, noLocal: true, retainAsPublished: true, acknowledge: "manual" } as const;
    const before = this.#localSubscriptions.get(filter);
    const subscription = client.subscribe(filter, options, (message) => this.#out.take(message, route));
    this.#localSubscriptions.set(filter, subscription);
    this.#watch(subscription.ready, filter, "this broker");
    // Only now, so that the broker sees one subscription that goes on.
    void before?.close().catch((error: unknown) => this.#report(error));
  }

  #onLocalDown(error: Error | undefined): void {
    if (this.#local.client === undefined) this.#in.disconnect();
    if (error !== undefined && !this.#isStopped) this.#report(error);
  }

  #onRemoteClient(client: MqttClient): void {
    const { endsForeignSubscriptions, version } = this.#options;
    const routes = distinct(this.#inRoutes);
    const wanted = new Set(routes.map(({ filter }) => filter));
    if (endsForeignSubscriptions) {
      for (const { to, from, filter } of this.#outRoutes) {
        const remoteFilter = to + filter.slice(from.length);
        if (!wanted.has(remoteFilter)) this.#endSubscription(client, remoteFilter);
      }
    }
    const isVersion5 = version === ProtocolVersion.MQTT_5_0;
    for (const route of routes) {
      const { filter, qos } = route;
      const words = isVersion5 ? { noLocal: true, retainAsPublished: true } : {};
      const options = { qos, ...words, acknowledge: "manual" } as const;
      const subscription = client.subscribe(filter, options, (message) => this.#in.take(message, route));
      this.#watch(subscription.ready, filter, "the other broker");
    }
    this.#out.connect(client);
  }

  #onRemoteUp(client: MqttClient): void {
    const { notificationTopic, isNotifiedLocallyOnly, name } = this.#options;
    const { log } = this.#ports;
    log.write("info", `Bridge ${name} is connected to ${this.#place(this.#addresses.current)}.`);
    this.#tell(BridgeState.ONLINE);
    if (notificationTopic !== undefined && !isNotifiedLocallyOnly) {
      const published = client.publish(notificationTopic, BridgeState.ONLINE, { qos: 1, retain: true });
      void published.catch((error: unknown) => this.#onRefusedNotice(error));
    }
    const local = this.#local.client;
    if (local !== undefined) for (const route of this.#out.takeMissed()) this.#subscribeLocally(local, route);
    if (this.#options.start === "lazy") this.#idleWatch.start();
    if (this.#addresses.isStandIn) this.#primaryWatch.start();
  }

  #onRemoteDown(error: Error | undefined, wasUp: boolean): void {
    if (this.#isStopped) return;
    const { log } = this.#ports;
    this.#primaryWatch.stop();
    this.#idleWatch.stop();
    if (this.#remote.client === undefined) this.#out.disconnect();
    const where = this.#place(this.#addresses.current);
    const why = error === undefined ? "" : `: ${failureText(error)}`;
    if (wasUp) {
      this.#tell(BridgeState.OFFLINE);
      log.write("warn", `${this.#who} has lost ${where}${why}`);
    } else log.write("warn", `${this.#who} cannot connect to ${where}${why}`);
    this.#lessPrivate(error);
    if (this.#isSwitching) {
      this.#isSwitching = false;
      this.#addresses.usePrimary();
      this.#remote.client?.poke();
    } else if (wasUp) this.#addresses.onLost();
    else this.#addresses.onFailed();
  }

  /** Enough wait to be worth a connection. */
  #onWaiting(messages: number): void {
    const { start, threshold } = this.#options;
    if (start === "lazy" && messages >= threshold && !this.#isStopped) this.#remote.start();
  }

  #onPrimaryBack(): void {
    if (!this.#remote.isUp || !this.#addresses.isStandIn) return;
    this.#isSwitching = true;
    this.#dropRemote?.();
  }

  #onIdle(): void {
    this.#ports.log.write("info", `${this.#who} has nothing to do and disconnects.`);
    void this.#stopRemote().catch((error: unknown) => this.#report(error));
  }

  /** Ends a subscription of an earlier run, when the session is still there. */
  #endSubscription(client: MqttClient, filter: string): void {
    void client
      .subscribe(filter)
      .close()
      .catch((error: unknown) => this.#report(error));
  }

  #watch(ready: Promise<unknown>, filter: string, where: string): void {
    void ready.catch((error: unknown) => {
      if (!this.#isStopped && this.#remote.isStarted && this.#local.isStarted)
        this.#ports.log.write("warn", `${this.#who}: ${where} refused ${filter}: ${failureText(error)}`);
    });
  }

  #tell(state: (typeof BridgeState)[keyof typeof BridgeState]): void {
    const { notificationTopic } = this.#options;
    if (notificationTopic === undefined) return;
    void this.#ports
      .tellLocally(notificationTopic, state)
      .catch((error: unknown) => this.#onRefusedNotice(error));
  }

  #onRefusedNotice(error: unknown): void {
    if (this.#isStopped) return;
    this.#ports.log.write("warn", `${this.#who} cannot say that it is there: ${failureText(error)}`);
  }

  #report(error: unknown): void {
    if (!this.#isStopped) this.#ports.log.write("warn", `${this.#who}: ${failureText(error)}`);
  }

  #place({ host, port }: BridgeAddress): string {
    return `${host}:${port}`;
  }
}
