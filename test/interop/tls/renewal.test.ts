// Certificate, key, authority and revocation list are replaced while 1,000 connections publish: none drops, the next handshake
// sees the new ones, and what cannot be used keeps the old ones.
import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { ConfigError, silentLog } from "#base";
import { createBroker } from "#server";
import { until } from "../../support/until.ts";
import { Authority, type Issued } from "../../transport/authority.ts";

const CONNECTIONS = 1_000;
/** So many connect at a time. */
const WAVE = 100;
/** CONNACK and PUBACK of MQTT 3.1.1 alike. */
const ANSWER_BYTES = 4;

let old: Authority;
let fresh: Authority;
let oldServer: Issued;
let freshServer: Issued;
let sensor: Issued;
let lost: Issued;
let newcomer: Issued;

beforeEach(() => {
  old = new Authority("Old authority");
  fresh = new Authority("Fresh authority");
  oldServer = old.server("old.example.org");
  freshServer = fresh.server("fresh.example.org");
  sensor = old.client("sensor-1");
  lost = old.client("sensor-2");
  newcomer = fresh.client("sensor-3");
});

afterEach(() => {
  old.remove();
  fresh.remove();
});

const pairOf = ({ cert, key }: Issued) => ({ cert, key });

/** The CONNECT of MQTT 3.1.1, without a keep-alive. */
function connectPacket(clientId: string): Buffer {
  const head = Uint8Array.of(0x10, 12 + clientId.length, 0, 4);
  const flags = Uint8Array.of(4, 2, 0, 0, 0, clientId.length);
  return Buffer.concat([head, Buffer.from("MQTT"), flags, Buffer.from(clientId)]);
}

/** Publishes with QoS 1, the next message when the last is acknowledged. */
class Publisher {
  readonly #socket: TLSSocket;
  isConnected = false;
  isClosed = false;
  /** How many messages are still to be acknowledged. */
  owed = 0;
  #bytes = 0;

  constructor(port: number, index: number, session: Buffer) {
    this.#socket = connect({ ...optionsOf(port), maxVersion: "TLSv1.2", session });
    this.#socket.write(connectPacket(`publisher-${index}`));
    this.#socket.on("data", (chunk) => this.#onAnswer(chunk.length));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => (this.isClosed = true));
  }

  publish(count: number): void {
    this.owed = count;
    this.#publishNext();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onAnswer(length: number): void {
    this.#bytes += length;
    if (this.#bytes < ANSWER_BYTES) return;
    this.#bytes -= ANSWER_BYTES;
    if (this.isConnected) this.owed--;
    this.isConnected = true;
    if (this.owed > 0) this.#publishNext();
  }

  /** Topic t, packet id 1, payload x. */
  #publishNext(): void {
    this.#socket.write(Uint8Array.of(0x32, 6, 0, 1, 0x74, 0, 1, 0x78));
  }
}

function optionsOf(port: number): ConnectionOptions {
  return { port, host: "127.0.0.1", ca: [old.ca, fresh.ca], checkServerIdentity: () => undefined };
}

/** What a connection can be resumed with, which costs a fraction of a handshake. */
async function sessionOf(port: number, identity: Issued): Promise<Buffer> {
  const socket = connect({ ...optionsOf(port), ...pairOf(identity), maxVersion: "TLSv1.2" });
  onTestFinished(() => void socket.destroy());
  const [session] = (await once(socket, "session")) as [Buffer];
  return session;
}

/** Whose certificate a newcomer is shown, and whether it gets in; TLS 1.2 says so at once. */
async function meets(port: number, identity: Issued): Promise<string> {
  const socket = connect({ ...optionsOf(port), ...pairOf(identity), maxVersion: "TLSv1.2" });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  return await new Promise<string>((resolve) => {
    socket.once("close", () => resolve("refused"));
    socket.once("secureConnect", () => resolve(String(socket.getPeerCertificate().subject.CN)));
  });
}

test.each(["net", "handle"] as const)("1,000 connections go on, %s", async (pipes) => {
  const required = { clientCertificate: "require" } as const;
  const before = { ...pairOf(oldServer), ...required, ca: old.ca, crl: old.revocationList() };
  const broker = createBroker({
    listeners: [{ protocol: "tls", name: "plant", port: 0, host: "127.0.0.1", pipes, ...before }],
    settings: { sysIntervalSeconds: 0 },
    log: silentLog,
  });
  onTestFinished(() => broker.stop());
  await broker.start();
  const port = broker.addresses[0]?.port ?? 0;
  const publishers: Publisher[] = [];
  onTestFinished(() => {
    for (const publisher of publishers) publisher.destroy();
  });
  const session = await sessionOf(port, sensor);
  while (publishers.length < CONNECTIONS) {
    for (let i = 0; i < WAVE; i++) publishers.push(new Publisher(port, publishers.length, session));
    await until("they are connected", () => publishers.every(({ isConnected }) => isConnected));
  }
  /** Each publishes three messages; `change` comes while they are on their way. */
  const allGoOn = async (change = (): void => undefined): Promise<void> => {
    for (const publisher of publishers) publisher.publish(3);
    await until("one is acknowledged", () => publishers.some(({ owed }) => owed < 3));
    expect(publishers.some(({ owed }) => owed > 0)).toBe(true);
    change();
    await until("all are", () => publishers.every(({ owed, isClosed }) => owed === 0 || isClosed));
    expect(publishers.filter(({ isClosed }) => isClosed)).toHaveLength(0);
  };
  const met = (...clients: readonly Issued[]) => Promise.all(clients.map((each) => meets(port, each)));
  await allGoOn();
  expect(await met(lost, newcomer)).toEqual(["old.example.org", "refused"]);

  // A newer list, the certificate of all publishers on it: their connections stay, and they would not get in again.
  old.revoke(sensor);
  const newerList = old.revocationList();
  await allGoOn(() => broker.renewCredentials("plant", { ...before, crl: newerList }));
  expect(await met(sensor, lost)).toEqual(["refused", "old.example.org"]);

  const after = { ...pairOf(freshServer), ...required, ca: fresh.ca, crl: fresh.revocationList() };
  await allGoOn(() => broker.renewCredentials("plant", after));
  expect(await met(lost, newcomer)).toEqual(["refused", "fresh.example.org"]);

  const halves = [
    { ...after, key: oldServer.key },
    { ...after, cert: "" },
    { ...after, crl: "half a li" },
  ];
  await allGoOn(() => {
    for (const half of halves) expect(() => broker.renewCredentials("plant", half)).toThrow(ConfigError);
  });
  expect(() => broker.renewCredentials("office", after)).toThrow(
    "office: there is no TLS listener of this name.",
  );
  expect(await met(lost, newcomer)).toEqual(["refused", "fresh.example.org"]);
});
