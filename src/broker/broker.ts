/**
 * The MQTT Server: takes pipes, speaks MQTT with whoever is at their other end. No sockets, no clock and no dice of its own.
 */

import type { Gate } from "#auth";
import { describeError, MartletError, StateError } from "#base";
import type { Hooks } from "#hooks";
import {
  InvalidPacketError,
  type ProtocolVersion,
  parseTopicFilter,
  type Qos,
  ReasonCode,
  reasonName,
  topicFilterProblem,
} from "#protocol";
import type { RecoveryReport } from "#store";
import type { Pipe } from "#transport";
import type { BanSummary } from "./admission.ts";
import type { BrokerEvents, PeerOfClient, PublishedMessage } from "./broker-events.ts";
import type { ControlHandler } from "./control.ts";
import { BrokerCore, type BrokerParts } from "./core.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import { runPublishHooks } from "./judge-publish.ts";
import type { LimitKind } from "./limit-report.ts";
import { LocalInbox } from "./local-inbox.ts";
import { Message } from "./message.ts";
import type { Metrics } from "./metrics.ts";
import type { UndeliveredKind } from "./outcome.ts";
import { messageOf, type PublishRequest } from "./publish-request.ts";
import { published } from "./published-message.ts";
import { restore } from "./restore.ts";
import type { ListenerSettings } from "./setting-traits.ts";
import type { BrokerSettings, SettingChanges } from "./settings.ts";
import { Subscription } from "./subscription.ts";
import { SysTopics } from "./sys-topics.ts";

export interface PublishReceipt {
  /** How many sessions the message was for. */
  readonly matched: number;
}

/** A publish hook refused what the program wanted to publish. */
export class PublishRefusedError extends MartletError {
  readonly reasonCode: ReasonCode;

  constructor(reasonCode: ReasonCode, reasonString: string | undefined) {
    super("MARTLET_PUBLISH_REFUSED", reasonString ?? `The message was refused: ${reasonName(reasonCode)}.`);
    this.reasonCode = reasonCode;
  }
}

/** A client as `Broker.clients` shows it. */
export interface ClientSummary {
  readonly clientId: string;
  readonly connected: boolean;
  /** Where it comes from; undefined while it is away. */
  readonly address: PeerOfClient | undefined;
  /** Name of the listener it came in on; undefined while it is away. */
  readonly listener: string | undefined;
  readonly userName: string | undefined;
  readonly protocolVersion: ProtocolVersion | undefined;
  readonly subscriptions: readonly string[];
  readonly queuedMessages: number;
  readonly inFlight: number;
}

/** A subscription as `Broker.subscriptions` shows it. */
export interface SubscriptionSummary {
  readonly clientId: string;
  /** With `$share/` and the group, where it is shared. */
  readonly topicFilter: string;
  readonly qos: Qos;
}

/** Between looks for retained messages that have expired. */
const SWEEP_INTERVAL_MS = 60_000;
/** Retained messages that one sweep looks at: some milliseconds of work. */
const SWEEP_SIZE = 100_000;

