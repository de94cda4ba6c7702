/**
 * What the parts of the broker know of the whole: its settings, its collections, its ports. The façade in `broker.ts`
 * makes one and hands it around, so that no part reaches for another through a global.
 */

import { type Denied, type Gate, type GateChange, guardedGate, type Identity, openGate } from "#auth";
import {
  type Clock,
  describeError,
  Events,
  isPromise,
  type Log,
  type Random,
  silentLog,
  Timers,
} from "#base";
import { Hooks, type Refusal, refuse } from "#hooks";
import { ReasonCode } from "#protocol";
import type { Store } from "#store";
import type { Pipe } from "#transport";
import { Admission, type BanSummary } from "./admission.ts";
import type { BrokerEvents } from "./broker-events.ts";
import { Connection } from "./connection.ts";
import { Control } from "./control.ts";
import { loginWithdrawn, shuttingDown } from "./disconnect-reason.ts";
import { DurableState } from "./durable-state.ts";
import { Entrance } from "./entrance.ts";
import { judgePublish } from "./judge-publish.ts";
import { LimitReport } from "./limit-report.ts";
import { LossReport } from "./loss-report.ts";
import { Message } from "./message.ts";
import { Metrics } from "./metrics.ts";
import { Outcomes } from "./outcome.ts";
import { OutputPool } from "./output.ts";
import { type DeniedAction, permissionsOf, ruleOf } from "./permissions.ts";
import { published } from "./published-message.ts";
import { RetainedMessages } from "./retained.ts";
import { retainedSource } from "./retained-source.ts";
import { Router } from "./router.ts";
import { Sessions } from "./sessions.ts";
import type { BrokerSettings } from "./settings.ts";
import { SettingsBook } from "./settings-book.ts";
import { SubscriptionTree } from "./subscription-tree.ts";
import { TopicTable } from "./topic.ts";
import { isPayloadWithin, topicProblem } from "./topic-limits.ts";
import type { PacketTrace } from "./trace.ts";
import { Turns } from "./turns.ts";
import type { WillMessage } from "./will.ts";

/** What a broker is made of. */
export interface BrokerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings?: Partial<BrokerSettings>;
  /** Default: everybody may do everything. */
  readonly gate?: Gate;
  readonly log?: Log;
  readonly trace?: PacketTrace;
  /** Where what is owed after a restart is kept. Default: nowhere. */
  readonly store?: Store;
  /** What `$SYS/broker/version` says. */
  readonly version?: string;
  /** What the process holds, for `$SYS/broker/heap/current`. Default: nobody knows, and it is not told. */
  readonly memoryBytes?: () => number;
}

/** How long `closeAll` waits for clients to take what they were sent. */
const STOP_GRACE_MS = 4_000;

/** So many sessions end before topics are asked for routes that still lead to them. */
const LEAST_ENDED_SESSIONS = 1000;

export class BrokerCore {
  readonly book: SettingsBook;
  /** The broker's own; those of a listener or a client are its channel's. */
  settings: BrokerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Guarded: it never throws. */
  gate: Gate;
  readonly trace: PacketTrace | undefined;
  readonly timers: Timers;
  readonly turns: Turns;
  readonly hooks: Hooks;
  readonly events: Events<BrokerEvents>;
  readonly metrics = new Metrics();
  readonly outcomes: Outcomes;
  readonly limits: LimitReport;
  readonly admission: Admission;
  readonly #entrances = new Map<string, Entrance>();
  readonly topics: TopicTable;
  readonly tree = new SubscriptionTree();
  /** No gate, hook, trace or listener wants to see each message: they may go through in runs. */
  passesPlainly = false;
  hasDeliverHooks = false;
  /** What is owed after a restart; undefined when nothing outlives the process. */
  readonly durable: DurableState | undefined;
  readonly retained: RetainedMessages;
  readonly router: Router;
  readonly sessions: Sessions;
  readonly control: Control;
  readonly outputPool: OutputPool;
  readonly connections = new Set<Connection>();
  // Since routes were last looked through, and what the tree was then.
  #endedSessions = 0;
  #hasStoreTrouble = false;
  readonly #onGateFailure: (error: unknown) => void;
  readonly #waitingForStore: Connection[] = [];
  #releasedChanges = 0;
  #onAllClosed: (() => void) | undefined;

