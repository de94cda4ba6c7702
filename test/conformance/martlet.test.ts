// Runs every case against Martlet: in memory and virtual time, those for WebSocket on a real listener. Martlet has to
// pass without notes, so it also does what the standard merely prefers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock, systemRandom } from "#base";
import { Broker } from "#broker";
import { versionName } from "#protocol";
import { webSocketListener } from "#transport";
import type { ConformanceCase } from "../../src/testing/conformance/case.ts";
import { conformanceCases } from "../../src/testing/conformance/cases/index.ts";
import { runConformance } from "../../src/testing/conformance/run.ts";
import type { ConformanceTarget } from "../../src/testing/conformance/target.ts";
import { formatTrace } from "../../src/testing/conformance/trace.ts";
import { urlTarget } from "../../src/testing/conformance/url-target.ts";
import { martletTarget } from "../../src/testing/martlet-target.ts";

async function expectPassed(
  target: ConformanceTarget,
  each: ConformanceCase,
  version: 3 | 4 | 5,
): Promise<void> {
  const [outcome] = await runConformance(target, { cases: [each], versions: [version] });
  expect(outcome?.status, `${outcome?.reason}\n${formatTrace(outcome?.trace ?? [])}`).toBe("passed");
  expect(outcome?.notes).toEqual([]);
}

const runs = conformanceCases.flatMap((each) =>
  each.versions.map((version) => [each.name, versionName(version), each, version] as const),
);

describe("in memory and virtual time", () => {
  const target = martletTarget();
  test.each(runs.filter(([, , each]) => each.needs?.webSocket === undefined))(
    "%s %s",
    async (_, __, each, version) => {
      await expectPassed(target, each, version);
    },
  );
});

describe("over WebSocket", () => {
  const listener = webSocketListener({ port: 0, host: "127.0.0.1" });
  let target: ConformanceTarget | undefined;

  beforeAll(async () => {
    const broker = new Broker({ clock: systemClock(), random: systemRandom() });
    broker.open();
    const [address] = await listener.start((pipe) => broker.accept(pipe));
    target = urlTarget(`ws://127.0.0.1:${address?.port}/mqtt`);
  });

  afterAll(async () => await listener.close());

  test.each(runs.filter(([, , each]) => each.needs?.webSocket !== undefined))(
    "%s %s",
    async (_, __, each, version) => {
      await expectPassed(target as ConformanceTarget, each, version);
    },
  );
});
