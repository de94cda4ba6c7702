// MQTT.js, the client of most Node programs and web pages, in every version over TCP and WebSocket.
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { describe, expect, onTestFinished, test } from "vitest";
import { type SocketBroker, socketBroker } from "../support/brokers.ts";
import { until } from "../support/until.ts";

const versions = [
  ["3.1", { protocolId: "MQIsdp", protocolVersion: 3 }],
  ["3.1.1", { protocolVersion: 4 }],
  ["5.0", { protocolVersion: 5 }],
] as const satisfies readonly (readonly [string, IClientOptions])[];
const transports = ["tcp", "websocket"] as const;
type Transport = (typeof transports)[number];
const allQos = [0, 1, 2] as const;

interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly properties: Record<string, unknown>;
}

/** A client with everything that it hears. */
interface Ear {
  readonly client: MqttClient;
  readonly heard: Heard[];
  readonly texts: string[];
  readonly sessionPresent: boolean;
  untilHeard(count: number): Promise<Heard[]>;
}

function open(broker: SocketBroker, transport: Transport, options: IClientOptions): MqttClient {
  const url =
    transport === "tcp" ? `mqtt://127.0.0.1:${broker.port}` : `ws://127.0.0.1:${broker.webSocketPort}/mqtt`;
  const client = mqtt.connect(url, { reconnectPeriod: 0, ...options });
  client.on("error", () => undefined);
  onTestFinished(() => void client.end(true));
  return client;
}

/** Connects; whoever waits for messages hears also those that come right after CONNACK. */
async function connect(broker: SocketBroker, transport: Transport, options: IClientOptions): Promise<Ear> {
  const client = open(broker, transport, options);
  const heard: Heard[] = [];
  client.on("message", (topic, payload, { qos, retain, dup, properties = {} }) => {
    heard.push({ topic, text: payload.toString(), qos, retain, dup, properties: { ...properties } });
  });
  const sessionPresent = await new Promise<boolean>((resolve, reject) => {
    client.once("connect", (connack) => resolve(connack.sessionPresent));
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed before CONNACK")));
  });
  return {
    client,
    heard,
    get texts() {
      return heard.map((each) => each.text);
    },
    sessionPresent,
    async untilHeard(count) {
      await until(`${count} messages, of which ${heard.length} came`, () => heard.length >= count);
      return heard;
    },
  };
}

/** Breaks the connection as a network failure does. */
function cut(client: MqttClient): void {
  client.stream.destroy();
}

async function untilGone(broker: SocketBroker, clientId: string): Promise<void> {
  const isThere = () =>
    [...broker.broker.clients()].some((each) => each.clientId === clientId && each.connected);
  await until(`${clientId} is gone`, () => !isThere());
}

