/**
 * What the source documents describe of a broker, row by row: S01 to S47. A test's name begins with its row. What belongs to
 * another part stands in `elsewhere` with the reason; the last test checks that no row is forgotten.
 */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { connect as connectSocket } from "node:net";
import { describe, expect, test } from "vitest";
import { ConfigError, seededRandom } from "#base";
import { Framer, type PacketSink, PacketType, type ProtocolVersion } from "#protocol";
import { createBroker } from "#server";
import { memoryPipes, type Pipe } from "#transport";
import { socketBroker, type VirtualBroker, virtualBroker } from "../support/brokers.ts";
import { runWell, start } from "../support/programs.ts";
import { hex, hexOf, rawSocket } from "../support/raw-socket.ts";
import { bytesOf, type ConnectWishes, TestClient, textOf } from "../support/test-client.ts";
import { until } from "../support/until.ts";
import { Meter, Till } from "./billing.ts";

const rows = Array.from({ length: 47 }, (_, index) => `S${String(index + 1).padStart(2, "0")}`);
const tested = new Set<string>();
const versions = [3, 4, 5] as const;
const session600 = { sessionExpiryInterval: 600 };

/** Rows, or parts of them, that this file cannot test: where they belong. */
const elsewhere: Readonly<Record<string, string>> = {
  S12: "The page in a real browser is in the browser suite; here a WebSocket client stands for it.",
  S14: "A comparison of sizes with XMPP is documentation; there is nothing that could break.",
  S15: "TLS and WebSocket over TLS come with the TLS listener; here TCP, WebSocket and Unix sockets.",
  S18: "Messages that stream through without being held need an option that does not exist; here the lengths.",
  S24: "Loss at a killed broker is in the fault suite, which needs the broker as a process of its own.",
  S26: "Sending again by a timer to 3.1 clients is an option that does not exist; here after reconnecting.",
  S27: "What is on disk after each step is in the suites of the store; here what the session holds in memory.",
  S28: "kill -9 of the broker at each step needs the store; here every connection breaks at each step.",
  S31: "Sessions across a restart of the broker need the store.",
  S42: "WebSocket over TLS comes with the TLS listener.",
  S43: "The MQTT-SN gateway is a room of its own.",
  S45: "Bundle size and heap are figures of the client, measured by the benchmarks.",
  S47: "The TLS layer comes with the TLS listener; here network, identity and payload.",
};

/** A test whose name begins with its row. */
function row(name: string, run: () => Promise<void> | void): void {
  const id = name.slice(0, 3);
  if (!rows.includes(id)) throw new Error(`"${name}" does not begin with a row`);
  tested.add(id);
  test(`${name}`, run);
}

/** A subscriber of `filter`. */
async function listener(
  world: VirtualBroker,
  filter: string,
  wishes: Partial<ConnectWishes> = {},
): Promise<TestClient> {
  const client = await world.client({ clientId: `to ${filter}`, ...wishes });
  await client.subscribe(filter, 2);
  return client;
}

/** Everything a client got, as one buffer. */
const bytesIn = (client: TestClient): Buffer => Buffer.concat(client.bytesIn);

