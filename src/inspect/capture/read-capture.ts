/**
 * A capture as packets: which of its TCP connections are MQTT, and what went over each, in the order of time.
 */

import type { ProtocolVersion } from "#protocol";
import { dissect, versionOf } from "../dissect.ts";
import type { DissectedPacket, Sender } from "../field.ts";
import { count } from "../value-text.ts";
import { type Connection, connectionsOf } from "./connections.ts";
import { type Frame, type FrameReading, readFrames } from "./frames.ts";
import { type Endpoint, endpointText } from "./segment.ts";
import { type DirectionStream, originOf, type Run } from "./stream.ts";
import { isMqttRequest, isWebSocketRequest, unwrapWebSocket } from "./websocket.ts";

export interface CaptureOptions {
  /** Server ports that count as MQTT. Default: 1883, and every connection that begins with a CONNECT. */
  readonly ports?: readonly number[] | undefined;
  /** In which the packets are written where no CONNECT tells. Default: what fits best. */
  readonly version?: ProtocolVersion | undefined;
}

export interface CapturedConnection {
  readonly number: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly isWebSocket: boolean;
}

/** A packet and how it travelled. Its offsets count in what its sender sent on this connection. */
export interface CapturedPacket {
  readonly kind: "packet";
  readonly connection: CapturedConnection;
  readonly sender: Sender;
  /** The one with its last byte. */
  readonly frame: Frame;
  readonly packet: DissectedPacket;
  /** What `packet.offset` counts in. */
  readonly bytes: Uint8Array;
}

/** A place where the capture lacks bytes of a connection. */
export interface CaptureGap {
  readonly kind: "gap";
  readonly connection: CapturedConnection;
  readonly sender: Sender;
  /** The first one behind the gap. */
  readonly frame: Frame;
  readonly missingBytes: number;
  /** Bytes behind the gap that belong to the packet in it and are not shown. */
  readonly skippedBytes: number;
}

export type CaptureEvent = CapturedPacket | CaptureGap;

export interface CaptureReading {
  readonly connections: readonly CapturedConnection[];
  /** In the order of time; dissected while they are asked for. */
  readonly events: Iterable<CaptureEvent>;
  /** Sentences about what was left out. */
  readonly notes: readonly string[];
}

const DEFAULT_PORTS = [1883];
/** Enough of a connection's beginning to know what it is. */
const HEAD_BYTES = 4_096;

/** The MQTT packets in the bytes of a capture file; `isCapture` says that they are one. */
export function readCapture(bytes: Uint8Array, options: CaptureOptions = {}): CaptureReading {
  return readFrameList(readFrames(bytes), options);
}

/** The MQTT packets in frames from elsewhere. */
export function readFrameList({ frames, notes }: FrameReading, options: CaptureOptions = {}): CaptureReading {
  const ports = new Set(options.ports ?? DEFAULT_PORTS);
  const all = connectionsOf(frames, ports);
  const isChosen = (connection: Connection): boolean => {
    if (ports.has(connection.server.port) || ports.has(connection.client.port)) return true;
    return options.ports === undefined && isMqtt(connection.fromClient.head(HEAD_BYTES));
  };
  const chosen = all.connections.filter(isChosen);
  const known: CapturedConnection[] = [];
  const directions: (() => Iterator<CaptureEvent>)[] = [];
  const remarks: string[] = [];
  for (const connection of chosen) {
    const { number, client, server, fromClient, fromServer } = connection;
    const head = fromClient.head(HEAD_BYTES);
    if (isTls(head)) {
      remarks.push(
        `Connection ${number} (to ${endpointText(server)}) is encrypted by TLS and cannot be read.`,
      );
      continue;
    }
    const isWebSocket = isWebSocketRequest(head);
    const captured = { number, client, server, isWebSocket };
    known.push(captured);
    const up = unwrapped(fromClient, isWebSocket);
    const version = versionIn(up, options.version);
    const down = unwrapped(fromServer, isWebSocket);
    directions.push(
      () => eventsOf(captured, "client", up, version),
      () => eventsOf(captured, "server", down, version),
    );
  }
  const others = all.connections.filter((connection) => !chosen.includes(connection));
  return {
    connections: known,
    events: { [Symbol.iterator]: () => inOrderOfTime(directions.map((begin) => begin())) },
    notes: [...notes, ...all.notes, ...remarks, ...otherPorts(others, known.length)],
  };
}

