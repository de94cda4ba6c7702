/** Connections that break at every byte, go silent, stutter: nothing above QoS 0 is lost, nothing of QoS 2 comes twice, everything settles. */

import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "#base";
import { ProtocolVersion } from "#protocol";
import type { MqttClient } from "../../src/client/client.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { type Faults, FaultyPipe } from "./faulty-pipe.ts";
import { type VirtualWorld, virtualWorld } from "./virtual-client.ts";

/** A turn of a page takes many times as long as one of Node, so a page does less. */
const isPage = !("setImmediate" in globalThis);
const RECONNECTS = isPage ? 200 : 10_000;
const EVERY_BYTES = isPage ? 13 : 1;

interface Tally {
  readonly got1: Map<string, number>;
  readonly got2: Map<string, number>;
  published: number;
  open: number;
  readonly failures: unknown[];
}

function faultsOf(random: Random): Faults {
  const at = 1 + random.below(900);
  switch (random.below(7)) {
    case 0:
      return { cutOutboundAt: at };
    case 1:
      return { cutInboundAt: at, pieceBytes: 1 + random.below(7) };
    case 2:
      return { cutInboundAt: at };
    case 3:
      return { silentAfter: at };
    case 4:
      return { cutOutboundAt: at, delayMs: random.below(30) };
    case 5:
      return { cutOutboundAt: at, pieceBytes: 1 };
    default:
      return { cutInboundAt: 200 + at, delayMs: 1 };
  }
}

/** A client whose every connection misbehaves while `isBad()`. */
function badClient(
  world: VirtualWorld,
  clientId: string,
  faults: () => Faults,
  options: ConnectOptions = {},
): Promise<MqttClient> {
  return world.run(
    world.start({
      clientId,
      sessionExpiryInterval: 1_000_000,
      acknowledgementTimeoutMs: 300,
      connectTimeoutMs: 300,
      reconnect: { first: true, minimumDelayMs: 1, maximumDelayMs: 20 },
      dial: () => new FaultyPipe(world.broker.connectPipe(), world.clock, faults()),
      background: true,
      ...options,
    }),
  );
}

function publish(client: MqttClient, tally: Tally, qos: 1 | 2): void {
  tally.published++;
  tally.open++;
  client.publish(`q${qos}`, `${tally.published}`, { qos }).then(
    () => tally.open--,
    (error: unknown) => {
      tally.open--;
      tally.failures.push(error);
    },
  );
}

describe.each([ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0])("version %i", (version) => {
  test(`${RECONNECTS / 2} reconnects: every message arrives, QoS 2 once, and every promise settles`, async () => {
    const world = await virtualWorld({ settings: { connectTimeoutMs: 1_000 } });
    const random = seededRandom(version);
    const tally: Tally = { got1: new Map(), got2: new Map(), published: 0, open: 0, failures: [] };
    let dials = 0;
    let isBad = true;
    const faults = (): Faults => {
      dials++;
      return isBad ? faultsOf(random) : {};
    };
    const publisher = await badClient(world, "publisher", faults, { version });
    const subscriber = await badClient(world, "subscriber", faults, { version });
    const count = (map: Map<string, number>, text: string): unknown =>
      map.set(text, (map.get(text) ?? 0) + 1);
    const subscriptions = [
      subscriber.subscribe("q1", { timeoutMs: 1e9 }, ({ text }) => count(tally.got1, text)),
      subscriber.subscribe("q2", { timeoutMs: 1e9 }, ({ text }) => count(tally.got2, text)),
    ];
    isBad = false;
    await world.settle(2_000);
    await Promise.all(subscriptions.map(({ ready }) => ready));
    isBad = true;
    while (dials < RECONNECTS / 2) {
      if (tally.open < 200)
        for (let i = random.below(6); i > 0; i--) publish(publisher, tally, random.below(2) === 0 ? 1 : 2);
      await world.settle(random.below(400));
    }
    isBad = false;
    await world.settle(60_000);

    expect(tally.open).toBe(0);
    expect(tally.failures).toEqual([]);
    expect(tally.got1.size + tally.got2.size).toBe(tally.published);
    expect([...tally.got2].filter(([, times]) => times !== 1)).toEqual([]);
    expect(world.broker.metrics.invariantErrors).toBe(0);
    expect(world.reported).toEqual([]);
    expect(tally.published).toBeGreaterThan(RECONNECTS / 5);
    await world.run(Promise.all([publisher.close(), subscriber.close()]));
  }, 60_000);
});

test.each(["cutOutboundAt", "cutInboundAt", "silentAfter"] as const)(
  "%s each byte of an exchange",
  async (fault) => {
    const world = await virtualWorld();
    for (let at = 1; at < 160; at += EVERY_BYTES) {
      let dials = 0;
      const faults = (): Faults => (dials++ === 0 ? { [fault]: at } : {});
      const client = await badClient(world, `c${at}`, faults);
      const got: string[] = [];
      const subscription = client.subscribe(`t/${at}`, {}, ({ text }) => got.push(text));
      const receipts = [
        client.publish(`t/${at}`, "one", { qos: 1 }),
        client.publish(`t/${at}`, "two", { qos: 2 }),
      ];
      await world.settle(20_000);
      await Promise.all([subscription.ready, ...receipts]);
      expect(got.filter((text) => text === "two").length, `cut at ${at}`).toBe(1);
      const last = client.publish(`t/${at}`, "end", { qos: 2 });
      await world.settle(20_000);
      await last;
      expect(
        got.filter((text) => text === "end"),
        `cut at ${at}`,
      ).toEqual(["end"]);
      await world.run(client.close());
      await world.settle();
    }
  },
);

test("what comes twice from the network does no harm", async () => {
  const world = await virtualWorld();
  for (let chunk = 1; chunk < 6; chunk++) {
    const client = await badClient(world, "c", () => ({ repeatChunk: chunk }), { cleanStart: true });
    const got: string[] = [];
    await world.run(client.subscribe("t", {}, ({ text }) => got.push(text)).ready);
    await world.run(client.publish("t", "once", { qos: 2 }));
    await world.settle();
    expect(got, `chunk ${chunk}`).toEqual(["once"]);
    await world.run(client.close({ properties: { sessionExpiryInterval: 0 } }));
    await world.settle();
  }
});
