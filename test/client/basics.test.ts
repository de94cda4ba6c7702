/** Connect, publish, subscribe, unsubscribe, disconnect; in both versions. */

import { describe, expect, test } from "vitest";
import { ProtocolVersion } from "#protocol";
import { topicPattern } from "../../src/client/extras.ts";
import { virtualWorld } from "./virtual-client.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

describe.each([MQTT_3_1_1, MQTT_5_0])("version %i", (version) => {
  test.each([0, 1, 2] as const)("a message goes there and back at QoS %i", async (qos) => {
    const world = await virtualWorld();
    const client = await world.connect({ version });
    const got: string[] = [];
    const subscription = client.subscribe("a/+/b", {}, ({ topicName, text }) =>
      got.push(`${topicName} ${text}`),
    );
    expect((await world.run(subscription.ready)).reasonCode).toBe(2);
    const receipt = await world.run(client.publish("a/1/b", "hello", { qos }));
    expect(receipt.qos).toBe(qos);
    await world.settle();
    expect(got).toEqual(["a/1/b hello"]);
    await world.run(subscription.close());
    await world.run(client.publish("a/1/b", "late", { qos: 1 }));
    await world.settle();
    expect(got).toEqual(["a/1/b hello"]);
    expect(world.broker.sizes.subscriptions).toBe(0);
    await world.run(client.close());
    await world.settle();
    expect(world.broker.sizes).toMatchObject({ clients: 0, sessions: 0 });
    expect(client.outbox).toEqual({ messages: 0, bytes: 0 });
  });
});

test("a loop gets messages with named levels, and each is acknowledged when the next is asked for", async () => {
  const world = await virtualWorld();
  const client = await world.connect();
  const lamps = client.subscribe(topicPattern("rooms/{room}/lamp/{rest...}"));
  await world.run(lamps.ready);
  for (const room of ["hall", "attic"])
    await world.run(client.publish(`rooms/${room}/lamp/x/y`, room, { qos: 1 }));
  await world.settle();
  expect([...world.broker.clients()][0]?.inFlight).toBe(2);
  const first = await lamps.next();
  expect(first.value?.parameters).toEqual({ room: "hall", rest: "x/y" });
  await lamps.next();
  await world.settle();
  expect([...world.broker.clients()][0]?.inFlight).toBe(1);
  await world.run(lamps.return());
  await world.settle();
  expect([...world.broker.clients()][0]?.inFlight).toBe(0);
});

test("the connection comes back, subscriptions are there once, and nothing above QoS 0 is lost", async () => {
  const world = await virtualWorld();
  const client = await world.connect({ clientId: "c" });
  const got: string[] = [];
  const subscription = client.subscribe("t", {}, ({ text }) => got.push(text));
  await world.run(subscription.ready);
  world.online = false;
  await world.cut();
  const published = [client.publish("t", "1", { qos: 1 }), client.publish("t", "2", { qos: 2 })];
  await world.settle(5_000);
  expect(client.current.state).toBe("waiting");
  world.online = true;
  await world.settle(60_000);
  expect((await Promise.all(published)).map(({ qos }) => qos)).toEqual([1, 2]);
  expect(got).toEqual(["1", "2"]);
  expect(client.current).toMatchObject({ state: "connected", sessionPresent: true });
  // The broker loses the session too.
  world.online = false;
  await world.cut();
  await world.settle(400_000);
  world.online = true;
  await world.settle(60_000);
  expect(client.current).toMatchObject({ state: "connected", sessionPresent: false });
  await world.run(client.publish("t", "3", { qos: 1 }));
  await world.settle();
  expect(got).toEqual(["1", "2", "3"]);
  expect(world.broker.sizes.subscriptions).toBe(1);
  expect(world.reported).toEqual([]);
});