describe.each(transports)("over %s", (transport) => {
  describe.each(versions)("MQTT %s", (name, version) => {
    const is5 = name === "5.0";
    /** Keep the session after the connection. */
    const lasting: IClientOptions = is5
      ? { clean: false, properties: { sessionExpiryInterval: 600 } }
      : { clean: false };

    test.each(allQos)("QoS %i: 1000 messages, once and in order", async (qos) => {
      const broker = await socketBroker();
      const receiver = await connect(broker, transport, { ...version, clientId: "receiver" });
      const sender = await connect(broker, transport, { ...version, clientId: "sender" });
      await receiver.client.subscribeAsync("count/+", { qos });
      const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
      await Promise.all(texts.map((text) => sender.client.publishAsync("count/up", text, { qos })));
      const heard = await receiver.untilHeard(1000);
      expect(receiver.texts).toEqual(texts);
      expect(new Set(heard.map((each) => `${each.topic} ${each.qos} ${each.retain} ${each.dup}`))).toEqual(
        new Set([`count/up ${qos} false false`]),
      );
    });

    test("QoS of the delivery is the lower one of message and subscription", async () => {
      const broker = await socketBroker();
      const ear = await connect(broker, transport, { ...version, clientId: "ear" });
      const granted = await ear.client.subscribeAsync({
        "q/0": { qos: 0 },
        "q/1": { qos: 1 },
        "q/2": { qos: 2 },
      });
      expect(granted.map((each) => each.qos)).toEqual([0, 1, 2]);
      for (const subscribed of allQos) {
        for (const qos of allQos) await ear.client.publishAsync(`q/${subscribed}`, `${qos}`, { qos });
      }
      const heard = await ear.untilHeard(9);
      expect(heard.map((each) => `${each.topic} ${each.text} ${each.qos}`).toSorted()).toEqual([
        "q/0 0 0",
        "q/0 1 0",
        "q/0 2 0",
        "q/1 0 0",
        "q/1 1 1",
        "q/1 2 1",
        "q/2 0 0",
        "q/2 1 1",
        "q/2 2 2",
      ]);
    });

    test("retained messages, and unsubscribing", async () => {
      const broker = await socketBroker();
      const one = await connect(broker, transport, { ...version, clientId: "one" });
      await one.client.publishAsync("state", "kept", { qos: 1, retain: true });
      const two = await connect(broker, transport, { ...version, clientId: "two" });
      await two.client.subscribeAsync("state", { qos: 1 });
      expect((await two.untilHeard(1))[0]).toMatchObject({ text: "kept", retain: true, qos: 1 });
      await one.client.publishAsync("state", "", { qos: 1, retain: true });
      expect((await two.untilHeard(2))[1]).toMatchObject({ text: "", retain: false });
      await two.client.unsubscribeAsync("state");
      await two.client.subscribeAsync("end");
      await one.client.publishAsync("state", "unheard", { qos: 1 });
      await one.client.publishAsync("end", "end", { qos: 1 });
      expect((await two.untilHeard(3))[2]).toMatchObject({ text: "end" });
    });

    test("a will comes when the connection breaks, and not after end()", async () => {
      const broker = await socketBroker();
      const watcher = await connect(broker, transport, { ...version, clientId: "watcher" });
      await watcher.client.subscribeAsync("will/#", { qos: 2 });
      for (const clientId of ["polite", "doomed"]) {
        const will = {
          topic: `will/${clientId}`,
          payload: Buffer.from("gone"),
          qos: 2,
          retain: true,
        } as const;
        const { client } = await connect(broker, transport, { ...version, clientId, will });
        if (clientId === "polite") await client.endAsync();
        else cut(client);
        await untilGone(broker, clientId);
      }
      const heard = await watcher.untilHeard(1);
      expect(heard).toMatchObject([{ topic: "will/doomed", text: "gone", qos: 2, retain: false }]);
      expect(broker.broker.sizes.retained).toBe(1);
    });

    test("a session goes on with what was queued, in order", async () => {
      const broker = await socketBroker();
      const before = await connect(broker, transport, { ...version, ...lasting, clientId: "sleeper" });
      expect(before.sessionPresent).toBe(false);
      await before.client.subscribeAsync("q", { qos: 2 });
      await before.client.endAsync();
      await untilGone(broker, "sleeper");
      const sender = await connect(broker, transport, { ...version, clientId: "sender" });
      const texts = Array.from({ length: 200 }, (_, index) => `${index}`);
      const half = (qos: number) => texts.filter((_, index) => (index < 100 ? 1 : 2) === qos);
      for (const qos of [1, 2] as const) {
        for (const text of half(qos)) await sender.client.publishAsync("q", text, { qos });
      }
      const after = await connect(broker, transport, { ...version, ...lasting, clientId: "sleeper" });
      // 3.1 has no flag for it.
      expect(after.sessionPresent).toBe(name !== "3.1");
      await after.untilHeard(200);
      expect(after.texts).toEqual(texts);
      expect(new Set(after.heard.map((each) => each.qos))).toEqual(new Set([1, 2]));
    });

    test("a broken connection in the middle of QoS 2: everything arrives exactly once", async () => {
      const broker = await socketBroker();
      const options: IClientOptions = { ...version, ...lasting, clientId: "flaky", reconnectPeriod: 1 };
      const flaky = await connect(broker, transport, options);
      await flaky.client.subscribeAsync("once", { qos: 2 });
      const sender = await connect(broker, transport, {
        ...version,
        ...lasting,
        clientId: "sender",
        reconnectPeriod: 1,
      });
      const texts = Array.from({ length: 300 }, (_, index) => `${index}`);
      let published = 0;
      const failures: unknown[] = [];
      for (const text of texts) {
        sender.client.publish("once", text, { qos: 2 }, (error) => {
          // PUBREL again after a lost PUBCOMP is answered by 0x92, as 5.0 says; MQTT.js calls it an error.
          if (!error || ("code" in error && error.code === 0x92)) published += 1;
          else failures.push(error);
        });
      }
      for (const count of [20, 60, 150]) {
        await flaky.untilHeard(count);
        cut(flaky.client);
        cut(sender.client);
        await until("both are back", () => flaky.client.connected && sender.client.connected);
      }
      await until("all are published", () => published + failures.length === 300);
      expect(failures).toEqual([]);
      await flaky.untilHeard(300);
      expect(flaky.texts.toSorted()).toEqual(texts.toSorted());
    });

    test("taken over by the same client id", async () => {
      const broker = await socketBroker();
      const first = await connect(broker, transport, { ...version, clientId: "same" });
      const reasons: (number | undefined)[] = [];
      first.client.on("disconnect", ({ reasonCode }) => reasons.push(reasonCode));
      const second = await connect(broker, transport, { ...version, clientId: "same" });
      await until("the first is closed", () => !first.client.connected);
      expect(reasons).toEqual(is5 ? [0x8e] : []);
      expect(second.client.connected).toBe(true);
      expect(broker.broker.sizes.clients).toBe(1);
    });

    test("payloads of every byte value, empty and large", async () => {
      const broker = await socketBroker();
      const { client } = await connect(broker, transport, { ...version, clientId: "bytes" });
      const received: Buffer[] = [];
      client.on("message", (_, payload) => received.push(payload));
      await client.subscribeAsync("bytes", { qos: 1 });
      const every = Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index));
      const payloads = [every, Buffer.alloc(0), Buffer.alloc(1_500_000, every)];
      for (const payload of payloads) await client.publishAsync("bytes", payload, { qos: 1 });
      await until("all came", () => received.length === payloads.length);
      expect(received.map((each, index) => each.equals(payloads[index] as Buffer))).toEqual([
        true,
        true,
        true,
      ]);
    });

    test("keep-alive pings are answered", async () => {
      const broker = await socketBroker();
      const { client } = await connect(broker, transport, { ...version, clientId: "ping", keepalive: 1 });
      let pings = 0;
      client.on("packetreceive", ({ cmd }) => {
        if (cmd === "pingresp") pings += 1;
      });
      client.sendPing();
      await until("a PINGRESP", () => pings > 0);
    });
  });
});

