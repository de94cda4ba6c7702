/** What users of other clients complain about, one test for each thread: it must not happen here. */

import { describe, expect, test } from "vitest";
import { openGate } from "#auth";
import { seededRandom } from "#base";
import { ReasonCode } from "#protocol";
import { nextDelayMs } from "../../src/client/backoff.ts";
import {
  AbortedError,
  ConnectionLostError,
  OutboxError,
  PublishRefusedError,
  SubscribeRefusedError,
  TimeoutError,
} from "../../src/client/errors.ts";
import { FaultyPipe } from "./faulty-pipe.ts";
import { virtualWorld } from "./virtual-client.ts";

/** What a promise came to, without waiting for it. */
function outcomeOf(promise: Promise<unknown>): { error?: unknown; isSettled: boolean } {
  const outcome: { error?: unknown; isSettled: boolean } = { isSettled: false };
  promise.then(
    () => (outcome.isSettled = true),
    (error: unknown) => {
      outcome.isSettled = true;
      outcome.error = error;
    },
  );
  return outcome;
}

describe("promises that never settle (MQTT.js #1987, #1974, #1776)", () => {
  test("connect to a broker that takes the connection and says nothing", async () => {
    const world = await virtualWorld();
    const dial = () => new FaultyPipe(world.broker.connectPipe(), world.clock, { silentAfter: 1 });
    const outcome = outcomeOf(world.start({ dial, connectTimeoutMs: 5_000 }));
    await world.settle(5_000);
    expect(outcome.error).toMatchObject({ code: "MARTLET_CONNECTION_LOST", source: "timeout" });
  });

  test("connect to nobody, and a dial that never comes back", async () => {
    const world = await virtualWorld();
    world.online = false;
    const refused = outcomeOf(world.start());
    const dial = () => new Promise<never>(() => undefined);
    const never = outcomeOf(world.start({ dial, connectTimeoutMs: 7_000 }));
    await world.settle(7_000);
    expect(refused.error).toBeInstanceOf(Error);
    expect(never.error).toBeInstanceOf(ConnectionLostError);
  });

  test("every operation without a connection ends with its deadline", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    world.online = false;
    await world.cut();
    const timeoutMs = 2_000;
    const subscription = client.subscribe("t", { timeoutMs });
    const outcomes = [
      outcomeOf(client.publish("t", "", { qos: 1, timeoutMs })),
      outcomeOf(client.publish("t", "", { qos: 2, timeoutMs })),
      outcomeOf(subscription.ready),
      outcomeOf(subscription.next()),
    ];
    const atOnce = outcomeOf(client.publish("t", ""));
    await world.settle();
    expect(atOnce.error).toBeInstanceOf(ConnectionLostError);
    expect(outcomes.map(({ isSettled }) => isSettled)).toEqual([false, false, false, false]);
    await world.settle(timeoutMs);
    for (const { error } of outcomes) expect(error).toBeInstanceOf(TimeoutError);
    expect(client.outbox.messages).toBe(0);
    // Nobody waits for it, so it is not sent either.
    world.online = true;
    await world.settle(60_000);
    expect(world.broker.metrics.publishReceived).toBe(0);
  });

  test("without a deadline of its own a message has the outbox's", async () => {
    const world = await virtualWorld();
    const client = await world.connect({ outbox: { maximumAgeMs: 3_000 } });
    world.online = false;
    await world.cut();
    const outcome = outcomeOf(client.publish("t", "", { qos: 1 }));
    await world.settle(3_000);
    expect(outcome.error).toBeInstanceOf(TimeoutError);
  });

  test("a signal ends each of them at once", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    world.online = false;
    await world.cut();
    const abort = new AbortController();
    const { signal } = abort;
    const outcomes = [
      outcomeOf(client.publish("t", "", { qos: 1, signal })),
      outcomeOf(client.subscribe("t", { signal }).ready),
      outcomeOf(world.start({ signal, dial: () => new Promise<never>(() => undefined) })),
      outcomeOf(client.reauthenticate({ signal })),
    ];
    abort.abort("enough");
    await world.settle();
    for (const { error } of outcomes.slice(0, 3)) expect(error).toBeInstanceOf(AbortedError);
    for (const { error } of outcomes) expect(error).toBeInstanceOf(Error);
    const late = outcomeOf(client.publish("t", "", { qos: 1, signal }));
    await world.settle();
    expect(late.error).toBeInstanceOf(AbortedError);
  });

  test("close ends what is open", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    world.online = false;
    await world.cut();
    const subscription = client.subscribe("t");
    const outcomes = [outcomeOf(client.publish("t", "", { qos: 2 })), outcomeOf(subscription.ready)];
    const iteration = outcomeOf(subscription.next());
    const states: string[] = [];
    const statuses = client.status();
    await world.run(client.close());
    for await (const { state } of statuses) states.push(state);
    await world.settle();
    for (const { error } of outcomes) expect(error).toBeInstanceOf(Error);
    expect(iteration).toEqual({ isSettled: true });
    expect(states.at(-1)).toBe("closed");
    expect(() => client.subscribe("t")).toThrow(/closed/);
    await expect(client.publish("t", "")).rejects.toBeInstanceOf(ConnectionLostError);
    await client.close();
  });
});

