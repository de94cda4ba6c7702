/** Slow, half-open, reset and garbage connections over TCP, while good clients go on as if they were alone. */

import { expect, test } from "vitest";
import { seededRandom, utf8Encode } from "#base";
import { type Packet, PacketType, ProtocolVersion } from "#protocol";
import { expectNoRejections, liveMebibytes } from "../support/heap.ts";
import { nextTurn } from "../support/next-turn.ts";
import { connectPacket, encodeOrFail, type RawClient } from "../support/raw-client.ts";
import { startTcpBroker, type TcpBroker } from "../support/tcp-broker.ts";
import { until } from "../support/until.ts";

const { MQTT_5_0 } = ProtocolVersion;

expectNoRejections();

test("200 sockets that send CONNECT byte by byte are ended by the connect timeout", async () => {
  const { broker, client, socket } = await startTcpBroker({ settings: { connectTimeoutMs: 300 } });
  const good = await client("good");
  const refused: string[] = [];
  broker.on("connectionRefused", ({ reason }) => refused.push(reason.kind));
  const whole = encodeOrFail(connectPacket(MQTT_5_0, { clientId: "slow" }), MQTT_5_0);
  let open = 200;
  const slow = Array.from({ length: 200 }, () => {
    const each = socket();
    each.on("close", () => open--);
    each.resume();
    return each;
  });
  // All but the last byte, one at a time; then nothing more comes.
  for (const byte of whole.subarray(0, -1)) {
    for (const each of slow) if (!each.destroyed) each.write(Uint8Array.of(byte));
    await nextTurn();
  }
  await until("all slow sockets are closed", () => open === 0);
  await until("the broker has forgotten them", () => broker.sizes.connections === 1);
  expect(refused).toEqual(new Array(200).fill("connect-timeout"));
  expect(broker.sizes.sessions).toBe(1);
  expect(good.closed).toBe(false);
  await broker.stop();
});

test("a CONNECT that comes byte by byte in time is a CONNECT", async () => {
  const { broker, open } = await startTcpBroker();
  const slow = await open();
  for (const byte of encodeOrFail(connectPacket(MQTT_5_0), MQTT_5_0)) {
    slow.sendBytes(Uint8Array.of(byte));
    await nextTurn();
  }
  await until("CONNACK", () => slow.last(PacketType.CONNACK)?.reasonCode === 0);
  await broker.stop();
});

test("sockets that connect and reset, or half-close, leave nothing behind", async () => {
  const { broker, socket } = await startTcpBroker({ settings: { connectTimeoutMs: 400 } });
  let open = 0;
  const connectBytes = encodeOrFail(connectPacket(MQTT_5_0, { clientId: "" }), MQTT_5_0);
  for (let i = 0; i < 300; i++) {
    open++;
    const each = socket();
    each.on("close", () => open--);
    each.resume();
    each.on("connect", () => {
      if (i % 2 === 0) each.write(connectBytes);
      switch (i % 6) {
        case 0:
        case 1:
          each.resetAndDestroy();
          return;
        case 2:
        case 3:
          // Half-closed: it would still read.
          each.end();
          return;
        default:
          // Half-open: it says nothing more and never ends by itself; those that have connected are told to go.
          if (i % 2 === 0) each.write(Uint8Array.of(0xe0, 0));
      }
    });
  }
  await until("all sockets are closed", () => open === 0);
  await until("nothing is left", () => broker.sizes.connections === 0);
  expect(broker.sizes).toMatchObject({ clients: 0, sessions: 0, timers: 0 });
  expect(broker.metrics.invariantErrors).toBe(0);
  await broker.stop();
});

test("a connected client that vanishes without a word is ended by its keep-alive", async () => {
  const { broker, client } = await startTcpBroker();
  const silent = await client("silent", { connect: { keepAliveSeconds: 1 } });
  silent.pipe.pauseReading();
  const reasons: string[] = [];
  broker.on("clientDisconnected", ({ reason }) => reasons.push(reason.kind));
  await until("it is ended", () => broker.sizes.clients === 0);
  expect(reasons).toEqual(["keep-alive-timeout"]);
  silent.pipe.destroy();
  await broker.stop();
});

const PAIRS = 10;
const MESSAGES = 200;

/** Good clients that publish QoS 2 messages round a ring and check that each comes once and in order. */
async function startRing(tcp: TcpBroker) {
  const clients: RawClient[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const each = await tcp.client(`good${i}`, { answers: true });
    each.subscribe(1, `ring/${i}`, 2);
    clients.push(each);
  }
  await until("all are subscribed", () =>
    clients.every((each) => each.last(PacketType.SUBACK) !== undefined),
  );
  const sent = clients.map(() => 0);
  const publishNext = (i: number): void => {
    const n = sent[i] as number;
    if (n === MESSAGES) return;
    sent[i] = n + 1;
    const topicName = `ring/${(i + 1) % PAIRS}`;
    clients[i]?.publish(topicName, `${i}-${n}`, { qos: 2, packetId: n + 1 });
  };
  for (const [i, each] of clients.entries()) {
    each.onReceived = (packet: Packet) => {
      if (packet.type === PacketType.PUBCOMP) publishNext(i);
    };
    // A few at a time.
    for (let n = 0; n < 4; n++) publishNext(i);
  }
  return {
    clients,
    isDone: () => clients.every(({ texts }) => texts.length >= MESSAGES),
    check() {
      for (const [i, each] of clients.entries()) {
        const from = (i + PAIRS - 1) % PAIRS;
        expect(each.texts).toEqual(Array.from({ length: MESSAGES }, (_, n) => `${from}-${n}`));
        expect(each.closed).toBe(false);
      }
    },
  };
}

test("1,000 connections that send garbage do not disturb ten clients at QoS 2", async () => {
  const tcp = await startTcpBroker();
  const { broker, socket } = tcp;
  const random = seededRandom(99);
  const before = await liveMebibytes();
  const ring = await startRing(tcp);
  let open = 0;
  let started = 0;
  const start = (): void => {
    started++;
    open++;
    const each = socket();
    each.on("close", () => {
      open--;
      if (started < 1000) start();
    });
    each.resume();
    each.on("connect", () => {
      const kind = random.below(4);
      if (kind === 0) each.write(random.bytes(1 + random.below(5000)));
      else if (kind === 1) each.write(utf8Encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      else {
        each.write(encodeOrFail(connectPacket(MQTT_5_0, { clientId: "" }), MQTT_5_0));
        each.write(kind === 2 ? Uint8Array.of(0xf0, 0xff, 0xff, 0xff, 0xff) : Uint8Array.of(0x36, 2, 0, 0));
      }
      // What happens to be the beginning of a packet is cut off.
      each.end();
    });
  };
  for (let i = 0; i < 50; i++) start();
  await until("the garbage is gone", () => started === 1000 && open === 0);
  await until("all good messages are there", ring.isDone);
  ring.check();
  await until("only good clients are left", () => broker.sizes.connections === PAIRS);
  expect(broker.metrics.invariantErrors).toBe(0);
  for (const each of ring.clients) each.pipe.end();
  await until("all are gone", () => broker.sizes.connections === 0);
  expect(broker.sizes).toMatchObject({ sessions: 0, subscriptions: 0, timers: 0 });
  await broker.stop();
  for (const each of ring.clients) each.packets.length = 0;
  expect((await liveMebibytes()) - before).toBeLessThan(32);
});
