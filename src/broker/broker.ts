/**
 * The MQTT Server: takes pipes, speaks MQTT with whoever is at their other end. No sockets, no clock and no dice of its own.
 */

import { type Gate, guardedGate, type Identity, openGate } from "#auth";
import {
  type Clock,
  describeError,
  Events,
  isPromise,
  type Log,
  MartletError,
  type Random,
  StateError,
  silentLog,
  Timers,
  utf8Encode,
} from "#base";
import { Hooks } from "#hooks";
import {
  decodePublishProperties,
  InvalidPacketError,
  ProtocolVersion,
  type PublishProperties,
  parseTopicFilter,
  type Qos,
  ReasonCode,
  reasonName,
  topicFilterProblem,
  topicNameProblem,
} from "#protocol";
import type { Pipe } from "#transport";
import type { BrokerEvents, PublishedMessage } from "./broker-events.ts";
import { Connection } from "./connection.ts";
import type { BrokerCore } from "./core.ts";
import { type DisconnectReason, shuttingDown } from "./disconnect-reason.ts";
import { LocalInbox } from "./local-inbox.ts";
import { Message } from "./message.ts";
import { Metrics } from "./metrics.ts";
import { runPublishHooks } from "./on-publish.ts";
import { Outcomes, type UndeliveredKind } from "./outcome.ts";
import { OutputPool } from "./output.ts";
import { setProperties } from "./publish-properties.ts";
import { RetainedMessages } from "./retained.ts";
import { Router } from "./router.ts";
import { Sessions } from "./sessions.ts";
import { type BrokerSettings, completeSettings } from "./settings.ts";
import { Subscription } from "./subscription.ts";
import { SubscriptionTree } from "./subscription-tree.ts";
import { SysTopics } from "./sys-topics.ts";
import { TopicTable } from "./topic.ts";
import type { PacketTrace } from "./trace.ts";

/** What a broker is made of. */
export interface BrokerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings?: Partial<BrokerSettings>;
  /** Default: everybody may do everything. */
  readonly gate?: Gate;
  readonly log?: Log;
  readonly trace?: PacketTrace;
  /** What `$SYS/broker/version` says. */
  readonly version?: string;
}

/** A message that the program publishes. */
export interface PublishRequest {
  readonly topicName: string;
  /** Text is sent as UTF-8. */
  readonly payload: string | Uint8Array;
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: PublishProperties;
}

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
  readonly userName: string | undefined;
  readonly protocolVersion: ProtocolVersion | undefined;
  readonly subscriptions: readonly string[];
  readonly queuedMessages: number;
  readonly inFlight: number;
}

/** How long `close` waits for clients to take what they were sent. */
const STOP_GRACE_MS = 4_000;
/** Between looks for retained messages that have expired. */
const SWEEP_INTERVAL_MS = 60_000;

export class Broker {
  /** Points at which the program changes or refuses what the broker is about to do. */
  readonly hooks: Hooks;
  readonly #core: Core;
  readonly #sys: SysTopics;
  #state: "new" | "started" | "stopped" = "new";
  #cancelSweep: (() => void) | undefined;

  constructor(parts: BrokerParts) {
    this.#core = new Core(parts);
    this.hooks = this.#core.hooks;
    this.#sys = new SysTopics(this.#core, parts.version ?? "martlet");
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
  async close(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#sys.stop();
    this.#cancelSweep?.();
    await this.#core.closeAll();
    this.#core.timers.clear();
  }

  /** Serves the client at the other end of `pipe`. */
  accept(pipe: Pipe): void {
    if (this.#state === "started") this.#core.accept(pipe);
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
    const message = this.#messageOf(request);
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
      tree.remove(filter, subscription);
    };
  }

  /** Adds a listener; the returned function removes it. One that throws is reported and hurts nobody else. */
  on<Name extends keyof BrokerEvents>(
    event: Name,
    listener: (detail: BrokerEvents[Name]) => void,
  ): () => void {
    return this.#core.listen(event, listener);
  }

  /** All clients with a session, connected or not. */
  *clients(): IterableIterator<ClientSummary> {
    for (const session of this.#core.sessions.all()) {
      const { channel } = session;
      yield {
        clientId: session.clientId,
        connected: channel !== undefined,
        userName: channel?.identity?.userName,
        protocolVersion: channel?.version,
        subscriptions: [...session.subscriptions.keys()],
        queuedMessages: session.queue.size,
        inFlight: session.sender.size,
      };
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

  #messageOf(request: PublishRequest): Message {
    const problem = topicNameProblem(request.topicName);
    if (problem !== undefined) throw new InvalidPacketError(problem);
    const payload =
      typeof request.payload === "string" ? utf8Encode(request.payload) : request.payload.slice();
    const topic = this.#core.topics.of(request.topicName, ProtocolVersion.MQTT_5_0);
    const message = Message.of(topic, payload, request.qos ?? 0, request.retain ?? false);
    setProperties(message, request.properties ?? {}, this.#core.now());
    return message;
  }

  #scheduleSweep(): void {
    const { clock, retained } = this.#core;
    this.#cancelSweep = clock.schedule(SWEEP_INTERVAL_MS, () => {
      retained.sweep(clock.now());
      this.#scheduleSweep();
    });
  }
}

