/**
 * Attacks over real sockets: connections that never finish their CONNECT or their upgrade, and passwords that are tried. They come
 * from 127.0.0.2; good clients come from 127.0.0.1 and go on as if nothing happened.
 */

import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { systemClock, systemRandom, utf8Decode, utf8Encode } from "#base";
import { Broker, type BrokerSettings } from "#broker";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import {
  connectTcp,
  connectWebSocket,
  type TransportListener,
  tcpListener,
  webSocketListener,
} from "#transport";
import { connectPacket, encodeOrFail, RawClient } from "../support/raw-client.ts";
import { until } from "../support/until.ts";

const { MQTT_3_1_1 } = ProtocolVersion;
const ATTACKER = "127.0.0.2";

interface Besieged {
  readonly broker: Broker;
  readonly port: number;
  /** Of WebSocket. */
  readonly webPort: number;
}

/** A broker that knows one password, `right`, and trusts nobody for its address. */
async function besieged(settings: Partial<BrokerSettings>): Promise<Besieged> {
  const broker = new Broker({
    clock: systemClock(),
    random: systemRandom(),
    settings: { sysIntervalSeconds: 0, trustedAddresses: [], ...settings },
    gate: {
      authenticate: ({ password = utf8Encode("") }) =>
        utf8Decode(password) === "right"
          ? { outcome: "accepted" }
          : { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD },
    },
  });
  broker.open();
  const listeners: TransportListener[] = [
    tcpListener({ host: "127.0.0.1", port: 0 }),
    webSocketListener({ host: "127.0.0.1", port: 0, handshakeTimeoutMs: 300 }),
  ];
  const ports: number[] = [];
  for (const listener of listeners) {
    const [address] = await listener.start((pipe) => broker.accept(pipe, listener.kind));
    ports.push(address?.port ?? 0);
  }
  onTestFinished(async () => {
    const closed = listeners.map((listener) => listener.close());
    await broker.close();
    await Promise.all(closed);
  });
  return { broker, port: ports[0] ?? 0, webPort: ports[1] ?? 0 };
}

/** A socket of the attacker. */
function attack(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress: ATTACKER });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

function login(client: RawClient, clientId: string): void {
  client.connect({ clientId, userName: "u", password: utf8Encode("right") });
}

/** Connects, publishes to itself and gets it back. */
async function isServed(client: RawClient, clientId: string): Promise<void> {
  login(client, clientId);
  client.subscribe(1, `echo/${clientId}`);
  client.publish(`echo/${clientId}`, "here");
  await until(`${clientId} is served`, () => client.texts.includes("here") || client.closed);
  expect(client.texts).toEqual(["here"]);
}

test("200 sockets whose CONNECT never ends are bounded for their address and end at the timeout", async () => {
  const { broker, port } = await besieged({
    connectTimeoutMs: 2_500,
    maximumPendingConnectionsPerAddress: 50,
  });
  const refused: string[] = [];
  broker.on("connectionRefused", ({ reason }) => refused.push(reason.kind));
  const whole = encodeOrFail(connectPacket(MQTT_3_1_1, { clientId: "slow" }), MQTT_3_1_1);
  let open = 200;
  for (let i = 0; i < 200; i++) {
    const socket = attack(port);
    socket.on("close", () => open--);
    socket.resume();
    // One byte after the other, but for the last.
    let sent = 0;
    const trickle = setInterval(() => {
      if (sent < whole.length - 1 && !socket.destroyed) socket.write(Uint8Array.of(whole[sent++] as number));
      else clearInterval(trickle);
    }, 20);
    onTestFinished(() => clearInterval(trickle));
  }
  await until("those that are too many are closed", () => open === 50);
  expect(broker.sizes.connections).toBe(50);
  expect(broker.limitsReached["pending-connections-per-address"]).toBe(150);
  const good = new RawClient(await connectTcp({ port }));
  await isServed(good, "good");
  await until("the slow ones have met the timeout", () => open === 0);
  await until("the broker has forgotten them", () => broker.sizes.connections === 1);
  expect(refused).toEqual(new Array(50).fill("connect-timeout"));
  expect(good.closed).toBe(false);
});

test("200 half-open upgrades are ended by the handshake's timeout, and WebSocket clients are served", async () => {
  const { broker, webPort } = await besieged({});
  let open = 200;
  for (let i = 0; i < 200; i++) {
    const socket = attack(webPort);
    socket.on("close", () => open--);
    socket.resume();
    socket.write("GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nSec-WebSocket-Pro");
  }
  await isServed(new RawClient(await connectWebSocket({ url: `ws://127.0.0.1:${webPort}/mqtt` })), "web");
  await until("the half-open ones are closed", () => open === 0);
  expect(broker.sizes.connections).toBe(1);
});

test("bad logins get slower answers, then a ban; others log in meanwhile, and the tables stay small", async () => {
  const { broker, port } = await besieged({
    maximumFailedLogins: 40,
    failedLoginDelayMs: 2,
    maximumFailedLoginDelayMs: 20,
    maximumTrackedAddresses: 100,
  });
  const inside = new RawClient(await connectTcp({ port }));
  await isServed(inside, "inside");

  const tried = { answered: 0, dropped: 0 };
  const tryOnce = (clientId: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = attack(port);
      let answer = 0;
      socket.on("data", (chunk: Uint8Array) => {
        answer += chunk.length;
      });
      socket.on("close", () => {
        if (answer > 0) tried.answered++;
        else tried.dropped++;
        resolve();
      });
      const packet = connectPacket(MQTT_3_1_1, { clientId, userName: "u", password: utf8Encode("wrong") });
      socket.write(encodeOrFail(packet, MQTT_3_1_1));
    });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < 400) await tryOnce(`c${next++}`);
  };
  const attackers = Promise.all(Array.from({ length: 10 }, lane));
  const outside = new RawClient(await connectTcp({ port }));
  await isServed(outside, "outside");
  await attackers;

  // One failure more than is allowed, and what was under way at that moment.
  expect(tried.answered).toBeGreaterThanOrEqual(41);
  expect(tried.answered).toBeLessThanOrEqual(41 + 10);
  expect(tried.dropped).toBe(400 - tried.answered);
  expect(broker.bans()).toMatchObject([{ kind: "address", subject: ATTACKER }]);
  expect(broker.limitsReached["failed-logins"]).toBeGreaterThan(0);
  expect(broker.limitsReached["banned-address"]).toBeGreaterThanOrEqual(tried.dropped);
  expect(broker.sizes).toMatchObject({ connections: 2, clients: 2 });
  expect(broker.trackedByLimits).toBeLessThanOrEqual(100 + 3);
  for (const client of [inside, outside]) {
    expect(client.closed).toBe(false);
    client.publish("echo/inside", "still");
  }
  await until("the one inside goes on", () => inside.texts.filter((text) => text === "still").length === 2);
  expect(broker.lift(ATTACKER)).toBe(true);
  await tryOnce("after");
  expect(inside.all(PacketType.DISCONNECT)).toEqual([]);
});
