/** Files put together byte by byte: what version 5 leaves out, and lies that a whole file may tell. */

import { describe, expect, test } from "vitest";
import { concatBytes, utf8Encode } from "#base";
import { MosquittoDatabaseError } from "./database.ts";
import { readMosquittoDatabase } from "./read-database.ts";

/** Numbers are single bytes; texts stand for themselves. */
function bytesOf(...parts: readonly (number | string | readonly number[])[]): Uint8Array {
  return concatBytes(
    parts.map((part) =>
      typeof part === "string" ? utf8Encode(part) : Uint8Array.from(typeof part === "number" ? [part] : part),
    ),
  );
}

const zeros = (count: number): number[] => new Array<number>(count).fill(0);
const be16 = (value: number): number[] => [value >> 8, value & 0xff];
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value & 0xffff)];
const le64 = (value: number): number[] => [...be32(value).toReversed(), ...zeros(4)];

function header(version: number): Uint8Array {
  return bytesOf([0x00, 0xb5, 0x00], "mosquitto db", zeros(4), be32(version));
}

function chunk(type: number, ...parts: readonly (number | string | readonly number[])[]): Uint8Array {
  const body = bytesOf(...parts);
  return concatBytes([bytesOf(be32(type), be32(body.length)), body]);
}

const settings = chunk(1, le64(9), 1, 8, zeros(6));
const session5 = chunk(6, le64(0), be32(0xffff_ffff), be16(4), be16(2), "me");
const session6 = chunk(6, le64(0), be32(60), be16(4), be16(2), be16(1883), be16(3), zeros(4), "me", "bob");

interface MessageParts {
  readonly id?: number;
  readonly qos?: number;
  readonly topic?: string;
  readonly properties?: readonly number[];
  readonly expiresAt?: readonly number[];
}

function message({
  id = 1,
  qos = 1,
  topic = "t",
  properties = [],
  expiresAt = zeros(8),
}: MessageParts = {}): Uint8Array {
  const lengths = [...be32(2), ...be16(0), ...be16(1), ...be16(1), ...be16(topic.length), ...be16(1883)];
  return chunk(2, le64(id), expiresAt, lengths, qos, 1, "p", "u", topic, "hi", properties);
}

interface DeliveryParts {
  readonly id?: number;
  readonly packetId?: number;
  readonly client?: string;
  readonly qos?: number;
  readonly state?: number;
  readonly direction?: number;
}

function delivery(parts: DeliveryParts = {}): Uint8Array {
  const { id = 1, packetId = 7, client = "me", qos = 1, state = 11, direction = 1 } = parts;
  return chunk(3, le64(id), be16(packetId), be16(client.length), qos, state, 0, direction, client);
}

const subscription = (client: string, filter: string): Uint8Array =>
  chunk(5, be32(3), be16(client.length), be16(filter.length), 1, 0x0c, zeros(2), client, filter);
const retained = (id: number): Uint8Array => chunk(4, le64(id));

function read(version: number, ...chunks: readonly Uint8Array[]) {
  return readMosquittoDatabase(concatBytes([header(version), settings, ...chunks]), "m.db");
}

describe("a whole file", () => {
  test("of version 5 has shorter sessions", () => {
    const { version, isFinal, sessions } = read(5, session5, subscription("me", "a/+"));
    expect({ version, isFinal }).toEqual({ version: 5, isFinal: true });
    expect(sessions).toEqual([
      {
        clientId: "me",
        expiryIntervalSeconds: 0xffff_ffff,
        expiresAtSeconds: 0,
        subscriptions: [
          { topicFilter: "a/+", qos: 1, noLocal: true, retainAsPublished: true, identifier: 3 },
        ],
        outgoing: [],
        incoming: [],
      },
    ]);
  });

  test("of version 6 passes over the user name; one message that two hold is one object", () => {
    const database = read(6, message(), session6, delivery(), retained(1));
    const [session] = database.sessions;
    expect(session).toMatchObject({ clientId: "me", expiryIntervalSeconds: 60 });
    expect(session?.outgoing[0]?.message).toBe(database.retained[0]);
    expect(database.retained[0]).toMatchObject({
      topicName: "t",
      publisherId: "p",
      publisherUserName: "u",
      qos: 1,
      retain: true,
    });
  });

  test("of mosquitto 2.0.11 may have anything for the user name of a session without one", () => {
    const stray = [...be16(0x0300), ...zeros(4)];
    const session = chunk(6, le64(0), be32(60), be16(4), be16(2), be16(1883), stray, "me", "bob", zeros(765));
    expect(read(6, session).sessions).toMatchObject([{ clientId: "me" }]);
  });

  test.each([
    [{ state: 11, packetId: 9 }, "queued 0"],
    [{ state: 1, qos: 0, packetId: 0 }, "queued 0"],
    [{ state: 3, packetId: 9 }, "sent 9"],
    [{ state: 2, packetId: 9 }, "sent 9"],
    [{ state: 5, qos: 2, packetId: 9 }, "sent 9"],
    [{ state: 6, qos: 2, packetId: 9 }, "released 9"],
    [{ state: 9, qos: 2, packetId: 9 }, "released 9"],
    [{ state: 3, packetId: 0 }, "queued 0"],
  ])("a delivery %j is %s", (parts, expected) => {
    const [session] = read(6, message(), session6, delivery(parts)).sessions;
    expect(session?.outgoing.map(({ state, packetId }) => `${state} ${packetId}`)).toEqual([expected]);
  });

  test.each([
    ["a subscription without its session", [subscription("other", "a")], '"other", which has no session'],
    [
      "a delivery without its session",
      [message(), delivery({ client: "gone" })],
      '"gone", which has no session',
    ],
    [
      "a delivery in a state of the other direction",
      [message(), session6, delivery({ state: 7 })],
      "in state 7",
    ],
    ["PUBCOMP for QoS 1", [message(), session6, delivery({ state: 9 })], "waits for PUBCOMP"],
    [
      "QoS 1 from a client",
      [message(), session6, delivery({ direction: 0 })],
      "at QoS 1, which is not waited for",
    ],
  ])("%s is left out, and told", (_, chunks, told) => {
    const { leftOut } = read(6, ...chunks);
    expect(leftOut.map(({ says }) => says)).toEqual([expect.stringContaining(told)]);
    expect(leftOut[0]?.offset).toBeGreaterThan(23);
  });
});

