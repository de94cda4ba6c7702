import { afterEach, describe, expect, it } from "vitest";
import { seededRandom } from "#base";
import type { ClientPipe } from "#client";
import { createBroker, type MartletBroker } from "#server";
import { VirtualClock } from "#testing";
import { nextTurn } from "../../test/support/next-turn.ts";
import type { BridgeAddress } from "./addresses.ts";
import { Bridge } from "./bridge.ts";
import type { BridgeOptions } from "./options.ts";
import type { BridgeTopic } from "./topic-map.ts";

const STATE = "$SYS/broker/connection/house.hub/state";

/** Two brokers in one memory, a bridge between them, and a network that a test takes away. */
class World {
  readonly clock = new VirtualClock();
  readonly here: MartletBroker;
  readonly there: MartletBroker;
  readonly lines: string[] = [];
  readonly dialled: string[] = [];
  /** Hosts that do not answer. */
  readonly away = new Set<string>();
  readonly pipes: ClientPipe[] = [];
  /** What the bridge writes to the other broker, and reads from it, goes through here; false cuts. */
  passes: (bytes: Uint8Array, direction: "out" | "in") => boolean = () => true;
  bridge: Bridge | undefined;
  /** The other broker does not know the bit of bridges, or does not let this one in. */
  refusesPrivate = false;
  refusesLogin = false;
  /** Protocol levels of the CONNECTs that were sent. */
  readonly levels: number[] = [];

  constructor() {
    const settings = { sysIntervalSeconds: 0 };
    this.here = createBroker({ clock: this.clock, random: seededRandom(1), settings });
    this.there = createBroker({ clock: this.clock, random: seededRandom(2), settings });
  }

  async start(
    topics: readonly Partial<BridgeTopic>[],
    changes: Partial<BridgeOptions> = {},
  ): Promise<Bridge> {
    if (!this.here.isOpen) await this.here.start();
    if (!this.there.isOpen) await this.there.start();
    const bridge = new Bridge(options(topics, changes), {
      clock: this.clock,
      random: seededRandom(3),
      log: { write: (level, sentence) => void this.lines.push(`${level} ${sentence}`) },
      connectLocally: () => this.here.connectPipe("bridge"),
      dial: async ({ host, port }) => this.#dial({ host, port }),
      tellLocally: async (topicName, payload) => {
        await this.here.publish({ topicName, payload, retain: true });
      },
      localSubscriptions: (clientId) =>
        [...this.here.clients()].find((client) => client.clientId === clientId)?.subscriptions ?? [],
    });
    this.bridge = bridge;
    bridge.start();
    await this.settle();
    return bridge;
  }

  #dial({ host, port }: BridgeAddress): ClientPipe {
    this.dialled.push(`${host}:${port}`);
    if (this.away.has(host)) throw new RangeError("nobody answers");
    const pipe = this.there.connectPipe();
    const watched = this.#watched(pipe);
    this.pipes.push(watched);
    return watched;
  }

  #watched(pipe: ClientPipe): ClientPipe {
    const passes = (bytes: Uint8Array, direction: "out" | "in"): boolean => {
      if (this.passes(bytes, direction)) return true;
      pipe.destroy();
      return false;
    };
    let answer: ((bytes: Uint8Array) => void) | undefined;
    const isRefused = (bytes: Uint8Array): boolean => {
      if (bytes[0] !== 0x10) return false;
      // Behind the length of the packet and that of the name.
      const level = bytes[4 + (bytes[3] as number)] as number;
      this.levels.push(level);
      const code = this.refusesPrivate && level > 0x80 ? 1 : 5;
      if (code === 5 && !this.refusesLogin) return false;
      this.clock.afterTurn(() => answer?.(Uint8Array.of(0x20, 2, 0, code)));
      return true;
    };
    return {
      open: (receiver) => {
        answer = (bytes) => receiver.onBytes(bytes);
        pipe.open({
          onBytes: (chunk) => void (passes(chunk, "in") && receiver.onBytes(chunk)),
          onWritten: () => receiver.onWritten(),
          onClosed: (error) => receiver.onClosed(error),
        });
      },
      write: (bytes) => isRefused(bytes) || !passes(bytes, "out") || pipe.write(bytes),
      pauseReading: () => pipe.pauseReading(),
      resumeReading: () => pipe.resumeReading(),
      end: () => pipe.end(),
      destroy: () => pipe.destroy(),
    };
  }

  /** The other broker is gone, with what is connected to it. */
  leave(host = "hub"): void {
    this.away.add(host);
    this.pipes.at(-1)?.destroy();
  }

  /** What `broker` gets on `filter`, `topic payload`, and `R` where it is retained. */
  heard(broker: MartletBroker, filter = "#"): string[] {
    const heard: string[] = [];
    broker.subscribe(filter, ({ topicName, payload, retain }) => {
      heard.push(`${topicName} ${new TextDecoder().decode(payload)}${retain ? " R" : ""}`);
    });
    return heard;
  }

  async settle(ms = 0): Promise<void> {
    const end = this.clock.now() + ms;
    for (;;) {
      for (let i = 0; i < 6 || this.clock.busy; i++) {
        this.clock.runTurns();
        await nextTurn();
      }
      const next = this.clock.nextAlarm;
      if (next === undefined || next > end) break;
      this.clock.advance(Math.max(0, next - this.clock.now()));
    }
    this.clock.advance(end - this.clock.now());
  }
}

