/** Sessions and wills: take-over, resumption, expiry and the end, in every combination the standard tells apart. */

import { describe, expect, test } from "vitest";
import { ProtocolVersion, ReasonCode, SESSION_NEVER_EXPIRES } from "#protocol";
import { Bench, type BenchClient, type ConnectOptions } from "../../test/support/broker-bench.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

/** A first connection of the client `c`, as the matrix has it. */
interface First {
  readonly version: ProtocolVersion;
  /** Seconds its session outlives it. */
  readonly expiry: number;
  /** Seconds, or undefined for no will. */
  readonly willDelay: number | undefined;
}

const firsts: First[] = [];
for (const willDelay of [undefined, 0, 5, 50]) {
  for (const expiry of [0, 10, SESSION_NEVER_EXPIRES]) firsts.push({ version: MQTT_5_0, expiry, willDelay });
}
for (const version of [MQTT_3_1, MQTT_3_1_1]) {
  for (const willDelay of [undefined, 0]) {
    for (const expiry of [0, SESSION_NEVER_EXPIRES]) firsts.push({ version, expiry, willDelay });
  }
}

interface Second {
  readonly version: ProtocolVersion;
  readonly cleanStart: boolean;
}

const seconds: Second[] = [MQTT_3_1_1, MQTT_5_0].flatMap((version) =>
  [true, false].map((cleanStart) => ({ version, cleanStart })),
);

function connectFirst(bench: Bench, { version, expiry, willDelay }: First): BenchClient {
  const will = {
    topicName: "will",
    properties: version === MQTT_5_0 ? { willDelayInterval: willDelay ?? 0 } : {},
  };
  const client = bench.connect("c", {
    version,
    cleanStart: version !== MQTT_5_0 && expiry === 0,
    expiry,
    ...(willDelay === undefined ? {} : { will }),
  });
  client.sub("#", { qos: 1 });
  return client;
}

function connectSecond(bench: Bench, { version, cleanStart }: Second): BenchClient {
  return bench.connect("c", { version, cleanStart, expiry: 1000 });
}

/** Runs `play` for all of `firsts` and `seconds`; a failure names the combination. */
function forAll(
  play: (bench: Bench, first: First, second: Second, watcher: BenchClient, name: string) => void,
): void {
  for (const first of firsts) {
    for (const second of seconds) {
      const bench = new Bench();
      const watcher = bench.connect("watcher");
      watcher.sub("will");
      play(bench, first, second, watcher, JSON.stringify({ first, second }));
      expect(bench.log, JSON.stringify({ first, second })).toEqual([]);
    }
  }
}

