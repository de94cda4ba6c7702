import { expect, test } from "vitest";
import { Bench } from "../../test/support/broker-bench.ts";

test("losses of a kind have one line in ten seconds, and the next one counts those between", () => {
  const bench = new Bench({ settings: { maximumQueuedMessages: 1 } });
  for (const clientId of ["a", "b"]) {
    const client = bench.connect(clientId, { cleanStart: false, expiry: 100 });
    client.sub("t", { qos: 1 });
    client.cut();
  }
  const publisher = bench.connect("p");
  const publish = (times: number): void => {
    for (let i = 0; i < times; i++) publisher.pub("t", "x", { qos: 1 });
  };
  publish(4);
  expect(bench.log).toEqual(["warn Outgoing messages are being dropped for client a: its queue is full."]);
  bench.pass(9);
  publish(1);
  expect(bench.log).toHaveLength(1);
  bench.pass(1);
  publish(1);
  expect(bench.log.slice(1)).toEqual([
    "warn Outgoing messages are being dropped for client a: its queue is full. 7 more since the last such line.",
  ]);
  expect(bench.counts).toEqual({ "queue-full": 10 });
});