  constructor(parts: BrokerParts) {
    this.book = new SettingsBook(parts.settings);
    this.settings = this.book.settings;
    this.clock = parts.clock;
    this.random = parts.random;
    this.log = parts.log ?? silentLog;
    this.trace = parts.trace;
    const onGateFailure = (error: unknown): void =>
      this.log.write("error", `A permission could not be decided and was refused: ${describeError(error)}`);
    this.#onGateFailure = onGateFailure;
    this.gate = guardedGate(parts.gate ?? openGate(), onGateFailure);
    this.hooks = new Hooks(
      (point, error) => this.log.write("error", `A ${point} hook failed: ${describeError(error)}`),
      () => this.#reviewInterest(),
    );
    this.events = new Events((event, error) =>
      this.log.write("error", `A listener of ${String(event)} failed: ${describeError(error)}`),
    );
    this.timers = new Timers(parts.clock);
    this.turns = new Turns(this);
    this.topics = new TopicTable(this.settings);
    this.durable = parts.store === undefined ? undefined : new DurableState(parts.store, parts.clock);
    this.limits = new LimitReport(this.log, () => parts.clock.now());
    this.outcomes = new Outcomes(new LossReport(this.log, () => parts.clock.now()));
    this.admission = new Admission(this);
    this.retained = new RetainedMessages(this.settings, this.durable);
    this.router = new Router(this.tree, this.retained, this.outcomes);
    this.outputPool = new OutputPool((run) => parts.clock.afterTurn(run));
    this.sessions = new Sessions(this);
    this.control = new Control(this.topics, this.outcomes, this.log);
    this.#watchGate();
    this.#reviewInterest();
  }