describe("every combination of will, expiry, version and Clean Start", () => {
  test("when the second connection takes over", () => {
    forAll((bench, first, second, watcher, name) => {
      const old = connectFirst(bench, first);
      const fresh = connectSecond(bench, second);
      const goesOn = first.expiry > 0 && !second.cleanStart;
      const due = first.willDelay !== undefined && (!goesOn || first.willDelay === 0);
      expect(fresh.connack?.sessionPresent, name).toBe(goesOn);
      expect(fresh.connack?.reasonCode, name).toBe(0);
      expect(old.closed, name).toBe(true);
      const said = old.all(14).map(({ reasonCode }) => reasonCode);
      expect(said, name).toEqual(first.version === MQTT_5_0 ? [ReasonCode.SESSION_TAKEN_OVER] : []);
      expect(watcher.texts.length, name).toBe(due ? 1 : 0);
      bench.pass(3000);
      expect(watcher.texts.length, name).toBe(due ? 1 : 0);
      expect(bench.broker.sizes, name).toMatchObject({ connections: 2, clients: 2, sessions: 2 });
      expect(bench.broker.sizes.subscriptions, name).toBe(goesOn ? 2 : 1);
    });
  });

  for (const reconnectAfter of [1, 7, 20]) {
    test(`when the connection breaks and the second comes after ${reconnectAfter} seconds`, () => {
      forAll((bench, first, second, watcher, name) => {
        connectFirst(bench, first).cut();
        const delay = first.willDelay === undefined ? undefined : Math.min(first.willDelay, first.expiry);
        expect(watcher.texts.length, `${name} at once`).toBe(delay === 0 ? 1 : 0);
        bench.pass(reconnectAfter);
        const isOver = delay !== undefined && delay <= reconnectAfter;
        expect(watcher.texts.length, `${name} before`).toBe(isOver ? 1 : 0);
        const isThere = first.expiry > reconnectAfter;
        expect(bench.broker.sizes.sessions, name).toBe(isThere ? 2 : 1);
        const fresh = connectSecond(bench, second);
        expect(fresh.connack?.sessionPresent, name).toBe(isThere && !second.cleanStart);
        const isDue = delay !== undefined && (isOver || second.cleanStart);
        expect(watcher.texts.length, `${name} after`).toBe(isDue ? 1 : 0);
        bench.pass(3000);
        expect(watcher.texts.length, `${name} in the end`).toBe(isDue ? 1 : 0);
        expect(bench.broker.sizes, name).toMatchObject({ connections: 2, clients: 2, sessions: 2 });
      });
    });
  }

  test("when nobody comes back", () => {
    for (const first of firsts) {
      const name = JSON.stringify(first);
      const bench = new Bench();
      const watcher = bench.connect("watcher");
      watcher.sub("will");
      connectFirst(bench, first).cut();
      const delay = first.willDelay === undefined ? undefined : Math.min(first.willDelay, first.expiry);
      const isDelayed = delay !== undefined && delay > 0;
      bench.pass(isDelayed ? delay - 0.1 : 0);
      expect(watcher.texts.length, name).toBe(delay === 0 ? 1 : 0);
      bench.pass(isDelayed ? 0.2 : 0);
      expect(watcher.texts.length, name).toBe(delay === undefined ? 0 : 1);
      bench.pass(100);
      expect(watcher.texts.length, name).toBe(delay === undefined ? 0 : 1);
      const lives = first.expiry === SESSION_NEVER_EXPIRES;
      expect(bench.broker.sizes, name).toMatchObject({
        sessions: lives ? 2 : 1,
        subscriptions: lives ? 2 : 1,
      });
      expect(bench.broker.metrics.sessionsExpired, name).toBe(first.expiry === 10 ? 1 : 0);
      expect(bench.broker.sizes.timers, name).toBe(0);
    }
  });

  test("when the client says good-bye", () => {
    for (const first of firsts) {
      for (const reasonCode of first.version === MQTT_5_0
        ? ([0x00, 0x04, 0x80] as const)
        : ([0x00] as const)) {
        const name = JSON.stringify({ first, reasonCode });
        const bench = new Bench();
        const watcher = bench.connect("watcher");
        watcher.sub("will");
        connectFirst(bench, first).disconnect(reasonCode);
        bench.pass(3000);
        expect(watcher.texts.length, name).toBe(first.willDelay !== undefined && reasonCode !== 0 ? 1 : 0);
      }
    }
  });
});

describe("bugs that other brokers have had", () => {
  test("the will of a connection whose session ends with it goes out when it is taken over", () => {
    const bench = new Bench();
    const watcher = bench.connect("watcher");
    watcher.sub("will");
    bench.connect("c", {
      cleanStart: false,
      expiry: 0,
      will: { topicName: "will", properties: { willDelayInterval: 60 } },
    });
    bench.connect("c", { cleanStart: false, expiry: 60 });
    expect(watcher.texts.length).toBe(1);
  });

  test("a session that ended with its connection is not handed to the one that takes over", () => {
    const bench = new Bench();
    const old = bench.connect("c", { cleanStart: false, expiry: 0, properties: { receiveMaximum: 1 } });
    old.sub("t", { qos: 1 });
    const publisher = bench.connect("p");
    publisher.pub("t", "in flight", { qos: 1 });
    publisher.pub("t", "queued", { qos: 1 });
    bench.outcomes();
    const fresh = bench.connect("c", { cleanStart: false, expiry: 60 });
    expect(fresh.news()).toEqual(["CONNACK 00"]);
    expect(bench.outcomes()).toEqual(["session-ended c", "session-ended c"]);
    publisher.pub("t", "later", { qos: 1 });
    expect(fresh.news()).toEqual([]);
  });

  test("DISCONNECT with expiry 0 ends a session that would have lived, with its will", () => {
    const bench = new Bench();
    const watcher = bench.connect("watcher");
    watcher.sub("will");
    const client = bench.connect("c", {
      cleanStart: false,
      expiry: 60,
      will: { topicName: "will", properties: { willDelayInterval: 30 } },
    });
    client.disconnect(0x04, { sessionExpiryInterval: 0 });
    expect(watcher.texts.length).toBe(1);
    expect(bench.broker.sizes.sessions).toBe(1);
    expect(bench.connect("c", { cleanStart: false }).connack?.sessionPresent).toBe(false);
  });

  test("the second of two wills belongs to the second connection", () => {
    const bench = new Bench();
    const watcher = bench.connect("watcher");
    watcher.sub("will/#");
    const delayed = { properties: { willDelayInterval: 5 } };
    bench.connect("c", { cleanStart: false, expiry: 60, will: { topicName: "will/1", ...delayed } }).cut();
    bench.pass(2);
    const second = bench.connect("c", {
      cleanStart: false,
      expiry: 60,
      will: { topicName: "will/2", ...delayed },
    });
    bench.pass(10);
    second.cut();
    bench.pass(10);
    expect(watcher.messages.map(({ topicName }) => topicName)).toEqual(["will/2"]);
  });

  test("a connection without a will does not inherit that of the one before it", () => {
    const bench = new Bench();
    const watcher = bench.connect("watcher");
    watcher.sub("will");
    bench
      .connect("c", {
        cleanStart: false,
        expiry: 60,
        will: { topicName: "will", properties: { willDelayInterval: 5 } },
      })
      .cut();
    bench.connect("c", { cleanStart: false, expiry: 60 }).cut();
    bench.pass(100);
    expect(watcher.texts).toEqual([]);
  });

  test("a take-over by a CONNECT that is refused does not happen", () => {
    const bench = new Bench({
      gate: {
        authenticate: ({ userName }) =>
          userName === "intruder"
            ? { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED }
            : { outcome: "accepted" },
      },
    });
    const client = bench.connect("c");
    const intruder = bench.pipe();
    intruder.connect({ clientId: "c", userName: "intruder" });
    bench.run();
    expect(intruder.connack?.reasonCode).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(client.closed).toBe(false);
    client.ping();
    expect(client.news()).toEqual(["CONNACK 00", "PINGRESP"]);
  });
});

