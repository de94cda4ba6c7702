/** What the gate's rules do to a client: asked once, remembered, taken back, and answered as the version allows. */

import { describe, expect, test } from "vitest";
import type { Accepted, Gate, GateChange, Permission } from "#auth";
import { utf8Decode, utf8Encode } from "#base";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { Bench } from "../../test/support/broker-bench.ts";

const { MQTT_3_1_1 } = ProtocolVersion;
const RESUME = { cleanStart: false, expiry: 100 } as const;

/** A gate whose rules the test changes, and that counts what it is asked. */
class Rules implements Gate {
  readonly asked: string[] = [];
  readonly forbidden = new Set<string>();
  accepted: Accepted = { outcome: "accepted" };
  #changed: (change: GateChange) => void = () => undefined;

  authenticate(): Accepted {
    return this.accepted;
  }

  mayPublish(_client: unknown, topicName: string, qos: number, retain: boolean): Permission {
    return this.#answer(`publish ${topicName} ${qos}${retain ? " retain" : ""}`);
  }

  maySubscribe(_client: unknown, topicFilter: string): Permission {
    return this.#answer(`subscribe ${topicFilter}`);
  }

  mayUnsubscribe(_client: unknown, topicFilter: string): Permission {
    return this.#answer(`unsubscribe ${topicFilter}`);
  }

  mayReceive({ clientId }: { clientId: string }, topicName: string): Permission {
    return this.#answer(`receive ${clientId} ${topicName}`);
  }

  watch(changed: (change: GateChange) => void): void {
    this.#changed = changed;
  }

  change(change: GateChange = {}): void {
    this.#changed(change);
  }

  #answer(question: string): Permission {
    this.asked.push(question);
    const isForbidden = [...this.forbidden].some((start) => question.startsWith(start));
    return isForbidden ? { outcome: "denied", rule: "rule 7" } : true;
  }
}

function scene() {
  const gate = new Rules();
  const bench = new Bench({ gate });
  const denied: unknown[] = [];
  bench.broker.on("requestDenied", (detail) => denied.push(detail));
  return { gate, bench, denied };
}