describe("the model", () => {
  row("S01 broker, publisher and subscribers are three processes that know only the broker", async () => {
    const running = await socketBroker();
    const common = ["-h", "127.0.0.1", "-p", String(running.port)];
    const subscribers = ["one", "two"].map((id) =>
      start("mosquitto_sub", [...common, "-i", id, "-t", "news", "-C", "1"]),
    );
    await until("both have subscribed", () => running.broker.sizes.subscriptions === 2);
    await runWell("mosquitto_pub", [...common, "-i", "publisher-of-news", "-t", "news", "-m", "hello"]);
    for (const subscriber of subscribers) {
      expect(await subscriber.finished()).toMatchObject({ code: 0, stdout: "hello\n" });
    }
  });

  row("S01 no packet names the other side or its address", async () => {
    const running = await socketBroker();
    const subscriber = await running.client({ clientId: "subscriber", version: 5 });
    await subscriber.subscribe("news", 1);
    const publisher = await running.client({
      clientId: "publisher-of-news",
      version: 5,
      userName: "its-user",
    });
    await publisher.publish({ topicName: "news", payload: "hello", qos: 1 });
    await subscriber.untilMessages(1);
    const received = bytesIn(subscriber);
    for (const secret of [
      "publisher-of-news",
      "its-user",
      "127.0.0.1",
      String(publisher.pipe.peer.localPort),
    ]) {
      expect(received.includes(secret), secret).toBe(false);
    }
    expect(bytesIn(publisher).includes("subscriber")).toBe(false);
    // CONNACK, SUBACK and this: topic, packet id, no properties, payload.
    expect(hexOf(received.subarray(-16))).toBe("32 0e 00 04 6e 65 77 73 00 01 00 68 65 6c 6c 6f");
  });

  row("S02 neither side needs the other's address or transport", async () => {
    const running = await socketBroker();
    const subscriber = await running.client({ clientId: "web" }, "websocket");
    await subscriber.subscribe("x");
    const publisher = await running.client({ clientId: "near" }, "unix");
    await publisher.publish({ topicName: "x", payload: "from nowhere" });
    await subscriber.untilMessages(1);
    expect(subscriber.payloads).toEqual(["from nowhere"]);
  });

  row("S03 subscriber and publisher need not be there at the same time", async () => {
    const world = await virtualBroker();
    const before = await world.client({ clientId: "sleeper", cleanStart: false });
    await before.subscribe("queued", 1);
    await before.disconnect();
    const publisher = await world.client({ clientId: "publisher" });
    await publisher.publish({ topicName: "queued", payload: "while you were away", qos: 1 });
    await publisher.publish({ topicName: "kept", payload: "before you came", qos: 1, retain: true });
    await publisher.disconnect();
    await world.pass(24 * 3600);
    const after = await world.client({ clientId: "sleeper", cleanStart: false });
    await after.subscribe("kept", 1);
    await after.untilMessages(2);
    expect(after.messages.map(({ payload, retain }) => [textOf(payload), retain])).toEqual([
      ["while you were away", false],
      ["before you came", true],
    ]);
  });

  row("S04 a subscriber that does not read slows nobody", async () => {
    const world = await virtualBroker({
      settings: { maximumOutputBytes: 256 * 1024, maximumQueuedMessages: 100 },
    });
    const stuck = await world.client({ clientId: "stuck" });
    await stuck.subscribe("busy/0", 0);
    await stuck.subscribe("busy/1", 1);
    stuck.pipe.pauseReading();
    const healthy = await listener(world, "busy/+");
    const publisher = await world.client({ clientId: "publisher" });
    const payload = new Uint8Array(1000).fill(120);
    for (let i = 0; i < 2000; i++) {
      publisher.sendPublish({ topicName: "busy/0", payload });
      await publisher.publish({ topicName: "busy/1", payload, qos: 1 });
    }
    // No time has passed, and everybody else has everything.
    expect(world.clock.now()).toBe(0);
    expect(healthy.messages).toHaveLength(4000);
    const { undelivered } = world.broker;
    const dropped = undelivered["receiver-slow"] + undelivered["queue-full"];
    expect(dropped).toBeGreaterThan(2000);
    stuck.pipe.resumeReading();
    await stuck.ping();
    await world.settle();
    // What was not dropped arrives now, and every message has exactly one outcome.
    expect(stuck.messages.length + dropped).toBe(4000);
    expect(world.broker.undelivered).toEqual(undelivered);
  });

  row("S05 one message to 1000 subscribers", async () => {
    const world = await virtualBroker();
    const subscribers: TestClient[] = [];
    for (let i = 0; i < 1000; i++) {
      const version = versions[i % 3] as ProtocolVersion;
      const client = await world.client({ clientId: `subscriber ${i}`, version });
      await client.subscribe("all", 1);
      subscribers.push(client);
    }
    const receipt = await world.broker.publish({ topicName: "all", payload: "to everybody", qos: 1 });
    await world.settle();
    expect(receipt.matched).toBe(1000);
    expect(subscribers.filter(({ payloads }) => payloads.join() === "to everybody")).toHaveLength(1000);
    expect([...world.broker.clients()].every(({ inFlight }) => inFlight === 0)).toBe(true);
  });

  row("S06 one subscriber, 100 publishers", async () => {
    const world = await virtualBroker();
    const subscriber = await listener(world, "from/+");
    for (let i = 0; i < 100; i++) {
      const publisher = await world.client({ clientId: `publisher ${i}` });
      await publisher.publish({ topicName: `from/${i}`, payload: `${i}`, qos: 1 });
    }
    expect(subscriber.messages.map(({ topicName, payload }) => `${topicName}=${textOf(payload)}`)).toEqual(
      Array.from({ length: 100 }, (_, index) => `from/${index}=${index}`),
    );
  });

  row("S07 the payload is not looked at: all byte values, nothing, and everything in between", async () => {
    const world = await virtualBroker();
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const payloads = [
      every,
      new Uint8Array(0),
      bytesOf("\u0000"),
      Uint8Array.of(0xff, 0xfe, 0xc0),
      bytesOf("{"),
    ];
    for (const version of versions) {
      const client = await listener(world, "bytes", { version });
      for (const qos of [0, 1, 2] as const) {
        for (const payload of payloads) await client.publish({ topicName: "bytes", payload, qos });
      }
      await client.untilMessages(15);
      expect(client.messages.map(({ payload }) => hexOf(payload))).toEqual(
        [...payloads, ...payloads, ...payloads].map(hexOf),
      );
      await client.disconnect();
    }
  });

  row("S08 who publishes need not subscribe, and gets nothing", async () => {
    const world = await virtualBroker();
    const subscriber = await listener(world, "any/topic");
    const publisher = await world.client({ clientId: "publisher" });
    await publisher.publish({ topicName: "any/topic", payload: "1", qos: 1 });
    await publisher.publish({ topicName: "other/topic", payload: "2", qos: 1 });
    await publisher.ping();
    expect(subscriber.payloads).toEqual(["1"]);
    expect(publisher.messages).toEqual([]);
  });

  row("S09 a subscriber gets its own messages, unless No Local says otherwise", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      const client = await listener(world, "mine", { version });
      await client.publish({ topicName: "mine", payload: "echo", qos: 2 });
      await client.untilMessages(1);
      expect(client.payloads).toEqual(["echo"]);
      await client.disconnect();
    }
    const quiet = await world.client({ clientId: "quiet", version: 5 });
    await quiet.subscribe("mine", 1, { noLocal: true });
    await quiet.publish({ topicName: "mine", payload: "own", qos: 1 });
    await world.broker.publish({ topicName: "mine", payload: "other", qos: 1 });
    await quiet.ping();
    expect(quiet.payloads).toEqual(["other"]);
  });

  row("S10 clients reach each other through a common topic only", async () => {
    const world = await virtualBroker();
    const one = await listener(world, "to/one", { clientId: "one" });
    const two = await listener(world, "to/two", { clientId: "two" });
    // The other's client id is no address.
    await one.publish({ topicName: "two", payload: "lost", qos: 1 });
    await one.publish({ topicName: "to/two", payload: "found", qos: 1 });
    await two.ping();
    expect(two.payloads).toEqual(["found"]);
    expect(world.broker.undelivered["no-subscriber"]).toBe(1);
  });

  row("S11 a dialogue of our own, such as one of mail servers, runs over topics", async () => {
    const world = await virtualBroker();
    const server = await listener(world, "mail/up", { clientId: "server" });
    const client = await listener(world, "mail/down", { clientId: "client" });
    const dialogue = ["220 ready", "HELO client", "250 hello", "QUIT", "221 bye"];
    for (const [index, line] of dialogue.entries()) {
      const [speaker, hearer, topicName] =
        index % 2 === 0 ? ([server, client, "mail/down"] as const) : ([client, server, "mail/up"] as const);
      await speaker.publish({ topicName, payload: line, qos: 1 });
      await hearer.untilMessages(Math.floor(index / 2) + 1);
      expect(hearer.payloads.at(-1)).toBe(line);
    }
  });

  row("S12 a WebSocket client operates a device on TCP and sees what it does", async () => {
    const running = await socketBroker();
    const device = await running.client({ clientId: "switch" });
    await device.subscribe("home/switch/set", 1);
    const page = await running.client({ clientId: "page", version: 5 }, "websocket");
    await page.subscribe("home/switch/state", 1);
    await page.publish({ topicName: "home/switch/set", payload: "on", qos: 1 });
    await device.untilMessages(1);
    await device.publish({
      topicName: "home/switch/state",
      payload: device.payloads[0] ?? "",
      qos: 1,
      retain: true,
    });
    await page.untilMessages(1);
    expect(page.payloads).toEqual(["on"]);
  });

  row("S13 a reading of 20 bytes: fewer bytes than by HTTP", async () => {
    const reading = '{"temperature":21.5}';
    const world = await virtualBroker();
    const sensor = await world.client({ clientId: "sensor" });
    const before = sensor.bytesOut.length;
    await sensor.publish({ topicName: "/sys/post", payload: reading });
    const mqttBytes = Buffer.concat(sensor.bytesOut.slice(before)).length;
    expect(mqttBytes).toBe(2 + 2 + 9 + 20);

    const web = createServer((request, response) => request.resume().on("end", () => response.end()));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as { port: number };
    const socket = connectSocket(port, "127.0.0.1");
    const request = `POST /sys/post HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20\r\n\r\n${reading}`;
    let answerBytes = 0;
    socket.on("data", (chunk) => {
      answerBytes += chunk.length;
    });
    socket.write(request);
    await until("HTTP answers", () => answerBytes > 0);
    socket.destroy();
    await new Promise((resolve) => web.close(resolve));
    expect(request.length + answerBytes).toBeGreaterThan(4 * mqttBytes);
  });
});

