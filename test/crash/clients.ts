/**
 * The clients of the harness, each with its habits: publishers, subscribers that come, go and change their mind, clients with
 * wills, and a reader of retained messages. `tick` lets each do a little of what it does; what they learn goes to the models.
 */

import type { Random } from "#base";
import { ProtocolVersion, type Qos } from "#protocol";
import type { Findings } from "./findings.ts";
import type { Ledger } from "./ledger.ts";
import { NOTHING, type RetainedModel, type RetainedReading } from "./retained-model.ts";
import { SessionClient, willOf } from "./session-client.ts";
import type { WillModel } from "./will-model.ts";

/** What all clients share. */
export interface World {
  readonly random: Random;
  readonly findings: Findings;
  readonly ledger: Ledger;
  readonly retained: RetainedModel;
  readonly wills: WillModel;
  /** The oldest version of MQTT that the broker takes is 3.1.1; not every broker takes 5.0. */
  readonly newestVersion: ProtocolVersion;
}

/** `work`: as it likes. `drain`: come, finish what was begun, and begin nothing. */
export type Mood = "work" | "drain";

export interface CrashClient {
  readonly client: SessionClient;
  tick(port: number, mood: Mood): void;
}

/** Unacknowledged messages of one publisher; below every broker's limit. */
const WINDOW = 12;
const LARGEST_PAYLOAD = 3_000;
/** A publisher waits while a subscriber is owed more: brokers drop what is too much, as they may. */
const MOST_BACKLOG = 700;
const TOPICS = 3;
const RETAINED_TOPICS = 4;
/** The filter of the one who gets all wills. */
export const WILLS = "will/#";

/** True `percent` times in a hundred. */
function chance({ random }: World, percent: number): boolean {
  return random.below(1000) < percent * 10;
}

function versionOf({ newestVersion }: World, index: number): ProtocolVersion {
  return index % 2 === 0 ? newestVersion : ProtocolVersion.MQTT_3_1_1;
}

/** Publishes to its own topics at QoS 1 and 2, and sets and removes retained messages. */
export class Publisher implements CrashClient {
  readonly client: SessionClient;
  readonly #world: World;
  readonly #name: string;
  #number = 0;

  constructor(world: World, index: number) {
    this.#world = world;
    this.#name = `p${index}`;
    this.client = new SessionClient({ clientId: this.#name, version: versionOf(world, index), listener: {} });
  }

  tick(port: number, mood: Mood): void {
    const world = this.#world;
    const { client } = this;
    if (!client.hasSocket) {
      if (mood === "drain" || chance(world, 20)) client.connect(port);
      return;
    }
    client.answer();
    if (!client.isConnected || mood === "drain") return;
    if (chance(world, 0.5)) client.cut();
    const most = world.ledger.backlog > MOST_BACKLOG ? 0 : world.random.below(4);
    for (let i = 0; i < most && client.isConnected && client.inFlight < WINDOW; i++) {
      if (chance(world, 15)) this.#retain();
      else this.#publish(`load/${this.#name}/${world.random.below(TOPICS)}`, { isProbe: false });
    }
  }

  /** One message to each of its topics: whoever subscribed has to get them. */
  probe(): void {
    for (let topic = 0; topic < TOPICS; topic++)
      this.#publish(`load/${this.#name}/${topic}`, { isProbe: true });
  }

  #publish(topicName: string, { isProbe }: { readonly isProbe: boolean }): void {
    const { ledger, random } = this.#world;
    const number = ++this.#number;
    const qos: Qos = random.below(2) === 0 ? 1 : 2;
    const message = ledger.sent(`${this.#name}:${number}`, { number, topicName, qos, isProbe });
    this.client.publish(topicName, padded(message.key, this.#world), qos, {
      onSent: (isAgain) => {
        if (isAgain) ledger.sentAgain(message);
      },
      onAccepted: () => ledger.accepted(message),
      onCompleted: () => ledger.completed(message),
      onGivenUp: () => message.history.push("given up"),
    });
  }

  /** A topic has one QoS: a repeat at QoS 1 would otherwise overtake what came once at QoS 2. */
  #retain(): void {
    const { retained, random } = this.#world;
    const topic = random.below(RETAINED_TOPICS);
    const topicName = `retained/${this.#name}/${topic}`;
    const isRemoval = random.below(4) === 0;
    const key = isRemoval ? NOTHING : `${this.#name}:r${++this.#number}`;
    const index = retained.sent(topicName, key);
    const publication = {
      onSent: () => undefined,
      onAccepted: () => undefined,
      onCompleted: () => retained.accepted(topicName, index),
      onGivenUp: () => undefined,
    };
    const payload = isRemoval ? "" : padded(key, this.#world);
    this.client.publish(topicName, payload, topic % 2 === 0 ? 1 : 2, publication, true);
  }
}

export interface SubscriberHabits {
  readonly name: string;
  readonly version: ProtocolVersion;
  /** Percent a tick. */
  readonly comes: number;
  readonly goes: number;
  readonly changes: number;
  /** Acknowledges at once in so many ticks of a hundred. */
  readonly answers: number;
  readonly filters: readonly (readonly [topicFilter: string, qos: Qos])[];
}

/** A durable subscriber. Filters it may change are subscribed and unsubscribed all the time. */
export class Subscriber implements CrashClient {
  readonly client: SessionClient;
  readonly #world: World;
  readonly #habits: SubscriberHabits;
  readonly #state = new Map<string, "off" | "changing" | "on">();