describe("a fleet that comes back at once (MQTT.js #561)", () => {
  test("waits grow at random, within bounds", () => {
    const random = seededRandom(1);
    const bounds = { minimumDelayMs: 100, maximumDelayMs: 5_000 };
    const delays: number[] = [];
    let lastMs = 0;
    for (let i = 0; i < 200; i++) {
      const delayMs = nextDelayMs(random, bounds, { lastMs, isBusy: false });
      expect(delayMs).toBeGreaterThanOrEqual(100);
      expect(delayMs).toBeLessThanOrEqual(Math.max(100, Math.min(5_000, lastMs * 3)));
      delays.push(delayMs);
      lastMs = delayMs;
    }
    expect(new Set(delays).size).toBeGreaterThan(100);
    expect(nextDelayMs(random, bounds, { lastMs: 0, isBusy: false })).toBe(100);
    expect(nextDelayMs(random, bounds, { lastMs: 0, isBusy: true })).toBe(1_000);
  });

  test("a thousand clients that lose their broker spread their return", async () => {
    const returns = Array.from({ length: 1000 }, (_, seed) => {
      const random = seededRandom(seed);
      let lastMs = 0;
      for (let i = 0; i < 3; i++) lastMs = nextDelayMs(random, {}, { lastMs, isBusy: false });
      return lastMs;
    });
    expect(new Set(returns).size).toBeGreaterThan(300);
  });

  test("it stops when told to, and at once when the broker says no", async () => {
    const world = await virtualWorld();
    const client = await world.connect({ reconnect: { stopAfterAttempts: 3 } });
    world.online = false;
    await world.cut();
    await world.settle(600_000);
    expect(client.current).toMatchObject({ state: "closed", error: { message: "offline" } });

    world.online = true;
    const first = await world.connect({ clientId: "one" });
    const second = await world.connect({ clientId: "one" });
    await world.settle(60_000);
    expect(first.current).toMatchObject({
      state: "closed",
      error: { reasonCode: ReasonCode.SESSION_TAKEN_OVER },
    });
    expect(second.current.state).toBe("connected");
  });
});

