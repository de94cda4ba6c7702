/** Gates and hooks that throw, reject, answer nonsense, late or never: one matter is refused, nobody else notices. */

import { describe, expect, test } from "vitest";
import type { Accepted, Gate } from "#auth";
import { type HookClient, type PublishDraft, refuse } from "#hooks";
import { PacketType, ProtocolVersion, ReasonCode, SESSION_NEVER_EXPIRES } from "#protocol";
import { expectNoRejections } from "../support/heap.ts";
import { NOTHING_LEFT } from "../support/nothing-left.ts";
import {
  connectPacket,
  encodeAll,
  publishPacket,
  type RawClient,
  subscribePacket,
} from "../support/raw-client.ts";
import { startVirtualBroker } from "../support/virtual-broker.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const accepted: Accepted = { outcome: "accepted" };
const durable = { cleanStart: false, properties: { sessionExpiryInterval: SESSION_NEVER_EXPIRES } } as const;

expectNoRejections();

/** Answers that a test gives when it likes to. */
function answers<T>() {
  const waiting: ((answer: T) => void)[] = [];
  return {
    ask: () => new Promise<T>((resolve) => waiting.push(resolve)),
    get asked() {
      return waiting.length;
    },
    answer(answer: T) {
      const resolve = waiting.shift();
      if (resolve === undefined) throw new Error("Nobody asked.");
      resolve(answer);
    },
  };
}

const fails = {
  throw: () => {
    throw new TypeError("broken");
  },
  reject: () => Promise.reject(new TypeError("broken")),
};

describe.each(["throw", "reject"] as const)("those that %s", (how) => {
  const fail = fails[how];

  test("a gate lets nobody in, and says it is not available", async () => {
    const { open, settle, broker, log } = await startVirtualBroker({ gate: { authenticate: fail } });
    const client = open();
    client.connect();
    await settle();
    expect(client.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.SERVER_UNAVAILABLE);
    expect(client.closed).toBe(true);
    expect(broker.sizes).toMatchObject({ connections: 0, sessions: 0, timers: 0 });
    expect(log).toEqual(["error A permission could not be decided and was refused: broken"]);
  });

  test("a gate permits nothing, and the client stays", async () => {
    const gate: Gate = { authenticate: () => accepted, mayPublish: fail, maySubscribe: fail };
    const { client, settle, broker } = await startVirtualBroker({ gate });
    const raw = client("c");
    raw.subscribe(1, "a", 1);
    raw.publish("a", "x", { qos: 1, packetId: 2 });
    raw.publish("a", "x", { qos: 2, packetId: 3 });
    raw.publish("a", "x");
    await settle();
    expect(raw.last(PacketType.SUBACK)?.reasonCodes).toEqual([ReasonCode.NOT_AUTHORIZED]);
    expect(raw.last(PacketType.PUBACK)?.reasonCode).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(raw.last(PacketType.PUBREC)?.reasonCode).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(raw.closed).toBe(false);
    expect(broker.undelivered["publish-refused"]).toBe(3);
    expect(broker.metrics.invariantErrors).toBe(0);
  });

  test("hooks refuse the one matter", async () => {
    const { client, open, settle, broker } = await startVirtualBroker();
    const raw = client("c");
    const removes = [
      broker.hooks.add("publish", fail),
      broker.hooks.add("subscribe", fail),
      broker.hooks.add("connect", fail),
    ];
    raw.subscribe(1, "a", 1);
    raw.publish("a", "x", { qos: 1, packetId: 2 });
    const other = open();
    other.connect({ clientId: "other" });
    await settle();
    expect(raw.last(PacketType.SUBACK)?.reasonCodes).toEqual([ReasonCode.UNSPECIFIED_ERROR]);
    expect(raw.last(PacketType.PUBACK)?.reasonCode).toBe(ReasonCode.UNSPECIFIED_ERROR);
    expect(other.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.UNSPECIFIED_ERROR);
    for (const remove of removes) remove();
    raw.subscribe(3, "a", 1);
    raw.publish("a", "y", { qos: 1, packetId: 4 });
    await settle();
    expect(raw.texts).toEqual(["y"]);
    expect(broker.metrics.invariantErrors).toBe(0);
  });

  test("a will that may not be judged is not published", async () => {
    const { client, settle, broker } = await startVirtualBroker({
      gate: { authenticate: () => accepted, mayPublish: fail },
    });
    const will = {
      topicName: "w",
      payload: new Uint8Array(1),
      qos: 0,
      retain: false,
      properties: {},
    } as const;
    client("c", { connect: { will } }).pipe.destroy();
    await settle();
    expect(broker.undelivered["publish-refused"]).toBe(1);
  });
});