describe("the protocol", () => {
  row("S15 an ordered, lossless two-way connection underneath: TCP, WebSocket, Unix socket", async () => {
    const running = await socketBroker();
    const texts = Array.from({ length: 500 }, (_, index) => `${index}`);
    for (const transport of ["tcp", "websocket", "unix"] as const) {
      const client = await running.client({ clientId: transport, version: 5 }, transport);
      await client.subscribe(transport, 1);
      for (const payload of texts) client.sendPublish({ topicName: transport, payload, qos: 1 });
      await client.untilMessages(500);
      expect(client.payloads).toEqual(texts);
    }
    const transports = running.broker.addresses.map(({ transport }) => transport);
    expect(new Set(transports)).toEqual(new Set(["tcp", "websocket", "unix"]));
  });

  row("S16 fourteen packet types; 0 is reserved, 15 too before 5.0", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      for (const type of [0, 15]) {
        const client = await world.client({ clientId: "probe", version });
        client.sendBytes(Uint8Array.of(type << 4, 0));
        await client.untilClosed();
        const said = client.received.filter((each) => each.type === PacketType.DISCONNECT);
        // 5.0: AUTH without a method is a Protocol Error, type 0 is malformed.
        expect(said.map((each) => each.reasonCode)).toEqual(version === 5 ? [type === 0 ? 0x81 : 0x82] : []);
      }
      // The others that a client may send, and what answers them.
      const client = await world.client({ clientId: "probe", version });
      await client.subscribe("t", 2);
      for (const qos of [0, 1, 2] as const) await client.publish({ topicName: "t", qos });
      await client.unsubscribe("t");
      await client.ping();
      await client.disconnect();
      const types = new Set(client.received.map(({ type }) => type));
      expect([...types].toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 9, 11, 13]);
    }
  });

  row("S17 the first byte: type in bits 7 to 4, then DUP, QoS and, last, RETAIN", async () => {
    const running = await socketBroker();
    const socket = await rawSocket({ port: running.port });
    socket.write(hex("10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 61"));
    expect(await socket.read(4)).toBe("20 02 00 00");
    socket.write(hex("33 06 00 01 78 00 05 79")); // QoS 1, RETAIN
    expect(await socket.read(4)).toBe("40 02 00 05");
    expect(running.broker.sizes.retained).toBe(1);
    socket.write(hex("82 06 00 01 00 01 78 01"));
    expect(await socket.read(5)).toBe("90 03 00 01 01");
    expect(await socket.read(8)).toBe("33 06 00 01 78 00 01 79"); // RETAIN: it was there before
    socket.write(hex("40 02 00 01 3a 06 00 01 78 00 06 7a")); // DUP is the sender's own
    expect(await socket.read(12)).toBe("32 06 00 01 78 00 02 7a 40 02 00 06");
    // Flags of other packets are fixed.
    socket.write(hex("80 06 00 02 00 01 78 01"));
    await socket.untilClosed();
    expect(socket.unread).toBe("");
  });

  row("S18 remaining lengths of one to four bytes, and not five", async () => {
    const world = await virtualBroker({ settings: { maximumPacketSize: 5_000_000 } });
    const client = await listener(world, "t");
    const around = [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 4_000_000];
    for (const length of around.map((each) => Math.max(each, 3))) {
      const payload = new Uint8Array(length - 3).fill(length & 0xff);
      const before = bytesIn(client).length;
      await client.publish({ topicName: "t", payload });
      await client.ping();
      const message = client.messages.at(-1);
      expect(message?.payload.length).toBe(length - 3);
      expect(Buffer.compare(message?.payload ?? every, payload)).toBe(0);
      const headerSize = length < 128 ? 2 : length < 16_384 ? 3 : length < 2_097_152 ? 4 : 5;
      expect(bytesIn(client).length - before).toBe(headerSize + length + 2);
    }
    client.sendBytes(hex("30 80 80 80 80 01"));
    await client.untilClosed();
  });

  row("S19 three parts in this order: fixed header, variable header, payload", async () => {
    const world = await virtualBroker();
    const client = await listener(world, "a/b");
    const before = bytesIn(client).length;
    await world.broker.publish({ topicName: "a/b", payload: "xyz", qos: 1 });
    await client.untilMessages(1);
    expect(hexOf(bytesIn(client).subarray(before))).toBe(
      ["32 0a", "00 03 61 2f 62 00 01", "78 79 7a"].join(" "), // QoS 1, length 10 | topic, packet id | payload
    );
  });

  row("S20 the payload of CONNECT: client id, will topic, will message, user name, password", async () => {
    const logins: unknown[] = [];
    const world = await virtualBroker({
      gate: {
        authenticate: ({ clientId, userName, password }) => {
          logins.push([clientId, userName, textOf(password ?? every)]);
          return { outcome: "accepted" };
        },
      },
    });
    const watcher = await listener(world, "w/#");
    const client = world.pipe(4);
    client.sendBytes(
      hex(`10 22 00 04 4d 51 54 54 04 f6 00 0a
           00 02 69 64  00 03 77 2f 74  00 03 6d 73 67  00 04 75 73 65 72  00 02 70 77`),
    );
    await client.take(PacketType.CONNACK);
    expect(logins.at(-1)).toEqual(["id", "user", "pw"]);
    client.cut();
    await watcher.untilMessages(1);
    expect(watcher.messages).toMatchObject([{ topicName: "w/t", payload: bytesOf("msg"), qos: 2 }]);
    expect(world.broker.sizes.retained).toBe(1);
  });

  row("S21 QoS 3 is reserved", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      const publisher = await world.client({ clientId: "publisher", version });
      publisher.sendBytes(version === 5 ? hex("36 06 00 01 74 00 01 00") : hex("36 05 00 01 74 00 01"));
      await publisher.untilClosed();
      const subscriber = await world.client({ clientId: "subscriber", version });
      subscriber.sendBytes(
        version === 5 ? hex("82 07 00 01 00 00 01 74 03") : hex("82 06 00 01 00 01 74 03"),
      );
      await subscriber.untilClosed();
      // 5.0 calls one a Malformed Packet and the other a Protocol Error.
      for (const [client, reasonCode] of [
        [publisher, 0x81],
        [subscriber, 0x82],
      ] as const) {
        const said = client.received.filter((each) => each.type !== PacketType.CONNACK);
        expect(said).toMatchObject(version === 5 ? [{ type: PacketType.DISCONNECT, reasonCode }] : []);
      }
    }
  });

  row("S22 DUP says that a message was sent before", async () => {
    const world = await virtualBroker();
    for (const qos of [1, 2] as const) {
      const clientId = `subscriber ${qos}`;
      const first = await world.client({ clientId, cleanStart: false, acknowledges: false });
      await first.subscribe(`t/${qos}`, qos);
      await world.broker.publish({ topicName: `t/${qos}`, payload: "once", qos });
      await first.untilMessages(1);
      first.cut();
      await world.settle();
      const second = await world.client({ clientId, cleanStart: false });
      await second.untilMessages(1);
      expect([...first.messages, ...second.messages]).toMatchObject([
        { dup: false, packetId: 1, payload: bytesOf("once") },
        { dup: true, packetId: 1, payload: bytesOf("once") },
      ]);
      await second.disconnect();
    }
  });

  row("S23 every message has a QoS; the programming interface's default is 0", async () => {
    const world = await virtualBroker();
    const client = await listener(world, "t");
    await world.broker.publish({ topicName: "t", payload: "default" });
    for (const qos of [0, 1, 2] as const)
      await world.broker.publish({ topicName: "t", payload: `${qos}`, qos });
    await client.untilMessages(4);
    expect(client.messages.map(({ qos, payload }) => [qos, textOf(payload)])).toEqual([
      [0, "default"],
      [0, "0"],
      [1, "1"],
      [2, "2"],
    ]);
  });

  row("S24 QoS 0: only PUBLISH is on the wire, nothing is repeated and nothing is kept", async () => {
    const world = await virtualBroker();
    const options = { clientId: "subscriber", cleanStart: false } as const;
    const subscriber = await world.client(options);
    await subscriber.subscribe("t", 0);
    const publisher = await world.client({ clientId: "publisher" });
    const before = subscriber.bytesOut.length;
    for (let i = 0; i < 10; i++) await publisher.publish({ topicName: "t", payload: `${i}` });
    await subscriber.untilMessages(10);
    expect(publisher.received.map(({ type }) => type)).toEqual([PacketType.CONNACK]);
    expect(subscriber.received.slice(2).every(({ type }) => type === PacketType.PUBLISH)).toBe(true);
    expect(subscriber.bytesOut).toHaveLength(before);
    subscriber.cut();
    await world.settle();
    await publisher.publish({ topicName: "t", payload: "lost" });
    const again = await world.client(options);
    await again.ping();
    expect(again.messages).toEqual([]);
    expect(world.broker.undelivered["receiver-offline"]).toBe(1);
  });

  row(
    "S25 a million messages at QoS 0: none twice, none out of order, none lost on a good connection",
    async () => {
      const world = await virtualBroker();
      const total = 1_000_000;
      const batch = 5_000;
      let received = 0;
      let outOfOrder = 0;
      const sink: PacketSink = {
        onPacket: () => undefined,
        onPublish: ({ bytes, payloadStart }) => {
          const number =
            (((bytes[payloadStart] as number) << 16) |
              ((bytes[payloadStart + 1] as number) << 8) |
              (bytes[payloadStart + 2] as number)) >>>
            0;
          if (number !== received) outOfOrder += 1;
          received += 1;
        },
      };
      const framer = new Framer(sink, { side: "client", version: 4 });
      const pipe = world.broker.connectPipe();
      pipe.open({
        onBytes: (chunk) => framer.push(chunk),
        onWritten: () => undefined,
        onClosed: () => undefined,
      });
      pipe.write(hex("10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 73 82 06 00 01 00 01 74 00"));
      const publisher = await world.client({ clientId: "publisher" });
      const packet = hex("30 06 00 01 74 00 00 00");
      for (let sent = 0; sent < total; ) {
        const bytes = new Uint8Array(batch * packet.length);
        for (let i = 0; i < batch; i++, sent++) {
          bytes.set(packet, i * packet.length);
          bytes[i * packet.length + 5] = sent >> 16;
          bytes[i * packet.length + 6] = sent >> 8;
          bytes[i * packet.length + 7] = sent;
        }
        publisher.pipe.write(bytes);
        await world.settle();
      }
      expect({ received, outOfOrder }).toEqual({ received: total, outOfOrder: 0 });
    },
  );

  row(
    "S26 QoS 1 from the client: each PUBLISH is answered; one that comes again is passed on again",
    async () => {
      const world = await virtualBroker();
      for (const version of versions) {
        const subscriber = await listener(world, "t", { version });
        const options = {
          clientId: "publisher",
          version,
          cleanStart: false,
          properties: session600,
        } as const;
        const publisher = await world.client(options);
        const message = { topicName: "t", payload: "once", qos: 1, packetId: 77 } as const;
        await publisher.publish(message);
        publisher.cut();
        await world.settle();
        const again = await world.client(options);
        again.sendPublish({ ...message, dup: true });
        expect(await again.take(PacketType.PUBACK)).toMatchObject({ packetId: 77, reasonCode: 0 });
        await subscriber.untilMessages(2);
        // DUP is not handed on.
        expect(subscriber.messages.map(({ dup, payload }) => [dup, textOf(payload)])).toEqual([
          [false, "once"],
          [false, "once"],
        ]);
        await again.disconnect();
        await subscriber.disconnect();
      }
    },
  );

  row(
    "S26 QoS 1 to the client: unacknowledged it comes again with DUP, after reconnecting only",
    async () => {
      const world = await virtualBroker();
      for (const version of versions) {
        const options = {
          clientId: `forgetful ${version}`,
          version,
          cleanStart: false,
          properties: session600,
        } as const;
        const first = await world.client({ ...options, acknowledges: false });
        await first.subscribe("t", 1);
        await world.broker.publish({ topicName: "t", payload: "again", qos: 1 });
        await world.pass(300);
        expect(first.messages).toHaveLength(1);
        first.cut();
        await world.settle();
        const second = await world.client(options);
        expect(await second.untilMessages(1)).toMatchObject([{ dup: true, payload: bytesOf("again") }]);
        await second.ping();
        await second.disconnect();
        const third = await world.client(options);
        await third.ping();
        expect(third.messages).toEqual([]);
        await third.unsubscribe("t");
        await third.disconnect();
      }
    },
  );

  row("S27 a message is held from PUBLISH to PUBACK, and no longer", async () => {
    const world = await virtualBroker();
    const held = (): [inFlight: number, queued: number][] =>
      [...world.broker.clients()].map(({ inFlight, queuedMessages }) => [inFlight, queuedMessages]);
    const client = await world.client({
      clientId: "slow",
      version: 5,
      acknowledges: false,
      properties: { receiveMaximum: 1 },
    });
    await client.subscribe("t", 1);
    expect(held()).toEqual([[0, 0]]);
    await world.broker.publish({ topicName: "t", payload: "1", qos: 1 });
    await world.broker.publish({ topicName: "t", payload: "2", qos: 1 });
    expect(held()).toEqual([[1, 1]]);
    for (const [packetId, left] of [
      [1, [1, 0]],
      [2, [0, 0]],
    ] as const) {
      await client.untilMessages(packetId);
      client.send({
        type: PacketType.PUBACK,
        packetId: client.messages.at(-1)?.packetId ?? 0,
        reasonCode: 0,
        properties: {},
      });
      await world.settle();
      expect(held()).toEqual([left]);
    }
  });

  for (const version of versions) {
    row(`S28 QoS 2 to the broker (level ${version}): a break at each step, one delivery`, async () => {
      const world = await virtualBroker();
      const subscriber = await listener(world, "paid");
      const options = { version, cleanStart: false, properties: session600, acknowledges: false } as const;
      const steps = [
        "before PUBLISH arrives",
        "before PUBREC",
        "before PUBREL",
        "before PUBCOMP",
        "never",
      ] as const;
      for (const [index, breakAt] of steps.entries()) {
        const clientId = `publisher ${index}`;
        const message = { topicName: "paid", payload: breakAt, qos: 2, packetId: 5 } as const;
        const release = { type: PacketType.PUBREL, packetId: 5, reasonCode: 0, properties: {} } as const;
        const reconnected = async (client: TestClient): Promise<TestClient> => {
          client.cut();
          await world.settle();
          return await world.client({ ...options, clientId });
        };
        let client = await world.client({ ...options, clientId });
        client.sendPublish(message);
        if (breakAt === "before PUBLISH arrives" || breakAt === "before PUBREC") {
          if (breakAt === "before PUBREC") await world.settle();
          client = await reconnected(client);
          client.sendPublish({ ...message, dup: true });
        }
        await client.take(PacketType.PUBREC);
        if (breakAt === "before PUBREL") {
          client.send(release);
          client = await reconnected(client);
        }
        client.send(release);
        if (breakAt === "before PUBCOMP") {
          await world.settle();
          client = await reconnected(client);
          client.send(release);
        }
        await client.take(PacketType.PUBCOMP);
        await client.disconnect();
      }
      await subscriber.untilMessages(steps.length);
      await subscriber.ping();
      expect(subscriber.payloads).toEqual(steps);
    });

    row(`S28 QoS 2 from the broker (level ${version}): a break at each step, one delivery`, async () => {
      const world = await virtualBroker();
      const steps = ["before PUBREC", "before PUBREL", "before PUBCOMP", "never"] as const;
      for (const breakAt of steps) {
        const options = {
          clientId: breakAt,
          version,
          cleanStart: false,
          acknowledges: false,
          properties: session600,
        };
        let client = await world.client(options);
        await client.subscribe("paid", 2);
        await world.broker.publish({ topicName: "paid", payload: "x", qos: 2 });
        const { packetId } = await client.take(PacketType.PUBLISH);
        const answer = (type: typeof PacketType.PUBREC | typeof PacketType.PUBCOMP): void =>
          client.send({ type, packetId, reasonCode: 0, properties: {} });
        const reconnect = async (): Promise<void> => {
          client.cut();
          await world.settle();
          client = await world.client(options);
        };
        if (breakAt === "before PUBREC") {
          await reconnect();
          // The same packet id again: whoever receives can tell.
          expect(await client.take(PacketType.PUBLISH)).toMatchObject({ packetId, dup: true });
        }
        answer(PacketType.PUBREC);
        await world.settle();
        if (breakAt === "before PUBREL") await reconnect();
        expect(await client.take(PacketType.PUBREL)).toMatchObject({ packetId });
        if (breakAt === "before PUBCOMP") {
          await reconnect();
          expect(await client.take(PacketType.PUBREL)).toMatchObject({ packetId });
        }
        answer(PacketType.PUBCOMP);
        await client.ping();
        // After PUBREC never PUBLISH again.
        if (breakAt !== "before PUBREC" && breakAt !== "never") expect(client.messages).toEqual([]);
        expect([...world.broker.clients()].find((each) => each.clientId === breakAt)?.inFlight).toBe(0);
        await client.unsubscribe("paid");
        await client.disconnect();
      }
    });
  }

  row("S29 billing at QoS 2: after hundreds of broken connections the sum is what was sent", async () => {
    const random = seededRandom(29);
    const chance = (share: number): boolean => (random.bytes(1)[0] as number) < share * 256;
    const world = await virtualBroker();
    const till = new Till((wishes) => world.client(wishes));
    await till.connect();
    const meters = ["a", "b", "c"].map((name) => new Meter(name, (wishes) => world.client(wishes)));
    for (const meter of meters) await meter.connect();
    let breaks = 0;
    for (let round = 0; round < 3000; round++) {
      for (const meter of meters) if (round < 1000) meter.charge((round % 7) + 1);
      // Some of what is on its way arrives before the connection breaks.
      for (const party of [till, ...meters]) {
        if (!chance(0.1)) continue;
        breaks += 1;
        await party.reconnect();
      }
      if (chance(0.5)) await world.settle();
      if (round > 1000 && meters.every(({ owed }) => owed === 0)) break;
    }
    await world.settle();
    expect(breaks).toBeGreaterThan(300);
    expect(meters.map(({ owed }) => owed)).toEqual([0, 0, 0]);
    const sent = meters.map(({ sum }) => sum);
    expect(meters.map(({ name }) => till.sums.get(name))).toEqual(sent);
    expect(sent.every((sum) => sum === 3997)).toBe(true);
  });

  row("S30 QoS 0 for who is there, 1 for what must arrive, 1 and a session for who is away", async () => {
    const world = await virtualBroker();
    const online = await world.client({ clientId: "online" });
    const away = await world.client({ clientId: "away", cleanStart: false });
    const guest = await world.client({ clientId: "guest" });
    for (const client of [online, away, guest]) await client.subscribe("news", 1);
    await away.disconnect();
    await guest.disconnect();
    await world.broker.publish({ topicName: "news", payload: "now", qos: 0 });
    await world.broker.publish({ topicName: "news", payload: "surely", qos: 1 });
    const back = await world.client({ clientId: "away", cleanStart: false });
    const guestBack = await world.client({ clientId: "guest" });
    for (const client of [online, back, guestBack]) await client.ping();
    expect([online.payloads, back.payloads, guestBack.payloads]).toEqual([["now", "surely"], ["surely"], []]);
  });

  row("S31 the client asks at login, and the broker keeps subscriptions and messages", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      const options = {
        clientId: `keeper ${version}`,
        version,
        cleanStart: false,
        properties: session600,
      } as const;
      const first = await world.client(options);
      await first.subscribe("t/#", 2);
      await first.disconnect();
      for (let i = 0; i < 20; i++) {
        await world.broker.publish({ topicName: `t/${i % 3}`, payload: `${i}`, qos: i % 2 === 0 ? 1 : 2 });
      }
      const second = await world.client({ ...options, acknowledges: true });
      await second.untilMessages(20);
      expect(second.received[0]).toMatchObject({ type: PacketType.CONNACK, sessionPresent: version !== 3 });
      expect(second.payloads).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
      await second.disconnect();
      // 5.0 says for how long; before, for ever.
      await world.pass(601);
      const third = await world.client(options);
      expect(third.received[0]).toMatchObject({ sessionPresent: version === 4 });
      await third.unsubscribe("t/#");
      await third.disconnect();
    }
  });

  row("S32 QoS is chosen by subscription and by message, not at login", async () => {
    const world = await virtualBroker();
    const client = await world.client({ clientId: "c" });
    for (const qos of [0, 1, 2] as const) {
      expect((await client.subscribe(`at/${qos}`, qos)).reasonCodes).toEqual([qos]);
    }
    const matrix: number[][] = [];
    for (const subscribed of [0, 1, 2]) {
      const line: number[] = [];
      for (const qos of [0, 1, 2] as const) {
        await client.publish({ topicName: `at/${subscribed}`, qos });
        await client.ping();
        line.push(client.messages.at(-1)?.qos ?? -1);
      }
      matrix.push(line);
    }
    expect(matrix).toEqual([
      [0, 0, 0],
      [0, 1, 1],
      [0, 1, 2],
    ]);
  });

  row("S33 QoS 2 works, in every version", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      const subscriber = await listener(world, "two", { version });
      const publisher = await world.client({ clientId: "publisher", version });
      await publisher.publish({ topicName: "two", payload: "exactly once", qos: 2 });
      expect(await subscriber.untilMessages(1)).toMatchObject([{ qos: 2 }]);
      expect(publisher.received.map(({ type }) => type)).toEqual([2, 5, 7]);
      await subscriber.ping();
      expect(subscriber.received.map(({ type }) => type)).toEqual([2, 9, 3, 6, 13]);
      await subscriber.disconnect();
    }
  });

  row("S34 keep alive 60: pings every 60 seconds hold the connection, silence of 90 ends it", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      const client = await world.client({ clientId: "MQTT_FX_Client", version, keepAliveSeconds: 60 });
      for (let minute = 0; minute < 60; minute++) {
        await world.pass(60);
        expect(client.closed).toBe(false);
        await client.ping();
      }
      // Any packet counts.
      await world.pass(80);
      await client.publish({ topicName: "home/garden/fountain/2", payload: "hello world" });
      await world.pass(89);
      expect(client.closed).toBe(false);
      await world.pass(2);
      expect(client.closed).toBe(true);
      const said = client.received.filter(({ type }) => type === PacketType.DISCONNECT);
      expect(said).toMatchObject(version === 5 ? [{ reasonCode: 0x8d }] : []);
    }
  });

  row("S34 the 120 seconds (hex 78) of the device's login count", async () => {
    const world = await virtualBroker();
    const device = world.pipe(4);
    device.sendBytes(hex("10 0d 00 04 4d 51 54 54 04 02 00 78 00 01 64"));
    await device.take(PacketType.CONNACK);
    await world.pass(179);
    expect(device.closed).toBe(false);
    await world.pass(2);
    expect(device.closed).toBe(true);
  });

  row("S35 the will, given at login, tells of an abnormal end and of no other", async () => {
    const world = await virtualBroker();
    const watcher = await listener(world, "will/#");
    for (const version of versions) {
      const will = { topicName: `will/${version}`, payload: bytesOf("gone"), qos: 1 } as const;
      const polite = await world.client({
        clientId: "polite",
        version,
        will: { ...will, topicName: "will/no" },
      });
      await polite.disconnect();
      const doomed = await world.client({ clientId: "doomed", version, will });
      doomed.cut();
      await world.settle();
    }
    expect(watcher.messages.map(({ topicName, payload, qos }) => [topicName, textOf(payload), qos])).toEqual(
      versions.map((version) => [`will/${version}`, "gone", 1]),
    );
  });

  const abnormalEnds: readonly (readonly [
    string,
    (client: TestClient, world: VirtualBroker) => Promise<void>,
  ])[] = [
    ["an I/O error", async (client) => client.cut()],
    ["the keep alive runs out", async (_, world) => await world.pass(16)],
    ["the connection is closed without DISCONNECT", async (client) => client.pipe.end()],
    ["a protocol error", async (client) => client.sendBytes(hex("f1 00"))],
    [
      "an administrator ends the connection",
      async (client, { broker }) => void broker.disconnect(client.clientId),
    ],
  ];
  for (const [what, end] of abnormalEnds) {
    row(`S36 the will is sent when ${what}`, async () => {
      const world = await virtualBroker();
      const watcher = await listener(world, "will/#");
      for (const version of versions) {
        const will = { topicName: `will/${version}`, payload: bytesOf(what), qos: 2 } as const;
        const client = await world.client({ clientId: "doomed", version, keepAliveSeconds: 10, will });
        await end(client, world);
        await client.untilClosed();
        await world.settle();
      }
      expect(watcher.messages.map(({ topicName }) => topicName)).toEqual(["will/3", "will/4", "will/5"]);
      expect(watcher.payloads).toEqual([what, what, what]);
    });
  }

  row("S36 the will is also sent when the session is taken over, and when the broker stops", async () => {
    const world = await virtualBroker();
    const watcher: string[] = [];
    world.broker.subscribe("will/#", ({ topicName }) => watcher.push(topicName));
    const wishes = (topicName: string, version: ProtocolVersion): ConnectWishes => ({
      clientId: "same",
      version,
      will: { topicName, payload: bytesOf("gone") },
    });
    await world.client(wishes("will/1", 4));
    await world.client(wishes("will/2", 5));
    await world.settle();
    expect(watcher).toEqual(["will/1"]);
    const stopped = world.broker.stop();
    await world.settle();
    await world.pass(5);
    await stopped;
    expect(watcher).toEqual(["will/1", "will/2"]);
  });

  row("S37 retained messages: the last one of a topic waits for whoever subscribes", async () => {
    const world = await virtualBroker();
    const publisher = await world.client({ clientId: "publisher" });
    for (const [topicName, payload] of [
      ["r/1", "old"],
      ["r/1", "new"],
      ["r/2", "two"],
      ["r/3", "three"],
      ["r/3", ""],
      ["s", "other"],
    ] as const) {
      await publisher.publish({ topicName, payload, qos: 1, retain: true });
    }
    await publisher.publish({ topicName: "r/2", payload: "not kept", qos: 1 });
    expect(world.broker.sizes.retained).toBe(3);
    for (const version of versions) {
      const client = await listener(world, "r/+", { version });
      await client.untilMessages(2);
      await client.ping();
      const seen = client.messages.map(
        ({ topicName, payload, retain }) => `${topicName} ${textOf(payload)} ${retain}`,
      );
      expect(seen.toSorted()).toEqual(["r/1 new true", "r/2 two true"]);
      await publisher.publish({ topicName: "r/1", payload: "new", qos: 1, retain: true });
      expect((await client.untilMessages(3))[2]).toMatchObject({ retain: false });
      await client.disconnect();
    }
  });

  row("S38 a clean session begins with nothing and leaves nothing", async () => {
    const world = await virtualBroker();
    const lasting = await world.client({ clientId: "c", cleanStart: false });
    await lasting.subscribe("t", 1);
    await lasting.disconnect();
    await world.broker.publish({ topicName: "t", payload: "waiting", qos: 1 });
    const clean = await world.client({ clientId: "c" });
    await clean.ping();
    expect(clean.received[0]).toMatchObject({ sessionPresent: false });
    expect(clean.messages).toEqual([]);
    expect(world.broker.sizes).toMatchObject({ sessions: 1, subscriptions: 0 });
    await clean.subscribe("t", 1);
    await clean.disconnect();
    await world.settle();
    expect(world.broker.sizes).toMatchObject({ sessions: 0, subscriptions: 0 });
  });

  row(
    "S39 DISCONNECT: an orderly end, without the will; what the client sends after it does not count",
    async () => {
      const world = await virtualBroker();
      const watcher = await listener(world, "#");
      const ends: unknown[] = [];
      world.broker.on("clientDisconnected", ({ clientId, reason }) => ends.push([clientId, reason.kind]));
      for (const version of versions) {
        const will = { topicName: "will", payload: bytesOf("gone") };
        const client = await world.client({ clientId: `c${version}`, version, will });
        client.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
        client.sendPublish({ topicName: "late", payload: "x" });
        await client.untilClosed();
      }
      await world.settle();
      expect(watcher.messages).toEqual([]);
      expect(ends).toEqual(versions.map((version) => [`c${version}`, "client-disconnected"]));
    },
  );

  row("S40 SUBSCRIBE and SUBACK, UNSUBSCRIBE and UNSUBACK", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      const client = await world.client({ clientId: "c", version });
      const request = (topicFilter: string, qos: 0 | 1 | 2) =>
        ({ topicFilter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 }) as const;
      const subscriptions = [request("a/+", 0), request("b/#", 1), request("c", 2)];
      client.send({ type: PacketType.SUBSCRIBE, packetId: 1000, subscriptions, properties: {} });
      expect(await client.take(PacketType.SUBACK)).toMatchObject({ packetId: 1000, reasonCodes: [0, 1, 2] });
      for (const topicName of ["a/1", "a/1/2", "b", "b/1/2", "c", "d"])
        await client.publish({ topicName, qos: 2 });
      await client.ping();
      expect(client.messages.map(({ topicName, qos }) => `${topicName} ${qos}`)).toEqual([
        "a/1 0",
        "b 1",
        "b/1/2 1",
        "c 2",
      ]);
      client.send({
        type: PacketType.UNSUBSCRIBE,
        packetId: 1001,
        topicFilters: ["b/#", "never"],
        properties: {},
      });
      const unsuback = await client.take(PacketType.UNSUBACK);
      expect(unsuback).toMatchObject({ packetId: 1001, reasonCodes: version === 5 ? [0, 0x11] : [] });
      await client.publish({ topicName: "b", qos: 1 });
      await client.publish({ topicName: "c", qos: 1 });
      await client.ping();
      expect(client.messages.slice(4).map(({ topicName }) => topicName)).toEqual(["c"]);
      await client.disconnect();
    }
  });

  row("S41 levels 3, 4 and 5 are accepted, others are told so", async () => {
    const world = await virtualBroker();
    for (const version of versions) {
      expect((await world.client({ clientId: `v${version}`, version })).received[0]).toMatchObject({
        reasonCode: 0,
      });
    }
    const seen = [...world.broker.clients()].map(({ protocolVersion }) => protocolVersion);
    expect(seen).toEqual([3, 4, 5]);
    const running = await socketBroker();
    for (const [connect, answer] of [
      ["10 0d 00 04 4d 51 54 54 02 02 00 00 00 01 61", /^20 02 00 01$/],
      ["10 0f 00 06 4d 51 49 73 64 70 04 02 00 00 00 01 61", /^20 02 00 01$/],
      ["10 0e 00 04 4d 51 54 54 06 02 00 00 00 00 01 61", /^20 .. 00 84 /],
    ] as const) {
      const socket = await rawSocket({ port: running.port });
      socket.write(hex(connect));
      await socket.untilClosed();
      expect(socket.unread).toMatch(answer);
    }
  });

  row("S42 WebSocket, with the sub-protocol mqtt", async () => {
    const running = await socketBroker();
    const one = await running.client({ clientId: "one", version: 5 }, "websocket");
    const two = await running.client({ clientId: "two", version: 3 }, "websocket");
    await one.subscribe("web", 2);
    const payload = randomBytes(300_000);
    await two.publish({ topicName: "web", payload, qos: 2 });
    await one.untilMessages(1);
    expect(Buffer.compare(one.messages[0]?.payload ?? every, payload)).toBe(0);
    const url = `ws://127.0.0.1:${running.webSocketPort}/mqtt`;
    const outcome = (protocols: string[]): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, protocols);
        socket.onopen = () => {
          resolve(`open with "${socket.protocol}"`);
          socket.close();
        };
        socket.onerror = () => resolve("refused");
      });
    expect(await outcome(["mqtt"])).toBe('open with "mqtt"');
    expect(await outcome(["other", "mqtt"])).toBe('open with "mqtt"');
    expect(await outcome([])).toBe("refused");
  });

  row("S44 the bytes of a message of 20 bytes on a topic of 9, in both directions", async () => {
    const world = await virtualBroker();
    const measured: Record<string, number[]> = {};
    for (const version of versions) {
      for (const qos of [0, 1, 2] as const) {
        const client = await world.client({ clientId: "c", version });
        const before = Buffer.concat(client.bytesOut).length + bytesIn(client).length;
        await client.publish({ topicName: "/sys/post", payload: '{"temperature":21.5}', qos });
        const after = Buffer.concat(client.bytesOut).length + bytesIn(client).length;
        measured[version] = [...(measured[version] ?? []), after - before];
        await client.disconnect();
      }
    }
    // PUBLISH 33 bytes, its packet id 2, each acknowledgement 4; 5.0 has a byte for properties, and says in one
    // more, at PUBACK or PUBREC, that nobody is there.
    expect(measured).toEqual({ 3: [33, 39, 47], 4: [33, 39, 47], 5: [34, 41, 49] });
    const idle = await world.client({ clientId: "idle", keepAliveSeconds: 900 });
    const before = bytesIn(idle).length + Buffer.concat(idle.bytesOut).length;
    await world.pass(800);
    await idle.ping();
    expect(bytesIn(idle).length + Buffer.concat(idle.bytesOut).length - before).toBe(4);
  });

  row("S46 a slow line, byte by byte: everything arrives, keep alive included", async () => {
    const world = await virtualBroker();
    const line = slowLine(world, { bytesPerSecond: 40, latencyMs: 700 });
    const remote = new TestClient(line.pipe, 4, async (what, done) => {
      for (let second = 0; second < 600 && !done(); second++) await world.pass(1);
      if (!done()) throw new Error(`not within ten minutes: ${what}`);
    });
    await remote.connect({ clientId: "remote", keepAliveSeconds: 60 });
    await remote.subscribe("t", 2);
    for (const qos of [0, 1, 2] as const) await remote.publish({ topicName: "t", payload: `at ${qos}`, qos });
    await remote.untilMessages(3);
    expect(remote.payloads).toEqual(["at 0", "at 1", "at 2"]);
    expect(world.clock.now()).toBeGreaterThan(5_000);
  });

  row("S46 a link that breaks again and again: the session goes on, nothing is lost at QoS 1", async () => {
    const world = await virtualBroker();
    const options = { clientId: "remote", cleanStart: false, keepAliveSeconds: 30 } as const;
    const seen = new Set<string>();
    for (let round = 0; round < 50; round++) {
      const remote = await world.client({ ...options, acknowledges: round % 3 !== 0 });
      if (round === 0) await remote.subscribe("t", 1);
      await world.broker.publish({ topicName: "t", payload: `online ${round}`, qos: 1 });
      if (round % 2 === 0) await world.settle();
      for (const payload of remote.payloads) seen.add(payload);
      if (round % 5 === 0) {
        // Silence instead of an end: nobody is told.
        remote.pipe.pauseReading();
        await world.pass(46);
        expect(remote.closed || world.broker.sizes.clients === 0).toBe(true);
      } else remote.cut();
      await world.settle();
      await world.broker.publish({ topicName: "t", payload: `offline ${round}`, qos: 1 });
    }
    const last = await world.client(options);
    await last.ping();
    for (const payload of last.payloads) seen.add(payload);
    expect(seen.size).toBe(100);
    expect([...world.broker.clients()]).toMatchObject([{ inFlight: 0, queuedMessages: 0 }]);
  });
});