describe("duplicates after reconnect (MQTT.js #909, #675, #718, #1501; S89)", () => {
  test("two users of one filter share it, and a reconnect restores it once", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    const got: string[] = [];
    const one = client.subscribe("t", {}, ({ text }) => got.push(`one ${text}`));
    const two = client.subscribe("t", {}, ({ text }) => got.push(`two ${text}`));
    await world.run(Promise.all([one.ready, two.ready]));
    for (let i = 0; i < 5; i++) {
      await world.cut();
      await world.settle(60_000);
    }
    await world.run(client.publish("t", "x", { qos: 1 }));
    await world.settle();
    expect(got).toEqual(["one x", "two x"]);
    await world.run(one.close());
    await world.run(client.publish("t", "y", { qos: 1 }));
    await world.settle();
    expect(got.slice(2)).toEqual(["two y"]);
    expect(world.broker.sizes.subscriptions).toBe(1);
  });

  test("filters that overlap give each user one message", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    const got: string[] = [];
    const filters = ["a/#", "a/+", "a/b", "$share/g/a/b"];
    const subscriptions = filters.map((filter) => client.subscribe(filter, {}, () => got.push(filter)));
    await world.run(Promise.all(subscriptions.map(({ ready }) => ready)));
    await world.run(client.publish("a/b", "x", { qos: 1 }));
    await world.settle();
    expect(got.toSorted()).toEqual(filters.toSorted());
  });

  test("a message the program holds is not given to it again", async () => {
    const world = await virtualWorld();
    const client = await world.connect();
    const got: string[] = [];
    const held = client.subscribe("t", { acknowledge: "manual" });
    await world.run(held.ready);
    await world.run(client.publish("t", "1", { qos: 1 }));
    await world.run(client.publish("t", "2", { qos: 2 }));
    await world.settle();
    const messages = [(await held.next()).value, (await held.next()).value];
    await world.cut();
    await world.settle(60_000);
    for (const message of messages) message?.acknowledge();
    void held.next().then(({ value }) => got.push(value?.text ?? "end"));
    await world.settle();
    expect(got).toEqual([]);
    expect([...world.broker.clients()][0]?.inFlight).toBe(0);
  });

  test("retained messages come to a user once, also when another joins", async () => {
    const world = await virtualWorld();
    await world.broker.publish({ topicName: "t", payload: "kept", retain: true });
    const client = await world.connect();
    const got: string[] = [];
    await world.run(client.subscribe("t", {}, () => got.push("one")).ready);
    await world.run(client.subscribe("t", {}, () => got.push("two")).ready);
    await world.settle();
    expect(got).toEqual(["one", "two"]);
  });

  test("what waited is bounded and in order, and what is too old is not sent (S89)", async () => {
    const world = await virtualWorld();
    const client = await world.connect({ outbox: { maximumMessages: 3 } });
    const seen: string[] = [];
    world.broker.subscribe("t", ({ payload }) => seen.push(new TextDecoder().decode(payload)));
    world.online = false;
    await world.cut();
    const publish = (text: string, messageExpiryInterval?: number) =>
      outcomeOf(
        client.publish("t", text, {
          qos: 1,
          ...(messageExpiryInterval === undefined ? {} : { properties: { messageExpiryInterval } }),
        }),
      );
    const outcomes = [publish("1"), publish("2", 5), publish("3", 5_000), publish("4")];
    await world.settle(30_000);
    world.online = true;
    await world.settle(60_000);
    expect(seen).toEqual(["1", "3"]);
    expect(outcomes[1]?.error).toMatchObject({ problem: "expired" });
    expect(outcomes[3]?.error).toMatchObject({ problem: "full" });
    expect(outcomes[3]?.error).toBeInstanceOf(OutboxError);
  });

  test("the oldest makes room where that is wanted", async () => {
    const world = await virtualWorld();
    const client = await world.connect({ outbox: { maximumMessages: 2, overflow: "drop-oldest" } });
    world.online = false;
    await world.cut();
    const outcomes = ["1", "2", "3"].map((text) => outcomeOf(client.publish("t", text, { qos: 1 })));
    world.online = true;
    await world.settle(60_000);
    expect(outcomes[0]?.error).toMatchObject({ problem: "dropped" });
    expect(outcomes.slice(1)).toEqual([{ isSettled: true }, { isSettled: true }]);
  });
});

