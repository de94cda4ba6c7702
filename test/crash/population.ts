/**
 * All clients of one run, and their time: they live as long as the run, over all lives of the broker. While the broker is up
 * they tick every few milliseconds; `drain` brings everything to its end and asks the models what is missing.
 */

import { ProtocolVersion } from "#protocol";
import {
  type CrashClient,
  type Mood,
  Publisher,
  RetainedReader,
  Subscriber,
  type SubscriberHabits,
  WILLS,
  WilledClient,
  type World,
} from "./clients.ts";

const TICK_MS = 2;
const PUBLISHERS = 4;
const WILLED = 3;
const CLOSE_LIMIT_MS = 2_000;

export class Population {
  readonly #world: World;
  readonly #publishers: readonly Publisher[];
  readonly #clients: readonly CrashClient[];
  readonly #reader: RetainedReader;
  readonly #quietMs: number;
  #timer: NodeJS.Timeout | undefined;
  #readerJudges = false;

  /** @param quietMs when nothing has happened for so long, nothing will */
  constructor(world: World, quietMs: number) {
    this.#world = world;
    this.#quietMs = quietMs;
    this.#publishers = Array.from({ length: PUBLISHERS }, (_, index) => new Publisher(world, index));
    this.#clients = [
      ...this.#publishers,
      ...habitsOf(world).map((habits) => new Subscriber(world, habits)),
      ...Array.from({ length: WILLED }, (_, index) => new WilledClient(world, index)),
    ];
    this.#reader = new RetainedReader(world);
  }

  /** The broker is up on `port`. */
  begin(port: number, mood: Mood, { readsRetained }: { readonly readsRetained: boolean }): void {
    this.#readerJudges = readsRetained;
    if (readsRetained) this.#reader.begin(port);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(port, mood), TICK_MS);
  }

  /** The broker is gone: what it had sent is still read, then everybody is without a connection. */
  async down(): Promise<void> {
    clearInterval(this.#timer);
    this.#reader.end();
    const deadline = performance.now() + CLOSE_LIMIT_MS;
    while (this.#clients.some(({ client }) => client.hasSocket) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    this.cut();
  }

  /** Everybody loses the connection. */
  cut(): void {
    clearInterval(this.#timer);
    this.#reader.end();
    for (const { client } of this.#clients) client.cut();
  }

  /** Everybody comes, everything that was begun is finished, and what is missing then is lost. */
  async drain(port: number): Promise<void> {
    const { ledger, wills } = this.#world;
    this.begin(port, "drain", { readsRetained: false });
    await this.#settled(() => this.#isIdle && ledger.backlog === 0 && wills.due === 0);
    for (const publisher of this.#publishers) publisher.probe();
    await this.#settled(() => this.#isIdle && ledger.backlog === 0 && this.#unreleased.length === 0);
    this.#judgeUnreleased();
    this.#reader.begin(port);
    await this.#settled(() => this.#reader.isComplete);
    // What must not come would come before these answers.
    for (let round = 0; round < 2; round++) await this.#pinged();
    this.#reader.judge();
    ledger.close();
    wills.close();
  }

  get #isIdle(): boolean {
    return this.#clients.every(
      ({ client }) => client.isIdle && (client.isConnected || client.clientId.startsWith("w")),
    );
  }

  get #unreleased(): readonly CrashClient[] {
    return this.#clients.filter(({ client }) => client.unreleased > 0);
  }

  /** The broker has forgotten that it used them, and the next message under them is taken for a repeat. */
  #judgeUnreleased(): void {
    const { findings } = this.#world;
    for (const { client } of this.#unreleased)
      findings.add(
        "unreleased",
        `${client.clientId} waits for PUBREL of ${client.unreleased} messages, in ${findings.moment}`,
      );
  }

  #tick(port: number, mood: Mood): void {
    for (const client of this.#clients) client.tick(port, mood);
    this.#reader.tick();
    if (!this.#readerJudges || !this.#reader.isComplete) return;
    this.#readerJudges = false;
    this.#reader.ping(() => this.#reader.judge());
  }

  /** Waits until `done()`, or nothing happens any more. */
  async #settled(done: () => boolean): Promise<void> {
    const { ledger } = this.#world;
    let step = -1;
    let since = performance.now();
    while (!done()) {
      if (ledger.step !== step) {
        step = ledger.step;
        since = performance.now();
      }
      if (performance.now() - since > this.#quietMs) return;
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  async #pinged(): Promise<void> {
    let missing = 0;
    const onPong = (): void => {
      missing--;
    };
    for (const { client } of this.#clients) {
      if (!client.isConnected) continue;
      missing++;
      client.ping(onPong);
    }
    missing++;
    this.#reader.ping(onPong);
    await this.#settled(() => missing === 0);
  }
}

function habitsOf({ newestVersion }: World): SubscriberHabits[] {
  const old = ProtocolVersion.MQTT_3_1_1;
  const all = { filters: [["load/#", 2]] as const, changes: 0 };
  const each = (side: number): SubscriberHabits["filters"] =>
    Array.from({ length: PUBLISHERS }, (_, index) => [`load/p${index}/+`, (index + side) % 2 === 0 ? 1 : 2]);
  return [
    { name: "always", version: newestVersion, comes: 30, goes: 0, answers: 80, ...all },
    { name: "mostly", version: old, comes: 10, goes: 2, answers: 30, ...all },
    { name: "rarely", version: newestVersion, comes: 0.5, goes: 5, answers: 30, ...all },
    {
      name: "at-qos-1",
      version: newestVersion,
      comes: 10,
      goes: 1,
      answers: 30,
      filters: [["load/#", 1]],
      changes: 0,
    },
    {
      name: "changing",
      version: newestVersion,
      comes: 20,
      goes: 1,
      answers: 50,
      filters: each(0),
      changes: 2,
    },
    { name: "changing-3", version: old, comes: 5, goes: 3, answers: 20, filters: each(1), changes: 2 },
    {
      name: "slow",
      version: newestVersion,
      comes: 20,
      goes: 2,
      answers: 4,
      filters: [
        ["load/p0/+", 2],
        ["load/p1/+", 2],
        ["retained/#", 2],
      ],
      changes: 3,
    },
    {
      name: "heir",
      version: newestVersion,
      comes: 10,
      goes: 1,
      answers: 50,
      filters: [[WILLS, 2]],
      changes: 0,
    },
  ];
}
