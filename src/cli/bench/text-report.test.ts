import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { SCENARIOS, type Scenario, type ScenarioResult } from "#bench";
import { bar, sparkline } from "./charts.ts";
import { duration, rounded, size, whole } from "./figures.ts";
import { textReport } from "./text-report.ts";

const scenario = SCENARIOS[0] as Scenario;

function result(changes: Partial<ScenarioResult> = {}): ScenarioResult {
  return {
    scenario: "pairs",
    kind: "flow",
    deliveries: 20_105_332,
    seconds: 5,
    deliveriesPerSecond: 4_021_066.4,
    published: 20_105_000,
    ownCpuSecondsPerMillion: 0.1834,
    course: [],
    lost: 0,
    duplicated: 0,
    disordered: 0,
    unacknowledged: 0,
    refused: 0,
    connectionsLost: 0,
    unexpected: 0,
    correct: true,
    problems: [],
    ...changes,
  };
}

function plainReport(of: ScenarioResult, columns = 80): string[] {
  return stripVTControlCharacters(textReport(scenario, of, columns)).split("\n");
}

describe("figures", () => {
  it("have as many digits as mean something", () => {
    expect([4_021_066, 20_008, 512, 8.787, 0.1834, 0].map(rounded)).toEqual([
      "4,021,000",
      "20,010",
      "512",
      "8.79",
      "0.183",
      "0",
    ]);
    expect(whole(20_105_332)).toBe("20,105,332");
    expect([0.5, 210.4, 999.7, 1234, 999_700, 4_512_000].map(duration)).toEqual([
      "0.5 µs",
      "210 µs",
      "1 ms",
      "1.23 ms",
      "1 s",
      "4.51 s",
    ]);
    expect([512, 1_910, 96_400_000, 1_020_000_000].map(size)).toEqual([
      "512 B",
      "1.91 kB",
      "96.4 MB",
      "1.02 GB",
    ]);
  });
});

describe("charts", () => {
  it("draw from nothing to the largest value", () => {
    expect(sparkline([0, 1, 4, 8], 10)).toBe("▁▂▅█");
    expect(sparkline([0, 0], 10)).toBe("▁▁");
    expect(sparkline([], 10)).toBe("");
  });

  it("fit into the width they have", () => {
    expect(
      sparkline(
        Array.from({ length: 500 }, (_, index) => index),
        40,
      ),
    ).toHaveLength(40);
    expect(bar(1, 10)).toBe("█".repeat(10));
    expect(bar(0.55, 10)).toBe("█████▌");
    expect(bar(0.000_01, 10)).toBe("▏");
    expect(bar(0, 10)).toBe("");
  });
});

describe("textReport", () => {
  it("shows figures, and that all is right", () => {
    expect(
      plainReport(result({ brokerCpuSecondsPerMillion: 0.2668, brokerResidentBytes: 96_400_000 })),
    ).toEqual([
      "pairs  10 publishers to 10 subscribers one to one, QoS 0, window 100",
      "  messages     4,021,000/s  (20,105,332 in 5.0 s)",
      "  broker's RSS 96.4 MB",
      "  CPU          broker 0.267 s, this program 0.183 s for a million messages",
      "  ✓ Every message came once and in order.",
    ]);
  });

  it("draws the latency, with the rare ends together", () => {
    const distribution = [
      { fromUs: 20, toUs: 50, count: 1 },
      { fromUs: 50, toUs: 100, count: 2_000 },
      { fromUs: 100, toUs: 200, count: 7_990 },
      { fromUs: 200, toUs: 500, count: 6 },
      { fromUs: 500, toUs: 1000, count: 2 },
      { fromUs: 1000, toUs: 2000, count: 1 },
    ];
    const latency = { p50Us: 120, p99Us: 180, p999Us: 199, maxUs: 1_100, count: 10_000, distribution };
    const lines = plainReport(result({ latency }), 60);
    expect(lines.slice(2, -2)).toEqual([
      "  latency      p50 120 µs, p99 180 µs, p99.9 199 µs, max 1.1 ms",
      "                   below 50 µs ▏ < 0.1 %",
      "                50 µs - 100 µs █████ 20.0 %",
      "               100 µs - 200 µs ████████████████████ 79.9 %",
      "               200 µs - 500 µs ▏ < 0.1 %",
      "                  above 500 µs ▏ < 0.1 %",
    ]);
  });

  it("says what went wrong, a line each, and lets nothing drive the terminal", () => {
    const problems = ["3 messages did not arrive.", "The broker refused 1 of 2 connections: \u001b[31m."];
    expect(plainReport(result({ correct: false, lost: 3, problems })).slice(-2)).toEqual([
      "  ✗ 3 messages did not arrive.",
      "  ✗ The broker refused 1 of 2 connections: \\x1b[31m.",
    ]);
  });

  it("has the figures that matter for each kind", () => {
    const fairness = { aloneP99Us: 100, floodedP99Us: 250, ratio: 2.5, floodPerSecond: 600_000 };
    const kinds: Partial<ScenarioResult>[] = [
      { kind: "storm", connectsPerSecond: 11_570 },
      { kind: "idle", connections: 10_000, connectsPerSecond: 9_000, bytesPerConnection: 3_575 },
      { kind: "retained", deliveries: 100_000, allReceivedMs: 153.5, storedPerSecond: 184_537 },
      { kind: "offline", deliveries: 50_000, drainMs: 46.2, storedPerSecond: 574_673 },
      { kind: "fairness", fairness },
    ];
    const texts = kinds.map((changes) => plainReport(result(changes)).slice(1, -2).join("|"));
    expect(texts).toEqual([
      "  connects     11,570/s  (20,105,332 in 5.0 s)",
      "  connections  10,000, 9,000/s|  memory       3.58 kB a connection",
      "  stored       184,500/s|  fetched      100,000 in 154 ms",
      "  stored       574,700/s|  fetched      50,000 in 46.2 ms",
      "  messages     4,021,000/s  (20,105,332 in 5.0 s)|  fairness     p99 100 µs alone, 250 µs beside the flood: 2.5 times|  flood        600,000/s",
    ]);
  });
});