describe("a denied publish that looks like a success (MQTT.js #1376, mosquitto #547, paho #895)", () => {
  const gate = { ...openGate(), mayPublish: () => false, maySubscribe: () => false };

  test("is an error with the reason code at QoS 1 and 2, and so is a subscription", async () => {
    const world = await virtualWorld({ gate });
    const client = await world.connect();
    for (const qos of [1, 2] as const) {
      const { error } = outcomeOf(client.publish("t", "", { qos }));
      expect(error).toBeUndefined();
      const refusal: unknown = await world.run(
        client.publish("t", "", { qos }).catch((problem: unknown) => problem),
      );
      expect(refusal).toBeInstanceOf(PublishRefusedError);
      expect(refusal).toMatchObject({ reasonCode: ReasonCode.NOT_AUTHORIZED });
    }
    const subscription = client.subscribe("t");
    const refusal: unknown = await world.run(subscription.ready.catch((problem: unknown) => problem));
    expect(refusal).toBeInstanceOf(SubscribeRefusedError);
    await expect(subscription.next()).rejects.toBe(refusal);
  });

  test("what the broker says it would refuse is not sent", async () => {
    const world = await virtualWorld({
      settings: {
        maximumQos: 1,
        retainAvailable: false,
        maximumPacketSize: 100,
        wildcardSubscriptionAvailable: false,
      },
    });
    const client = await world.connect();
    const refusals: [Promise<unknown>, number][] = [
      [client.publish("t", "", { qos: 2 }), ReasonCode.QOS_NOT_SUPPORTED],
      [client.publish("t", "", { retain: true }), ReasonCode.RETAIN_NOT_SUPPORTED],
      [client.publish("t", "x".repeat(100)), ReasonCode.PACKET_TOO_LARGE],
      [client.publish("t", "x".repeat(100), { qos: 1 }), ReasonCode.PACKET_TOO_LARGE],
      [client.subscribe("a/+").ready, ReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED],
    ];
    for (const [promise, reasonCode] of refusals) {
      expect(await promise.catch((error: unknown) => error)).toMatchObject({ reasonCode });
    }
    await world.settle();
    expect(client.current.state).toBe("connected");
    expect(world.broker.metrics.publishReceived).toBe(0);
  });
});

describe("a dead link that nobody notices (S88), also in a page in the background (MQTT.js #1257, #1608)", () => {
  async function silentWorld(keepAliveSeconds: number, acknowledgementTimeoutMs: number) {
    const world = await virtualWorld();
    let isFirst = true;
    const dial = () => {
      const faults = isFirst ? { silentAfter: 250 } : {};
      isFirst = false;
      return new FaultyPipe(world.broker.connectPipe(), world.clock, faults);
    };
    const client = await world.connect({ dial, keepAliveSeconds, acknowledgementTimeoutMs, clientId: "c" });
    // Fill up to the point where the line goes dead.
    await world.run(client.publish("fill", "x".repeat(250)));
    await world.settle();
    return { world, client };
  }

  test("keep alive: the client knows after one and a half times, and a publish has not succeeded meanwhile", async () => {
    const { world, client } = await silentWorld(60, 1e9);
    const outcome = outcomeOf(client.publish("t", "", { qos: 1, timeoutMs: 1e9 }));
    await world.settle(89_000);
    expect(outcome.isSettled).toBe(false);
    await world.settle(1_000);
    expect(client.current.state).not.toBe("connected");
    await world.settle(60_000);
    expect(outcome).toEqual({ isSettled: true });
  });

  test("an acknowledgement that does not come is noticed sooner", async () => {
    const { world, client } = await silentWorld(600, 5_000);
    const outcome = outcomeOf(client.publish("t", "", { qos: 1 }));
    await world.settle(5_000);
    expect(client.current.state).not.toBe("connected");
    await world.settle(60_000);
    expect(outcome).toEqual({ isSettled: true });
  });

  test("timers that come once a minute are enough for the keep alive that pages get", async () => {
    const { world, client } = await silentWorld(120, 20_000);
    const { clock } = world;
    const schedule = clock.schedule.bind(clock);
    clock.schedule = (delayMs, ring) =>
      schedule(Math.ceil((clock.now() + delayMs) / 60_000) * 60_000 - clock.now(), ring);
    const started = clock.now();
    let noticedMs = Number.POSITIVE_INFINITY;
    void (async () => {
      for await (const { state } of client.status()) {
        if (state === "waiting") noticedMs = Math.min(noticedMs, clock.now() - started);
      }
    })();
    await world.settle(300_000);
    expect(noticedMs).toBeLessThanOrEqual(180_000);
    expect(client.current.state).toBe("connected");
  });
});
