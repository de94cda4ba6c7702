/** The store contract on memory, on the journal over a simulated disk, and on the journal on a real one. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, onTestFinished, test } from "vitest";
import { seededRandom, systemClock, systemRandom } from "#base";
import { VirtualClock } from "#testing";
import { until } from "../../test/support/until.ts";
import { type StoreStage, storeContract } from "./contract.ts";
import { Journal } from "./journal.ts";
import type { JournalSettings } from "./journal-settings.ts";
import { MemoryStore } from "./memory-store.ts";
import { nodeDisk } from "./node-disk.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const small: Partial<JournalSettings> = {
  segmentBytes: 64 * 1024,
  readAheadBytes: 4096,
  readAheadTotalBytes: 16_384,
};

function memoryStage(): StoreStage {
  return { make: () => new MemoryStore(), until };
}

function simulatedStage(mode: "durable" | "os"): StoreStage {
  const clock = new VirtualClock();
  const disk = new SimulatedDisk({ clock, random: seededRandom(1) });
  return {
    make: () => new Journal({ disk, clock, random: seededRandom(2), mode, settings: small }),
    async until(what, condition) {
      for (let step = 0; !condition(); step++) {
        if (step > 20_000) throw new TypeError(`waited in vain until ${what}`);
        clock.advance(1);
        await nextTurn();
      }
    },
  };
}

async function realStage(mode: "durable" | "os", settings: Partial<JournalSettings>): Promise<StoreStage> {
  const folder = await mkdtemp(join(tmpdir(), "martlet-store-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const make = (): Journal =>
    new Journal({
      disk: nodeDisk(join(folder, "data")),
      clock: systemClock(),
      random: systemRandom(),
      mode,
      settings,
    });
  return { make, until };
}

interface StageKind {
  readonly make: () => StoreStage | Promise<StoreStage>;
  readonly isLasting: boolean;
}

const stages: Readonly<Record<string, StageKind>> = {
  memory: { make: memoryStage, isLasting: false },
  "journal on a simulated disk": { make: () => simulatedStage("durable"), isLasting: true },
  "journal on a simulated disk, mode os": { make: () => simulatedStage("os"), isLasting: true },
  "journal on a real disk": { make: () => realStage("durable", small), isLasting: true },
  "journal on a real disk, mode os": { make: () => realStage("os", small), isLasting: true },
};

describe.each(Object.entries(stages))("%s", (_name, { make, isLasting }) => {
  const kept = storeContract.filter(({ isAboutLasting }) => isLasting || !isAboutLasting);
  test.each(kept)("$name", async ({ run }) => run(await make()));
});