test("a deliver hook that throws keeps back what it was asked about, from that receiver alone", async () => {
  const { client, clock, broker } = await startVirtualBroker();
  broker.hooks.add("deliver", ({ clientId }) => {
    if (clientId === "bad") throw new TypeError("broken");
  });
  const [good, bad] = [client("good", { answers: true }), client("bad", { answers: true })];
  for (const each of [good, bad]) each.subscribe(1, "#", 1);
  clock.runTurns();
  const publisher = client("publisher");
  for (let i = 1; i <= 5; i++) publisher.publish("t", `${i}`, { qos: 1, packetId: i });
  clock.runTurns();
  expect(good.texts).toEqual(["1", "2", "3", "4", "5"]);
  expect(bad.texts).toEqual([]);
  expect(broker.undelivered["deliver-refused"]).toBe(5);
  expect(bad.closed).toBe(false);
});

test.each([undefined, null, 7, "yes", {}, { outcome: "perhaps" }])(
  "a gate that answers %j lets nobody in and hurts nobody else",
  async (answer) => {
    for (const wrap of [(value: unknown) => value, async (value: unknown) => value]) {
      const { open, settle, broker } = await startVirtualBroker({
        gate: {
          authenticate: ({ clientId }) => (clientId === "good" ? accepted : (wrap(answer) as Accepted)),
        },
      });
      const good = open();
      good.connect({ clientId: "good" });
      const victim = open();
      victim.connect({ clientId: "victim" });
      await settle();
      expect(good.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.SUCCESS);
      // Deny by default: only "accepted" lets in.
      expect(
        victim.last(PacketType.CONNACK)?.reasonCode ?? 0x80,
        JSON.stringify(answer),
      ).toBeGreaterThanOrEqual(0x80);
      expect(victim.closed, JSON.stringify(answer)).toBe(true);
      expect(broker.sizes).toMatchObject({ connections: 1, sessions: 1 });
    }
  },
);

describe("what never settles", () => {
  test("a gate: the connect timeout ends it, and an answer after that changes nothing", async () => {
    const gate = answers<Accepted>();
    const { open, settle, clock, broker } = await startVirtualBroker({ gate: { authenticate: gate.ask } });
    const clients = Array.from({ length: 20 }, (_, i) => {
      const client = open();
      client.connect({ clientId: `c${i}` });
      return client;
    });
    await settle();
    clock.advance(broker.settings.connectTimeoutMs + 1);
    await settle();
    expect(clients.every(({ closed }) => closed)).toBe(true);
    expect(broker.sizes).toMatchObject({ connections: 0, sessions: 0, timers: 0 });
    while (gate.asked > 0) gate.answer(accepted);
    await settle();
    expect(broker.sizes).toMatchObject({ connections: 0, clients: 0, sessions: 0, timers: 0 });
    expect(broker.metrics.connectsAccepted).toBe(0);
  });

  test("a publish hook: only its client waits, until the decision is overdue", async () => {
    const { client, settle, clock, broker } = await startVirtualBroker();
    broker.hooks.add("publish", (draft) =>
      draft.topicName === "never" ? new Promise<undefined>(() => undefined) : undefined,
    );
    const subscriber = client("subscriber");
    subscriber.subscribe(1, "#", 0);
    const stuck = client("stuck", { connect: { keepAliveSeconds: 10 } });
    stuck.publish("never", "x", { qos: 1, packetId: 1 });
    stuck.publish("behind", "x");
    const free = client("free");
    free.publish("other", "y");
    await settle();
    expect(subscriber.texts).toEqual(["y"]);
    clock.advance(15_001);
    await settle();
    expect(stuck.closed).toBe(false); // nothing is read from it, so its silence is not its own
    clock.advance(broker.settings.decisionTimeoutMs);
    await settle();
    expect(stuck.closed).toBe(true);
    expect(broker.sizes).toMatchObject({ connections: 2, sessions: 2 });
  });

  test("a hook whose client has gone meanwhile holds nothing", async () => {
    const { client, open, settle, clock, broker } = await startVirtualBroker();
    const never = (): Promise<undefined> => new Promise(() => undefined);
    broker.hooks.add("publish", never);
    broker.hooks.add("subscribe", never);
    const [publishing, subscribing] = [client("publishing"), client("subscribing")];
    publishing.publish("t", "x", { qos: 2, packetId: 1 });
    subscribing.subscribe(1, "t", 1);
    broker.hooks.add("connect", never);
    const connecting = open();
    connecting.connect({ clientId: "connecting" });
    await settle();
    for (const each of [publishing, subscribing, connecting]) each.pipe.destroy();
    await settle();
    expect(broker.sizes).toEqual(NOTHING_LEFT);
    const stopping = broker.stop();
    clock.advance(5000);
    await stopping;
  });
});

