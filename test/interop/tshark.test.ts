// Wireshark's opinion of our bytes: sessions of every version, captured and dissected without a complaint.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt, { type IClientOptions } from "mqtt";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Exchange, Gate } from "#auth";
import { PacketType, type ProtocolVersion } from "#protocol";
import { connectTcp } from "#transport";
import { type SocketBroker, socketBroker } from "../support/brokers.ts";
import { Capture, capturingProxy } from "../support/pcap.ts";
import { runWell } from "../support/programs.ts";
import { hex } from "../support/raw-socket.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { TestClient } from "../support/test-client.ts";
import { until } from "../support/until.ts";

const versions = [
  ["3.1", 3],
  ["3.1.1", 4],
  ["5.0", 5],
] as const;

interface Dissected {
  /** Packet types in the order of the wire. */
  readonly types: number[];
  readonly versions: Set<string>;
  readonly topics: string[];
}

/** Has tshark read the capture; whatever it finds wrong fails the test. */
async function judge(capture: Capture, protocol: "mqtt" | "http"): Promise<string[]> {
  const folder = temporaryFolder();
  const file = join(folder, "session.pcap");
  writeFileSync(file, capture.bytes);
  const common = ["-r", file, "-d", `tcp.port==${capture.serverPort},${protocol}`];
  const wrong = await runWell(
    "tshark",
    [
      [...common, "-Y", "_ws.malformed || _ws.expert.severity >= 0x00600000 || tcp.analysis.flags"],
      ["-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message", "-e", "_ws.col.Info"],
    ].flat(),
  );
  expect(wrong.stdout).toBe("");
  return common;
}

/** What tshark reads in the capture. */
async function dissect(capture: Capture): Promise<Dissected> {
  const common = await judge(capture, "mqtt");
  const fields = await runWell(
    "tshark",
    [
      [...common, "-Y", "mqtt", "-T", "fields", "-E", "aggregator= ", "-E", "separator=|"],
      ["-e", "mqtt.msgtype", "-e", "mqtt.ver", "-e", "mqtt.topic"],
    ].flat(),
  );
  const rows = fields.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));
  return {
    types: rows.flatMap(([types = ""]) => types.split(" ").map(Number)),
    versions: new Set(rows.flatMap(([, found = ""]) => found.split(" ")).filter((each) => each !== "")),
    topics: rows.flatMap(([, , topics = ""]) => topics.split(" ")).filter((each) => each !== ""),
  };
}

/** tshark 4.0 does not look for MQTT in WebSocket: the contents of the frames as a capture of their own. */
async function unframed(capture: Capture): Promise<Capture> {
  const common = await judge(capture, "http");
  const frames = await runWell(
    "tshark",
    [
      [...common, "-Y", "websocket.opcode == 2", "-T", "fields", "-E", "separator=|"],
      ["-e", "tcp.dstport", "-e", "data.data"],
    ].flat(),
  );
  const contents = new Capture(1883);
  const connection = contents.open();
  for (const line of frames.stdout.split("\n").filter((each) => each !== "")) {
    const [port, data = ""] = line.split("|");
    const bytes = Buffer.from(data.replaceAll(",", ""), "hex");
    if (port === String(capture.serverPort)) connection.up(bytes);
    else connection.down(bytes);
  }
  return contents;
}

/** Each type once, in order. */
const allTypes = (types: readonly number[]): number[] => [...new Set(types)].toSorted((a, b) => a - b);

/** Every packet that goes over the wire, by our own count. */
function countPackets(...directions: readonly Uint8Array[][]): number {
  let count = 0;
  for (const chunks of directions) {
    const bytes = Buffer.concat(chunks);
    for (let at = 0; at < bytes.length; count += 1) {
      let length = 0;
      let shift = 0;
      let byte = 0x80;
      for (at += 1; byte >= 0x80; at += 1, shift += 7) {
        byte = bytes[at] ?? 0;
        length += (byte & 0x7f) * 2 ** shift;
      }
      at += length;
    }
  }
  return count;
}

