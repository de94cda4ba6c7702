/**
 * One simulation: a broker with its store and disk, its clients, a clock, and the judge who watches them. Plays steps, and in
 * the end lets everything come to rest and looks whether it all adds up.
 */

import { type Random, seededRandom } from "#base";
import type { BrokerSettings } from "#broker";
import { VirtualClock } from "../virtual-clock.ts";
import { SimulatedClient } from "./client.ts";
import { Host } from "./host.ts";
import { Judge } from "./judge.ts";
import type { SimulationOptions } from "./options.ts";
import type { Publication } from "./publication.ts";
import { RetainedReader } from "./retained-reader.ts";
import { type Action, CLIENT_COUNT, type ConnectStep, type PublishStep, type Step } from "./steps.ts";
import { Trace } from "./trace.ts";

/** A CONNECT without an answer is a fault after this, while the disk works. */
const CONNECT_MS = 20_000;
/** Everything comes to rest within this. */
const REST_MS = 60_000;
/** Between two looks whether it has. */
const LOOK_MS = 10;

const patient: Omit<ConnectStep, "client"> = {
  do: "connect",
  version: 5,
  cleanStart: false,
  expirySeconds: 7200,
  receiveMaximum: 10,
  keepAliveSeconds: 0,
};

export class Simulation {
  readonly trace: Trace;
  readonly judge: Judge;
  readonly host: Host;
  readonly clients: readonly SimulatedClient[];
  readonly #clock = new VirtualClock();
  #wasStopped = false;

  constructor(options: SimulationOptions) {
    const clock = this.#clock;
    this.trace = new Trace(() => clock.now(), { keepsLines: options.trace ?? false });
    const { trace } = this;
    const clientIds = Array.from({ length: CLIENT_COUNT }, (_, i) => `c${i}`);
    this.judge = new Judge(
      {
        clientIds,
        now: () => clock.now(),
        batch: () => this.host.batch,
        isRough: () => this.host.hadTrouble || this.host.crashes > 0 || this.#wasStopped,
        hadTrouble: () => this.host.hadTrouble,
        readFailures: () => this.host.readFailures,
        linkOf: (clientId) => this.#client(clientId)?.link,
        isOpen: (publication) => this.#isOpen(publication),
      },
      trace,
    );
    const { judge } = this;
    this.clients = clientIds.map((clientId) => new SimulatedClient(clientId, trace, judge));
    const settings = { ...drawSettings(seededRandom(options.seed)), ...options.settings };
    this.host = new Host(
      { seed: options.seed, settings, trace, clock, wrapStore: options.wrapStore },
      {
        onConnected: (clientId, isPresent) => {
          judge.onConnected(clientId, isPresent);
          if (!isPresent) this.#client(clientId)?.onNewSession();
        },
        onDisconnected: (clientId, kind) => this.#onDisconnected(clientId, kind),
        onSessionEnded: (clientId) => {
          trace.say(`${clientId} session ended`);
          judge.onSessionEnded(clientId);
        },
        onUndelivered: (kind, clientId, publisherId, topicName) => {
          trace.say(`${clientId} does not get ${topicName} of ${publisherId}: ${kind}`);
          judge.deliveries.onOutcome(clientId, publisherId, topicName);
        },
        onCrashed: (durableBatch) => {
          judge.onCrashed(durableBatch);
          for (const client of this.clients) client.onCrashed();
        },
        onStarting: () => judge.sessions.onStarting(),
        onStarted: () => judge.onStarted(),
      },
    );
  }

  async play(step: Step): Promise<void> {
    this.trace.say(`- ${JSON.stringify(step)}`);
    await this.#act(step);
    await this.host.pass(step.restMs ?? 0);
    this.#check();
  }

  /** The disk works again, clients come back and take everything; then nothing may be missing, and nothing left over. */
  async finish(): Promise<void> {
    this.trace.say("- the end");
    const { host, judge } = this;
    host.endTrouble();
    for (const client of this.clients) {
      client.link?.read();
      client.answer(Number.POSITIVE_INFINITY);
    }
    await host.turns();
    for (const [client, { link }] of this.clients.entries())
      if (link === undefined) this.#connect({ ...patient, client });
    await this.#rest();
    judge.checkEnd();
    const { sizes } = host.broker;
    this.#expect("clients", sizes.clients, CLIENT_COUNT);
    this.#expect("sessions", sizes.sessions, CLIENT_COUNT);
    this.#expect("connections", sizes.connections, CLIENT_COUNT);
    await this.#checkRetained();
    await this.#leave();
  }

