/** TCP connections in a list of frames: who is the client, and what each side sent. */

import type { Frame } from "./frames.ts";
import { type Endpoint, endpointText, type Segment, segmentOf } from "./segment.ts";
import { DirectionStream } from "./stream.ts";

/** One connection. `client` is who opened it, as far as that can be told. */
export interface Connection {
  /** Counted from 1 in the order of their first frames, like `tcp.stream` of Wireshark plus one. */
  readonly number: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly fromClient: DirectionStream;
  readonly fromServer: DirectionStream;
}

export interface ConnectionReading {
  readonly connections: readonly Connection[];
  /** Sentences about frames that could not be used. */
  readonly notes: readonly string[];
}

interface OpenConnection {
  readonly number: number;
  /** The sender of the first frame, and the other. */
  readonly first: Endpoint;
  readonly second: Endpoint;
  readonly fromFirst: DirectionStream;
  readonly fromSecond: DirectionStream;
  /** The one that opened it, once a SYN says so. */
  opener: Endpoint | undefined;
}

/** @param serverPorts ports that tell the server where no SYN does */
export function connectionsOf(frames: readonly Frame[], serverPorts: ReadonlySet<number>): ConnectionReading {
  const open = new Map<string, OpenConnection>();
  const all: OpenConnection[] = [];
  const skipped = { fragment: 0, "unknown-link": 0, other: 0 };
  for (const frame of frames) {
    const segment = segmentOf(frame);
    if (typeof segment === "string") {
      skipped[segment]++;
      continue;
    }
    const { from, to, isSyn, isAck } = segment;
    const key = [endpointText(from), endpointText(to)].toSorted().join(" ");
    let connection = open.get(key);
    if (connection === undefined || isReused(connection, segment)) {
      connection = {
        number: all.length + 1,
        first: from,
        second: to,
        fromFirst: new DirectionStream(),
        fromSecond: new DirectionStream(),
        opener: undefined,
      };
      open.set(key, connection);
      all.push(connection);
    }
    directionOf(connection, segment).add(segment);
    if (isSyn) connection.opener ??= isAck ? to : from;
  }
  const connections = all.map((connection) => closed(connection, serverPorts));
  return { connections, notes: notesOf(skipped) };
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && one.address === other.address;
}

function directionOf({ first, fromFirst, fromSecond }: OpenConnection, { from }: Segment): DirectionStream {
  return isSame(first, from) ? fromFirst : fromSecond;
}

/** A SYN with another number on the same ports is another connection. */
function isReused(connection: OpenConnection, segment: Segment): boolean {
  return segment.isSyn && !segment.isAck && directionOf(connection, segment).beginsAnew(segment.sequence);
}

function closed(connection: OpenConnection, serverPorts: ReadonlySet<number>): Connection {
  const { number, first, second, fromFirst, fromSecond } = connection;
  const isFirstClient =
    connection.opener === undefined
      ? isFirstProbablyClient(connection, serverPorts)
      : isSame(connection.opener, first);
  return isFirstClient
    ? { number, client: first, server: second, fromClient: fromFirst, fromServer: fromSecond }
    : { number, client: second, server: first, fromClient: fromSecond, fromServer: fromFirst };
}

function isFirstProbablyClient({ first, second }: OpenConnection, serverPorts: ReadonlySet<number>): boolean {
  if (serverPorts.has(second.port) !== serverPorts.has(first.port)) return serverPorts.has(second.port);
  // The ports that systems give to clients lie high.
  return first.port >= second.port;
}

function notesOf(skipped: { readonly fragment: number; readonly "unknown-link": number }): string[] {
  const notes: string[] = [];
  if (skipped.fragment > 0) {
    notes.push(`${skipped.fragment} fragments of IP packets were passed over: they are not put together.`);
  }
  if (skipped["unknown-link"] > 0) {
    notes.push(
      `${skipped["unknown-link"]} frames were passed over: their kind of network is not known here.`,
    );
  }
  return notes;
}
