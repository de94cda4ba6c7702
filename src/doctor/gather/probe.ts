/**
 * Connects to each listener as a client would that has no password, and leaves again. TLS goes on with any certificate: what is
 * wrong with it is what is wanted. Sends a CONNECT, and never a password.
 */

import { randomUUID } from "node:crypto";
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { describeError } from "#base";
import type { Configuration, ListenerConfiguration } from "#config";
import { encodePacket, PacketType, ProtocolVersion, reasonName } from "#protocol";
import { PipeError } from "#transport";
import type { ListenerFacts, ProbeFacts } from "../facts.ts";
import { factsOf } from "./certificates.ts";

const TIMEOUT_MS = 5_000;

export async function probeFacts(
  listeners: readonly ListenerFacts[],
  configuration: Configuration,
): Promise<ProbeFacts[]> {
  return await Promise.all(listeners.map((listener) => probe(listener, configuration)));
}

async function probe({ name, listener }: ListenerFacts, configuration: Configuration): Promise<ProbeFacts> {
  const target = targetOf(listener);
  const facts = { name, target: target.text };
  const skipped = reasonToSkip(listener);
  if (skipped !== undefined) return { ...facts, skipped };
  let opened: Opened;
  try {
    opened = await open(listener, target);
  } catch (error) {
    return { ...facts, unreachable: describeError(error) };
  }
  const { stream, socket } = opened;
  const tls = socket === undefined ? undefined : tlsFacts(socket);
  const login = await loginAt(stream, listener, configuration);
  stream.destroy();
  return { ...facts, login, ...(tls === undefined ? {} : { tls }) };
}

function reasonToSkip({
  port,
  protocol,
  proxy_protocol: isProxied,
  tls,
}: ListenerConfiguration): string | undefined {
  if (isProxied) return "it wants a PROXY header";
  if (protocol !== "unix" && port === 0) return "its port is chosen anew at each start";
  return tls !== undefined && tls.cert === undefined ? "it takes pre-shared keys only" : undefined;
}

interface Target {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:1883` */
  readonly text: string;
}

const reachable: Readonly<Record<string, string>> = {
  "0.0.0.0": "127.0.0.1",
  "::": "::1",
  localhost: "127.0.0.1",
};

/** Where this machine reaches a listener. */
function targetOf({ host = ["127.0.0.1"], port = 0, protocol, path = "" }: ListenerConfiguration): Target {
  const [first = "127.0.0.1"] = host;
  const known = reachable[first] ?? first;
  const text = protocol === "unix" ? path : `${known.includes(":") ? `[${known}]` : known}:${port}`;
  return { host: known, port, text };
}

/** What bytes go through, and the TLS below it. */
interface Opened {
  readonly stream: Duplex;
  readonly socket: TLSSocket | undefined;
}

async function open(listener: ListenerConfiguration, target: Target): Promise<Opened> {
  switch (listener.protocol) {
    case "unix":
      return {
        stream: await connected(connectSocket({ path: listener.path ?? "" }), "connect"),
        socket: undefined,
      };
    case "tcp":
      return { stream: await connected(connectSocket(target), "connect"), socket: undefined };
    case "tls": {
      const socket = connectTls({
        ...target,
        ...anyCertificate,
        ALPNProtocols: listener.tls?.alpn ?? ["mqtt"],
      });
      return { stream: await connected(socket, "secureConnect"), socket };
    }
    case "websocket":
    case "wss":
      return await openWebSocket(listener, target);
  }
}

/** It is looked at, not trusted: nothing secret is sent. */
const anyCertificate = { rejectUnauthorized: false } as const;

/** Resolves at `event`; rejects when the time is over or the connection fails. */
async function connected<Stream extends Duplex>(stream: Stream, event: string): Promise<Stream> {
  return await new Promise<Stream>((resolve, reject) => {
    const limit = setTimeout(() => {
      stream.destroy();
      reject(new PipeError("timed-out", `no answer within ${TIMEOUT_MS} ms`));
    }, TIMEOUT_MS);
    stream.once("error", (error) => {
      clearTimeout(limit);
      reject(error);
    });
    stream.once(event, () => {
      clearTimeout(limit);
      resolve(stream);
    });
  });
}

async function openWebSocket(
  { protocol, path = "" }: ListenerConfiguration,
  { text }: Target,
): Promise<Opened> {
  const { createWebSocketStream, WebSocket } = await import("ws");
  const scheme = protocol === "wss" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${text}${path}`, "mqtt", {
    ...anyCertificate,
    handshakeTimeout: TIMEOUT_MS,
  });
  let below: TLSSocket | undefined;
  socket.once("upgrade", (response) => {
    if (protocol === "wss") below = response.socket as TLSSocket;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return { stream: createWebSocketStream(socket), socket: below };
}

function tlsFacts(socket: TLSSocket): ProbeFacts["tls"] {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { authorizationError } = socket;
  return {
    version: socket.getProtocol() ?? "TLS",
    certificate: factsOf(certificate),
    // The names are told anyway; an address of this machine need not be among them.
    distrust: authorizationError ? distrustText(String(authorizationError)) : undefined,
  };
}

function distrustText(code: string): string | undefined {
  switch (code) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return "it is signed by itself, or by an authority of your own";
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "the one who signed it is not known, or missing behind it";
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return undefined; // told by its dates
    default:
      return code.includes("ALTNAME") ? undefined : code;
  }
}

