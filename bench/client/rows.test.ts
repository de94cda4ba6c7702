import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { ClientRun } from "./rounds.ts";
import { clientRows, clientTable } from "./rows.ts";

const run = (
  task: ClientRun["task"],
  library: ClientRun["library"],
  round: number,
  perCpuSecond: number,
): ClientRun => ({ task, library, round, messages: perCpuSecond / 2, cpuMicroseconds: 500_000 });

test("a ratio is that of one round; figures are medians", () => {
  const runs = [
    run("publish QoS 0", "martlet", 1, 300),
    run("publish QoS 0", "mqttjs", 1, 100),
    // Something else took half of everything.
    run("publish QoS 0", "mqttjs", 2, 50),
    run("publish QoS 0", "martlet", 2, 150),
    run("publish QoS 0", "martlet", 3, 400),
    run("publish QoS 0", "mqttjs", 3, 100),
  ];
  expect(clientRows(runs)[0]).toEqual({
    task: "publish QoS 0",
    martlet: 300,
    mqttjs: 100,
    ratio: 3,
    target: 3,
  });
});

test("the table says which targets are reached, and what was not measured", () => {
  const runs = [
    run("publish QoS 1", "martlet", 1, 15_000),
    run("publish QoS 1", "mqttjs", 1, 10_000),
    run("publish QoS 2", "martlet", 1, 20_000),
    run("publish QoS 2", "mqttjs", 1, 10_000),
    run("receive", "martlet", 1, 40_000),
    run("receive", "mqttjs", 1, 10_000),
  ];
  const { head, rows } = clientTable(clientRows(runs), "MQTT.js 9");
  expect(head).toEqual(["client", "Martlet per CPU s", "MQTT.js 9 per CPU s", "ratio"]);
  expect(rows.map((cells) => cells.map(stripVTControlCharacters))).toEqual([
    ["publish QoS 0", "–", "–", "–"],
    ["publish QoS 1", "15.0k", "10.0k", "1.50× (≥ 2) ✗"],
    ["publish QoS 2", "20.0k", "10.0k", "2.00×"],
    ["receive", "40.0k", "10.0k", "4.00× (≥ 3) ✓"],
  ]);
});