describe("expiry", () => {
  test("follows the clock, and the last word of the client", () => {
    const bench = new Bench();
    const client = bench.connect("c", { cleanStart: false, expiry: 10 });
    bench.pass(1000); // connected: nothing expires
    client.disconnect(0, { sessionExpiryInterval: 20 });
    bench.pass(19);
    expect(bench.broker.sizes.sessions).toBe(1);
    bench.pass(2);
    expect(bench.broker.sizes.sessions).toBe(0);
  });

  test("may not be raised from 0 by DISCONNECT", () => {
    const bench = new Bench();
    const client = bench.connect("c", { expiry: 0 });
    client.disconnect(0, { sessionExpiryInterval: 5 });
    expect(client.news()).toEqual(["CONNACK 00", "DISCONNECT 82"]);
    expect(bench.broker.sizes.sessions).toBe(0);
  });

  test("is capped by the setting, in CONNECT and in DISCONNECT, and the client is told", () => {
    const bench = new Bench({ settings: { maximumSessionExpiryInterval: 30 } });
    const client = bench.connect("c", { cleanStart: false, expiry: SESSION_NEVER_EXPIRES });
    expect(client.connack?.properties.sessionExpiryInterval).toBe(30);
    client.disconnect(0, { sessionExpiryInterval: 1000 });
    bench.pass(31);
    expect(bench.broker.sizes.sessions).toBe(0);
    const old = bench.connect("d", { version: MQTT_3_1_1, cleanStart: false });
    old.cut();
    bench.pass(31);
    expect(bench.broker.sizes.sessions).toBe(0);
  });

  test("of thousands of years is not at once", () => {
    const bench = new Bench();
    bench.connect("c", { cleanStart: false, expiry: SESSION_NEVER_EXPIRES - 1 }).cut();
    bench.pass(100 * 24 * 3600);
    expect(bench.broker.sizes.sessions).toBe(1);
  });

  test("ends the outcomes of what waited", () => {
    const bench = new Bench();
    const client = bench.connect("c", { cleanStart: false, expiry: 10 });
    client.sub("t", { qos: 1 });
    client.cut();
    const publisher = bench.connect("p");
    publisher.pub("t", "1", { qos: 1 });
    publisher.pub("t", "2", { qos: 2 });
    bench.pass(11);
    expect(bench.outcomes()).toEqual(["session-ended c", "session-ended c"]);
  });
});