describe("publishing", () => {
  test("is asked about once for each topic, QoS and RETAIN, until the gate changes its mind", () => {
    const { gate, bench } = scene();
    const client = bench.connect("c");
    for (let i = 0; i < 3; i++) {
      client.pub("a", "x");
      client.pub("b", "x");
      client.pub("a", "x", { qos: 1 });
      client.pub("a", "x", { retain: true });
    }
    const questions = ["publish a 0", "publish b 0", "publish a 1", "publish a 0 retain"];
    expect(gate.asked).toEqual(questions);
    gate.change();
    client.pub("a", "x");
    expect(gate.asked).toEqual([...questions, "publish a 0"]);
  });

  test("of many topics asks again for those that were forgotten, and for nothing else", () => {
    const { gate, bench } = scene();
    const client = bench.connect("c");
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 600; i++) client.pub(`t/${i}`, "x");
    }
    expect(gate.asked.length).toBeGreaterThan(600);
    expect(gate.asked.length).toBeLessThanOrEqual(1200);
    gate.asked.length = 0;
    for (let i = 0; i < 10; i++) client.pub("t/599", "x");
    expect(gate.asked.length).toBeLessThanOrEqual(1);
  });

  test("that is denied has an outcome, an event with the rule, and in 5.0 an answer", () => {
    const { gate, bench, denied } = scene();
    gate.forbidden.add("publish secret");
    bench.connect("watcher").sub("#");
    gate.asked.length = 0;
    const client = bench.connect("c");
    client.pub("secret", "x", { qos: 1, packetId: 7 });
    client.pub("secret", "x", { qos: 1, packetId: 8 });
    client.pub("secret", "x");
    expect(client.news()).toEqual(["CONNACK 00", "PUBACK id7 87", "PUBACK id8 87"]);
    expect(bench.outcomes()).toEqual(["publish-refused", "publish-refused", "publish-refused"]);
    const detail = { clientId: "c", userName: undefined, action: "publish", topic: "secret", rule: "rule 7" };
    expect(denied).toEqual([detail, detail, detail]);
    expect(bench.broker.metrics.requestsDenied).toBe(3);
    expect(gate.asked).toEqual(["publish secret 1", "publish secret 0"]);
  });

  test("that is denied is acknowledged in 3.1.1 like any other", () => {
    const { gate, bench } = scene();
    gate.forbidden.add("publish secret");
    const watcher = bench.connect("watcher");
    watcher.sub("#");
    const client = bench.connect("c", { version: MQTT_3_1_1 });
    client.pub("secret", "x", { qos: 1, packetId: 7 });
    expect(client.news()).toEqual(["CONNACK 00", "PUBACK id7 00"]);
    expect(watcher.messages).toEqual([]);
  });

  test("in one write stops where the gate changed its mind between two messages", () => {
    const { gate, bench } = scene();
    const watcher = bench.connect("watcher");
    watcher.sub("#");
    const client = bench.connect("c");
    client.pub("a", "1");
    gate.forbidden.add("publish a");
    gate.change({ clientId: "somebody else" });
    client.pub("a", "2");
    gate.change({ clientId: "c" });
    client.pub("a", "3");
    expect(watcher.texts).toEqual(["1", "2"]);
  });

  test("an answer that comes after a change of mind counts for its message and is not remembered", async () => {
    const answers: ((answer: Permission) => void)[] = [];
    let changed: (change: GateChange) => void = () => undefined;
    const bench = new Bench({
      gate: {
        authenticate: () => ({ outcome: "accepted" }),
        mayPublish: () => new Promise<Permission>((resolve) => answers.push(resolve)),
        watch: (told) => {
          changed = told;
        },
      },
    });
    const watcher = bench.connect("watcher");
    watcher.sub("#");
    const client = bench.connect("c");
    client.pub("a", "1");
    changed({});
    answers.shift()?.(true);
    await bench.settle();
    client.pub("a", "2");
    expect(answers.length).toBe(1);
    answers.shift()?.(false);
    await bench.settle();
    client.pub("a", "3");
    await bench.settle();
    expect(answers.length).toBe(0);
    expect(watcher.texts).toEqual(["1"]);
  });
});

describe("subscribing and unsubscribing", () => {
  test("that is denied is answered, told and counted", () => {
    const { gate, bench, denied } = scene();
    gate.forbidden.add("subscribe secret").add("unsubscribe kept");
    const client = bench.connect("c");
    expect(client.sub("secret/#")).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(client.sub("$share/g/secret/#")).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(client.sub("kept")).toBe(0);
    expect(client.unsub("kept")).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(denied).toMatchObject([
      { action: "subscribe", topic: "secret/#" },
      { action: "subscribe", topic: "secret/#" },
      { action: "unsubscribe", topic: "kept" },
    ]);
    bench.connect("p").pub("kept", "x");
    expect(client.texts).toEqual(["x"]);
  });

  test("in 3.1.1 is refused with 0x80, and a denied UNSUBSCRIBE is answered and does nothing", () => {
    const { gate, bench } = scene();
    gate.forbidden.add("subscribe secret").add("unsubscribe kept");
    const client = bench.connect("c", { version: MQTT_3_1_1 });
    expect(client.sub("secret")).toBe(0x80);
    client.sub("kept");
    client.unsub("kept");
    bench.connect("p").pub("kept", "x");
    expect(client.texts).toEqual(["x"]);
  });

  test("waits for a gate that takes its time over UNSUBSCRIBE", async () => {
    const answers: ((answer: Permission) => void)[] = [];
    const bench = new Bench({
      gate: {
        authenticate: () => ({ outcome: "accepted" }),
        mayUnsubscribe: () => new Promise<Permission>((resolve) => answers.push(resolve)),
      },
    });
    const client = bench.connect("c");
    client.sub("a");
    client.sub("b");
    client.news();
    client.sayTogether(
      { type: PacketType.UNSUBSCRIBE, packetId: 9, topicFilters: ["a", "b"], properties: {} },
      { type: PacketType.PINGREQ },
    );
    for (const answer of [true, false]) {
      await bench.settle();
      expect(client.news()).toEqual([]);
      answers.shift()?.(answer);
    }
    await bench.settle();
    expect(client.news()).toEqual(["UNSUBACK 9: 00 87", "PINGRESP"]);
  });
});

