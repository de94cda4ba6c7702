import { describe, expect, test } from "vitest";
import { ConfigError } from "#base";
import { type BrokerSettings, completeSettings, defaultSettings } from "./settings.ts";

const withSetting = (name: string, value: unknown): BrokerSettings =>
  completeSettings({ [name]: value } as Partial<BrokerSettings>);

test("nothing asked for is the defaults, in an object of its own", () => {
  expect(completeSettings()).toEqual(defaultSettings);
  expect(completeSettings()).not.toBe(defaultSettings);
});

test("the defaults are themselves allowed", () => {
  for (const [name, value] of Object.entries(defaultSettings)) {
    expect(withSetting(name, value), name).toEqual(defaultSettings);
  }
});

test("undefined is the default", () => {
  expect(withSetting("receiveMaximum", undefined).receiveMaximum).toBe(defaultSettings.receiveMaximum);
});

describe("a value that is not allowed is refused by the name of its setting", () => {
  test.each([
    ["receiveMaximum", 0],
    ["receiveMaximum", 65_536],
    ["receiveMaximum", 1.5],
    ["receiveMaximum", "10"],
    ["receiveMaximum", Number.NaN],
    ["maximumQos", 3],
    ["maximumQos", -1],
    ["maximumPacketSize", 19],
    ["maximumPacketSize", 268_435_461],
    ["maximumTopicLevels", 0],
    ["maximumSessionExpiryInterval", 0x1_0000_0000],
    ["serverKeepAliveSeconds", 65_536],
    ["sysIntervalSeconds", -1],
    ["queueOverflow", "drop-newest"],
    ["versions", []],
    ["versions", [4, 6]],
    ["versions", 4],
    ["responseInformation", 7],
    ["retainAvailable", "no"],
    ["queueQos0", 1],
    ["recieveMaximum", 10],
    ["toString", true],
    ["constructor", false],
  ])("%s: %j", (name, value) => {
    expect(() => withSetting(name, value)).toThrow(ConfigError);
    expect(() => withSetting(name, value)).toThrow(name);
  });
});

test("numbers of every setting are bounded", () => {
  for (const [name, value] of Object.entries(defaultSettings)) {
    if (typeof value !== "number") continue;
    expect(() => withSetting(name, -1), name).toThrow(ConfigError);
    expect(() => withSetting(name, Number.POSITIVE_INFINITY), name).toThrow(ConfigError);
  }
});
