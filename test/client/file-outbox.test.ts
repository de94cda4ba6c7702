/** The outbox in a file, over restarts of the program. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { utf8Decode } from "#base";
import type { MqttClient } from "../../src/client/client.ts";
import { fileOutbox } from "../../src/client/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { type VirtualWorld, virtualWorld } from "./virtual-client.ts";

/** Waits in real time, which files take. */
async function emptied(world: VirtualWorld, client: MqttClient): Promise<void> {
  await until("the outbox is empty", () => {
    world.clock.runTurns();
    return client.outbox.messages === 0;
  });
}

describe("an outbox in a file", () => {
  function path(): string {
    const folder = temporaryFolder();
    return join(folder, "outbox");
  }
  const settings = { clientId: "meter", sessionExpiryInterval: 1e6, cleanStart: false } as const;

  test("what was not acknowledged goes out after a restart, QoS 2 once", async () => {
    const world = await virtualWorld();
    const file = path();
    const seen: string[] = [];
    world.broker.subscribe("t", ({ payload }) => seen.push(utf8Decode(payload)));
    const first = await world.connect({ ...settings, outbox: { store: fileOutbox(file) } });
    await world.run(first.publish("t", "before", { qos: 2 }));
    world.online = false;
    await world.cut();
    for (const qos of [1, 2] as const)
      first.publish("t", `q${qos}`, { qos, properties: { contentType: "x" } }).catch(() => undefined);
    await world.settle(1_000);
    await world.run(first.close());
    // A record that a crash cut off.
    writeFileSync(file, Uint8Array.of(0, 0, 0, 99, 1), { flag: "a" });
    world.online = true;
    const second = await world.connect({ ...settings, outbox: { store: fileOutbox(file) } });
    await emptied(world, second);
    expect(second.outbox.messages).toBe(0);
    expect(seen).toEqual(["before", "q1", "q2"]);
    await world.run(second.close());
    const third = await world.connect({ ...settings, outbox: { store: fileOutbox(file) } });
    await world.settle(100);
    expect(seen.length).toBe(3);
    await world.run(third.close());
    expect(world.reported).toEqual([]);
  });

  test("a QoS 2 message whose PUBREC was lost is sent again under its old identifier", async () => {
    const world = await virtualWorld();
    const file = path();
    const seen: string[] = [];
    world.broker.subscribe("t", ({ payload }) => seen.push(utf8Decode(payload)));
    const first = await world.connect({ ...settings, outbox: { store: fileOutbox(file) } });
    first.publish("t", "once", { qos: 2 }).catch(() => undefined);
    await until("the broker has it", () => {
      world.clock.runTurns();
      return seen.length > 0;
    });
    expect(seen).toEqual(["once"]);
    // The process ends here: nothing is closed, and the broker sees the connection break.
    world.pipes.at(-1)?.destroy();
    await world.settle();
    const second = await world.connect({ ...settings, outbox: { store: fileOutbox(file) } });
    await emptied(world, second);
    expect(second.outbox.messages).toBe(0);
    expect(seen).toEqual(["once"]);
    await world.run(second.close());
  });
});
