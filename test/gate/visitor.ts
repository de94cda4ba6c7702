/**
 * A visitor at one of the broker's doors: it brings what a test gives it, as bytes over the transport of that door, and tells with
 * which code it was let in or refused. Each comes from an address of its own, so that the log has a line for each.
 */

import { once } from "node:events";
import { connect as connectNet } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { onTestFinished } from "vitest";
import { createWebSocketStream, WebSocket } from "ws";
import { utf8Encode } from "#base";
import { Framer, type Packet, PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { connectPacket, encodeOrFail } from "../support/raw-client.ts";
import { ScramAnswers, type ScramName } from "./scram-answers.ts";

export interface Door {
  readonly port: number;
  /** Whether TLS comes first. */
  readonly isSecure: boolean;
  /** Whether a WebSocket comes before MQTT. */
  readonly isWeb: boolean;
  /** Who signs for the broker. */
  readonly ca: string;
}

/** What a visitor says of itself. */
export interface Visit {
  readonly clientId: string;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly scram?: { readonly method: ScramName; readonly userName: string; readonly password: string };
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly psk?: { readonly identity: string; readonly key: Buffer };
  /** Behind the path of a WebSocket, with its question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Outcome {
  /** The byte in CONNACK; undefined when there was none. */
  readonly code: number | undefined;
  /** Where it came from. */
  readonly address: string;
  /** What it has proved its password with, by SCRAM. */
  readonly proof?: string;
  /** Why there was not even a connection. */
  readonly failure?: unknown;
}

const KEEP_ALIVE_SECONDS = 300;
const CONNACK_CODE_AT = 3;
let visits = 0;

/** Goes through `door` and says CONNECT. Ends with the test. */
export async function visit(door: Door, version: ProtocolVersion, wishes: Visit): Promise<Outcome> {
  const address = `127.0.${2 + Math.floor(visits / 250)}.${1 + (visits % 250)}`;
  visits++;
  let stream: Duplex;
  try {
    stream = await reach(door, address, wishes);
  } catch (failure) {
    return { code: undefined, address, failure };
  }
  onTestFinished(() => void stream.destroy());
  const { scram } = wishes;
  if (scram === undefined) return { code: await login(stream, version, wishes), address };
  const answers = new ScramAnswers(scram);
  return { code: await login(stream, version, { ...wishes, answers }), address, proof: answers.proof };
}

async function reach(door: Door, localAddress: string, wishes: Visit): Promise<Duplex> {
  const target = { host: "127.0.0.1", port: door.port, localAddress };
  const socket = door.isSecure ? connectTls({ ...target, ...tlsOf(door, wishes) }) : connectNet(target);
  // Whoever waits sees the end of it; nothing else has to be told.
  socket.on("error", () => undefined);
  await once(socket, door.isSecure ? "secureConnect" : "connect");
  if (!door.isWeb) return socket;
  const { query = "", headers = {} } = wishes;
  const webSocket = new WebSocket(`ws://127.0.0.1:${door.port}/mqtt${query}`, ["mqtt"], {
    createConnection: () => socket,
    headers,
  });
  const stream = createWebSocketStream(webSocket);
  stream.on("error", () => undefined);
  await once(webSocket, "open");
  return stream;
}

function tlsOf({ ca, isWeb }: Door, { certificate, psk }: Visit): ConnectionOptions {
  const common = { ALPNProtocols: [isWeb ? "http/1.1" : "mqtt"] };
  if (psk !== undefined) {
    return {
      ...common,
      ...certificate,
      maxVersion: "TLSv1.2",
      ciphers: "PSK",
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ identity: psk.identity, psk: psk.key }),
    };
  }
  return { ...common, ca, ...certificate };
}

/** Says CONNECT, answers what SCRAM asks, and returns the code of CONNACK; undefined when the broker hangs up without one. */
async function login(
  stream: Duplex,
  version: ProtocolVersion,
  wishes: Visit & { readonly answers?: ScramAnswers },
): Promise<number | undefined> {
  const { clientId, userName, password, scram, answers } = wishes;
  return await new Promise((resolve) => {
    let code: number | undefined;
    const onPacket = (packet: Packet): void => {
      if (packet.type === PacketType.CONNACK) resolve(code);
      if (packet.type !== PacketType.AUTH || scram === undefined || answers === undefined) return;
      const authenticationData = answers.next(packet.properties.authenticationData);
      const properties = { authenticationMethod: scram.method, authenticationData };
      const reasonCode = ReasonCode.CONTINUE_AUTHENTICATION;
      stream.write(encodeOrFail({ type: PacketType.AUTH, reasonCode, properties }, version));
    };
    const framer = new Framer({ onPublish: () => undefined, onPacket }, { side: "client", version });
    stream.on("data", (chunk: Buffer) => {
      // As it stands on the wire: the codec reads the codes of 3.x as those of 5.0.
      if ((chunk[0] ?? 0) >> 4 === PacketType.CONNACK) code = chunk[CONNACK_CODE_AT];
      framer.push(chunk);
    });
    stream.on("close", () => resolve(undefined));
    const connect = connectPacket(version, {
      clientId,
      keepAliveSeconds: KEEP_ALIVE_SECONDS,
      ...(userName === undefined ? {} : { userName }),
      ...(password === undefined ? {} : { password: utf8Encode(password) }),
      ...(scram === undefined || answers === undefined
        ? {}
        : { properties: { authenticationMethod: scram.method, authenticationData: answers.first } }),
    });
    stream.write(encodeOrFail(connect, version));
  });
}

export const versions = [
  ["3.1", ProtocolVersion.MQTT_3_1],
  ["3.1.1", ProtocolVersion.MQTT_3_1_1],
  ["5.0", ProtocolVersion.MQTT_5_0],
] as const;
