/** What an import leaves out, and what it does not overwrite. */

import { describe, expect, test } from "vitest";
import { seededRandom, systemClock, utf8Encode } from "#base";
import { Broker } from "#broker";
import { Journal, SimulatedDisk } from "#store";
import type { MosquittoDatabase, StoredMessage, StoredSession } from "./database.ts";
import { type ImportReport, importMosquittoDatabase } from "./import-database.ts";

const HOUR = 3600;
const now = Math.floor(Date.now() / 1000);
const clock = systemClock();
const random = seededRandom(1);

function message(text: string, changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    topicName: `t/${text}`,
    payload: utf8Encode(text),
    qos: 1,
    retain: false,
    properties: {},
    publisherId: "",
    publisherUserName: "",
    expiresAtSeconds: 0,
    ...changes,
  };
}

function session(clientId: string, changes: Partial<StoredSession> = {}): StoredSession {
  return {
    clientId,
    expiryIntervalSeconds: HOUR,
    expiresAtSeconds: now + HOUR,
    subscriptions: [],
    outgoing: [],
    incoming: [],
    ...changes,
  };
}

function database(parts: Partial<MosquittoDatabase>): MosquittoDatabase {
  return { version: 6, isFinal: true, retained: [], sessions: [], leftOut: [], ...parts };
}

const waiting = (each: StoredMessage) =>
  ({
    message: each,
    state: "queued",
    qos: 1,
    packetId: 0,
    retain: false,
    subscriptionIdentifiers: [],
  }) as const;

async function imported(
  parts: Partial<MosquittoDatabase>,
): Promise<{ report: ImportReport; broker: Broker; makeStore: () => Journal }> {
  const disk = new SimulatedDisk({ clock, random });
  const makeStore = (): Journal => new Journal({ disk, clock, random });
  const report = await importMosquittoDatabase({ database: database(parts), makeStore, clock, random });
  const broker = new Broker({ clock, random, store: makeStore(), settings: { sysIntervalSeconds: 0 } });
  await broker.restore();
  return { report, broker, makeStore };
}

describe("an import", () => {
  test("leaves out what has expired, and says so", async () => {
    const past = { expiresAtSeconds: now - 1 };
    const { report, broker } = await imported({
      retained: [message("old", past), message("kept"), message("sys", { topicName: "$SYS/broker/version" })],
      sessions: [
        session("here", { outgoing: [waiting(message("late", past)), waiting(message("good"))] }),
        session("gone", past),
        session("brief", { expiryIntervalSeconds: 0, expiresAtSeconds: 0 }),
      ],
      leftOut: [{ offset: 99, says: "something" }],
    });
    expect(report).toEqual({
      retained: 1,
      sessions: 1,
      subscriptions: 0,
      queued: 1,
      inFlight: 0,
      published: 0,
      leftOut: [
        "retained messages that have expired: 1",
        "queued messages that have expired: 1",
        "retained messages below $SYS: 1",
        'the session of "gone", which has expired',
        'the session of "brief", which ends with its connection',
        "byte 99: something",
      ],
    });
    expect([...broker.clients()]).toMatchObject([{ clientId: "here", queuedMessages: 1, connected: false }]);
    expect(broker.sizes.retained).toBe(1);
    broker.open();
    await broker.close();
  });

  test("publishes what mosquitto held back, beyond any limit of a queue", async () => {
    const subscriptions = [
      { topicFilter: "t/#", qos: 2, noLocal: false, retainAsPublished: false, identifier: 0 },
    ] as const;
    const incoming = Array.from({ length: 1_500 }, (_, i) => ({
      message: message(String(i), { qos: 2 }),
      packetId: i + 1,
    }));
    const { report, broker } = await imported({
      sessions: [session("from", { incoming }), session("to", { subscriptions })],
    });
    expect(report).toMatchObject({ published: 1_500, queued: 0 });
    const [, to] = [...broker.clients()].toSorted((a, b) => a.clientId.localeCompare(b.clientId));
    expect(to).toMatchObject({ clientId: "to", queuedMessages: 1_500 });
    broker.open();
    await broker.close();
  });

  test("refuses a store that has something in it", async () => {
    const { broker, makeStore } = await imported({ retained: [message("kept")] });
    broker.open();
    await broker.close();
    const again = importMosquittoDatabase({ database: database({}), makeStore, clock, random });
    await expect(again).rejects.toMatchObject({
      code: "MARTLET_STATE",
      message: expect.stringContaining("records already") as string,
    });
  });
});
