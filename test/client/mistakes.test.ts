/** What a program without types may get wrong: each call says so at once, every promise settles, and nothing stays behind. */

import { describe, expect, test } from "vitest";
import { type Clock, ConfigError } from "#base";
import { InvalidPacketError } from "#protocol";
import type { MqttClient } from "../../src/client/client.ts";
import { AbortedError, ConnectionLostError, type LossSource } from "../../src/client/errors.ts";
import { json } from "../../src/client/extras.ts";
import * as door from "../../src/client/index.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { type VirtualWorld, virtualWorld } from "./virtual-client.ts";

/** The client as JavaScript sees it. */
type Untyped = Record<"publish" | "subscribe", (...args: unknown[]) => unknown>;

function publish(client: MqttClient, ...args: unknown[]): Promise<unknown> {
  return (client as unknown as Untyped).publish(...args) as Promise<unknown>;
}

function subscribe(client: MqttClient, ...args: unknown[]): unknown {
  return (client as unknown as Untyped).subscribe(...args);
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "resolved",
    (error: unknown) => error,
  );
}

/** A world in which the timers of clients can be counted: the broker has some of its own. */
async function countedWorld(): Promise<VirtualWorld & { readonly timers: Set<object> }> {
  const world = await virtualWorld();
  const timers = new Set<object>();
  const clock: Clock = {
    now: () => world.clock.now(),
    epochMs: () => world.clock.epochMs(),
    afterTurn: (run) => world.clock.afterTurn(run),
    schedule(delayMs, ring) {
      const timer = {};
      timers.add(timer);
      const cancel = world.clock.schedule(delayMs, () => {
        timers.delete(timer);
        ring();
      });
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
  const start = (options: ConnectOptions = {}): Promise<MqttClient> => world.start({ clock, ...options });
  return Object.assign(world, { timers, connect: (options?: ConnectOptions) => world.run(start(options)) });
}

type CountedWorld = Awaited<ReturnType<typeof countedWorld>>;

/** Closes the client; then no timer and no message may be left of it. */
async function expectNothingLeft(world: CountedWorld, client: MqttClient): Promise<void> {
  expect(client.outbox).toEqual({ messages: 0, bytes: 0 });
  expect(world.timers.size).toBeGreaterThan(0);
  await world.run(client.close());
  await world.settle();
  expect(world.timers.size).toBe(0);
  expect(world.reported).toEqual([]);
}

describe.each([0, 1, 2] as const)("payloads at QoS %i", (qos) => {
  const neither = [undefined, null, 21.5, true, { degrees: 21 }, [1, 2], Promise.resolve("a"), Symbol("a")];

  test("what is neither text nor bytes is refused at once, in words", async () => {
    const world = await countedWorld();
    const client = await world.connect();
    for (const payload of neither) {
      const error = await rejection(publish(client, "a", payload, { qos }));
      expect(error).toBeInstanceOf(InvalidPacketError);
      expect((error as Error).message).toMatch(/^payload is neither text nor bytes; .*json\(\)/);
    }
    expect(client.current.state).toBe("connected");
    expect(await world.run(client.publish("a", "text", { qos }))).toMatchObject({ qos });
    await expectNothingLeft(world, client);
  });

  test("the same without a connection, and behind a payload that is being encoded", async () => {
    const world = await countedWorld();
    const client = await world.connect();
    const slow = { encode: async () => Uint8Array.of(1), decode: () => 0 };
    const encoded = client.publish("a", 0, { codec: slow, qos: 1 });
    for (const payload of neither) {
      expect(await rejection(publish(client, "a", payload, { qos }))).toBeInstanceOf(InvalidPacketError);
    }
    await world.run(encoded);
    world.online = false;
    await world.cut();
    for (const payload of neither) {
      expect(await rejection(publish(client, "a", payload, { qos }))).toBeInstanceOf(InvalidPacketError);
    }
    await expectNothingLeft(world, client);
  });

  test("what a codec makes is judged as well", async () => {
    const world = await countedWorld();
    const client = await world.connect();
    const wrong = { encode: (value: unknown) => value, decode: () => 0 };
    const refused = await rejection(publish(client, "a", { degrees: 21 }, { codec: wrong, qos }));
    expect(refused).toBeInstanceOf(InvalidPacketError);
    // The function instead of what it makes.
    expect(await rejection(publish(client, "a", {}, { codec: json, qos }))).toBeInstanceOf(TypeError);
    await expectNothingLeft(world, client);
  });

  test("bytes may lie in an ArrayBuffer or under any view, and are the program's own again", async () => {
    const world = await countedWorld();
    const client = await world.connect();
    const got: number[][] = [];
    await world.run(client.subscribe("a", {}, ({ payload }) => got.push([...payload])).ready);
    const { buffer } = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const views = [
      buffer,
      new Uint8Array(buffer, 2, 2),
      new DataView(buffer, 1, 3),
      new Uint16Array(buffer, 4, 1),
    ];
    for (const view of views) await world.run(client.publish("a", view, { qos }));
    const own = Buffer.from("abc");
    const published = client.publish("a", own, { qos });
    own.fill(0);
    await world.run(published);
    await world.settle();
    const expected = [
      [0, 1, 2, 3, 4, 5, 6, 7],
      [2, 3],
      [1, 2, 3],
      [4, 5],
      [97, 98, 99],
    ];
    expect(got).toEqual(expected);
    await expectNothingLeft(world, client);
  });
});

test("a buffer that is published behind a payload being encoded may be used again at once", async () => {
  const world = await countedWorld();
  const client = await world.connect();
  const got: string[] = [];
  await world.run(client.subscribe("a", {}, ({ text }) => got.push(text)).ready);
  const slow = { encode: async () => Uint8Array.of(0x31), decode: () => 0 };
  const first = client.publish("a", 0, { codec: slow, qos: 1 });
  const own = new TextEncoder().encode("2");
  const second = client.publish("a", own, { qos: 1 });
  own.fill(0);
  await world.run(Promise.all([first, second]));
  await world.settle();
  expect(got).toEqual(["1", "2"]);
  await expectNothingLeft(world, client);
});

test.each([0, 1, 2] as const)(
  "a signal that is none rejects at QoS %i, and keeps no message",
  async (qos) => {
    const world = await countedWorld();
    const client = await world.connect({ outbox: { keepQos0: true } });
    world.online = false;
    await world.cut();
    const published = publish(client, "a", "x", { qos, signal: new AbortController() });
    expect(await rejection(published)).toBeInstanceOf(TypeError);
    const aborted = client.publish("a", "x", { qos, signal: AbortSignal.abort() });
    expect(await rejection(aborted)).toBeInstanceOf(AbortedError);
    await expectNothingLeft(world, client);
  },
);

test.each([
  ["several topic names", [["a", "b"], "x"], InvalidPacketError, /^"a,b" is no topic name$/],
  ["no topic name", [undefined, "x"], InvalidPacketError, /^"undefined" is no topic name$/],
  ["QoS 3", ["a", "x", { qos: 3 }], InvalidPacketError, /^qos 3 is not 0, 1 or 2$/],
  ["QoS as text", ["a", "x", { qos: "1" }], InvalidPacketError, /^qos 1 is not 0, 1 or 2$/],
  ["QoS null", ["a", "x", { qos: null }], InvalidPacketError, /^qos null is not 0, 1 or 2$/],
  ["a callback", ["a", "x", () => undefined], ConfigError, /^options: object expected, not function$/],
  ["options null", ["a", "x", null], ConfigError, /^options: object expected, not null$/],
  ["QoS alone", ["a", "x", 1], ConfigError, /^options: object expected, not number$/],
  [
    "user properties as an object",
    ["a", "x", { properties: { userProperties: { a: "b" } } }],
    InvalidPacketError,
    /^userProperties is no list$/,
  ],
  [
    "a property that is no text",
    ["a", "x", { properties: { contentType: 5 } }],
    InvalidPacketError,
    /no text/,
  ],
])("publish with %s rejects", async (_, args, type, message) => {
  const world = await countedWorld();
  const client = await world.connect();
  const error = await rejection(publish(client, ...args));
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
  expect(client.current.state).toBe("connected");
  await expectNothingLeft(world, client);
});

test.each([
  ["several filters", [["a", "b"]], ConfigError, /^topicFilter: string expected, not array$/],
  ["no filter", [undefined], ConfigError, /^topicFilter: string expected, not undefined$/],
  ["null", [null], ConfigError, /^topicFilter: string expected, not null$/],
  ["filters with QoS", [{ a: 1 }], ConfigError, /^topicFilter: string expected, not object$/],
  ["no options but a callback", ["a", () => 0], ConfigError, /^options: object expected, not function$/],
  ["no callback but a name", ["a", {}, "on"], ConfigError, /^onMessage: function expected, not string$/],
  ["QoS 3", ["a", { qos: 3 }], InvalidPacketError, /^qos 3 is not 0, 1 or 2$/],
  ["what is no filter", ["a/#/b"], InvalidPacketError, /^"a\/#\/b" is no topic filter$/],
])("subscribe with %s throws, and leaves no timer", async (_, args, type, message) => {
  const world = await countedWorld();
  const client = await world.connect();
  let error: unknown;
  try {
    subscribe(client, ...args);
  } catch (problem) {
    error = problem;
  }
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
  expect((await world.run(client.subscribe("a").ready)).reasonCode).toBe(2);
  await expectNothingLeft(world, client);
});

const wrongOptions: [string, unknown, new (...args: never[]) => Error, RegExp][] = [
  ["username", { username: "me" }, ConfigError, /^username: the option is userName$/],
  ["clientID", { clientID: "me" }, ConfigError, /^clientID: the option is clientId$/],
  ["clean", { clean: false }, ConfigError, /^clean: the option is cleanStart$/],
  ["keepalive", { keepalive: 5 }, ConfigError, /^keepalive: the option is keepAliveSeconds$/],
  ["protocolVersion", { protocolVersion: 4 }, ConfigError, /^protocolVersion: the option is version$/],
  ["reconnectPeriod", { reconnectPeriod: 0 }, ConfigError, /^reconnectPeriod: the option is reconnect$/],
  ["a client identifier that is a number", { clientId: 5 }, InvalidPacketError, /no text/],
  ["a user name that is a number", { userName: 5 }, InvalidPacketError, /no text/],
  ["a password that is a number", { password: 5 }, InvalidPacketError, /^password is neither text nor bytes/],
  ["a keep alive as text", { keepAliveSeconds: "60" }, InvalidPacketError, /^60 is out of range$/],
  ["version 6", { version: 6 }, InvalidPacketError, /^no such version$/],
  ["a version as text", { version: "5" }, InvalidPacketError, /^no such version$/],
  ["a will without topic", { will: {} }, InvalidPacketError, /^"undefined" is no topic name$/],
  ["a will at QoS 3", { will: { topicName: "w", qos: 3 } }, InvalidPacketError, /^qos 3 is not 0, 1 or 2$/],
  [
    "a will that is an object",
    { will: { topicName: "w", payload: { a: 1 } } },
    InvalidPacketError,
    /^payload is neither text nor bytes/,
  ],
];

describe.each(wrongOptions)("connect with %s", (_, options, type, message) => {
  test("rejects", async () => {
    const world = await countedWorld();
    const error = await rejection(world.connect(options as ConnectOptions));
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    await world.settle();
    expect(world.timers.size).toBe(0);
  });

  test("gives up at once also in the background", async () => {
    const world = await countedWorld();
    const connected = world
      .connect({ ...(options as ConnectOptions), background: true })
      .then((client) => world.run(client.connected));
    const error = await rejection(connected);
    expect(error).toBeInstanceOf(type);
    await world.settle();
    expect(world.timers.size).toBe(0);
  });
});

test.each<[LossSource, string]>([
  ["network", "No connection"],
  ["server", "The broker ended the connection"],
  ["timeout", "The broker did not answer"],
  ["protocol", "The broker broke the protocol"],
  ["client", "The client is closed"],
  ["session", "The broker forgot the session"],
])("a connection lost by %s has words", (source, words) => {
  expect(new ConnectionLostError(source).message).toBe(words);
  expect(new ConnectionLostError(source, "here").message).toBe(`${words}: here`);
  const cause = new Error("deeper");
  const error = new ConnectionLostError(source, undefined, { cause });
  expect(error).toMatchObject({ message: `${words}: deeper`, cause });
});

test("the errors are to be had where the client is", () => {
  expect(door.ConfigError).toBe(ConfigError);
  expect(door.InvalidPacketError).toBe(InvalidPacketError);
});

test.each([
  ["nothing", null],
  ["a function", () => undefined],
])("Node's connect with %s as options rejects", async (_, options) => {
  const connected = door.connect("mqtt://127.0.0.1:9", options as unknown as ConnectOptions);
  expect(await rejection(connected)).toMatchObject({ code: "MARTLET_CONFIG", path: "options" });
});

test.each(["ca", "cert", "key"])("Node's connect says where %s stands", async (name) => {
  const connected = door.connect("mqtts://127.0.0.1:9", { [name]: "PEM" });
  expect(await rejection(connected)).toMatchObject({ message: `${name}: the option is tls.${name}` });
});