describe("security", () => {
  row("S47 network: only this machine can connect unless somebody decides otherwise", async () => {
    const running = await socketBroker();
    for (const { transport, address } of running.broker.addresses) {
      if (transport !== "unix") expect(["127.0.0.1", "::1"]).toContain(address);
    }
    const exposed = { listeners: [{ protocol: "tcp", port: 0, host: "0.0.0.0" }] } as const;
    expect(() => createBroker(exposed)).toThrow(ConfigError);
  });

  row("S47 application: client id, user name and password decide", async () => {
    const world = await virtualBroker({
      gate: {
        authenticate: ({ clientId, userName, password }) =>
          clientId.startsWith("dev-") && userName === "anna" && textOf(password ?? every) === "geheim"
            ? { outcome: "accepted" }
            : { outcome: "refused", reasonCode: 0x87 },
      },
    });
    const outcome = async (wishes: ConnectWishes): Promise<number> => {
      const client = world.pipe(wishes.version);
      const { reasonCode } = await client.connect(wishes);
      client.cut();
      return reasonCode;
    };
    const right = { clientId: "dev-1", userName: "anna", password: "geheim", version: 5 } as const;
    expect(await outcome(right)).toBe(0);
    expect(await outcome({ ...right, password: "falsch" })).toBe(0x87);
    expect(await outcome({ ...right, clientId: "other" })).toBe(0x87);
    expect(await outcome({ clientId: "dev-1", version: 5 })).toBe(0x87);
  });

  row("S47 payload: what clients encrypt the broker passes on as it is, and cannot read", async () => {
    const world = await virtualBroker();
    const key = randomBytes(32);
    const seen: Uint8Array[] = [];
    world.broker.subscribe("secret", ({ payload }) => seen.push(payload));
    const receiver = await listener(world, "secret", { version: 5 });
    const sender = await world.client({ clientId: "sender", version: 5 });
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const sealed = Buffer.concat([
      nonce,
      cipher.update("the door code is 4711"),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    await sender.publish({ topicName: "secret", payload: sealed, qos: 1 });
    const [message] = await receiver.untilMessages(1);
    const received = Buffer.from(message?.payload ?? every);
    const decipher = createDecipheriv("aes-256-gcm", key, received.subarray(0, 12));
    decipher.setAuthTag(received.subarray(-16));
    const opened = Buffer.concat([decipher.update(received.subarray(12, -16)), decipher.final()]);
    expect(opened.toString()).toBe("the door code is 4711");
    await world.settle();
    expect(seen.map((payload) => Buffer.from(payload).includes("4711"))).toEqual([false]);
  });
});

test("every row is tested here or belongs elsewhere for a reason", () => {
  const listed = new Set(Object.keys(elsewhere));
  expect(rows.filter((id) => !tested.has(id) && !listed.has(id))).toEqual([]);
  expect([...listed].filter((id) => !rows.includes(id))).toEqual([]);
});

/** Stands for nothing where a value has to be. */
const every: Uint8Array = new Uint8Array(0);

/** A connection to the broker on which bytes take their time, one by one. */
function slowLine(
  { broker, clock }: VirtualBroker,
  { bytesPerSecond, latencyMs }: { bytesPerSecond: number; latencyMs: number },
): { readonly pipe: Pipe } {
  const [client, near] = memoryPipes(clock);
  const far = broker.connectPipe();
  const carry = (from: Pipe, to: Pipe): void => {
    let freeAt = 0;
    from.open({
      onBytes: (chunk) => {
        for (const byte of chunk) {
          freeAt = Math.max(freeAt, clock.now()) + 1000 / bytesPerSecond;
          clock.schedule(freeAt + latencyMs - clock.now(), () => to.write(Uint8Array.of(byte)));
        }
      },
      onWritten: () => undefined,
      onClosed: () => to.end(),
    });
  };
  carry(near, far);
  carry(far, near);
  return { pipe: client };
}