describe("an answer that comes after the client has gone", () => {
  /** A durable client whose one QoS 2 message waits for a hook when its connection breaks. */
  async function interrupted() {
    const hook = answers<ReturnType<typeof refuse> | undefined>();
    const virtual = await startVirtualBroker({ settings: { receiveMaximum: 2 } });
    const { client, settle, broker } = virtual;
    const subscriber = client("subscriber", { answers: true });
    subscriber.subscribe(1, "t", 2);
    const remove = broker.hooks.add("publish", hook.ask);
    const first = client("sender", { connect: durable });
    first.publish("t", "once", { qos: 2, packetId: 9 });
    await settle();
    expect(hook.asked).toBe(1);
    first.pipe.destroy();
    await settle();
    const retry = (): RawClient => {
      const second = client("sender", { connect: durable });
      expect(second.last(PacketType.CONNACK)?.sessionPresent).toBe(true);
      second.publish("t", "once", { qos: 2, packetId: 9, dup: true });
      return second;
    };
    return { ...virtual, hook, remove, subscriber, retry };
  }

  test("accepted before the retry: the message comes once", async () => {
    const { hook, settle, subscriber, retry } = await interrupted();
    hook.answer(undefined);
    await settle();
    const second = retry();
    await settle();
    expect(second.last(PacketType.PUBREC)?.reasonCode).toBe(ReasonCode.SUCCESS);
    second.acknowledge(PacketType.PUBREL, 9);
    await settle();
    expect(second.last(PacketType.PUBCOMP)?.reasonCode).toBe(ReasonCode.SUCCESS);
    expect(subscriber.texts).toEqual(["once"]);
  });

  test("accepted after the retry: the message comes once", async () => {
    const { hook, settle, subscriber, retry } = await interrupted();
    const second = retry();
    await settle();
    while (hook.asked > 0) {
      hook.answer(undefined);
      await settle();
    }
    second.acknowledge(PacketType.PUBREL, 9);
    await settle();
    expect(subscriber.texts).toEqual(["once"]);
    expect(second.closed).toBe(false);
  });

  test("accepted after the retry and its PUBREL: the message comes once", async () => {
    const { hook, settle, subscriber, retry } = await interrupted();
    const second = retry();
    await settle();
    if (second.last(PacketType.PUBREC) !== undefined) second.acknowledge(PacketType.PUBREL, 9);
    await settle();
    while (hook.asked > 0) {
      hook.answer(undefined);
      await settle();
    }
    expect(subscriber.texts).toEqual(["once"]);
  });

  test("refused after the retry: no retry was told that it succeeded", async () => {
    const { hook, settle, subscriber, retry } = await interrupted();
    const second = retry();
    await settle();
    while (hook.asked > 0) {
      hook.answer(refuse(ReasonCode.QUOTA_EXCEEDED));
      await settle();
    }
    expect(subscriber.texts).toEqual([]);
    expect(second.all(PacketType.PUBREC).map(({ reasonCode }) => reasonCode)).not.toContain(
      ReasonCode.SUCCESS,
    );
  });

  test.each([1, 2] as const)(
    "a late answer for QoS %i gives the next connection no extra quota",
    async (qos) => {
      const hook = answers<ReturnType<typeof refuse> | undefined>();
      const { client, settle, broker } = await startVirtualBroker({ settings: { receiveMaximum: 1 } });
      const remove = broker.hooks.add("publish", hook.ask);
      const first = client("sender", { connect: durable });
      first.publish("t", "late", { qos, packetId: 9 });
      await settle();
      first.pipe.destroy();
      await settle();
      const second = client("sender", { connect: durable });
      hook.answer(refuse(ReasonCode.QUOTA_EXCEEDED));
      await settle();
      remove();
      // One QoS 2 message is all that may be unreleased at a time.
      second.publish("t", "a", { qos: 2, packetId: 1 });
      second.publish("t", "b", { qos: 2, packetId: 2 });
      await settle();
      expect(second.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED);
    },
  );

  test("a subscription that is granted to nobody is not made", async () => {
    const gate = answers<boolean>();
    const { client, settle, broker } = await startVirtualBroker({
      gate: { authenticate: () => accepted, maySubscribe: gate.ask },
    });
    const gone = client("gone");
    gone.send(subscribePacket(1, ["a", "b"], 1));
    await settle();
    gone.pipe.destroy();
    await settle();
    while (gate.asked > 0) {
      gate.answer(true);
      await settle();
    }
    expect(broker.sizes).toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
  });

  test("a session that was taken over meanwhile is left alone", async () => {
    const gate = answers<boolean>();
    const { client, settle, broker } = await startVirtualBroker({
      gate: { authenticate: () => accepted, mayPublish: gate.ask },
    });
    const first = client("c", { connect: durable });
    first.publish("t", "x", { qos: 1, packetId: 5 });
    await settle();
    const second = client("c", { connect: durable });
    await settle();
    gate.answer(true);
    await settle();
    expect(first.closed).toBe(true);
    expect(second.closed).toBe(false);
    // The PUBLISH was not this connection's: neither is its answer.
    expect(second.last(PacketType.PUBACK)).toBeUndefined();
    expect(broker.sizes).toMatchObject({ connections: 1, clients: 1, sessions: 1 });
  });
});

