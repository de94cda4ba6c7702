import { expect, test } from "vitest";
import { Bench } from "../../../test/support/broker-bench.ts";
import { UndeliveredLines } from "./undelivered-lines.ts";

function scene({ isBrief }: { readonly isBrief: boolean }) {
  const bench = new Bench({
    gate: {
      authenticate: () => ({ outcome: "accepted" }),
      mayPublish: () => true,
      maySubscribe: () => true,
      mayReceive: (_, topic) => topic !== "secret",
    },
  });
  const lines: string[] = [];
  const wish = { isGranted: true };
  const log = { tells: () => wish.isGranted, tell: (_: string, text: string) => void lines.push(text) };
  const undelivered = new UndeliveredLines(bench.broker, log, { isBrief }, bench.clock);
  undelivered.follow();
  const sensor = bench.connect("sensor-1");
  sensor.sub("secret");
  return { bench, lines, wish, undelivered, plant: bench.connect("plant") };
}

test("what did not arrive has a line with receiver, topic, publisher and reason; many of them have few", () => {
  const { bench, lines, plant } = scene({ isBrief: false });
  for (let i = 0; i < 5; i++) plant.pub("secret", "x");
  plant.pub("nobody/listens", "x");
  bench.pass(11);
  plant.pub("secret", "x");
  expect(lines).toEqual([
    "Not delivered to sensor-1: 'secret' from plant (receiver-not-permitted)",
    "Not delivered: 'nobody/listens' from plant (no-subscriber)",
    "Not delivered to sensor-1: 'secret' from plant (receiver-not-permitted) (4 more like it since the last line)",
  ]);
});

test("that a message is for nobody is nothing that mosquitto tells", () => {
  const { lines, plant } = scene({ isBrief: true });
  plant.pub("nobody/listens", "x");
  plant.pub("secret", "x");
  expect(lines).toEqual(["Not delivered to sensor-1: 'secret' from plant (receiver-not-permitted)"]);
});

test("it begins and ends with the wish for such lines, while clients stay", () => {
  const { lines, wish, undelivered, plant } = scene({ isBrief: false });
  wish.isGranted = false;
  undelivered.follow();
  plant.pub("secret", "x");
  expect(lines).toEqual([]);
  wish.isGranted = true;
  undelivered.follow();
  undelivered.follow();
  plant.pub("secret", "x");
  expect(lines).toHaveLength(1);
});