/** `10 … 00 04 MQTT` or `10 … 00 06 MQIsdp`, or a WebSocket for MQTT. */
function isMqtt(head: Uint8Array): boolean {
  if (isWebSocketRequest(head)) return isMqttRequest(head);
  const text = String.fromCharCode(...head.subarray(0, 14));
  // oxlint-disable-next-line no-control-regex
  return /^\u0010[^]{1,4}(\u0000\u0004MQTT|\u0000\u0006MQIsdp)/.test(text);
}

function isTls(head: Uint8Array): boolean {
  return head[0] === 0x16 && head[1] === 0x03;
}

function unwrapped(stream: DirectionStream, isWebSocket: boolean): readonly Run[] {
  const runs = stream.runs();
  const [first] = runs;
  // Behind a gap nobody knows where a WebSocket frame begins.
  return isWebSocket && first !== undefined ? [unwrapWebSocket(first)] : runs;
}

function versionIn(
  [first]: readonly Run[],
  version: ProtocolVersion | undefined,
): ProtocolVersion | undefined {
  if (version !== undefined || first === undefined) return version;
  const known = versionOf(first.bytes, { sender: "client" });
  return known.source === "connect" ? known.version : undefined;
}

/** What one side sent, run by run. */
function* eventsOf(
  connection: CapturedConnection,
  sender: Sender,
  runs: readonly Run[],
  version: ProtocolVersion | undefined,
): Generator<CaptureEvent> {
  let last: DissectedPacket | undefined;
  for (const run of runs) {
    const { missingBefore, isFromStart } = run;
    const skipped = missingBefore === 0 ? 0 : restOf(last, missingBefore, run);
    if (missingBefore > 0) {
      const frame = originOf(run, 0);
      yield { kind: "gap", connection, sender, frame, missingBytes: missingBefore, skippedBytes: skipped };
    }
    const bytes = run.bytes.subarray(skipped);
    for (const packet of dissect(bytes, { version, sender, isFromStart })) {
      last = packet;
      const frame = originOf(run, skipped + Math.max(0, packet.offset + packet.length - 1));
      yield { kind: "packet", connection, sender, frame, packet, bytes };
    }
  }
}

/** How many bytes behind a gap still belong to the packet that the gap is in, as far as that can be known. */
function restOf(last: DissectedPacket | undefined, gap: number, run: Run): number {
  const missing = last?.missingBytes ?? 0;
  return missing > gap ? Math.min(missing - gap, run.bytes.length) : 0;
}

/** Merges what is in order each by itself. */
function* inOrderOfTime(sources: readonly Iterator<CaptureEvent>[]): Generator<CaptureEvent> {
  interface Head {
    readonly event: CaptureEvent;
    readonly source: Iterator<CaptureEvent>;
  }
  // The earliest is the last one, where it is cheap to take.
  const heads: Head[] = [];
  const put = (source: Iterator<CaptureEvent>): void => {
    const { value, done } = source.next();
    if (done === true) return;
    let low = 0;
    let high = heads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((heads[middle] as Head).event.frame.number > value.frame.number) low = middle + 1;
      else high = middle;
    }
    heads.splice(low, 0, { event: value, source });
  };
  for (const source of sources) put(source);
  for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
    yield head.event;
    put(head.source);
  }
}

/** Where to look instead, when nothing was found. */
function otherPorts(others: readonly Connection[], found: number): string[] {
  if (found > 0 || others.length === 0) return [];
  const counts = new Map<number, number>();
  for (const { server } of others) counts.set(server.port, (counts.get(server.port) ?? 0) + 1);
  const ports = [...counts].toSorted(([a], [b]) => a - b).slice(0, 10);
  const list = ports.map(([port, connections]) => `${port} (${count(connections, "connection")})`);
  return [`The capture has TCP connections to these ports: ${list.join(", ")}.`];
}