describe.each(transports)("5.0 over %s", (transport) => {
  const version = { protocolVersion: 5 } as const;

  test("all properties of a message, over and back", async () => {
    const broker = await socketBroker();
    const ear = await connect(broker, transport, { ...version, clientId: "ear" });
    await ear.client.subscribeAsync("p", { qos: 1, properties: { subscriptionIdentifier: 268_435_455 } });
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 100,
      contentType: "text/plain",
      responseTopic: "answer/here",
      correlationData: Buffer.from([0, 255, 1]),
      userProperties: { colour: ["red", "green"], "": "" },
    };
    await ear.client.publishAsync("p", "text", { qos: 1, properties });
    const [heard] = await ear.untilHeard(1);
    expect({
      ...heard?.properties,
      userProperties: { ...(heard?.properties["userProperties"] as object) },
    }).toEqual({ ...properties, subscriptionIdentifier: 268_435_455 });
  });

  test("topic aliases in both directions, assigned by the client", async () => {
    const broker = await socketBroker({ settings: { topicAliasMaximum: 5, topicAliasMaximumOutbound: 3 } });
    const ear = await connect(broker, transport, {
      ...version,
      clientId: "ear",
      properties: { topicAliasMaximum: 3 },
    });
    const received = { aliased: 0, named: 0 };
    ear.client.on("packetreceive", (packet) => {
      if (packet.cmd !== "publish") return;
      if (packet.topic === "") received.aliased += 1;
      else received.named += 1;
    });
    const sender = await connect(broker, transport, {
      ...version,
      clientId: "sender",
      autoAssignTopicAlias: true,
    });
    const sent = { aliased: 0, named: 0 };
    sender.client.on("packetsend", (packet) => {
      if (packet.cmd !== "publish") return;
      if (packet.topic === "") sent.aliased += 1;
      else sent.named += 1;
    });
    await ear.client.subscribeAsync("alias/#", { qos: 1 });
    const topics = Array.from({ length: 200 }, (_, index) => `alias/${Math.floor(index / 4) % 8}`);
    for (const topic of topics) await sender.client.publishAsync(topic, topic, { qos: 1 });
    const heard = await ear.untilHeard(200);
    expect(heard.map((each) => each.text)).toEqual(topics);
    // MQTT.js resolves the alias before it tells.
    expect(heard.map((each) => each.topic)).toEqual(topics);
    expect(sent.aliased).toBeGreaterThan(50);
    expect(received.aliased).toBeGreaterThan(0);
    expect(received.aliased + received.named).toBe(200);
  });

  test("topic aliases that the program registers once and the client then uses", async () => {
    const broker = await socketBroker();
    const ear = await connect(broker, transport, { ...version, clientId: "ear" });
    await ear.client.subscribeAsync("alias/#");
    const sender = await connect(broker, transport, {
      ...version,
      clientId: "sender",
      autoUseTopicAlias: true,
    });
    const empty: boolean[] = [];
    sender.client.on("packetsend", (packet) => {
      if (packet.cmd === "publish") empty.push(packet.topic === "");
    });
    await sender.client.publishAsync("alias/one", "first", { properties: { topicAlias: 1 } });
    await sender.client.publishAsync("alias/two", "second", { properties: { topicAlias: 2 } });
    await sender.client.publishAsync("alias/one", "third");
    await sender.client.publishAsync("alias/two", "fourth");
    await sender.client.publishAsync("alias/two", "fifth", { properties: { topicAlias: 1 } });
    await sender.client.publishAsync("alias/two", "sixth", { properties: { topicAlias: 1 } });
    const heard = await ear.untilHeard(6);
    expect(heard.map((each) => `${each.topic} ${each.text}`)).toEqual([
      "alias/one first",
      "alias/two second",
      "alias/one third",
      "alias/two fourth",
      "alias/two fifth",
      "alias/two sixth",
    ]);
    expect(empty).toEqual([false, false, true, true, false, false]);
  });

  test.each([1, 2] as const)("receive maximum 1 at QoS %i: one message in flight at a time", async (qos) => {
    const broker = await socketBroker();
    const ear = await connect(broker, transport, {
      ...version,
      clientId: "ear",
      properties: { receiveMaximum: 1 },
    });
    let inFlight = 0;
    let most = 0;
    ear.client.on("packetreceive", ({ cmd }) => {
      if (cmd === "publish") most = Math.max(most, ++inFlight);
    });
    ear.client.on("packetsend", ({ cmd }) => {
      if (cmd === (qos === 1 ? "puback" : "pubcomp")) inFlight -= 1;
    });
    await ear.client.subscribeAsync("r", { qos });
    const sender = await connect(broker, transport, { ...version, clientId: "sender" });
    const texts = Array.from({ length: 200 }, (_, index) => `${index}`);
    await Promise.all(texts.map((text) => sender.client.publishAsync("r", text, { qos })));
    await ear.untilHeard(200);
    expect(ear.texts).toEqual(texts);
    expect(most).toBe(1);
  });

  test("a shared subscription deals out, beside an ordinary one that gets all", async () => {
    const broker = await socketBroker();
    const members: Ear[] = [];
    for (const clientId of ["one", "two", "three"]) {
      const member = await connect(broker, transport, { ...version, clientId });
      await member.client.subscribeAsync("$share/team/jobs/#", { qos: 1 });
      members.push(member);
    }
    const boss = await connect(broker, transport, { ...version, clientId: "boss" });
    await boss.client.subscribeAsync("jobs/#", { qos: 1 });
    const texts = Array.from({ length: 90 }, (_, index) => `${index}`);
    for (const text of texts) await boss.client.publishAsync("jobs/now", text, { qos: 1 });
    await boss.untilHeard(90);
    await until("all is dealt out", () => members.flatMap((each) => each.heard).length >= 90);
    expect(boss.texts).toEqual(texts);
    expect(members.flatMap((each) => each.texts).toSorted()).toEqual(texts.toSorted());
    for (const member of members) expect(member.heard.length).toBeGreaterThan(0);
    // A member that goes leaves its share to the others.
    await members[0]?.client.endAsync();
    await untilGone(broker, "one");
    for (const text of texts) await boss.client.publishAsync("jobs/now", text, { qos: 1 });
    const others = members.slice(1);
    const before = members[0]?.heard.length ?? 0;
    await until("all is dealt out again", () => others.flatMap((each) => each.heard).length >= 180 - before);
    expect(members.flatMap((each) => each.heard)).toHaveLength(180);
  });

  test("an authentication method that is not offered is refused with 0x8C", async () => {
    const broker = await socketBroker();
    const properties = { authenticationMethod: "SCRAM-SHA-256", authenticationData: Buffer.from("x") };
    await expect(
      connect(broker, transport, { ...version, clientId: "auth", properties }),
    ).rejects.toMatchObject({
      code: 0x8c,
    });
    expect(broker.broker.sizes.sessions).toBe(0);
  });

  test("an empty client id is replaced by one that the client is told", async () => {
    const broker = await socketBroker();
    const client = open(broker, transport, { ...version, clientId: "", clean: true });
    const assigned = await new Promise<string | undefined>((resolve) => {
      client.once("connect", ({ properties }) => resolve(properties?.assignedClientIdentifier));
    });
    expect(assigned).toBeTruthy();
    expect([...broker.broker.clients()].map((each) => each.clientId)).toEqual([assigned]);
  });

  test("what CONNACK announces holds: limits that are exceeded end the connection with their reason", async () => {
    const settings = { maximumPacketSize: 1000, maximumQos: 1, retainAvailable: false } as const;
    const broker = await socketBroker({ settings });
    const client = open(broker, transport, { ...version, clientId: "limits" });
    const announced = await new Promise<unknown>((resolve) => {
      client.once("connect", ({ properties }) => resolve({ ...properties }));
    });
    expect(announced).toMatchObject({ maximumPacketSize: 1000, maximumQoS: 1, retainAvailable: false });
    const reasons: (number | undefined)[] = [];
    client.on("disconnect", ({ reasonCode }) => reasons.push(reasonCode));
    client.publish("t", "x", { qos: 2 });
    await until("it is told why", () => reasons.length > 0);
    expect(reasons).toEqual([0x9b]);
  });

  test("No Local, Retain As Published and Retain Handling", async () => {
    const broker = await socketBroker();
    const ear = await connect(broker, transport, { ...version, clientId: "ear" });
    const other = await connect(broker, transport, { ...version, clientId: "other" });
    await other.client.publishAsync("o/kept", "kept", { qos: 1, retain: true });
    await ear.client.subscribeAsync("o/#", { qos: 1, nl: true, rap: true, rh: 2 });
    await ear.client.publishAsync("o/mine", "mine", { qos: 1 });
    await other.client.publishAsync("o/theirs", "theirs", { qos: 1, retain: true });
    const heard = await ear.untilHeard(1);
    expect(heard).toMatchObject([{ topic: "o/theirs", retain: true }]);
    await ear.client.subscribeAsync("o/#", { qos: 1, nl: true, rap: true, rh: 1 });
    expect(ear.heard).toHaveLength(1);
    await ear.client.subscribeAsync("o/#", { qos: 1, nl: true, rap: true, rh: 0 });
    await ear.untilHeard(3);
    expect(ear.texts.toSorted()).toEqual(["kept", "theirs", "theirs"]);
  });

  test("reason codes: nobody there, nothing to unsubscribe from, a session that ends with DISCONNECT", async () => {
    const broker = await socketBroker();
    const { client } = await connect(broker, transport, {
      ...version,
      clientId: "codes",
      clean: false,
      properties: { sessionExpiryInterval: 600 },
    });
    const codes: Record<string, unknown> = {};
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "puback") codes["puback"] = packet.reasonCode;
      if (packet.cmd === "unsuback") codes["unsuback"] = packet.granted;
    });
    await client.publishAsync("nobody/there", "x", { qos: 1 });
    await client.unsubscribeAsync("never/subscribed");
    expect(codes).toEqual({ puback: 0x10, unsuback: [0x11] });
    await client.endAsync(false, { properties: { sessionExpiryInterval: 0 } });
    await until("the session is over", () => broker.broker.sizes.sessions === 0);
  });

  test("a will with delay and properties does not come when the client is back in time", async () => {
    const broker = await socketBroker();
    const watcher = await connect(broker, transport, { ...version, clientId: "watcher" });
    await watcher.client.subscribeAsync("will/#", { qos: 1 });
    const options: IClientOptions = {
      ...version,
      clean: false,
      properties: { sessionExpiryInterval: 600 },
      will: {
        topic: "will/late",
        payload: Buffer.from("gone"),
        qos: 1,
        properties: { willDelayInterval: 2, contentType: "text/plain", userProperties: { why: "cut" } },
      },
    };
    const { client } = await connect(broker, transport, { ...options, clientId: "back" });
    cut(client);
    await untilGone(broker, "back");
    await connect(broker, transport, { ...options, clientId: "back" });
    const away = await connect(broker, transport, { ...options, clientId: "away" });
    cut(away.client);
    const [will] = await watcher.untilHeard(1);
    expect(will).toMatchObject({ topic: "will/late", properties: { contentType: "text/plain" } });
    // The one whose client is back would have come first.
    expect(watcher.heard).toHaveLength(1);
    expect([...broker.broker.clients()].filter((each) => each.connected)).toHaveLength(2);
  });
});

test("clients of all versions and transports hear each other", async () => {
  const broker = await socketBroker();
  const ears: Ear[] = [];
  for (const transport of transports) {
    for (const [name, version] of versions) {
      const ear = await connect(broker, transport, { ...version, clientId: `${name} ${transport}` });
      await ear.client.subscribeAsync("all", { qos: 2 });
      ears.push(ear);
    }
  }
  for (const { client } of ears) await client.publishAsync("all", client.options.clientId ?? "", { qos: 2 });
  const names = ears.map((each) => each.client.options.clientId);
  for (const ear of ears) {
    await ear.untilHeard(6);
    expect(ear.texts).toEqual(names);
  }
});
