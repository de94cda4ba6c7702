/** Every kind of outcome, provoked once: exactly that one is counted, told, and nothing besides. */

import { describe, expect, test } from "vitest";
import { ReasonCode } from "#protocol";
import { Bench, type BenchOptions } from "../../test/support/broker-bench.ts";
import { type UndeliveredKind, undeliveredKinds } from "./outcome.ts";

const RESUME = { cleanStart: false, expiry: 100 } as const;

interface Case {
  readonly options?: BenchOptions;
  readonly clientId?: string;
  readonly play: (bench: Bench) => void;
  /** What the log says of it; default nothing. */
  readonly log?: readonly unknown[];
}

/** Allows what is asked first, and nothing later. */
function onceOnly(): () => boolean {
  let asked = 0;
  return () => asked++ === 0;
}

const cases: Record<UndeliveredKind, Case> = {
  "no-subscriber": { play: (bench) => void bench.connect("p").pub("t", "x", { qos: 1 }) },
  "publish-refused": {
    play(bench) {
      bench.broker.hooks.add("publish", () => ({ refused: ReasonCode.NOT_AUTHORIZED }));
      bench.connect("p").pub("t");
    },
  },
  "payload-too-large": {
    options: { settings: { maximumPayloadBytes: 3 } },
    log: [expect.stringContaining("its payload is larger")],
    play: (bench) => void bench.connect("p").pub("t", "1234"),
  },
  "publisher-not-permitted": {
    clientId: "c",
    options: {
      settings: { checkRetainedSource: true },
      gate: { authenticate: () => ({ outcome: "accepted" }), mayPublish: onceOnly() },
    },
    play(bench) {
      bench.broker.subscribe("t", () => undefined);
      bench.connect("p").pub("t", "x", { retain: true });
      bench.connect("c").sub("t");
    },
  },
  "receiver-not-permitted": {
    clientId: "c",
    options: { gate: { authenticate: () => ({ outcome: "accepted" }), mayReceive: () => false } },
    play(bench) {
      bench.connect("c").sub("t");
      bench.connect("p").pub("t");
    },
  },
  "no-local": {
    clientId: "p",
    play(bench) {
      const client = bench.connect("p");
      client.sub("t", { noLocal: true });
      client.pub("t");
    },
  },
  "receiver-offline": {
    clientId: "c",
    play(bench) {
      const client = bench.connect("c", RESUME);
      client.sub("t", { qos: 1 });
      client.cut();
      bench.connect("p").pub("t");
    },
  },
  "receiver-slow": {
    clientId: "c",
    options: { settings: { maximumOutputBytes: 65_536 } },
    log: [expect.stringContaining("dropped for client c: it does not read")],
    play(bench) {
      const client = bench.connect("c");
      client.sub("t");
      client.pipe.pauseReading();
      const publisher = bench.connect("p");
      publisher.pub("t", new Uint8Array(70_000));
      publisher.pub("t", "one too many");
    },
  },
  "queue-full": {
    clientId: "c",
    options: { settings: { maximumQueuedMessages: 1 } },
    log: [expect.stringContaining("dropped for client c: its queue is full")],
    play(bench) {
      const client = bench.connect("c", RESUME);
      client.sub("t", { qos: 1 });
      client.cut();
      const publisher = bench.connect("p");
      publisher.pub("t", "1", { qos: 1 });
      publisher.pub("t", "2", { qos: 1 });
    },
  },
  "message-expired": {
    clientId: "c",
    play(bench) {
      const client = bench.connect("c", RESUME);
      client.sub("t", { qos: 1 });
      client.cut();
      bench.connect("p").pub("t", "x", { qos: 1, properties: { messageExpiryInterval: 1 } });
      bench.pass(2);
      bench.connect("c", RESUME);
    },
  },
  "packet-too-large": {
    clientId: "c",
    log: [expect.stringContaining("dropped for client c: they are larger")],
    play(bench) {
      bench.connect("c", { properties: { maximumPacketSize: 50 } }).sub("t", { qos: 1 });
      bench.connect("p").pub("t", "x".repeat(50), { qos: 1 });
    },
  },
  "deliver-refused": {
    clientId: "c",
    play(bench) {
      bench.broker.hooks.add("deliver", () => ({ refused: ReasonCode.NOT_AUTHORIZED }));
      bench.connect("c").sub("t", { qos: 1 });
      bench.connect("p").pub("t", "x", { qos: 1 });
    },
  },
  "receiver-refused": {
    clientId: "c",
    play(bench) {
      const client = bench.connect("c");
      client.sub("t", { qos: 2 });
      bench.connect("p").pub("t", "x", { qos: 2 });
      client.ack(5, 1, ReasonCode.QUOTA_EXCEEDED);
      client.ack(5, 1, ReasonCode.QUOTA_EXCEEDED); // a repeat means nothing
    },
  },
  "session-ended": {
    clientId: "c",
    play(bench) {
      const client = bench.connect("c", RESUME);
      client.sub("t", { qos: 1 });
      client.cut();
      bench.connect("p").pub("t", "x", { qos: 1 });
      bench.connect("c", { cleanStart: true });
    },
  },
  "retained-full": {
    options: { settings: { maximumRetainedMessages: 0 } },
    log: [expect.stringContaining("Retained messages are not stored")],
    play(bench) {
      bench.connect("c").sub("t");
      bench.connect("p").pub("t", "x", { retain: true });
    },
  },
};

describe("exactly one outcome", () => {
  for (const kind of Object.keys(undeliveredKinds) as UndeliveredKind[]) {
    test(`${kind}`, () => {
      const { options, clientId = "", play, log = [] } = cases[kind];
      const bench = new Bench(options);
      play(bench);
      expect(bench.counts).toEqual({ [kind]: 1 });
      expect(bench.undelivered).toEqual([{ kind, clientId, publisherId: "p", topicName: "t" }]);
      expect(bench.log).toEqual(log);
    });
  }
});

test("counts without a listener", () => {
  const bench = new Bench();
  const stop = bench.broker.on("messageUndelivered", () => undefined);
  stop();
  bench.connect("p").pub("t");
  expect(bench.counts).toEqual({ "no-subscriber": 1 });
});

test("a listener that throws hurts nobody", () => {
  const bench = new Bench();
  bench.broker.on("messageUndelivered", () => {
    throw new TypeError("listener");
  });
  const client = bench.connect("p");
  client.pub("t");
  expect(client.closed).toBe(false);
  expect(bench.log).toEqual([expect.stringContaining("listener")]);
});

test("a listener may end another connection in the middle of a delivery, and nothing is lost without a word", () => {
  const bench = new Bench();
  const publisher = bench.connect("a");
  publisher.sub("t", { qos: 1, noLocal: true });
  bench.connect("b").sub("t", { qos: 1 });
  // "a" comes before "b" in the route: when the outcome of "a" is told, "b" is still to get the message.
  bench.broker.on(
    "messageUndelivered",
    ({ kind }) => void (kind === "no-local" && bench.broker.disconnect("b")),
  );
  publisher.pub("t", "x", { qos: 1 });
  expect(bench.outcomes()).toEqual(["no-local a", "session-ended b"]);
});
