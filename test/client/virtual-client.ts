/** A broker and clients of it in memory and in virtual time. Nothing here waits: `settle` runs what is due. */

import { seededRandom } from "#base";
import { Broker, type BrokerParts } from "#broker";
import { memoryPipes, VirtualClock } from "#testing";
import { connectWith, type MqttClient } from "../../src/client/client.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { ClientPipe } from "../../src/client/pipe.ts";
import { parseBrokerUrl } from "../../src/client/url.ts";
import { nextTurn } from "../support/next-turn.ts";

const MOST_LOOKS = 2_000;

/** The broker without what starts listeners, so that it also runs in a page. */
class MemoryBroker extends Broker {
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, parts: Partial<BrokerParts>) {
    const settings = { sysIntervalSeconds: 0, ...parts.settings };
    super({ clock, random: seededRandom(7), ...parts, settings });
    this.#clock = clock;
  }

  connectPipe(): ClientPipe {
    const [near, far] = memoryPipes(this.#clock);
    this.accept(far);
    return near;
  }
}

export interface VirtualWorld {
  readonly clock: VirtualClock;
  readonly broker: MemoryBroker;
  /** The pipes of the clients, oldest first, as they dialled them. */
  readonly pipes: ClientPipe[];
  /** Errors that no operation reported. */
  readonly reported: unknown[];
  /** While false, dialling fails. */
  online: boolean;
  /** Begins to connect. */
  start(options?: ConnectOptions): Promise<MqttClient>;
  /** Connects, and fails the test if that fails. */
  connect(options?: ConnectOptions): Promise<MqttClient>;
  /** Breaks the last connection. */
  cut(): Promise<void>;
  /** Runs turns and promises until nothing is left to do; lets `ms` pass before. */
  settle(ms?: number): Promise<void>;
  /** Waits for a promise while turns run. */
  run<Result>(promise: Promise<Result>): Promise<Result>;
}

export async function virtualWorld(options: Partial<BrokerParts> = {}): Promise<VirtualWorld> {
  const clock = new VirtualClock();
  const broker = new MemoryBroker(clock, options);
  broker.open();
  const world: VirtualWorld = {
    clock,
    broker,
    pipes: [],
    reported: [],
    online: true,
    start(changes = {}) {
      const dial = (): ClientPipe => {
        if (!world.online) throw new Error("offline");
        const pipe = broker.connectPipe();
        world.pipes.push(pipe);
        return pipe;
      };
      const random = seededRandom(world.pipes.length + 1);
      const whole = {
        clock,
        random,
        dial,
        onError: (error: unknown) => world.reported.push(error),
        ...changes,
      };
      return connectWith("mqtt://memory", whole, {
        clock,
        random,
        dial,
        readUrl: parseBrokerUrl,
        keepAliveSeconds: 60,
      });
    },
    connect: (changes) => world.run(world.start(changes)),
    async cut() {
      world.pipes.at(-1)?.destroy();
      await world.settle();
    },
    async settle(ms = 0) {
      // From alarm to alarm: what one starts has to get its promises before the next rings.
      const end = clock.now() + ms;
      for (;;) {
        for (let i = 0; i < 4 || clock.busy; i++) {
          clock.runTurns();
          await nextTurn();
        }
        const next = clock.nextAlarm;
        if (next === undefined || next > end) break;
        clock.advance(Math.max(0, next - clock.now()));
      }
      clock.advance(end - clock.now());
    },
    async run(promise) {
      let isSettled = false;
      const settled = (): void => void (isSettled = true);
      promise.then(settled, settled);
      for (let i = 0; i < MOST_LOOKS && !isSettled; i++) {
        await world.settle();
        // A file takes real time.
        if (i > 10) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      if (!isSettled) throw new Error("the promise does not settle without time");
      return promise;
    },
  };
  return world;
}