describe("receiving", () => {
  test("is asked about once for each client and topic, and what is denied has an outcome", () => {
    const { gate, bench } = scene();
    gate.forbidden.add("receive c secret");
    const client = bench.connect("c");
    client.sub("#");
    const other = bench.connect("d");
    other.sub("#");
    const publisher = bench.connect("p");
    gate.asked.length = 0;
    for (const topic of ["open", "secret", "secret", "open"]) publisher.pub(topic, topic);
    expect(client.texts).toEqual(["open", "open"]);
    expect(other.texts).toEqual(["open", "secret", "secret", "open"]);
    expect(bench.outcomes()).toEqual(["receiver-not-permitted c", "receiver-not-permitted c"]);
    expect(gate.asked.filter((question) => question.startsWith("receive")).length).toBe(4);
  });

  test("counts for retained messages, at every QoS", () => {
    const { gate, bench } = scene();
    gate.forbidden.add("receive c secret");
    const publisher = bench.connect("p");
    publisher.pub("secret", "s", { retain: true, qos: 1 });
    publisher.pub("open", "o", { retain: true, qos: 1 });
    const client = bench.connect("c");
    client.sub("#", { qos: 2 });
    expect(client.texts).toEqual(["o"]);
    expect(bench.outcomes()).toContain("receiver-not-permitted c");
  });

  test("counts while the client is away, and again when it takes what waited", () => {
    const { gate, bench } = scene();
    const client = bench.connect("c", RESUME);
    client.sub("#", { qos: 1 });
    client.cut();
    const publisher = bench.connect("p");
    publisher.pub("a", "1", { qos: 1 });
    gate.forbidden.add("receive c a");
    gate.change();
    publisher.pub("a", "2", { qos: 1 });
    expect(bench.outcomes()).toEqual(["receiver-not-permitted c"]);
    const again = bench.connect("c", RESUME);
    expect(again.texts).toEqual([]);
    expect(bench.outcomes()).toEqual(["receiver-not-permitted c"]);
  });

  test.each([1, 2] as const)("counts for what is sent again, at QoS %i", (qos) => {
    const { gate, bench } = scene();
    const client = bench.connect("c", RESUME);
    client.sub("#", { qos });
    const publisher = bench.connect("p");
    for (const topic of ["secret", "open"]) publisher.pub(topic, topic, { qos });
    client.cut();
    gate.forbidden.add("receive c secret");
    gate.change();
    const again = bench.connect("c", RESUME);
    expect(again.texts).toEqual(["open"]);
    expect(bench.outcomes()).toEqual(["receiver-not-permitted c"]);
  });

  test("is judged by who comes, when another user comes with the client id", () => {
    const { gate, bench } = scene();
    gate.mayReceive = ({ userName }: never) => userName === "alice";
    gate.accepted = { outcome: "accepted", userName: "alice" };
    bench.connect("c", RESUME).sub("#", { qos: 1 });
    const publisher = bench.connect("p");
    publisher.pub("in-flight", "1", { qos: 1 });
    gate.accepted = { outcome: "accepted", userName: "mallory" };
    const mallory = bench.connect("c", RESUME);
    publisher.pub("live", "2", { qos: 1 });
    expect(mallory.texts).toEqual([]);
    expect(bench.outcomes()).toEqual(["receiver-not-permitted c", "receiver-not-permitted c"]);
  });

  test("in a shared subscription goes to a member who may", () => {
    const { gate, bench } = scene();
    gate.forbidden.add("receive c");
    const barred = bench.connect("c");
    barred.sub("$share/g/#");
    const member = bench.connect("d");
    member.sub("$share/g/#");
    const publisher = bench.connect("p");
    for (let i = 0; i < 4; i++) publisher.pub("a", String(i));
    expect(barred.texts).toEqual([]);
    expect(member.texts).toEqual(["0", "1", "2", "3"]);
    member.cut();
    publisher.pub("a", "4");
    expect(bench.outcomes()).toEqual(["receiver-not-permitted c"]);
  });
});