export class Broker {
  /** Points at which the program changes or refuses what the broker is about to do. */
  readonly hooks: Hooks;
  readonly #core: BrokerCore;
  readonly #sys: SysTopics;
  #state: "new" | "started" | "stopped" = "new";
  #cancelSweep: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: BrokerParts) {
    this.#core = new BrokerCore(parts);
    this.hooks = this.#core.hooks;
    this.#sys = new SysTopics(this.#core, parts.version ?? "martlet", parts.memoryBytes);
  }

  /** Between `open` and `close`. */
  get isOpen(): boolean {
    return this.#state === "started";
  }

  get settings(): BrokerSettings {
    return this.#core.settings;
  }

  /** Counters of everything that happened; live numbers. */
  get metrics(): Readonly<Metrics> {
    return this.#core.metrics;
  }

  /** How many deliveries did not happen, by reason. */
  get undelivered(): Readonly<Record<UndeliveredKind, number>> {
    return this.#core.outcomes.counts;
  }

  /** How often each limit was reached. */
  get limitsReached(): Readonly<Record<LimitKind, number>> {
    return this.#core.limits.counts;
  }

  /** Rows of the tables by address, client id and user that limits need; bounded, whoever attacks. */
  get trackedByLimits(): number {
    return this.#core.admission.size;
  }

  /** What the collections hold now. */
  get sizes(): {
    readonly connections: number;
    readonly clients: number;
    readonly sessions: number;
    readonly subscriptions: number;
    readonly retained: number;
    readonly timers: number;
  } {
    const { connections, sessions, tree, retained, timers } = this.#core;
    return {
      connections: connections.size,
      clients: sessions.connected,
      sessions: sessions.count,
      subscriptions: tree.size,
      retained: retained.count,
      timers: timers.size,
    };
  }

  /**
   * Opens the store, if there is one, and takes up what was owed before. Comes before `open`.
   *
   * @throws StoreError when the store cannot be opened
   */
  async restore(): Promise<RecoveryReport | undefined> {
    if (this.#state !== "new") throw new StateError("This broker has been started before; make another one.");
    const { durable } = this.#core;
    if (durable === undefined) return undefined;
    const report = await restore(this.#core, durable);
    this.#core.listenToStore(durable.store);
    return report;
  }

  /** Begins to keep `$SYS` and to sweep. Pipes are accepted from now on. */
  open(): void {
    if (this.#state !== "new") throw new StateError("This broker has been started before; make another one.");
    this.#state = "started";
    this.#sys.start();
    this.#scheduleSweep();
  }

  /**
   * Lets nobody in any more, tells 5.0 clients that the server shuts down, and resolves when all connections are closed,
   * at the latest after a few seconds.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Serves the client at the other end of `pipe`, which came in on the listener of that name. */
  accept(pipe: Pipe, listener = ""): void {
    if (this.#state === "started") this.#core.accept(pipe, listener);
    else pipe.destroy();
  }

  /**
   * Publishes as the program itself: no permission is asked, hooks are.
   *
   * @throws InvalidPacketError for a topic name or property that the wire cannot carry
   * @throws PublishRefusedError when a publish hook refuses
   */
  async publish(request: PublishRequest): Promise<PublishReceipt> {
    if (this.#state !== "started") throw new StateError("The broker does not run; call start first.");
    const { payload: given } = request;
    // The caller may go on to use its buffer.
    const payload = given instanceof Uint8Array ? Uint8Array.from(given) : given;
    const message = messageOf({ ...request, payload }, this.#core.topics, this.#core.now());
    const verdict = await runPublishHooks(this.#core, message, undefined);
    if (verdict !== undefined && !(verdict instanceof Message)) {
      this.#core.outcomes.record("publish-refused", "", message);
      throw new PublishRefusedError(verdict.refused, verdict.reasonString);
    }
    return { matched: this.#core.publish(verdict ?? message) };
  }

  /**
   * Calls `listener` for each message that matches `topicFilter`, after the turn in which it came. Retained messages come
   * first. The returned function ends it.
   *
   * @throws InvalidPacketError for what is no topic filter, and for shared ones
   */
  subscribe(topicFilter: string, listener: (message: PublishedMessage) => void): () => void {
    const filter = parseTopicFilter(topicFilter);
    if (filter === undefined || filter.shareName !== undefined) {
      throw new InvalidPacketError(
        topicFilterProblem(topicFilter) ?? "Shared subscriptions are for clients.",
      );
    }
    const { clock, sessions, tree, retained, log } = this.#core;
    const inbox = new LocalInbox(clock, (message, retain) => {
      try {
        listener(published(message, retain));
      } catch (error) {
        log.write("error", `A subscriber of the program to "${topicFilter}" failed: ${describeError(error)}`);
      }
    });
    const session = sessions.openLocal(`program:${topicFilter}`, (message) => inbox.push(message, false));
    const options = {
      qos: 2,
      noLocal: false,
      retainAsPublished: true,
      identifier: 0,
      group: undefined,
    } as const;
    const subscription = new Subscription(session, topicFilter, options);
    for (const message of retained.cursor(filter.levels)) {
      if (message.expiresAt > clock.now()) inbox.push(message, true);
    }
    tree.add(filter, subscription, undefined);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      inbox.close();
      tree.remove(subscription);
    };
  }

  /** Adds a listener; the returned function removes it. One that throws is reported and hurts nobody else. */
  on<Name extends keyof BrokerEvents>(
    event: Name,
    listener: (detail: BrokerEvents[Name]) => void,
  ): () => void {
    return this.#core.listen(event, listener);
  }

  /** From now on `gate` is asked instead of the one before. Clients that are connected stay, under its rules. */
  changeGate(gate: Gate): void {
    this.#core.changeGate(gate);
  }

  /**
   * Hands what clients publish to `topicName`, one below `$CONTROL/`, to `handler`; its answer goes to the sender, on
   * `<topicName>/response`. Only clients get through that a gate with rules lets publish there. The returned function ends it.
   *
   * @throws StateError for another topic, and for one that has a handler already
   */
  control(topicName: string, handler: ControlHandler): () => void {
    return this.#core.control.register(topicName, handler);
  }

  /**
   * Changes settings while the broker runs: what is left out stays, and undefined is the default again. `settingTraits` says of
   * each whether clients that are connected feel it.
   *
   * @throws ConfigError for a value that is not allowed, and for a setting that needs a restart; then nothing has changed
   *
   * @example
   * broker.changeSettings({ maximumMessageRate: 100 });
   */
  changeSettings(changes: SettingChanges): void {
    this.#core.book.change(changes);
    this.#core.applySettings();
  }

  /**
   * Says what is different for connections that come in on the listener of that name, in place of what was said of it before;
   * an empty object takes it back. May come before `open` and at any later time.
   *
   * @throws ConfigError for a value that is not allowed, and for a setting that only the whole broker has; then nothing has changed
   *
   * @example
   * broker.setListener("public", { maximumConnectionsPerListener: 1_000, maximumMessageRate: 50 });
   */
  setListener(name: string, overrides: Partial<ListenerSettings>): void {
    this.#core.book.setListener(name, overrides);
    this.#core.applySettings();
  }

  /** Everybody who is banned because logins failed: addresses first, the oldest first. */
  bans(): readonly BanSummary[] {
    return this.#core.admission.bans();
  }

  /** Ends the ban of an address or a client id before its time. Returns whether there was one. */
  lift(subject: string): boolean {
    return this.#core.admission.lift(subject);
  }

  /** All clients with a session, connected or not. */
  *clients(): IterableIterator<ClientSummary> {
    for (const session of this.#core.sessions.all()) {
      const { channel } = session;
      yield {
        clientId: session.clientId,
        connected: channel !== undefined,
        address: channel?.connection.pipe.peer,
        listener: channel?.connection.listener,
        userName: channel?.identity?.userName,
        protocolVersion: channel?.version,
        subscriptions: Array.from(session.subscriptions.all(), ({ topicFilter }) => topicFilter),
        queuedMessages: session.queuedMessages,
        inFlight: session.sender.size,
      };
    }
  }

  /** What all clients with a session have subscribed to, a client after the other. */
  *subscriptions(): IterableIterator<SubscriptionSummary> {
    for (const { clientId, subscriptions } of this.#core.sessions.all()) {
      for (const { topicFilter, terms } of subscriptions.all())
        yield { clientId, topicFilter, qos: terms.qos };
    }
  }

  /** Ends the connection of `clientId`; its session goes on as its expiry says. Returns whether it was connected. */
  disconnect(clientId: string, reason: Partial<DisconnectReason> = {}): boolean {
    const channel = this.#core.sessions.get(clientId)?.channel;
    channel?.close({
      kind: "administrative-action",
      reasonCode: ReasonCode.ADMINISTRATIVE_ACTION,
      ...reason,
    });
    return channel !== undefined;
  }

  async #close(): Promise<void> {
    this.#state = "stopped";
    this.#sys.stop();
    this.#cancelSweep?.();
    await this.#core.closeAll();
    this.#core.timers.clear();
    await this.#core.durable?.store.close();
  }

  /** Now and then, what nobody asks for any more is let go of. */
  #scheduleSweep(): void {
    const { clock, retained } = this.#core;
    this.#cancelSweep = clock.schedule(SWEEP_INTERVAL_MS, () => {
      retained.sweep(clock.now(), SWEEP_SIZE);
      this.#core.releaseRoutes();
      this.#scheduleSweep();
    });
  }
}
