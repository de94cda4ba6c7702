import { expect, test } from "vitest";
import { ConfigError, seededRandom } from "#base";
import { VirtualClock } from "#testing";
import { createStore, type StoreOptions } from "./create-store.ts";
import { Journal } from "./journal.ts";
import { completeJournalSettings, defaultJournalSettings } from "./journal-settings.ts";
import { MemoryStore } from "./memory-store.ts";

const outside = { clock: new VirtualClock(), random: seededRandom(1) };

test("a mode names its store", () => {
  expect(createStore({ mode: "memory", ...outside })).toBeInstanceOf(MemoryStore);
  for (const mode of ["durable", "os"] as const) {
    const store = createStore({ mode, folder: "nowhere", ...outside });
    expect(store).toBeInstanceOf(Journal);
    expect(store.mode).toBe(mode);
  }
});

test.each([
  [{ mode: "fast" as "os", folder: "x" }, 'mode: "fast" is not known; it is durable, os or memory.'],
  [{ mode: "durable" as const }, "folder: it is missing."],
  [{ mode: "os" as const, folder: "" }, "folder: it is missing."],
  [
    { mode: "os" as const, folder: "x", settings: { segmentBytes: 1000 } },
    "segmentBytes: 1000 is not allowed; it is a whole number from 16384 to 1073741824.",
  ],
])("%j is refused", (options, sentence) => {
  const make = (): unknown => createStore({ ...outside, ...options } as StoreOptions);
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(sentence);
});

test("the defaults are allowed", () => {
  expect(completeJournalSettings()).toEqual(defaultJournalSettings);
  expect(() => completeJournalSettings({ batchBytes: 1.5 })).toThrow("batchBytes: 1.5 is not allowed");
});
