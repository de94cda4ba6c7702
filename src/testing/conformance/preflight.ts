/**
 * A look at a broker before it is graded: whether it can be reached, is an MQTT broker, speaks the version and lets the
 * user do what the cases need. What is wrong is said in one sentence, so that nobody has to guess from 300 failures.
 */

import { describeError, systemRandom, toHex } from "#base";
import { type ProtocolVersion, reasonName, versionName } from "#protocol";
import { PipeError } from "#transport";
import { ConformanceFailure, Inconclusive, NotSupported } from "./failure.ts";
import { RawPeer } from "./peer.ts";
import type { BrokerUnderTest, ConformanceTarget } from "./target.ts";
import { connect } from "./wire/write.ts";

export type PreflightResult =
  | { readonly kind: "ready"; readonly remark?: string }
  /** `unreachable`: no connection. `not-mqtt`: no answer that MQTT knows. `refused`: the user may not do it. */
  | {
      readonly kind: "unreachable" | "not-mqtt" | "refused" | "version-not-supported";
      /** One sentence. */
      readonly reason: string;
    };

export interface PreflightOptions {
  /** How long the broker may take to answer. Default: 5 seconds. */
  readonly patienceMs?: number;
}

const DEFAULT_PATIENCE_MS = 5_000;

/** Connects in `version`, subscribes and publishes once. */
export async function preflight(
  target: ConformanceTarget,
  version: ProtocolVersion,
  options: PreflightOptions = {},
): Promise<PreflightResult> {
  const broker = await target.prepare({});
  if ("notSupported" in broker) return { kind: "unreachable", reason: broker.notSupported };
  try {
    return await look(target.name, broker, version, options.patienceMs ?? DEFAULT_PATIENCE_MS);
  } catch (error) {
    if (error instanceof PipeError)
      return { kind: "unreachable", reason: whyUnreachable(target.name, error) };
    throw error;
  } finally {
    await broker.release();
  }
}

async function look(
  name: string,
  broker: BrokerUnderTest,
  version: ProtocolVersion,
  patienceMs: number,
): Promise<PreflightResult> {
  const ignore = (): void => undefined;
  const surroundings = {
    version,
    patienceMs,
    quietMs: 300,
    pace: broker.pace,
    record: ignore,
    note: ignore,
    announced: {},
  };
  const peer = new RawPeer("preflight", await broker.open("stream"), surroundings);
  const suffix = `${version}${systemRandom()
    .below(36 ** 5)
    .toString(36)}`;
  // What comes is looked at in bytes: it may be anything.
  peer.readNothing();
  peer.send(connect(version, { ...broker.credentials, clientId: `martletlook${suffix}`, cleanStart: true }));
  await broker.pace.until(() => peer.closed || peer.unreadBytes.length >= 4, patienceMs, peer.signal);
  const answer = peer.unreadBytes;
  const isClosed = peer.closed;
  if (!isClosed) peer.cut();
  const verdict = judgeAnswer(name, answer, isClosed, version, patienceMs);
  if (verdict !== undefined) return verdict;
  return await tryOut(new RawPeer("preflight", await broker.open("stream"), surroundings), broker, suffix);
}

/** Return codes and reason codes that refuse the version, and not the user. */
const versionRefusals: readonly number[] = [0x01, 0x84];

function judgeAnswer(
  name: string,
  answer: Uint8Array,
  isClosed: boolean,
  version: ProtocolVersion,
  patienceMs: number,
): PreflightResult | undefined {
  const mqtt = `MQTT ${versionName(version)}`;
  if (answer.length === 0) {
    const what = isClosed ? "closed the connection" : `said nothing for ${patienceMs} ms`;
    const reason = `The server at ${name} ${what} when it was sent a CONNECT of ${mqtt}: it is no MQTT broker, wants TLS, or does not know this version.`;
    return { kind: "not-mqtt", reason };
  }
  if (answer[0] !== 0x20 || answer.length < 4) {
    return { kind: "not-mqtt", reason: `The server at ${name} is no MQTT broker: ${whatItIs(answer)}.` };
  }
  // A broker that does not know 5.0 answers in the format of 3.1.1: the code stands at the same place.
  const code = answer[3] as number;
  if (code === 0) return undefined;
  if (versionRefusals.includes(code)) {
    const reason = `The broker at ${name} does not speak ${mqtt}: it answered CONNECT with 0x${code.toString(16).padStart(2, "0")}.`;
    return { kind: "version-not-supported", reason };
  }
  return { kind: "refused", reason: `The broker at ${name} refused the login: ${codeName(code, version)}.` };
}