describe("wills", () => {
  const scene = (will: ConnectOptions["will"], settings = {}) => {
    const bench = new Bench({ settings });
    const watcher = bench.connect("watcher");
    watcher.sub("#", { retainAsPublished: true, qos: 2 });
    const client = bench.connect("c", {
      cleanStart: false,
      expiry: 60,
      ...(will === undefined ? {} : { will }),
    });
    return { bench, watcher, client };
  };

  test("go out as they were handed over", () => {
    const properties = {
      contentType: "text/plain",
      userProperties: [["k", "v"]] as const,
      messageExpiryInterval: 9,
    };
    const { watcher, client, bench } = scene({ topicName: "w", qos: 2, retain: true, properties });
    client.cut();
    const [message] = watcher.messages;
    expect(message).toMatchObject({ topicName: "w", qos: 2, retain: true, properties });
    expect(bench.broker.sizes.retained).toBe(1);
  });

  test("live for their expiry from when they go out", () => {
    const properties = { willDelayInterval: 20, messageExpiryInterval: 10 };
    const { bench, client } = scene({ topicName: "w", retain: true, properties });
    client.cut();
    bench.pass(25);
    const late = bench.connect("late");
    late.sub("w");
    expect(late.messages[0]?.properties.messageExpiryInterval).toBe(5);
  });

  test("also reach the client itself when it comes back later", () => {
    const { bench, client } = scene({ topicName: "w", qos: 1 });
    client.sub("w", { qos: 1 });
    client.cut();
    const back = bench.connect("c", { cleanStart: false, expiry: 60 });
    expect(back.texts).toEqual(["w"]);
  });

  test("are not published to $SYS, and that has its outcome", () => {
    const { bench, watcher, client } = scene({ topicName: "$SYS/broker/uptime" });
    watcher.sub("$SYS/#");
    client.cut();
    expect(watcher.texts).toEqual([]);
    expect(bench.counts).toEqual({ "publish-refused": 1 });
  });

  test("need the permission to publish when they are due", () => {
    let isAllowed = true;
    const bench = new Bench({
      gate: { authenticate: () => ({ outcome: "accepted" }), mayPublish: () => isAllowed },
    });
    const watcher = bench.connect("watcher");
    watcher.sub("w");
    const client = bench.connect("c", { will: { topicName: "w" } });
    isAllowed = false;
    client.cut();
    expect(watcher.texts).toEqual([]);
    expect(bench.counts).toEqual({ "publish-refused": 1 });
  });

  test("pass the publish hooks like every message", () => {
    const { bench, watcher, client } = scene({ topicName: "w" });
    bench.broker.hooks.add("publish", () => ({ refused: ReasonCode.NOT_AUTHORIZED }));
    client.cut();
    expect(watcher.texts).toEqual([]);
    expect(bench.counts).toEqual({ "publish-refused": 1 });
  });

  test("have no more topic levels than other messages", () => {
    const { watcher, client } = scene({ topicName: "/".repeat(200) });
    client.cut();
    expect(watcher.messages.length).toBe(0);
  });

  test("of 65,000 topic levels, retained, harm neither subscribers nor the broker's sweep", () => {
    const { bench, client } = scene({ topicName: "/".repeat(65_000), retain: true });
    client.cut();
    const innocent = bench.connect("innocent");
    innocent.sub("#");
    expect(innocent.closed).toBe(false);
    expect(() => bench.pass(120)).not.toThrow();
    expect(bench.log).toEqual([]);
  });

  test("are published when the broker ends the connection", () => {
    const { bench, watcher } = scene({ topicName: "w" });
    expect(bench.broker.disconnect("c")).toBe(true);
    bench.run();
    expect(watcher.texts).toEqual(["w"]);
  });

  test("are published when the client is silent for too long", () => {
    const bench = new Bench();
    const watcher = bench.connect("watcher");
    watcher.sub("w");
    const client = bench.connect("c", { keepAlive: 10, will: { topicName: "w" } });
    bench.pass(14.9);
    expect(watcher.texts).toEqual([]);
    bench.pass(0.2);
    expect(watcher.texts).toEqual(["w"]);
    expect(client.all(14)[0]?.reasonCode).toBe(ReasonCode.KEEP_ALIVE_TIMEOUT);
  });
});

describe("client identifiers", () => {
  test("that are invented are used by nobody and told", () => {
    const bench = new Bench();
    const clients = [1, 2, 3].map(() => bench.connect(""));
    const ids = clients.map((client) => client.connack?.properties.assignedClientIdentifier);
    expect(new Set(ids).size).toBe(3);
    expect([...bench.broker.clients()].map(({ clientId }) => clientId)).toEqual(ids);
  });

  test("may have to be there", () => {
    const bench = new Bench({ settings: { allowEmptyClientId: false } });
    expect(bench.connect("").connack?.reasonCode).toBe(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID);
    expect(bench.connect("", { version: MQTT_3_1_1 }).connack?.reasonCode).toBe(0x85);
  });
});

test("no more sessions than allowed, but those that are there may come back", () => {
  const bench = new Bench({ settings: { maximumSessions: 2 } });
  bench.connect("a", { cleanStart: false, expiry: 60 }).cut();
  bench.connect("b");
  expect(bench.connect("c").connack?.reasonCode).toBe(ReasonCode.QUOTA_EXCEEDED);
  expect(bench.connect("a", { cleanStart: true }).connack?.reasonCode).toBe(0);
  expect(bench.connect("b", { cleanStart: false }).connack?.reasonCode).toBe(0);
  expect(bench.broker.sizes.sessions).toBe(2);
});