describe("the login", () => {
  test("gives the client another name, another user name and claims", () => {
    const { gate, bench } = scene();
    gate.accepted = { outcome: "accepted", clientId: "device-1", userName: "alice", claims: { role: "x" } };
    let seen: unknown;
    gate.mayPublish = ({ clientId, userName, claims }: never) => {
      seen = { clientId, userName, claims };
      return true;
    };
    const client = bench.connect("whatever");
    client.pub("t");
    expect(seen).toEqual({ clientId: "device-1", userName: "alice", claims: { role: "x" } });
    expect([...bench.broker.clients()].map(({ clientId }) => clientId)).toEqual(["device-1"]);
  });

  test("under the name of a client that is there takes it over", () => {
    const { gate, bench } = scene();
    gate.accepted = { outcome: "accepted", clientId: "device-1" };
    const first = bench.connect("a");
    const second = bench.connect("b");
    expect(first.closed).toBe(true);
    expect(second.closed).toBe(false);
  });

  test("is followed by the messages that came with it, before anything that waited", () => {
    const { gate, bench } = scene();
    bench.connect("c", RESUME).sub("t", { qos: 1 });
    bench.connect("c", RESUME).cut();
    bench.connect("p").pub("t", "waited", { qos: 1 });
    const pushed = { topicName: "/ext/register", payload: utf8Encode("secret") };
    gate.accepted = { outcome: "accepted", afterConnect: [pushed] };
    const news = bench.connect("c", RESUME).news();
    expect(news).toEqual([
      "CONNACK 00 present",
      "PUBLISH /ext/register secret q0",
      "PUBLISH t waited q1 id1",
    ]);
  });

  test("without a name for the client is refused", () => {
    const { gate, bench } = scene();
    gate.accepted = { outcome: "accepted", clientId: "" };
    expect(bench.connect("a").connack?.reasonCode).toBe(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID);
  });

  test("that is good for ten seconds ends after them", () => {
    const { gate, bench } = scene();
    gate.accepted = { outcome: "accepted", validForMs: 10_000 };
    const ends: string[] = [];
    bench.broker.on("clientDisconnected", ({ reason }) => ends.push(reason.kind));
    const client = bench.connect("c");
    bench.pass(9);
    expect(client.closed).toBe(false);
    bench.pass(2);
    bench.run();
    expect(client.news()).toEqual(["CONNACK 00", "DISCONNECT 87"]);
    expect(ends).toEqual(["login-expired"]);
    expect(bench.broker.sizes.timers).toBe(0);
  });

  test("that is withdrawn ends the connections of that user, and no others", () => {
    const { gate, bench } = scene();
    gate.accepted = { outcome: "accepted", userName: "alice" };
    const alice = bench.connect("a");
    gate.accepted = { outcome: "accepted", userName: "bob" };
    const bob = bench.connect("b");
    gate.change({ userName: "alice", disconnect: true });
    bench.run();
    expect([alice.closed, bob.closed]).toEqual([true, false]);
    expect(alice.news()).toEqual(["CONNACK 00", "DISCONNECT 87"]);
  });

  test("that is renewed is good for longer, and may not become another user's", async () => {
    let userName = "alice";
    const bench = new Bench({
      gate: {
        authenticate: () => ({ outcome: "accepted" }),
        beginExchange: () => ({ step: () => ({ outcome: "accepted", userName, validForMs: 10_000 }) }),
      },
    });
    const properties = { authenticationMethod: "m" };
    const client = bench.connect("c", { properties });
    bench.pass(9);
    const renew = { type: PacketType.AUTH, reasonCode: ReasonCode.RE_AUTHENTICATE, properties } as const;
    client.say(renew);
    bench.pass(9);
    expect(client.news()).toEqual(["CONNACK 00", "AUTH 00"]);
    userName = "mallory";
    client.say(renew);
    expect(client.news()).toEqual(["DISCONNECT 87"]);
  });
});