function options(topics: readonly Partial<BridgeTopic>[], changes: Partial<BridgeOptions>): BridgeOptions {
  return {
    name: "house",
    addresses: [{ host: "hub", port: 1883 }],
    isRoundRobin: false,
    topics: topics.map((topic) => {
      return { pattern: "#", direction: "out", qos: 2, localPrefix: "", remotePrefix: "", ...topic } as const;
    }),
    version: 4,
    localClientId: "local.house.hub",
    remoteClientId: "house.hub",
    remoteUserName: undefined,
    remotePassword: undefined,
    isLocalSessionClean: false,
    isRemoteSessionClean: false,
    remoteSessionExpirySeconds: 4_294_967_295,
    keepAliveSeconds: 60,
    notificationTopic: STATE,
    isNotifiedLocallyOnly: false,
    isPrivate: true,
    start: "automatic",
    idleTimeoutMs: 60_000,
    threshold: 3,
    restart: { leastMs: 5_000, mostMs: 30_000, stableMs: 10_000 },
    endsForeignSubscriptions: true,
    keepsRetain: true,
    maximumPacketBytes: 0,
    maximumTopicAlias: 10,
    receiveMaximum: 20,
    ...changes,
  };
}

let world: World;

async function made(
  topics: readonly Partial<BridgeTopic>[],
  changes: Partial<BridgeOptions> = {},
): Promise<World> {
  world = new World();
  await world.start(topics, changes);
  return world;
}

afterEach(async () => {
  const stopped = Promise.all([world.bridge?.stop(), world.here.stop(), world.there.stop()]);
  for (let i = 0; i < 20; i++) await world.settle(1_000);
  await stopped;
});

