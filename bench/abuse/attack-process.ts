/**
 * The attacker: keeps sockets whose CONNECT never ends and half-open WebSocket upgrades, and tries passwords at a rate, from a number of
 * addresses of 127.0.0.0/8. Arguments: port, WebSocket port, sockets of each kind, logins a second, addresses.
 *
 * Prints a line as soon as all is under way, one each second of how many logins were tried, answered and dropped, and ends with its
 * standard input. It has the lowest priority, so that it takes no time from who is attacked and who measures: a real attacker has a
 * machine of its own.
 */

import { connect, type Socket } from "node:net";
import { constants, setPriority } from "node:os";
import { encodePacket, PacketType, ProtocolVersion } from "../../src/protocol/index.ts";

const [port = 0, webPort = 0, sockets = 0, loginsPerSecond = 0, addresses = 1] = process.argv
  .slice(2)
  .map(Number);

const TICK_MS = 1;
/** More that are not answered yet are not opened: the system would run out of ports. */
const MOST_UNDER_WAY = 2_000;
const TRICKLE_MS = 500;

const tried = { logins: 0, answered: 0, dropped: 0, skipped: 0 };
setPriority(constants.priority.PRIORITY_LOW);
let underWay = 0;
let next = 0;

/** 127.0.1.0, 127.0.1.1 and so on in turn. */
function nextAddress(): string {
  const number = next++ % addresses;
  return `127.0.${1 + (number >> 8)}.${number & 255}`;
}

function open(to: number): Socket {
  const socket = connect({ port: to, host: "127.0.0.1", localAddress: nextAddress() });
  socket.on("error", () => undefined);
  return socket;
}

function connectBytes(clientId: string): Uint8Array {
  const bytes = encodePacket(
    {
      type: PacketType.CONNECT,
      protocolVersion: ProtocolVersion.MQTT_3_1_1,
      isBridge: false,
      clientId,
      cleanStart: true,
      keepAliveSeconds: 0,
      userName: "admin",
      password: Buffer.from("wrong"),
      properties: {},
    },
    ProtocolVersion.MQTT_3_1_1,
  );
  return bytes ?? new Uint8Array(0);
}

/** One byte after the other, never the last; another socket when this one is ended. */
function trickle(): void {
  const bytes = connectBytes("slow");
  const socket = open(port);
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < bytes.length - 1) socket.write(Uint8Array.of(bytes[sent++] as number));
  }, TRICKLE_MS);
  socket.resume();
  socket.on("close", () => {
    clearInterval(timer);
    setTimeout(trickle, TRICKLE_MS);
  });
}

/** An upgrade whose head never ends; another one when this one is ended. */
function upgrade(): void {
  const socket = open(webPort);
  socket.write("GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nSec-WebSocket-Pro");
  socket.resume();
  socket.on("close", () => setTimeout(upgrade, TRICKLE_MS));
}

function tryLogin(): void {
  tried.logins++;
  underWay++;
  const socket = open(port);
  let isAnswered = false;
  socket.on("data", () => {
    isAnswered = true;
  });
  socket.on("close", () => {
    underWay--;
    if (isAnswered) tried.answered++;
    else tried.dropped++;
  });
  socket.write(connectBytes(`c${tried.logins % 10_000}`));
}

for (let i = 0; i < sockets; i++) {
  trickle();
  upgrade();
}
const startedAt = performance.now();
let due = 0;
setInterval(() => {
  const wanted = Math.floor(((performance.now() - startedAt) * loginsPerSecond) / 1000);
  for (; due < wanted; due++) {
    if (underWay < MOST_UNDER_WAY) tryLogin();
    else tried.skipped++;
  }
}, TICK_MS);
console.log("under way");
let seconds = 0;
setInterval(() => console.log(JSON.stringify({ seconds: ++seconds, ...tried })), 1_000);
process.stdin.on("end", () => process.exit()).resume();