describe("a file that lies", () => {
  const headerAndSettings = 23 + 8 + 16;

  test.each([
    ["a version that is not read", () => read(4), 19, "it is of version 4; 5 and 6 can be read"],
    ["a chunk of no type", () => read(6, chunk(9)), headerAndSettings, "there is no chunk of type 9"],
    ["a QoS above 2", () => read(6, message({ qos: 3 })), headerAndSettings + 38, "a message's QoS is 3"],
    [
      "a time before 1970",
      () => read(6, message({ expiresAt: new Array<number>(8).fill(255) })),
      headerAndSettings + 16,
      "a message's expiry is -1",
    ],
    [
      "a wildcard in a topic",
      () => read(6, message({ topic: "a/#" })),
      headerAndSettings,
      "a message's topic is not allowed",
    ],
    [
      "properties that end too late",
      () => read(6, message({ properties: [9, 1] })),
      headerAndSettings + 45,
      "the length of a message's properties does not fit",
    ],
    [
      "a property that PUBLISH has not",
      () => read(6, message({ properties: [2, 0x21, 0] })),
      headerAndSettings + 46,
      "a message's properties cannot be read",
    ],
    [
      "two messages with one id",
      () => read(6, message(), message()),
      headerAndSettings + 45,
      "there are two messages with the id 1",
    ],
    [
      "two sessions of one client",
      () => read(6, session6, session6),
      headerAndSettings + 37,
      'there are two sessions of "me"',
    ],
    [
      "a message that is not there",
      () => read(6, retained(5)),
      headerAndSettings,
      "message 5 is not in the file",
    ],
    [
      "a filter that is none",
      () => read(6, subscription("me", "a/#/b")),
      headerAndSettings,
      "topic filter is not allowed",
    ],
    [
      "a direction that is none",
      () => read(6, delivery({ direction: 2 })),
      headerAndSettings + 23,
      "a delivery's direction is 2",
    ],
    [
      "a chunk that is too long for what is in it",
      () => read(6, chunk(4, le64(1), 0)),
      headerAndSettings + 16,
      "has 1 bytes too many",
    ],
    [
      "ill-formed text",
      () => read(6, chunk(6, le64(0), be32(0), be16(0), be16(1), zeros(8), 0xff)),
      headerAndSettings + 32,
      "a client id contains ill-formed UTF-8",
    ],
  ])("%s: an error says where", (_, reading, offset, problem) => {
    const error = errorOf(reading);
    expect({ offset: error.offset, code: error.code }).toEqual({
      offset,
      code: "MARTLET_MOSQUITTO_DATABASE",
    });
    expect(error.message).toMatch(/^m\.db, byte \d+: .*\.$/s);
    expect(error.message).toContain(problem);
  });

  test.each([
    ["nothing", new Uint8Array(0), 0, "this is no database of mosquitto"],
    ["a text", utf8Encode("persistence true\n"), 0, "this is no database of mosquitto"],
    ["only the header", header(6), 23, "it ends before its settings"],
    [
      "a chunk of 4 GiB",
      concatBytes([header(6), bytesOf(be32(2), be32(0xffff_ffff))]),
      23,
      "a chunk of 4294967295 bytes is cut off; 0 are left",
    ],
    [
      "other ids",
      concatBytes([header(6), chunk(1, le64(9), 1, 4, zeros(6))]),
      40,
      "an id has 4 bytes instead of 8",
    ],
  ])("%s: an error says where", (_, bytes, offset, problem) => {
    const error = errorOf(() => readMosquittoDatabase(bytes));
    expect(error.offset).toBe(offset);
    expect(error.message).toContain(problem);
  });
});

function errorOf(reading: () => unknown): MosquittoDatabaseError {
  try {
    reading();
  } catch (error) {
    if (error instanceof MosquittoDatabaseError) return error;
    throw error;
  }
  throw new TypeError("it is read without an error");
}
