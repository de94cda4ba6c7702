import { describe, expect, it } from "vitest";
import { ConfigError } from "#base";
import { SCENARIOS } from "#bench";
import type { Options } from "../options.ts";
import { processIdsOf, scenariosOf } from "./arguments.ts";
import { prepareArguments } from "./command-line.ts";

const options = {
  url: { kind: "texts", placeholder: "<url>", help: "" },
  duration: { kind: "integer", short: "d", placeholder: "<s>", lowest: 1, highest: 9, help: "" },
  json: { kind: "switch", help: "" },
} as const satisfies Options;

describe("prepareArguments", () => {
  it("takes words with a scheme for the URL, and others for scenarios", () => {
    const args = ["qos1", "mqtt://host", "--json", "rate,large", "-d", "3"];
    expect(prepareArguments(args, options)).toEqual([
      "--scenario=qos1",
      "--url=mqtt://host",
      "--json",
      "--scenario=rate,large",
      "-d",
      "3",
    ]);
    expect(prepareArguments(["unix:/run/s"], options)).toEqual(["--url=unix:/run/s"]);
  });

  it("leaves values and unknown options alone", () => {
    expect(prepareArguments(["--duration", "3", "--what", "pairs", "-d"], options)).toEqual([
      "--duration",
      "3",
      "--what",
      "--scenario=pairs",
      "-d",
    ]);
  });
});

function names(...args: Parameters<typeof scenariosOf>): string[] {
  return scenariosOf(...args).map(({ name }) => name);
}

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "none";
}

describe("scenariosOf", () => {
  it("has a short selection, all of them, or those that are named, each once", () => {
    expect(names(undefined, {})).toEqual(["pairs", "qos1", "rate"]);
    expect(names(["all"], {})).toEqual(SCENARIOS.map(({ name }) => name));
    expect(names(["qos2, storm", "qos2"], {})).toEqual(["qos2", "storm"]);
  });

  it("describes a load by options alone", () => {
    const [own] = scenariosOf(undefined, { publishers: 5, size: 1000, qos: 1, protocol: ["5"] });
    expect(own).toEqual({
      name: "own",
      summary: "5 publishers, 10 subscribers, 5 topics, QoS 1, 1000 bytes, window 100",
      load: {
        kind: "flow",
        publishers: 5,
        subscribers: 10,
        topics: 5,
        qos: 1,
        payloadBytes: 1000,
        pace: { kind: "window", messages: 100 },
        protocolVersion: 5,
      },
    });
  });

  it("changes scenarios that are named, and their names with them", () => {
    const [changed] = scenariosOf(["qos1"], { rate: 500 });
    expect(changed?.name).toBe("qos1-changed");
    expect(changed?.load).toMatchObject({ publishers: 100, qos: 1, pace: { kind: "rate", perSecond: 500 } });
  });

  it("takes a window of 0 for no window", () => {
    const [own] = scenariosOf(undefined, { window: 0 });
    expect(own?.load).toMatchObject({ pace: { kind: "flat-out" } });
    expect(own?.summary).toContain("as fast as connections take them");
  });

  it("says what is wrong", () => {
    expect(problemOf(() => scenariosOf(["pair"], {}))).toBe(
      "pair: there is no such scenario. Did you mean pairs?",
    );
    expect(problemOf(() => scenariosOf(["storm"], { size: 99 }))).toBe("--size: it does not go with storm.");
    expect(problemOf(() => scenariosOf(undefined, { rate: 1, window: 1 }))).toMatch(
      /^--rate: it and --window/,
    );
    expect(problemOf(() => scenariosOf(undefined, { window: 0, qos: 1 }))).toMatch(
      /^--window: 0 is for QoS 0/,
    );
    expect(problemOf(() => scenariosOf(undefined, { protocol: ["4"] }))).toMatch(
      /^--protocol: "4" is not known/,
    );
  });
});

it("processIdsOf reads lists of processes", () => {
  expect(processIdsOf(undefined)).toEqual([]);
  expect(processIdsOf(["12,13", "14"])).toEqual([12, 13, 14]);
  expect(problemOf(() => processIdsOf(["12,x"]))).toBe('--pid: "x" is no process id.');
});