describe("the one who waits keeps the order of his packets", () => {
  const late = async (): Promise<undefined> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    return undefined;
  };

  test("publications through a hook that takes its time", async () => {
    const { client, settle, broker } = await startVirtualBroker();
    let running = 0;
    let most = 0;
    broker.hooks.add("publish", async (draft: PublishDraft) => {
      most = Math.max(most, ++running);
      if (draft.payload.length % 2 === 0) await late();
      running--;
    });
    const subscriber = client("subscriber", { answers: true });
    subscriber.subscribe(1, "#", 2);
    const publisher = client("publisher", { answers: true });
    const expected: string[] = [];
    const packets = Array.from({ length: 60 }, (_, i) => {
      expected.push(`${i}`);
      const qos = (i % 3) as 0 | 1 | 2;
      return publishPacket("t", `${i}`, { qos, packetId: qos === 0 ? 0 : i + 1 });
    });
    publisher.sendBytes(encodeAll(packets, MQTT_5_0));
    for (let i = 0; i < 100 && subscriber.texts.length < 60; i++) await settle();
    expect(subscriber.texts).toEqual(expected);
    expect(most).toBe(1);
    const acknowledged = publisher.packets.filter(
      ({ type }) => type === PacketType.PUBACK || type === PacketType.PUBREC,
    );
    expect(acknowledged.map((packet) => ("packetId" in packet ? packet.packetId : 0))).toEqual(
      packets.filter(({ qos }) => qos > 0).map(({ packetId }) => packetId),
    );
  });

  test("what follows a SUBSCRIBE of several filters waits for all of them", async () => {
    const gate: Gate = {
      authenticate: () => accepted,
      maySubscribe: async () => {
        await late();
        return true;
      },
    };
    const { client, settle, broker } = await startVirtualBroker({ gate });
    const raw = client("c");
    raw.sendBytes(
      encodeAll(
        [
          subscribePacket(1, ["a", "b", "c"], 1),
          { type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ["a", "b", "c"], properties: {} },
          { type: PacketType.PINGREQ },
        ],
        MQTT_5_0,
      ),
    );
    for (let i = 0; i < 20; i++) await settle();
    expect(raw.packets.map(({ type }) => type)).toEqual([
      PacketType.CONNACK,
      PacketType.SUBACK,
      PacketType.UNSUBACK,
      PacketType.PINGRESP,
    ]);
    expect(raw.last(PacketType.UNSUBACK)?.reasonCodes).toEqual([0, 0, 0]);
    expect(broker.sizes.subscriptions).toBe(0);
  });

  test.each([MQTT_3_1_1, MQTT_5_0])(
    "packets sent right behind CONNECT wait for gate and hook (version %i)",
    async (version) => {
      const { open, settle, broker } = await startVirtualBroker({
        gate: {
          authenticate: async () => {
            await late();
            return accepted;
          },
        },
      });
      broker.hooks.add("connect", late);
      const raw = open({ version });
      raw.sendBytes(
        encodeAll(
          [connectPacket(version), subscribePacket(1, "a", 1), { type: PacketType.PINGREQ }],
          version,
        ),
      );
      for (let i = 0; i < 20; i++) await settle();
      expect(raw.packets.map(({ type }) => type)).toEqual([
        PacketType.CONNACK,
        PacketType.SUBACK,
        PacketType.PINGRESP,
      ]);
      expect(raw.closed).toBe(false);
    },
  );
});