const returnCodes = [
  "accepted",
  "unacceptable protocol version",
  "identifier rejected",
  "server unavailable",
  "bad user name or password",
  "not authorized",
];

function codeName(code: number, version: ProtocolVersion): string {
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  const words = version === 5 ? reasonName(code as Parameters<typeof reasonName>[0]) : returnCodes[code];
  return words === undefined ? hex : `${words} (${hex})`;
}

function whatItIs(answer: Uint8Array): string {
  const text = new TextDecoder().decode(answer);
  if (text.startsWith("HTTP/"))
    return "it answered in HTTP; give its address with ws:// if it offers MQTT over WebSocket";
  if (answer[0] === 0x15 && answer[1] === 0x03) return "it answered with a TLS alert; try mqtts://";
  return `it answered CONNECT with ${toHex(answer, 16)}`;
}

/** Whether the user may publish and subscribe below `conformance/`. */
async function tryOut(peer: RawPeer, broker: BrokerUnderTest, suffix: string): Promise<PreflightResult> {
  const topic = `conformance/look${suffix}`;
  const rights = "its user needs the right to publish and subscribe below conformance/";
  try {
    peer.send(
      connect(peer.version, {
        ...broker.credentials,
        clientId: `martletlook${suffix}`,
      }),
    );
    peer.connack = await peer.expect("CONNACK", { reasonCode: 0 });
    await peer.subscribe(topic);
    const code = await peer.publish({ topic, payload: "look", qos: peer.connack.properties.maximumQos ?? 1 });
    if (code === 0x87)
      return { kind: "refused", reason: `The broker refuses to publish to ${topic}; ${rights}.` };
    await peer.take("PUBLISH");
    return { kind: "ready" };
  } catch (error) {
    if (error instanceof Inconclusive) {
      return { kind: "refused", reason: `The broker refuses a subscription to ${topic}; ${rights}.` };
    }
    if (error instanceof NotSupported) return { kind: "ready" };
    if (error instanceof ConformanceFailure) {
      return {
        kind: "ready",
        remark: `A first exchange on ${topic} did not succeed (${error.message}); perhaps ${rights}.`,
      };
    }
    throw error;
  } finally {
    if (!peer.closed) await peer.disconnect();
  }
}

/** The system's words for what is wrong, turned into what to do. */
function whyUnreachable(name: string, error: PipeError): string {
  const cause = error.cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const words = describeError(cause ?? error) || describeError(error);
  switch (code) {
    case "ECONNREFUSED":
      return `There is no broker at ${name}: the connection was refused.`;
    case "ENOENT":
      return `There is no broker at ${name}: the socket does not exist.`;
    case "EACCES":
    case "EPERM":
      return `The socket at ${name} may not be opened by this user.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `There is no broker at ${name}: its host name has no address.`;
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return `The certificate of ${name} is not signed by an authority known here (${code}); name its authority with --cafile, or use --insecure.`;
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `The certificate of ${name} is not valid for it: ${words}; use --insecure to go on all the same.`;
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "EPROTO":
      return `The server at ${name} does not speak TLS here; try it without, or another port.`;
    default: {
      if (error.kind === "timed-out") return `${error.message}.`;
      if (/Unexpected server response/.test(words)) {
        const status = /\d+/.exec(words)?.[0] ?? "something else";
        return `The server at ${name} offers no WebSocket at this path: it answered with HTTP status ${status}.`;
      }
      return `The broker at ${name} cannot be reached: ${words || code || "no answer"}.`;
    }
  }
}