  #reviewInterest(): void {
    this.hasDeliverHooks = this.hooks.has("deliver");
    this.passesPlainly =
      this.trace === undefined &&
      !this.#hasStoreTrouble &&
      !this.hooks.has("publish") &&
      !this.hasDeliverHooks &&
      !this.events.has("messagePublished");
  }

  /** The gate does not let `client` do this. */
  denied(
    { clientId, userName }: Identity,
    action: DeniedAction,
    topic: string,
    denied: false | Denied,
  ): void {
    this.metrics.requestsDenied++;
    if (this.events.has("requestDenied"))
      this.events.emit("requestDenied", { clientId, userName, action, topic, rule: ruleOf(denied) });
  }

  /** From now on another gate is asked. Clients that are connected stay. */
  changeGate(gate: Gate): void {
    this.gate = guardedGate(gate, this.#onGateFailure);
    this.#watchGate();
    for (const session of this.sessions.all()) {
      const identity = session.channel?.identity ?? session.permissions?.client;
      session.permissions = identity === undefined ? undefined : permissionsOf(this.gate, identity);
    }
  }

  #watchGate(): void {
    const { gate } = this;
    gate.watch?.((change) => {
      if (gate === this.gate) this.#onGateChange(change);
    });
  }

  /** The gate would now answer otherwise. */
  #onGateChange({ clientId, userName, disconnect = false }: GateChange): void {
    const concerned = clientId === undefined ? this.sessions.all() : [this.sessions.get(clientId)];
    for (const session of Array.from(concerned)) {
      const identity = session?.channel?.identity ?? session?.permissions?.client;
      if (identity === undefined || (userName !== undefined && identity.userName !== userName)) continue;
      session?.permissions?.forget();
      if (disconnect) session?.channel?.close(loginWithdrawn);
    }
  }

  /** Milliseconds on the broker's clock. */
  now(): number {
    return this.clock.now();
  }

  /** Serves the client at the other end of `pipe`. */
  accept(pipe: Pipe, listener: string): void {
    this.metrics.connectionsAccepted++;
    const entrance = this.#entranceOf(listener);
    const limit = this.admission.refusalOf(pipe, entrance);
    if (limit !== undefined) {
      this.limits.reached(limit, { listener, clientId: "", pipe });
      pipe.destroy();
      return;
    }
    if (this.events.has("connectionAccepted")) this.events.emit("connectionAccepted", { address: pipe.peer });
    this.connections.add(new Connection(pipe, entrance, this));
  }

  #entranceOf(listener: string): Entrance {
    let entrance = this.#entrances.get(listener);
    if (entrance === undefined) {
      entrance = new Entrance(listener, this.book.ofListener(listener), this.now());
      this.#entrances.set(listener, entrance);
    }
    return entrance;
  }

  /** The book says something else now: everybody gets what can change for them. */
  applySettings(): void {
    const { settings } = this.book;
    this.settings = settings;
    this.retained.limits = settings;
    this.admission.change(settings);
    for (const entrance of this.#entrances.values())
      entrance.change(this.book.ofListener(entrance.name), this.now());
    const renew = this.book.renewal();
    for (const session of this.sessions.all()) session.limits = renew(session.limits);
    for (const { channel } of this.connections) channel.changeSettings(renew(channel.settings));
  }

  onBan(ban: BanSummary): void {
    if (this.events.has("banned")) this.events.emit("banned", ban);
  }

  /** `connection` is closed. */
  forget(connection: Connection): void {
    this.connections.delete(connection);
    this.admission.leave(connection.entrance, connection.origin);
    if (this.connections.size === 0) this.#onAllClosed?.();
  }

  /** Topics let go of routes that no longer hold, and of the sessions in them. */
  releaseRoutes(): void {
    this.#endedSessions = 0;
    if (this.tree.changes === this.#releasedChanges) return;
    this.#releasedChanges = this.tree.changes;
    this.topics.expect(this.tree.size);
    this.topics.releaseRoutes((topic) => this.tree.stampOf(topic));
  }

  /** A session has ended; so that many that end do not stay in routes, those are looked through now and then. */
  onSessionEnded(): void {
    if (++this.#endedSessions >= Math.max(LEAST_ENDED_SESSIONS, this.topics.size / 4)) this.releaseRoutes();
  }

  /** What waits for the store is sent when the store is done; when it has trouble, nothing more is taken over. */
  listenToStore(store: Store): void {
    store.listener = {
      onDurable: (batch) => this.outputPool.release(batch),
      onTrouble: (error) => {
        this.log.write(
          "error",
          `Nothing can be stored: ${describeError(error)} Publishers wait until it can; nothing acknowledged is lost.`,
        );
        this.#hasStoreTrouble = true;
        this.#reviewInterest();
      },
      onRecovered: () => {
        this.log.write("info", "The store works again.");
        this.#hasStoreTrouble = false;
        this.#reviewInterest();
        for (const connection of this.#waitingForStore.splice(0)) connection.resume();
      },
    };
  }

  /** `connection` is not read from until the store works again. */
  waitForStore(connection: Connection): void {
    connection.pause();
    this.#waitingForStore.push(connection);
  }

  /** Whether something would have to be stored for `message` while nothing can be. */
  cannotStore(message: Message): boolean {
    if (this.durable === undefined || this.durable.store.isHealthy) return false;
    if (message.retain) return true;
    const { targets, groups } = this.router.routeOf(message.topic);
    return message.qos > 0 && (groups.length > 0 || targets.some(({ session }) => session.recordId !== 0));
  }

  /** Adds a listener; the returned function removes it. */
  listen<Name extends keyof BrokerEvents>(
    event: Name,
    listener: (detail: BrokerEvents[Name]) => void,
  ): () => void {
    const remove = this.events.on(event, listener);
    this.#reviewInterest();
    if (event === "messageUndelivered") {
      this.outcomes.listener = (undelivered) => this.events.emit("messageUndelivered", undelivered);
    }
    if (event === "limitReached")
      this.limits.listener = (reached) => this.events.emit("limitReached", reached);
    return () => {
      remove();
      this.#reviewInterest();
      if (!this.events.has("messageUndelivered")) this.outcomes.listener = undefined;
      if (!this.events.has("limitReached")) this.limits.listener = undefined;
    };
  }

  /** Tells listeners of a message that has been taken over. */
  announce(message: Message): void {
    if (this.events.has("messagePublished"))
      this.events.emit("messagePublished", published(message, message.retain));
  }

  /** Publishes as the broker itself. Returns how many sessions it was for. */
  publish(message: Message): number {
    this.announce(message);
    return this.router.publish(message, undefined);
  }

  /** Publishes on behalf of a client that is gone, as its rights allow: its will. */
  publishWill({ message, client }: WillMessage): void {
    const limits = client.limits ?? this.settings;
    if (!isPayloadWithin(message.payloadLength, limits)) {
      this.outcomes.record("payload-too-large", "", message);
      return;
    }
    if (message.retain && this.settings.checkRetainedSource) message.source = retainedSource(client);
    const problem = topicProblem(message.topic, limits);
    const verdict =
      problem === undefined ? judgePublish(this, message, client) : refuse(ReasonCode.TOPIC_NAME_INVALID);
    const decide = (settled: Message | Refusal | undefined): void => {
      if (settled === undefined || settled instanceof Message) this.publish(settled ?? message);
      else this.outcomes.record("publish-refused", "", message);
    };
    if (!isPromise(verdict)) {
      decide(verdict);
      return;
    }
    // The client has gone, so there is no connection that a bug could end: it is only counted and told of.
    verdict.then(decide).catch((error: unknown) => {
      this.metrics.invariantErrors++;
      this.log.write("error", `A bug kept the will of "${client.clientId}" back: ${describeError(error)}`);
    });
  }

  /** Lets nobody in any more and resolves when all connections are closed, at the latest after the grace period. */
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