describe("another gate", () => {
  test("rules over those who are here, and the old one is not listened to any more", () => {
    const { gate, bench } = scene();
    const client = bench.connect("c", RESUME);
    client.sub("#", { qos: 1 });
    const publisher = bench.connect("p");
    const stricter = new Rules();
    stricter.forbidden.add("receive c secret").add("publish forbidden");
    bench.broker.changeGate(stricter);
    publisher.pub("secret", "s");
    publisher.pub("forbidden", "f");
    publisher.pub("open", "o");
    expect(client.texts).toEqual(["o"]);
    client.cut();
    publisher.pub("secret", "s", { qos: 1 });
    bench.outcomes();
    bench.broker.changeGate({ authenticate: () => ({ outcome: "accepted" }) });
    gate.change({ disconnect: true });
    stricter.change({ disconnect: true });
    expect(publisher.closed).toBe(false);
    publisher.pub("secret", "s", { qos: 1 });
    expect(bench.connect("c", RESUME).texts).toEqual(["s"]);
  });
});

describe("$CONTROL", () => {
  const TOPIC = "$CONTROL/echo/v1";

  test("is handled, answered to the sender alone, and passed on to nobody", async () => {
    const { bench } = scene();
    bench.broker.control(TOPIC, ({ clientId }, command) =>
      Promise.resolve(utf8Encode(`${clientId}: ${utf8Decode(command)}`)),
    );
    const watcher = bench.connect("watcher");
    watcher.sub("$CONTROL/#");
    const client = bench.connect("c");
    client.pub(TOPIC, "hello", { qos: 1, retain: true });
    await bench.settle();
    expect(client.texts).toEqual(["c: hello"]);
    expect(client.messages[0]?.topicName).toBe(`${TOPIC}/response`);
    expect(watcher.texts).toEqual([]);
    expect(bench.broker.sizes.retained).toBe(0);
  });

  test("is for nobody where no gate says who may", () => {
    const bench = new Bench();
    let handled = 0;
    bench.broker.control(TOPIC, () => void handled++);
    const client = bench.connect("c");
    client.pub(TOPIC, "hello", { qos: 1, packetId: 1 });
    expect(client.news()).toEqual(["CONNACK 00", "PUBACK id1 87"]);
    expect(handled).toBe(0);
  });

  test("without a handler, or with one that fails, hurts nobody", async () => {
    const { bench } = scene();
    const stop = bench.broker.control(TOPIC, () => Promise.reject(new TypeError("broken")));
    const client = bench.connect("c");
    client.pub(TOPIC, "hello", { qos: 1, packetId: 1 });
    await bench.settle();
    expect(bench.log).toEqual([expect.stringContaining("broken")]);
    stop();
    client.pub(TOPIC, "hello", { qos: 1, packetId: 2 });
    expect(client.news()).toEqual(["CONNACK 00", "PUBACK id1 00", "PUBACK id2 00"]);
    expect(bench.outcomes()).toEqual(["no-subscriber"]);
  });

  test("takes one handler for a topic, and only topics below it", () => {
    const { bench } = scene();
    bench.broker.control(TOPIC, () => undefined);
    expect(() => bench.broker.control(TOPIC, () => undefined)).toThrow("has a handler already");
    expect(() => bench.broker.control("a/b", () => undefined)).toThrow("no topic below");
    expect(() => bench.broker.control("$CONTROL/#", () => undefined)).toThrow("no topic below");
  });
});