  async #act(step: Action): Promise<void> {
    const { host } = this;
    switch (step.do) {
      case "pass":
        return await host.pass(step.ms);
      case "crash":
        this.trace.say("the broker dies");
        host.crash(step.kind);
        await host.pass(step.downMs);
        return await host.start();
      case "restart":
        this.#wasStopped = true;
        await host.stop();
        await host.pass(step.downMs);
        return await host.start();
      case "trouble":
        return host.trouble(step.fault, step.oneIn, step.ms);
      default:
        return await this.#actAsClient(step);
    }
  }

  async #actAsClient(step: Exclude<Action, { do: "pass" | "crash" | "restart" | "trouble" }>): Promise<void> {
    const client = this.clients[step.client] as SimulatedClient;
    switch (step.do) {
      case "connect":
        return this.#connect(step);
      case "publish":
        return this.#publish(client, step);
      case "subscribe":
        this.#mustHaveLink(step.client);
        return client.subscribe(step.filter, step.qos);
      case "unsubscribe":
        return client.unsubscribe(step.filter);
      case "hold":
        if (client.link !== undefined) client.link.isHolding = true;
        return;
      case "answer":
        return client.answer(step.count);
      case "stall":
        return client.link?.stall();
      case "read":
        return client.link?.read();
      case "cut":
        return client.cut();
      case "expel":
        this.host.broker.disconnect(client.clientId);
        return;
      case "disconnect":
        return client.disconnect(step.reasonCode, step.expirySeconds);
    }
  }

  #connect(step: ConnectStep): void {
    const client = this.clients[step.client] as SimulatedClient;
    const { will: asked } = step;
    const will =
      asked === undefined
        ? undefined
        : this.judge.publications.add({
            publisherId: client.clientId,
            topicName: asked.topic,
            qos: asked.qos,
            retain: asked.retain,
            clears: false,
            isWill: true,
            expirySeconds: undefined,
            sizeBytes: 0,
          });
    client.connect(this.host.connect(), step, will, this.#clock.now());
  }

  #publish(client: SimulatedClient, step: PublishStep): void {
    this.#mustHaveLink(step.client);
    const { topic: topicName, qos, retain, clears, expirySeconds, sizeBytes, count } = step;
    const rest = { topicName, qos, retain, clears, expirySeconds, sizeBytes };
    for (let i = 0; i < count; i++)
      client.publish(this.judge.publications.add({ publisherId: client.clientId, isWill: false, ...rest }));
  }

  #mustHaveLink(client: number): void {
    if (this.clients[client]?.link === undefined) this.#connect({ ...patient, client });
  }

  #onDisconnected(clientId: string, kind: string): void {
    this.trace.say(`${clientId} disconnected: ${kind}`);
    const link = this.#client(clientId)?.link;
    if (link?.isAccepted === true) link.isEnded = true;
    // The link that said goodbye is not the client's any more when the broker hears of it.
    this.judge.onDisconnected(clientId, this.#client(clientId)?.goodbyeOf(kind));
  }

  /** What holds after each step. */
  #check(): void {
    this.judge.check();
    const { host, trace } = this;
    const { least, most } = this.judge.sessions.bounds();
    const { sessions } = host.broker.sizes;
    if (sessions < least || sessions > most)
      trace.fail(`the broker has ${sessions} sessions, and it should have ${least} to ${most}`);
    for (const { clientId, link } of this.clients) {
      if (link === undefined || link.isEstablished || link.isStalled) continue;
      if (this.#clock.now() - Math.max(link.connectedAt, host.troubledAt) > CONNECT_MS)
        trace.fail(`${clientId}: CONNECT has no answer`);
    }
    if (host.broker.metrics.invariantErrors > 0) trace.fail("the broker met a bug");
    trace.check();
  }

  async #rest(): Promise<void> {
    const { host } = this;
    for (let waited = 0; !this.#isAtRest(); waited += LOOK_MS) {
      if (waited > REST_MS) {
        const restless = this.clients.filter((client) => !client.isAtRest).map(({ clientId }) => clientId);
        const waiting = Array.from(
          host.broker.clients(),
          (each) => `${each.clientId} ${each.queuedMessages}+${each.inFlight}`,
        );
        this.trace.fail(`nothing comes to rest: ${restless.join()}; ${waiting.join(", ")}`);
        break;
      }
      await host.pass(LOOK_MS);
      for (const [client, { link }] of this.clients.entries())
        if (link === undefined) this.#connect({ ...patient, client });
      this.#check();
    }
    this.trace.check();
  }

  #isAtRest(): boolean {
    const { store, broker } = this.host;
    if (!store.isHealthy || store.durableBatch < store.batch) return false;
    if (!this.clients.every((client) => client.isAtRest)) return false;
    // Connections that were taken over may take a while to end.
    if (broker.sizes.connections > CLIENT_COUNT) return false;
    for (const { queuedMessages, inFlight } of broker.clients())
      if (queuedMessages + inFlight > 0) return false;
    return true;
  }

  /** Somebody new reads all that is retained. */
  async #checkRetained(): Promise<void> {
    const { host, judge } = this;
    const reader = new RetainedReader(host.connect());
    for (let waited = 0; reader.found.size < host.broker.sizes.retained && waited < 100; waited += LOOK_MS)
      await host.pass(LOOK_MS);
    await host.pass(LOOK_MS);
    const found = new Map<string, Publication>();
    for (const [topicName, payload] of reader.found) {
      const publication = judge.publications.of(payload);
      if (publication !== undefined) found.set(topicName, publication);
    }
    this.#expect("retained messages", host.broker.sizes.retained, found.size);
    judge.retained.check(found);
    reader.leave();
    await host.pass(LOOK_MS);
    this.trace.check();
  }

  /** Everybody leaves for good: nothing of them may stay, in memory or in the store. */
  async #leave(): Promise<void> {
    const { host } = this;
    for (const client of this.clients.keys())
      this.#connect({ ...patient, client, cleanStart: true, expirySeconds: 0 });
    for (
      let waited = 0;
      waited < 1000 && !this.clients.every(({ link }) => link?.isEstablished);
      waited += LOOK_MS
    )
      await host.pass(LOOK_MS);
    for (const client of this.clients) client.disconnect(0, undefined);
    for (let waited = 0; waited < 1000 && host.broker.sizes.connections > 0; waited += LOOK_MS)
      await host.pass(LOOK_MS);
    await host.pass(5 * LOOK_MS);
    const { sizes } = host.broker;
    for (const what of ["connections", "clients", "sessions", "subscriptions", "timers"] as const)
      this.#expect(what, sizes[what], 0);
    // What could not be read when its session ended goes with the next start.
    if (host.hadTrouble) await this.#startAgain();
    this.#expect("records", host.store.stats().records, 2 * host.broker.sizes.retained);
    this.trace.check();
  }

  async #startAgain(): Promise<void> {
    this.host.crash("power");
    await this.host.start();
    await this.host.pass(LOOK_MS);
  }

  #expect(what: string, found: number, wanted: number): void {
    if (found !== wanted) this.trace.fail(`there are ${found} ${what}, and there should be ${wanted}`);
  }

  #client(clientId: string): SimulatedClient | undefined {
    return this.clients[Number(clientId.slice(1))];
  }

  #isOpen(publication: Publication): boolean {
    const client = this.#client(publication.publisherId);
    if (client?.link === undefined) return false;
    if (publication.qos === 0) return this.host.hadTrouble;
    return client.outgoing.some((each) => each.publication === publication);
  }
}

/** Small limits, so that they are met. */
function drawSettings(random: Random): Partial<BrokerSettings> {
  const of = <T>(values: readonly T[]): T => values[random.below(values.length)] as T;
  return {
    sysIntervalSeconds: 0,
    maximumInFlight: of([1, 2, 5]),
    receiveMaximum: of([2, 3, 65_535]),
    maximumQueuedMessages: of([2, 6, 50]),
    queueOverflow: of(["refuse-newest", "drop-oldest"]),
    queueQos0: of([false, false, true]),
  };
}