const CONNACK = 0x20;
/** Behind the first byte: the remaining length, whose last byte has no bit 7. */
const LENGTH_CONTINUES = 0x80;

/** Asks to be let in without a name and a password. */
async function loginAt(
  stream: Duplex,
  listener: ListenerConfiguration,
  configuration: Configuration,
): Promise<NonNullable<ProbeFacts["login"]>> {
  const versions = listener.mqtt?.versions ?? configuration.mqtt.versions;
  const version = versions.includes("5.0") ? ProtocolVersion.MQTT_5_0 : ProtocolVersion.MQTT_3_1_1;
  const prefix = listener.client_ids?.prefix ?? configuration.client_ids.prefix ?? "";
  const connect = encodePacket(
    {
      type: PacketType.CONNECT,
      protocolVersion: version,
      isBridge: false,
      clientId: `${prefix}doctor-${randomUUID().slice(0, 8)}`,
      cleanStart: true,
      keepAliveSeconds: 10,
      properties: {},
    },
    version,
  );
  stream.write(connect ?? "");
  const answer = await answerOf(stream);
  if (typeof answer === "string") return { outcome: "no-answer", reason: answer };
  const code = reasonCodeIn(answer);
  if (code === undefined) return { outcome: "no-answer", reason: "what it answers is not MQTT" };
  if (code === 0) {
    stream.write(encodePacket({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} }, version) ?? "");
    return { outcome: "accepted", reason: "" };
  }
  const reason = version === ProtocolVersion.MQTT_5_0 ? reasonName(code) : `return code ${code}`;
  return { outcome: "refused", reason };
}

/** The first bytes, or why there are none. */
async function answerOf(stream: Duplex): Promise<Uint8Array | string> {
  return await new Promise((resolve) => {
    const limit = setTimeout(() => resolve(`no answer within ${TIMEOUT_MS} ms`), TIMEOUT_MS);
    const end = (answer: Uint8Array | string): void => {
      clearTimeout(limit);
      resolve(answer);
    };
    stream.once("data", (bytes: Uint8Array) => end(bytes));
    stream.once("error", (error) => end(describeError(error)));
    stream.once("close", () => end("the connection was closed"));
    // What comes later is nobody's business any more.
    stream.on("error", () => undefined);
  });
}

/** Of a CONNACK; undefined for what is none. */
function reasonCodeIn(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== CONNACK) return undefined;
  const lastOfLength = bytes.findIndex((byte, index) => index > 0 && byte < LENGTH_CONTINUES);
  return lastOfLength === -1 ? undefined : bytes[lastOfLength + 2];
}