describe("hooks that end the client they are asked about", () => {
  test.each(["subscribe", "publish", "connect"] as const)(
    "a %s hook leaves nothing behind",
    async (point) => {
      const { client, open, settle, broker } = await startVirtualBroker();
      const endClient = (draft: { readonly client: HookClient | undefined }): void => {
        broker.disconnect(draft.client?.clientId ?? "");
      };
      broker.hooks.add(point, endClient);
      const raw = point === "connect" ? open() : client("c");
      if (point === "connect") raw.connect();
      raw.send(subscribePacket(1, ["a", "b", "c"], 1));
      raw.publish("a", "x", { qos: 2, packetId: 1 });
      raw.publish("a", "x");
      await settle();
      if (point === "connect") raw.pipe.destroy();
      await settle();
      expect(raw.closed).toBe(true);
      expect(broker.sizes).toEqual(NOTHING_LEFT);
      expect(broker.metrics.invariantErrors).toBe(0);
    },
  );

  test("a deliver hook that ends its receiver leaves nothing behind and the others alone", async () => {
    const { client, clock, broker } = await startVirtualBroker();
    broker.hooks.add("deliver", ({ clientId }) => void (clientId === "bad" && broker.disconnect(clientId)));
    const all = ["bad", "good"].map((clientId) => client(clientId, { answers: true }));
    for (const each of all) each.subscribe(1, "t", 2);
    const publisher = client("publisher", { answers: true });
    clock.runTurns();
    for (let i = 1; i <= 3; i++) publisher.publish("t", `${i}`, { qos: 2, packetId: i });
    clock.runTurns();
    expect(all[1]?.texts).toEqual(["1", "2", "3"]);
    expect(broker.sizes).toMatchObject({ connections: 2, sessions: 2, subscriptions: 1 });
    expect(broker.metrics.invariantErrors).toBe(0);
  });
});

test.each<[string, (draft: PublishDraft) => void]>([
  ["a topic filter as topic name", (draft) => (draft.topicName = "a/#")],
  ["an empty topic name", (draft) => (draft.topicName = "")],
  ["a topic name of 70,000 bytes", (draft) => (draft.topicName = "x".repeat(70_000))],
  ["a text as payload", (draft) => (draft.payload = "text" as unknown as Uint8Array)],
  ["no payload", (draft) => (draft.payload = undefined as unknown as Uint8Array)],
  ["QoS 7", (draft) => (draft.qos = 7 as 2)],
  ["a property of 70,000 bytes", (draft) => (draft.properties = { contentType: "x".repeat(70_000) })],
  ["no properties", (draft) => (draft.properties = undefined as unknown as PublishDraft["properties"])],
])("a hook that leaves %s in its draft hurts nobody else", async (_name, spoil) => {
  const { client, settle, broker } = await startVirtualBroker();
  broker.hooks.add("publish", (draft: PublishDraft) => {
    if (draft.client?.clientId === "bad") spoil(draft);
  });
  const subscriber = client("subscriber", { answers: true });
  subscriber.subscribe(1, "#", 2);
  const [good, bad] = [client("good", { answers: true }), client("bad", { answers: true })];
  bad.publish("t", "spoiled", { qos: 1, packetId: 1 });
  await settle();
  good.publish("t", "good", { qos: 2, packetId: 1 });
  await settle();
  expect(subscriber.closed).toBe(false);
  expect(subscriber.texts.at(-1)).toBe("good");
});