describe("a bridge", () => {
  it.each([3, 4, 5] as const)("passes messages on in both directions with version %i", async (version) => {
    await made(
      [
        { pattern: "up/#", direction: "out", localPrefix: "l/", remotePrefix: "r/" },
        { pattern: "down/#", direction: "in", localPrefix: "l/", remotePrefix: "r/" },
        { pattern: "chat", direction: "both" },
      ],
      { version },
    );
    const [here, there] = [world.heard(world.here), world.heard(world.there)];
    for (const qos of [0, 1, 2] as const) {
      await world.here.publish({ topicName: "l/up/a", payload: `o${qos}`, qos });
      await world.there.publish({ topicName: "r/down/b", payload: `i${qos}`, qos });
    }
    await world.here.publish({ topicName: "chat", payload: "from here", qos: 1 });
    await world.there.publish({ topicName: "chat", payload: "from there", qos: 1 });
    await world.settle();
    expect(there.filter((line) => line.startsWith("r/up/a"))).toEqual([
      "r/up/a o0",
      "r/up/a o1",
      "r/up/a o2",
    ]);
    expect(here.filter((line) => line.startsWith("l/down"))).toEqual([
      "l/down/b i0",
      "l/down/b i1",
      "l/down/b i2",
    ]);
    for (const heard of [here, there])
      expect(heard.filter((line) => line.startsWith("chat")).toSorted()).toEqual([
        "chat from here",
        "chat from there",
      ]);
    expect(world.bridge?.waiting).toBe(0);
  });

  it("keeps RETAIN, or takes it away from what goes out", async () => {
    await made([{ pattern: "kept/#" }, { pattern: "in/#", direction: "in" }]);
    await world.here.publish({ topicName: "kept/a", payload: "1", qos: 1, retain: true });
    await world.there.publish({ topicName: "in/a", payload: "2", qos: 1, retain: true });
    await world.settle();
    expect(world.heard(world.there, "kept/#").length).toBe(0);
    await world.settle();
    const [there, here] = [world.heard(world.there, "kept/#"), world.heard(world.here, "in/#")];
    await world.settle();
    expect([there, here]).toEqual([["kept/a 1 R"], ["in/a 2 R"]]);
  });

  it("without outgoing_retain nothing is retained at the other broker", async () => {
    await made([{}], { keepsRetain: false });
    const live = world.heard(world.there);
    await world.here.publish({ topicName: "a", payload: "1", qos: 1, retain: true });
    await world.settle();
    expect(live).toContain("a 1");
    const later = world.heard(world.there);
    await world.settle();
    expect(later).toEqual([]);
  });

  it("while the other broker is away messages wait in the session, and none is lost", async () => {
    await made([{ qos: 1 }]);
    const there = world.heard(world.there);
    world.leave();
    await world.settle();
    await world.here.publish({ topicName: "n", payload: "not kept", qos: 0 });
    for (let i = 0; i < 100; i++) await world.here.publish({ topicName: "n", payload: `${i}`, qos: 1 });
    await world.settle(120_000);
    expect(there).toEqual([]);
    const client = [...world.here.clients()].find(({ clientId }) => clientId === "local.house.hub");
    expect((client?.queuedMessages ?? 0) + (client?.inFlight ?? 0)).toBe(100);
    world.away.clear();
    await world.settle(60_000);
    expect(there).toEqual(Array.from({ length: 100 }, (_, i) => `n ${i}`));
  });

  it("a bridge that is made anew sends what the one before did not", async () => {
    await made([{ qos: 1 }]);
    world.leave();
    await world.settle();
    for (let i = 0; i < 30; i++) await world.here.publish({ topicName: "n", payload: `${i}`, qos: 1 });
    await world.settle();
    const stopped = world.bridge?.stop();
    await world.settle(5_000);
    await stopped;
    await world.here.publish({ topicName: "n", payload: "30", qos: 1 });
    const there = world.heard(world.there);
    world.away.clear();
    await world.start([{ qos: 1 }]);
    await world.settle(1_000);
    expect(there).toEqual(Array.from({ length: 31 }, (_, i) => `n ${i}`));
  });

  it("retained messages of QoS 0 that came meanwhile are there when it is back", async () => {
    await made([{ qos: 0 }]);
    world.leave();
    await world.settle();
    await world.here.publish({ topicName: "state", payload: "on", retain: true });
    await world.settle();
    world.away.clear();
    await world.settle(60_000);
    const there = world.heard(world.there, "state");
    await world.settle();
    expect(there).toEqual(["state on R"]);
  });

  it.each([
    ["PUBLISH", "out", 3],
    ["PUBREC", "in", 5],
    ["PUBREL", "out", 6],
    ["PUBCOMP", "in", 7],
  ] as const)(
    "a link that is cut at %s of QoS 2 loses nothing and doubles nothing",
    async (_, direction, type) => {
      await made([{ pattern: "o/#" }]);
      const there = world.heard(world.there, "o/#");
      let cuts = 0;
      world.passes = (bytes, way) => {
        const isHit = way === direction && (bytes[0] as number) >> 4 === type && cuts < 3;
        if (isHit) cuts++;
        return !isHit;
      };
      for (let i = 0; i < 10; i++) await world.here.publish({ topicName: "o/x", payload: `${i}`, qos: 2 });
      await world.settle(300_000);
      expect(cuts).toBe(3);
      expect(there.toSorted()).toEqual(Array.from({ length: 10 }, (_value, i) => `o/x ${i}`));
    },
  );

  it.each([
    ["PUBLISH", "in", 3],
    ["PUBREC", "out", 5],
    ["PUBREL", "in", 6],
    ["PUBCOMP", "out", 7],
  ] as const)("nor when it comes in and is cut at %s", async (_, direction, type) => {
    await made([{ pattern: "i/#", direction: "in" }], { notificationTopic: undefined });
    const here = world.heard(world.here, "i/#");
    let cuts = 0;
    world.passes = (bytes, way) => {
      const isHit = way === direction && (bytes[0] as number) >> 4 === type && cuts < 3;
      if (isHit) cuts++;
      return !isHit;
    };
    for (let i = 0; i < 10; i++) await world.there.publish({ topicName: "i/x", payload: `${i}`, qos: 2 });
    await world.settle(300_000);
    // Several packets come in one piece.
    expect(cuts).toBeGreaterThan(0);
    expect(here.toSorted()).toEqual(Array.from({ length: 10 }, (_value, i) => `i/x ${i}`));
  });

  it("says at both brokers whether it is there", async () => {
    await made([{}], { notificationTopic: "bridge/state" });
    const [here, there] = [world.heard(world.here, "bridge/#"), world.heard(world.there, "bridge/#")];
    await world.settle();
    expect([here, there]).toEqual([["bridge/state 1 R"], ["bridge/state 1 R"]]);
    world.leave();
    await world.settle();
    expect([here.at(-1), there.at(-1)]).toEqual(["bridge/state 0 R", "bridge/state 0 R"]);
    world.away.clear();
    await world.settle(60_000);
    expect([here.at(-1), there.at(-1)]).toEqual(["bridge/state 1 R", "bridge/state 1 R"]);
    const stopped = world.bridge?.stop();
    await world.settle(5_000);
    await stopped;
    expect([here.at(-1), there.at(-1)]).toEqual(["bridge/state 0 R", "bridge/state 0 R"]);
  });

  it("only at this one, if that is wanted; by default below $SYS", async () => {
    await made([{ pattern: "x" }], { isNotifiedLocallyOnly: true });
    const [here, there] = [world.heard(world.here, "$SYS/#"), world.heard(world.there, "$SYS/#")];
    await world.settle();
    expect(here.filter((line) => line.startsWith(STATE))).toEqual([`${STATE} 1 R`]);
    expect(there.filter((line) => line.startsWith(STATE))).toEqual([]);
  });

  it("gives up to say that it is a bridge where that is refused", async () => {
    world = new World();
    world.refusesPrivate = true;
    await world.start([{ pattern: "x", qos: 1 }]);
    await world.settle(60_000);
    expect(world.levels).toEqual([0x84, 4]);
    expect(world.bridge?.isConnected).toBe(true);
    world.pipes.at(-1)?.destroy();
    await world.settle(60_000);
    expect(world.levels).toEqual([0x84, 4, 4]);
  });

  it.each([
    [false, 4, 4],
    [true, 5, 5],
    [true, 3, 0x83],
  ] as const)("try_private %j with version %i has level %i", async (isPrivate, version, level) => {
    await made([{ pattern: "x" }], { isPrivate, version });
    expect(world.levels).toEqual([level]);
  });

  it("goes on trying where a login is refused", async () => {
    world = new World();
    world.refusesLogin = true;
    await world.start([{ pattern: "x", qos: 1 }]);
    await world.here.publish({ topicName: "x", payload: "1", qos: 1 });
    await world.settle(120_000);
    expect(world.levels.length).toBeGreaterThan(2);
    const there = world.heard(world.there, "x");
    world.refusesLogin = false;
    await world.settle(60_000);
    expect(there).toEqual(["x 1"]);
  });

  it("lazy: connects when enough wait, and goes when nothing comes any more", async () => {
    await made([{ qos: 1 }], { start: "lazy", idleTimeoutMs: 10_000, threshold: 3 });
    const there = world.heard(world.there);
    await world.here.publish({ topicName: "n", payload: "0", qos: 1 });
    await world.here.publish({ topicName: "n", payload: "1", qos: 1 });
    await world.settle(60_000);
    expect(world.dialled).toEqual([]);
    await world.here.publish({ topicName: "n", payload: "2", qos: 1 });
    await world.settle();
    expect(there).toEqual(["n 0", "n 1", "n 2"]);
    await world.settle(9_000);
    expect(world.bridge?.isConnected).toBe(true);
    await world.settle(3_000);
    expect(world.bridge?.isConnected).toBe(false);
    for (let i = 3; i < 6; i++) await world.here.publish({ topicName: "n", payload: `${i}`, qos: 1 });
    await world.settle();
    expect(there.length).toBe(6);
    expect(world.dialled.length).toBe(2);
  });

  it("once: does not come back", async () => {
    await made([{}], { start: "once" });
    expect(world.bridge?.isConnected).toBe(true);
    world.leave();
    world.away.clear();
    await world.settle(600_000);
    expect(world.dialled.length).toBe(1);
  });

  it("waits longer and longer between attempts, within its bounds", async () => {
    world = new World();
    world.away.add("hub");
    await world.start([{}]);
    const at: number[] = [];
    for (let i = 0; i < 3_000; i++) {
      const before = world.dialled.length;
      await world.settle(100);
      if (world.dialled.length > before) at.push(world.clock.now());
    }
    const waits = at.slice(1).map((time, i) => time - (at[i] as number));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(4_900);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_100);
    expect(new Set(waits).size).toBeGreaterThan(3);
  });

  it("tries its addresses in turn, and goes back to the first", async () => {
    const addresses = [
      { host: "first", port: 1 },
      { host: "second", port: 2 },
    ] as const;
    world = new World();
    world.away.add("first");
    await world.start([{}], { addresses });
    await world.settle(40_000);
    expect(world.dialled.slice(0, 2)).toEqual(["first:1", "second:2"]);
    expect(world.bridge?.isConnected).toBe(true);
    world.away.delete("first");
    await world.settle(20_000);
    expect(world.bridge?.isConnected).toBe(true);
    expect(world.dialled.at(-1)).toBe("first:1");
    expect(world.lines.filter((line) => line.includes("Connecting bridge house (first:1)")).length).toBe(2);
  });

  it("round robin stays where it is, and goes on to the next when that is lost", async () => {
    const addresses = [
      { host: "first", port: 1 },
      { host: "second", port: 2 },
    ] as const;
    world = new World();
    await world.start([{}], { addresses, isRoundRobin: true });
    world.pipes.at(-1)?.destroy();
    await world.settle(60_000);
    expect(world.dialled).toEqual(["first:1", "second:2"]);
  });

  it("ends subscriptions of earlier runs, at both brokers", async () => {
    await made([{ pattern: "a", direction: "both" }, { pattern: "b" }]);
    const stopped = world.bridge?.stop();
    await world.settle(5_000);
    await stopped;
    await world.start([{ pattern: "a", direction: "out" }]);
    await world.settle();
    const subscriptions = (broker: MartletBroker, id: string) =>
      [...broker.clients()].find(({ clientId }) => clientId === id)?.subscriptions;
    expect(subscriptions(world.here, "local.house.hub")).toEqual(["a"]);
    expect(subscriptions(world.there, "house.hub")).toEqual([]);
  });

  it("a message that is too large does not hold up the others", async () => {
    await made([{ pattern: "x", qos: 1 }], { maximumPacketBytes: 200 });
    const there = world.heard(world.there, "x");
    await world.here.publish({ topicName: "x", payload: "a".repeat(300), qos: 1 });
    await world.here.publish({ topicName: "x", payload: "small", qos: 1 });
    await world.settle();
    expect(there).toEqual(["x small"]);
    expect(world.bridge?.dropped).toBe(1);
  });
});
