/** Retained messages whose publisher may no longer publish them: to whom they are given, and what a restart remembers. */

import { describe, expect, test } from "vitest";
import type { Gate, Identity, Permission } from "#auth";
import { Bench } from "../../test/support/broker-bench.ts";
import { DurableBench } from "../../test/support/durable-bench.ts";

/** Everybody may publish until the test forbids it to somebody. */
class Publishers implements Gate {
  readonly forbidden = new Set<string>();
  readonly asked: Identity[] = [];

  authenticate() {
    return { outcome: "accepted", userName: "ann", claims: { group: "staff" } } as const;
  }

  mayPublish(client: Identity): Permission | Promise<Permission> {
    this.asked.push(client);
    return !this.forbidden.has(client.clientId);
  }
}

class SlowPublishers extends Publishers {
  override mayPublish(client: Identity): Promise<Permission> {
    return Promise.resolve(super.mayPublish(client));
  }
}

let readers = 0;

/** The topics of the retained messages that a new client gets. */
function topics(bench: Bench): string[] {
  const client = bench.connect(`reader-${++readers}`);
  client.sub("#");
  return client.messages.map(({ topicName }) => topicName);
}

describe("a new subscription", () => {
  test("gets what its publisher may still publish", async () => {
    const gate = new Publishers();
    const bench = new Bench({ gate, settings: { checkRetainedSource: true } });
    for (const name of ["good", "bad"]) bench.connect(name).pub(`from/${name}`, "x", { retain: true });
    await bench.broker.publish({ topicName: "from/program", payload: "x", retain: true });
    expect(topics(bench)).toEqual(["from/good", "from/bad", "from/program"]);
    gate.forbidden.add("bad");
    bench.outcomes();
    expect(topics(bench)).toEqual(["from/good", "from/program"]);
    expect(bench.outcomes()).toEqual([`publisher-not-permitted reader-${readers}`]);
    // Whoever asks what it was is told who the publisher was when it published, gone or not.
    bench.broker.disconnect("bad");
    topics(bench);
    expect(gate.asked.at(-1)).toMatchObject({
      clientId: "bad",
      userName: "ann",
      listener: "",
      claims: { group: "staff" },
    });
  });

  test("gets everything where that is not asked for, and as soon as it is no longer", () => {
    const gate = new Publishers();
    const bench = new Bench({ gate });
    bench.connect("bad").pub("t", "x", { retain: true });
    gate.forbidden.add("bad");
    expect(topics(bench)).toEqual(["t"]);
    bench.broker.changeSettings({ checkRetainedSource: true });
    expect(topics(bench)).toEqual([]);
    bench.broker.changeSettings({ checkRetainedSource: false });
    expect(topics(bench)).toEqual(["t"]);
  });

  test("waits for a gate that takes its time, and nothing comes out of order", async () => {
    const gate = new SlowPublishers();
    const bench = new Bench({ gate, settings: { checkRetainedSource: true } });
    for (const name of ["a", "bad", "z"]) bench.connect(name).pub(`from/${name}`, "x", { retain: true });
    await bench.settle();
    gate.forbidden.add("bad");
    const client = bench.connect("c");
    client.sub("from/#", { qos: 1 });
    await bench.broker.publish({ topicName: "from/live", payload: "x", qos: 1 });
    await bench.settle();
    expect(client.messages.map(({ topicName }) => topicName)).toEqual(["from/a", "from/z", "from/live"]);
    expect(bench.log).toEqual([]);
  });

  test("gets a will by the rights of whose it was", () => {
    const gate = new Publishers();
    const bench = new Bench({ gate, settings: { checkRetainedSource: true } });
    bench.connect("bad", { will: { topicName: "w", retain: true } }).cut();
    expect(topics(bench)).toEqual(["w"]);
    expect(gate.asked.at(-1)).toMatchObject({ clientId: "bad", userName: "ann", claims: { group: "staff" } });
    gate.forbidden.add("bad");
    expect(topics(bench)).toEqual([]);
  });
});

test("a restart remembers user name and listener", async () => {
  const gate = new Publishers();
  const bench = await new DurableBench({ checkRetainedSource: true }, {}, gate).start();
  bench.connect("p").pub("t", "x", { retain: true });
  bench.connect("q").pub("u", "payload", { retain: true });
  await bench.settle();
  await bench.restart();
  gate.asked.length = 0;
  gate.forbidden.add("q");
  const client = bench.connect("c");
  client.sub("#");
  await bench.settle();
  expect(client.messages.map(({ topicName }) => topicName)).toEqual(["t"]);
  expect(gate.asked).toMatchObject([
    { clientId: "p", userName: "ann", listener: "", claims: undefined },
    { clientId: "q", userName: "ann", listener: "" },
  ]);
});

test("a will that is published after a restart is judged by the listener its client came in on", async () => {
  const gate = new Publishers();
  const bench = await new DurableBench({}, {}, gate).start();
  bench.connect("p", { expiry: 1_000, will: { topicName: "w" }, listener: "public" });
  await bench.settle();
  gate.asked.length = 0;
  await bench.restart();
  await bench.settle();
  expect(gate.asked).toMatchObject([{ clientId: "p", userName: "ann", listener: "public" }]);
});