/** A gate with one enhanced method of one challenge, and everybody let in otherwise. */
const gate: Gate = {
  authenticate: () => ({ outcome: "accepted" }),
  beginExchange: (): Exchange => {
    let isChallenged = false;
    return {
      step: () => {
        if (isChallenged) return { outcome: "accepted", authenticationData: Uint8Array.of(9) };
        isChallenged = true;
        return { outcome: "continued", authenticationData: Uint8Array.of(7, 8) };
      },
    };
  },
};

const properties = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 100,
  contentType: "text/plain",
  responseTopic: "answer",
  // A zero inside would be noted: tshark prints it as text.
  correlationData: Uint8Array.of(1, 255),
  userProperties: [
    ["colour", "red"],
    ["colour", "grün"],
  ] as [string, string][],
};

/** Goes through every packet type of its version, both ways, with every property that fits. */
async function fullSession(running: SocketBroker, port: number, version: ProtocolVersion): Promise<number> {
  const is5 = version === 5;
  const client = new TestClient(await connectTcp({ port }), version, until);
  onTestFinished(() => client.cut());
  const will = { topicName: "will", payload: Uint8Array.of(1), qos: 1, retain: true, properties } as const;
  const connected = client.connect({
    clientId: "full",
    version,
    will,
    userName: "anna",
    password: "geheim",
    keepAliveSeconds: 60,
    properties: is5
      ? {
          sessionExpiryInterval: 100,
          receiveMaximum: 100,
          maximumPacketSize: 100_000,
          topicAliasMaximum: 10,
          requestResponseInformation: true,
          requestProblemInformation: true,
          userProperties: [["a", "b"]],
          authenticationMethod: "test",
          authenticationData: Uint8Array.of(1, 2, 3),
        }
      : {},
  });
  if (is5) {
    await client.take(PacketType.AUTH);
    const answer = { authenticationMethod: "test", authenticationData: Uint8Array.of(4) };
    client.send({ type: PacketType.AUTH, reasonCode: 0x18, properties: answer });
  }
  await connected;
  client.send({
    type: PacketType.SUBSCRIBE,
    packetId: 100,
    subscriptions: ([0, 1, 2] as const).map((qos) => ({
      topicFilter: `full/${qos}/#`,
      qos,
      noLocal: false,
      retainAsPublished: qos === 1,
      retainHandling: qos,
    })),
    properties: is5 ? { subscriptionIdentifiers: [300], userProperties: [["c", "d"]] } : {},
  });
  await client.take(PacketType.SUBACK);
  for (const qos of [0, 1, 2] as const) {
    const topicName = `full/${qos}/x`;
    await client.publish({ topicName, payload: "first", qos, retain: true, properties });
    await client.publish({ topicName, qos, properties: is5 ? { topicAlias: 1 + qos } : {} });
    if (is5)
      await client.publish({ topicName: "", payload: "by alias", qos, properties: { topicAlias: 1 + qos } });
  }
  // From the broker: once more after retained and queued.
  await client.publish({ topicName: "nobody", payload: "x", qos: 1 });
  await client.publish({ topicName: `full/2/${"x".repeat(200)}`, payload: "y".repeat(70_000), qos: 2 });
  await client.untilMessages(is5 ? 10 : 7);
  client.send({
    type: PacketType.UNSUBSCRIBE,
    packetId: 101,
    topicFilters: ["full/0/#", "never/there"],
    properties: is5 ? { userProperties: [["e", "f"]] } : {},
  });
  await client.take(PacketType.UNSUBACK);
  await client.ping();
  if (is5) {
    const again = { authenticationMethod: "test", authenticationData: Uint8Array.of(1) };
    client.send({ type: PacketType.AUTH, reasonCode: 0x19, properties: again });
    await until(
      "a challenge",
      () => client.received.filter((each) => each.type === PacketType.AUTH).length === 2,
    );
    client.send({ type: PacketType.AUTH, reasonCode: 0x18, properties: again });
    await until("done", () => client.received.filter((each) => each.type === PacketType.AUTH).length === 3);
  }
  client.send({
    type: PacketType.DISCONNECT,
    reasonCode: 0,
    properties: is5 ? { sessionExpiryInterval: 0, userProperties: [["g", "h"]] } : {},
  });
  await client.untilClosed();
  await until("the broker has closed it", () => running.broker.sizes.clients === 0);
  let packets = countPackets(client.bytesIn, client.bytesOut);
  if (is5) {
    // DISCONNECT from the broker, with its reason.
    const second = new TestClient(await connectTcp({ port }), version, until);
    onTestFinished(() => second.cut());
    await second.connect({ clientId: "told" });
    running.broker.disconnect("told", { detail: "Enough." });
    await second.take(PacketType.DISCONNECT);
    await second.untilClosed();
    packets += countPackets(second.bytesIn, second.bytesOut);
  }
  return packets;
}

