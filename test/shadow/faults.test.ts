// A Martlet with a fault behind a shadow: the fault is named, and the client does not notice it.
import { expect, onTestFinished, test } from "vitest";
import { type Packet, PacketType, type PublishPacket, ReasonCode } from "#protocol";
import { connect, type MqttClient } from "../../src/client/index.ts";
import { runWell } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { type Shadowed, type ShadowedOptions, type Spoil, shadowed } from "./shadowed.ts";

const texts = ["1", "2", "3", "4"] as const;

const textOf = ({ payload }: PublishPacket): string => new TextDecoder().decode(payload);

/** Does something to the message with this text, once. */
function onText(text: string, change: (packet: PublishPacket) => readonly Packet[]): Spoil {
  return (packet) =>
    packet.type === PacketType.PUBLISH && textOf(packet) === text ? change(packet) : [packet];
}

async function client(home: Shadowed): Promise<MqttClient> {
  const opened = await connect(home.url, { clientId: "device", topicAliasMaximum: 0 });
  onTestFinished(() => opened.close());
  return opened;
}

/** One client that retains, subscribes and publishes. It has to get all, whatever Martlet does. */
async function exercise(home: Shadowed): Promise<void> {
  const device = await client(home);
  await device.publish("f/kept", "kept", { qos: 1, retain: true });
  const got: string[] = [];
  const subscription = device.subscribe("f/+", { qos: 1 }, ({ payload }) => {
    got.push(new TextDecoder().decode(payload));
  });
  await subscription.ready;
  await until("the retained message is there", () => got.length === 1);
  for (const text of texts)
    await device.publish("f/live", text, { qos: 1, properties: { contentType: "text/plain" } });
  await until("all are there", () => got.length === 1 + texts.length);
  expect(got).toEqual(["kept", ...texts]);
}

/** The kinds of what was reported, once all is told. */
async function kindsWith(spoil: Spoil, options: ShadowedOptions = {}): Promise<string[]> {
  const home = await shadowed({ ...options, spoil });
  await exercise(home);
  await until("a difference is reported", () => home.differences.length > 0);
  await home.shadow.stop();
  expect(home.differences.every(({ client }) => client === "device")).toBe(true);
  return home.differences.map(({ kind }) => kind);
}

test("no fault, no difference", async () => {
  const home = await shadowed({ spoil: (packet) => [packet] });
  await exercise(home);
  const { compared, differenceCount } = await home.shadow.stop();
  // CONNACK, SUBACK and five PUBACKs.
  expect({ compared, differenceCount }).toEqual({
    compared: { deliveries: 5, answers: 7 },
    differenceCount: 0,
  });
});

const waiting: Packet[] = [];
const faults: readonly (readonly [string, Spoil, readonly string[]])[] = [
  ["a lost message", onText("2", () => []), ["missing-delivery"]],
  ["a message twice", onText("2", (packet) => [packet, packet]), ["duplicate-delivery"]],
  ["a wrong QoS", onText("3", (packet) => [{ ...packet, qos: 0, packetId: 0 }]), ["qos"]],
  ["a wrong retain flag", onText("3", (packet) => [{ ...packet, retain: true }]), ["retain"]],
  [
    "a changed payload",
    onText("4", (packet) => [{ ...packet, payload: new TextEncoder().encode("four") }]),
    ["payload"],
  ],
  [
    "a changed property",
    onText("4", (packet) => [{ ...packet, properties: { contentType: "text/html" } }]),
    ["properties"],
  ],
  ["a lost retained message", onText("kept", () => []), ["missing-retained"]],
  [
    "two messages in the other order",
    (packet) => {
      if (packet.type !== PacketType.PUBLISH) return [packet];
      if (textOf(packet) === "1") {
        waiting.splice(0, waiting.length, packet);
        return [];
      }
      return textOf(packet) === "2" ? [packet, ...waiting] : [packet];
    },
    ["order"],
  ],
  [
    "a wrong code in SUBACK",
    (packet) =>
      packet.type === PacketType.SUBACK ? [{ ...packet, reasonCodes: [ReasonCode.SUCCESS] }] : [packet],
    ["suback"],
  ],
  [
    "a session that should not be there",
    (packet) => (packet.type === PacketType.CONNACK ? [{ ...packet, sessionPresent: true }] : [packet]),
    ["session-present"],
  ],
];

test.each(faults)("%s", async (_, spoil, kinds) => {
  expect(await kindsWith(spoil)).toEqual(kinds);
});

test("a wrong code in PUBACK, each time", async () => {
  const kinds = await kindsWith((packet) =>
    packet.type === PacketType.PUBACK ? [{ ...packet, reasonCode: ReasonCode.NOT_AUTHORIZED }] : [packet],
  );
  expect(kinds).toEqual(Array.from({ length: 5 }, () => "puback"));
});

test("no PUBACK", async () => {
  const kinds = await kindsWith((packet) =>
    packet.type === PacketType.PUBACK && packet.packetId === 1 ? [] : [packet],
  );
  expect(new Set(kinds)).toEqual(new Set(["missing-answer"]));
});

test("a Martlet that refuses whom the old broker lets in", async () => {
  const home = await shadowed({ broker: { settings: { sysIntervalSeconds: 0, clientIdPrefix: "other-" } } });
  await exercise(home);
  await until("it is told", () => home.differences.length > 0);
  expect(home.differences[0]).toMatchObject({ kind: "connack", client: "device", old: "CONNACK 0x00" });
});

test("a Martlet that goes away under its clients", async () => {
  const home = await shadowed();
  const device = await client(home);
  await until("Martlet has it", () => home.shadow.summary.compared.answers === 1);
  await home.martlet.stop();
  await until("it is told", () => home.differences.length > 0);
  expect(home.differences).toMatchObject([{ kind: "disconnect", client: "device", old: "goes on" }]);
  expect(home.notices.map(({ kind }) => kind)).toContain("gave-up");
  await device.publish("still", "here", { qos: 1 });
});

test("a session and a retained message from before the shadow are notes", async () => {
  const home = await shadowed();
  const old = ["-h", "127.0.0.1", "-p", String(home.oldPort)];
  await runWell("mosquitto_pub", [...old, "-t", "f/kept", "-m", "old", "-r", "-q", "1"]);
  await runWell("mosquitto_sub", [...old, "-V", "5", "-i", "device", "-c", "-x", "60", "-E", "-t", "early"]);
  const back = await connect(home.url, {
    clientId: "device",
    cleanStart: false,
    sessionExpiryInterval: 60,
  });
  onTestFinished(() => back.close());
  await until("it is told", () => home.notices.some(({ kind }) => kind === "gave-up"));
  const other = await connect(home.url, { clientId: "other" });
  onTestFinished(() => other.close());
  await other.subscribe("f/+", { qos: 1 }, () => undefined).ready;
  await until("that is told", () => home.notices.some(({ kind }) => kind === "older-retained"));
  expect(home.differences).toEqual([]);
});

test("more than may wait: the comparison ends, the client goes on", async () => {
  const home = await shadowed({
    settings: { maximumPending: 2 },
    spoil: (packet) => (packet.type === PacketType.PUBLISH ? [] : [packet]),
  });
  await exercise(home);
  await until("it is told", () => home.notices.some(({ kind }) => kind === "gave-up"));
  expect(home.shadow.summary).toMatchObject({ gaveUp: 1 });
});