  constructor(world: World, habits: SubscriberHabits) {
    this.#world = world;
    this.#habits = habits;
    const { ledger, wills } = world;
    const { name } = habits;
    this.client = new SessionClient({
      clientId: name,
      version: habits.version,
      listener: {
        onSessionLost: () => this.#onSessionLost(),
        onMessage: ({ topicName, payload }) => {
          // They keep packet identifiers busy; the reader judges what they are.
          if (topicName.startsWith("retained/")) return;
          const key = keyOf(payload);
          if (topicName.startsWith("will/")) wills.received(key);
          else ledger.received(name, key);
        },
      },
    });
  }

  tick(port: number, mood: Mood): void {
    const world = this.#world;
    const { client } = this;
    const { comes, goes, answers } = this.#habits;
    if (!client.hasSocket) {
      if (mood === "drain" || chance(world, comes)) client.connect(port);
      return;
    }
    if (mood === "drain" || chance(world, answers)) client.answer();
    if (!client.isConnected) return;
    if (mood === "work" && chance(world, goes)) {
      if (world.random.below(2) === 0) client.cut();
      else client.leave();
      return;
    }
    for (const [topicFilter, qos] of this.#habits.filters) this.#keep(topicFilter, qos, mood);
  }

  #keep(topicFilter: string, qos: Qos, mood: Mood): void {
    const world = this.#world;
    const { name, changes } = this.#habits;
    const state = this.#state.get(topicFilter) ?? "off";
    if (state === "off" && (changes === 0 || (mood === "work" && chance(world, 10)))) {
      this.#state.set(topicFilter, "changing");
      world.ledger.asked(name, topicFilter, qos);
      this.client.subscribe(topicFilter, qos, () => {
        this.#state.set(topicFilter, "on");
        world.ledger.granted(name, topicFilter);
        if (topicFilter === WILLS) world.wills.heard();
      });
    } else if (state === "on" && mood === "work" && chance(world, changes)) {
      this.#state.set(topicFilter, "changing");
      world.ledger.leaving(name, topicFilter);
      this.client.unsubscribe(topicFilter, () => {
        this.#state.set(topicFilter, "off");
        world.ledger.left(name, topicFilter);
      });
    }
  }

  #onSessionLost(): void {
    this.#world.ledger.sessionLost(this.#habits.name);
    if (this.#state.has(WILLS)) this.#world.wills.unheard();
    for (const [topicFilter, state] of this.#state) if (state === "on") this.#state.set(topicFilter, "off");
  }
}

/** Comes with a will, and leaves in order or not. */
export class WilledClient implements CrashClient {
  readonly client: SessionClient;
  readonly #world: World;
  readonly #name: string;
  #number = 0;
  #before: string | undefined;
  #isLeaving = false;

  constructor(world: World, index: number) {
    this.#world = world;
    this.#name = `w${index}`;
    this.client = new SessionClient({
      clientId: this.#name,
      version: versionOf(world, index),
      listener: {
        onConnected: () => {
          world.wills.set(this.#will, this.#before);
          this.#before = this.#will;
        },
        onClosed: () => {
          if (this.#isLeaving) world.wills.left(this.#will);
          else world.wills.cut(this.#will);
          this.#isLeaving = false;
        },
      },
    });
  }

  get #will(): string {
    return `${this.#name}:${this.#number}`;
  }

  tick(port: number, mood: Mood): void {
    const { client } = this;
    if (!client.hasSocket) {
      if (mood === "work" && chance(this.#world, 15)) this.#come(port);
    } else if (client.isConnected && (mood === "drain" || chance(this.#world, 2))) {
      this.#isLeaving = true;
      client.leave();
    } else if (client.isConnected && chance(this.#world, 3)) client.cut();
  }

  #come(port: number): void {
    this.#number++;
    this.#world.wills.asked(this.#will);
    this.client.connect(port, willOf(`will/${this.#name}`, padded(this.#will, this.#world)));
  }
}

/** Looks at all retained messages once a connection. */
export class RetainedReader {
  readonly #world: World;
  #client: SessionClient | undefined;
  #reading: RetainedReading | undefined;
  #isSubscribed = false;
  #number = 0;

  constructor(world: World) {
    this.#world = world;
  }

  begin(port: number): void {
    this.end();
    const { newestVersion, retained } = this.#world;
    const client = new SessionClient({
      clientId: `reader-${++this.#number}`,
      version: newestVersion,
      isClean: true,
      listener: {
        onMessage: ({ topicName, payload, retain }) => {
          if (retain) this.#reading?.found(topicName, keyOf(payload));
        },
      },
    });
    this.#client = client;
    this.#isSubscribed = false;
    this.#reading = retained.read();
    client.subscribe("retained/#", 1, () => {
      this.#isSubscribed = true;
    });
    client.connect(port);
  }

  tick(): void {
    this.#client?.answer();
  }

  get isComplete(): boolean {
    return this.#isSubscribed && this.#reading?.isComplete === true;
  }

  /** Everything that came counts, and what did not come is missing. */
  judge(): void {
    this.#reading?.judge(this.#world.findings);
    this.end();
  }

  end(): void {
    this.#client?.cut();
    this.#client = undefined;
    this.#reading = undefined;
  }

  ping(onPong: () => void): void {
    this.#client?.ping(onPong);
  }
}

/** A payload of any size that begins with `key`. */
function padded(key: string, { random }: World): string {
  return `${key}|${"x".repeat(random.below(random.below(8) === 0 ? LARGEST_PAYLOAD : 200))}`;
}

function keyOf(payload: Uint8Array): string {
  return Buffer.from(payload.subarray(0, Math.max(0, payload.indexOf(0x7c)))).toString();
}