/** The parts, put together. */
class Core implements BrokerCore {
  readonly settings: BrokerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly gate: Gate;
  readonly trace: PacketTrace | undefined;
  readonly timers: Timers;
  readonly hooks: Hooks;
  readonly events: Events<BrokerEvents>;
  readonly metrics = new Metrics();
  readonly outcomes = new Outcomes();
  readonly topics: TopicTable;
  readonly tree = new SubscriptionTree();
  readonly retained: RetainedMessages;
  readonly router: Router;
  readonly sessions: Sessions;
  readonly outputPool: OutputPool;
  readonly connections = new Set<Connection>();
  #onAllClosed: (() => void) | undefined;

  constructor(parts: BrokerParts) {
    this.settings = completeSettings(parts.settings);
    this.clock = parts.clock;
    this.random = parts.random;
    this.log = parts.log ?? silentLog;
    this.trace = parts.trace;
    const onGateFailure = (error: unknown): void =>
      this.log.write("error", `A permission could not be decided and was refused: ${describeError(error)}`);
    this.gate = guardedGate(parts.gate ?? openGate(), onGateFailure);
    this.hooks = new Hooks((point, error) =>
      this.log.write("error", `A ${point} hook failed: ${describeError(error)}`),
    );
    this.events = new Events((event, error) =>
      this.log.write("error", `A listener of ${String(event)} failed: ${describeError(error)}`),
    );
    this.timers = new Timers(parts.clock);
    this.topics = new TopicTable(this.settings);
    this.retained = new RetainedMessages(this.settings);
    this.router = new Router(this.tree, this.retained, this.outcomes);
    this.outputPool = new OutputPool((run) => parts.clock.afterTurn(run));
    this.sessions = new Sessions(this);
  }

  get passesPlainly(): boolean {
    return (
      this.trace === undefined &&
      this.gate.mayPublish === undefined &&
      !this.hooks.has("publish") &&
      !this.hooks.has("deliver") &&
      !this.events.has("messagePublished")
    );
  }

  now(): number {
    return this.clock.now();
  }

  accept(pipe: Pipe): void {
    this.metrics.connectionsAccepted++;
    if (this.connections.size >= this.settings.maximumConnections) {
      this.log.write("warn", `A connection was refused: all ${this.settings.maximumConnections} are in use.`);
      pipe.destroy();
      return;
    }
    this.connections.add(new Connection(pipe, this));
  }

  forget(connection: Connection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.#onAllClosed?.();
  }

  listen<Name extends keyof BrokerEvents>(
    event: Name,
    listener: (detail: BrokerEvents[Name]) => void,
  ): () => void {
    const remove = this.events.on(event, listener);
    if (event === "messageUndelivered") {
      this.outcomes.listener = (undelivered) => this.events.emit("messageUndelivered", undelivered);
    }
    return () => {
      remove();
      if (!this.events.has("messageUndelivered")) this.outcomes.listener = undefined;
    };
  }

  announce(message: Message): void {
    if (this.events.has("messagePublished"))
      this.events.emit("messagePublished", published(message, message.retain));
  }

  publish(message: Message): number {
    this.announce(message);
    return this.router.publish(message, undefined);
  }

  publishWill(identity: Identity, message: Message): void {
    if (message.topic.isSystem) {
      this.outcomes.record("publish-refused", "", message);
      return;
    }
    const may = this.gate.mayPublish?.(identity, message.topic.name, message.qos, message.retain) ?? true;
    const decide = (settled: boolean): void => {
      if (settled) this.publish(message);
      else this.outcomes.record("publish-refused", "", message);
    };
    if (isPromise(may)) void may.then(decide);
    else decide(may);
  }

  async closeAll(): Promise<void> {
    this.sessions.stopping = true;
    if (this.connections.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.clock.schedule(STOP_GRACE_MS, () => {
        for (const connection of this.connections) connection.pipe.destroy();
      });
      this.#onAllClosed = () => {
        cancel();
        resolve();
      };
      for (const connection of Array.from(this.connections)) connection.channel.close(shuttingDown);
    });
  }
}

function published(message: Message, retain: boolean): PublishedMessage {
  const { publisherId, topic, qos, properties } = message;
  return {
    publisherId,
    topicName: topic.name,
    payload: message.keep().payload,
    qos,
    retain,
    properties: decodePublishProperties(properties, 0, properties.length),
  };
}