describe.each(versions)("MQTT %s", (_, version) => {
  const typesOfVersion = Array.from({ length: version === 5 ? 15 : 14 }, (__, index) => index + 1);

  test("every packet type over TCP, nothing malformed", async () => {
    const running = await socketBroker({ gate, settings: { responseInformation: "answers/" } });
    const capture = new Capture(1883);
    const port = await capturingProxy(running.port, capture);
    const packets = await fullSession(running, port, version);
    const dissected = await dissect(capture);
    expect(allTypes(dissected.types)).toEqual(typesOfVersion);
    expect(dissected.types).toHaveLength(packets);
    expect(dissected.versions).toEqual(new Set([String(version)]));
    expect(dissected.topics).toEqual(expect.arrayContaining(["full/0/x", "full/1/x", "full/2/x", "nobody"]));
  });

  test("a session of mosquitto_sub and mosquitto_pub", async () => {
    const running = await socketBroker();
    const capture = new Capture(1883);
    const port = await capturingProxy(running.port, capture);
    const name = { 3: "mqttv31", 4: "mqttv311", 5: "mqttv5" }[version];
    const args = [
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-V",
      name,
      "-q",
      "2",
      "-t",
      "home/garden/fountain/2",
    ];
    await runWell("mosquitto_pub", [...args, "-r", "-m", "hello world"]);
    await runWell("mosquitto_sub", [...args, "-C", "1"]);
    const { types, topics } = await dissect(capture);
    expect(allTypes(types)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 14]);
    expect(topics).toContain("home/garden/fountain/2");
  });

  test("MQTT in WebSocket frames, as MQTT.js writes them", async () => {
    const running = await socketBroker();
    const capture = new Capture(8080);
    const port = await capturingProxy(running.webSocketPort, capture);
    const options: IClientOptions =
      version === 3 ? { protocolId: "MQIsdp", protocolVersion: 3 } : { protocolVersion: version };
    const client = mqtt.connect(`ws://127.0.0.1:${port}/mqtt`, { reconnectPeriod: 0, ...options });
    onTestFinished(() => void client.end(true));
    const received: string[] = [];
    client.on("message", (_topic, payload) => received.push(payload.toString()));
    await client.subscribeAsync("web", { qos: 2 });
    for (const qos of [0, 1, 2] as const) await client.publishAsync("web", `at ${qos}`, { qos });
    await until("all came", () => received.length === 3);
    client.sendPing();
    await client.unsubscribeAsync("web");
    await client.endAsync();
    await until("the broker has closed it", () => running.broker.sizes.connections === 0);
    const { types } = await dissect(await unframed(capture));
    expect(allTypes(types)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });
});

test("a broken packet would be noticed", async () => {
  const capture = new Capture(1883);
  const connection = capture.open();
  connection.up(hex("10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 61"));
  connection.down(hex("20 02 00 00"));
  connection.down(hex("30 03 00 09 61")); // the topic is longer than the packet
  connection.close();
  await expect(dissect(capture)).rejects.toThrow("Malformed");
});
