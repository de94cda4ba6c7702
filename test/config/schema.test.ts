// The schema says everything that can be set, once: it has what lower rooms have, and what is made from it agrees.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type BrokerSettings,
  completeSettings,
  defaultSettings,
  settingRanges,
  settingTraits,
} from "#broker";
import {
  brokerSettingsOf,
  defaultConfiguration,
  journalSettingsOf,
  type KeyPath,
  listenerSettingsOf,
  readConfiguration,
} from "#config";
import { defaultJournalSettings } from "#store";
import { root } from "../../scripts/checkout.ts";
import { variableName } from "../../src/config/assignment.ts";
import type { Declared } from "../../src/config/declare.ts";
import { declaredAt, keyText, valueAt, withValueAt } from "../../src/config/key-path.ts";
import { keysOfSettings } from "../../src/config/reference.ts";
import { configurationSchema } from "../../src/config/schema/schema.ts";
import { judge } from "../../src/config/validator.ts";

/** Every key with its path; index 0 for those of lists. */
function* keysIn(declared: Declared, path: KeyPath = []): Generator<readonly [KeyPath, Declared]> {
  if (path.length > 0) yield [path, declared];
  if (declared.kind === "table") {
    for (const [name, below] of Object.entries(declared.entries)) yield* keysIn(below, [...path, name]);
  } else if (declared.kind === "tables") yield* keysIn(declared.item, [...path, 0]);
}

const keys = [...keysIn(configurationSchema)];

describe("settings of lower rooms", () => {
  it("each has exactly one key", () => {
    const names = [...Object.keys(defaultSettings), ...Object.keys(defaultJournalSettings)];
    expect([...keysOfSettings().keys()].toSorted()).toEqual(names.toSorted());
  });

  it("have the same defaults", () => {
    const { responseInformation: _, serverKeepAliveSeconds: __, ...rest } = defaultSettings;
    const defaults = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    expect(brokerSettingsOf(defaultConfiguration())).toEqual(defaults);
    expect(journalSettingsOf(defaultConfiguration())).toEqual(defaultJournalSettings);
  });

  it("have the same ranges, and are judged alike", () => {
    for (const [setting, key] of keysOfSettings()) {
      const range = settingRanges[setting as keyof BrokerSettings];
      if (range === undefined) continue;
      const path = key.split(".");
      for (const value of [range[0] - 1, range[0], range[1], range[1] + 1]) {
        const isAllowed = judge(configurationSchema, withValueAt({}, path, value)).complaints.length === 0;
        const isTaken = ((): boolean => {
          try {
            completeSettings({ [setting]: value });
            return true;
          } catch {
            return false;
          }
        })();
        expect([key, value, isAllowed]).toEqual([key, value, isTaken]);
      }
    }
  });

  it("are there for a listener if they may differ by it", async () => {
    const wanted = Object.entries(settingTraits).filter(([, [scope]]) => scope !== "broker");
    const listener = keys.filter(([path, { setting }]) => path[0] === "listeners" && setting !== undefined);
    expect(listener.map(([, { setting }]) => String(setting)).toSorted()).toEqual(
      wanted.map(([name]) => name).toSorted(),
    );
    const { configuration } = await readConfiguration({
      settings: ["listeners.0.queue.maximum_bytes=1KiB", "listeners.0.mqtt.versions=5.0"],
    });
    expect(configuration.listeners.map(listenerSettingsOf)).toEqual([
      { maximumQueuedBytes: 1024, versions: [5] },
      {},
    ]);
  });
});

describe("the schema", () => {
  it("says what every key means", () => {
    const silent = keys.filter(
      ([path, { says, setting, kind }]) =>
        says === undefined && setting === undefined && kind !== "table" && path.length > 1,
    );
    expect(silent.map(([path]) => keyText(path))).toEqual([]);
  });

  it("has one variable for each key", () => {
    const names = keys.map(([path]) => variableName(path));
    expect(new Set(names).size).toBe(names.length);
    for (const [path] of keys) expect(declaredAt(configurationSchema, path)).toBeDefined();
  });

  it("allows its own defaults", () => {
    const leaves = keys.filter(
      ([path, declared]) => "default" in declared && declared.kind !== "mode" && !path.includes(0),
    );
    expect(leaves.length).toBeGreaterThan(70);
    let tree: unknown = {};
    for (const [path, declared] of leaves) {
      // A table that need not be there would miss what it requires.
      const isOptional = path.some((_, length) => {
        const table = declaredAt(configurationSchema, path.slice(0, length))?.declared;
        return table?.kind === "table" && table.optional === true;
      });
      if (!isOptional) tree = withValueAt(tree, path, (declared as { default: unknown }).default);
    }
    expect(judge(configurationSchema, tree).complaints).toEqual([]);
  });

  it("for editors is that of the reference, and knows what is allowed", () => {
    const schema = JSON.parse(readFileSync(join(root, "docs", "reference", "martlet.schema.json"), "utf8"));
    const queue = ["properties", "queue"];
    expect(valueAt(schema, [...queue, "additionalProperties"])).toBe(false);
    expect(valueAt(schema, [...queue, "properties", "overflow", "enum"])).toEqual([
      "refuse-newest",
      "drop-oldest",
    ]);
    const bytes = valueAt(schema, [...queue, "properties", "maximum_bytes"]);
    expect(bytes).toMatchObject({ default: 67_108_864, description: expect.stringContaining("Payload") });
    expect(valueAt(bytes, ["anyOf"])).toMatchObject([{ type: "integer", minimum: 0 }, { type: "string" }]);
  });
});
