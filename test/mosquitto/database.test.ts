// The mosquitto.db of Debian's mosquitto: read, moved into a data folder, and served by martlet to mosquitto's own clients.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { importMosquittoFile, MosquittoDatabaseError, readMosquittoDatabase } from "#mosquitto";
import { PacketType, ProtocolVersion, SESSION_NEVER_EXPIRES } from "#protocol";
import { connectTcp } from "#transport";
import { MartletProcess } from "../cli/martlet-process.ts";
import { run, runWell } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { until } from "../support/until.ts";
import { databaseOfMosquitto, fullProperties, makeFolder } from "./mosquitto-with-state.ts";

const RUNS = 400;
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("everything that mosquitto has saved is in the model", async () => {
  const now = Date.now() / 1000;
  const { version, isFinal, retained, sessions, leftOut } = readMosquittoDatabase(
    readFileSync(await databaseOfMosquitto()),
  );
  expect({ version, isFinal, leftOut }).toEqual({ version: 6, isFinal: false, leftOut: [] });

  const byTopic = new Map(retained.map((message) => [message.topicName, message]));
  expect([...byTopic.keys()].toSorted()).toEqual(["q/kept", "ret/full", "ret/plain"]);
  const full = byTopic.get("ret/full");
  expect(full).toMatchObject({ qos: 1, retain: true, publisherId: "publisher", publisherUserName: "pat" });
  expect(full?.properties).toEqual(fullProperties);
  expect(Math.abs((full?.expiresAtSeconds ?? 0) - now - 3600)).toBeLessThan(60);
  expect(byTopic.get("ret/plain")?.payload).toEqual(Uint8Array.of(0, 1, 2));
  expect(byTopic.get("ret/plain")).toMatchObject({ qos: 0, properties: {}, expiresAtSeconds: 0 });

  const byClient = new Map(
    sessions.map(({ outgoing, incoming, ...session }) => [
      session.clientId,
      {
        ...session,
        outgoing: outgoing.map(({ message, state, qos, packetId, subscriptionIdentifiers }) =>
          [decode(message.payload), state, qos, packetId, ...subscriptionIdentifiers].join(" "),
        ),
        incoming: incoming.map(({ message, packetId }) => `${message.topicName} ${packetId}`),
      },
    ]),
  );
  expect([...byClient.keys()].toSorted()).toEqual(["five", "flying", "sender", "three"]);
  const five = byClient.get("five");
  expect(five).toMatchObject({ expiryIntervalSeconds: 7200 });
  expect(Math.abs((five?.expiresAtSeconds ?? 0) - now - 7200)).toBeLessThan(60);
  expect(five?.subscriptions).toEqual([
    { topicFilter: "q/#", qos: 2, noLocal: false, retainAsPublished: false, identifier: 7 },
  ]);
  expect(five?.outgoing).toEqual([
    "one queued 1 0 7",
    "two queued 2 0 7",
    "zero queued 0 0 7",
    "kept queued 2 0 7",
  ]);
  const three = byClient.get("three");
  expect(three).toMatchObject({
    expiryIntervalSeconds: SESSION_NEVER_EXPIRES,
    expiresAtSeconds: 0,
  });
  expect(three?.outgoing).toEqual(["one queued 1 0", "two queued 1 0", "zero queued 0 0", "kept queued 1 0"]);
  expect(byClient.get("flying")?.outgoing).toEqual([
    "flies 1 sent 1 1",
    "flies 2 sent 2 2",
    "flies 3 released 2 3",
  ]);
  expect(byClient.get("sender")).toMatchObject({ subscriptions: [], incoming: ["q/late 77"] });
});

test("cut or changed, the file gives a model or an error with its offset, and nothing else", async () => {
  const bytes = readFileSync(await databaseOfMosquitto());
  const judge = (damaged: Uint8Array): boolean => {
    try {
      readMosquittoDatabase(damaged);
      return true;
    } catch (error) {
      if (!(error instanceof MosquittoDatabaseError)) throw error;
      return (
        error.offset >= 0 && error.offset <= damaged.length && error.message.includes("mosquitto.db, byte ")
      );
    }
  };
  const position = fc.nat({ max: bytes.length - 1 });
  fc.assert(
    fc.property(position, (end) => judge(bytes.subarray(0, end))),
    { numRuns: RUNS },
  );
  const change = fc.tuple(position, fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const damaged = Uint8Array.from(bytes);
      for (const [at, value] of changes) damaged[at] = value;
      return judge(damaged);
    }),
    { numRuns: RUNS },
  );
});

test("martlet serves what was moved: to mosquitto_sub what was queued, in order", async () => {
  const file = await databaseOfMosquitto();
  const data = join(makeFolder(), "data");
  expect(await importMosquittoFile(file, data)).toEqual({
    retained: 3,
    sessions: 4,
    subscriptions: 3,
    queued: 8,
    inFlight: 3,
    published: 1,
    leftOut: [],
  });

  const martlet = new MartletProcess(["--port", "0", "--ws-port", "0", "--data", data]);
  const port = await martlet.running();
  await martlet.line(/Restored 4 sessions, 3 subscriptions and 3 retained messages/);
  const subscribe = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await runWell("mosquitto_sub", [
      "-p",
      String(port),
      "-W",
      "10",
      "-F",
      "%t %p %q %r",
      ...args,
    ]);
    return stdout.split("\n").slice(0, -1);
  };
  // A topic of no use: the subscriptions of the sessions are there without it.
  const three = await subscribe("-i", "three", "-c", "-q", "1", "-t", "other", "-C", "5");
  expect(three).toEqual(["q/1 one 1 0", "q/2 two 1 0", "q/0 zero 0 0", "q/kept kept 1 0", "q/late late 1 0"]);
  const five = await subscribe(
    "-V",
    "5",
    "-i",
    "five",
    "-c",
    "-x",
    "7200",
    "-q",
    "2",
    "-t",
    "other",
    "-C",
    "5",
  );
  // It shows a message at QoS 2 when PUBREL comes, so others overtake it on the screen.
  expect(five.toSorted()).toEqual([
    "q/0 zero 0 0",
    "q/1 one 1 0",
    "q/2 two 2 0",
    "q/kept kept 2 0",
    "q/late late 2 0",
  ]);
  const retained = await subscribe("-t", "ret/#", "-t", "q/#", "-C", "3");
  expect(retained.toSorted()).toEqual([
    "q/kept kept 0 1",
    "ret/full full 0 1",
    "ret/plain \u0000\u0001\u0002 0 1",
  ]);
  const properties = await subscribe("-V", "5", "-t", "ret/full", "-C", "1", "-F", "%C %R %P");
  expect(properties).toEqual(["text/plain answers/here k:v k:ö"]);

  const flying = await returning(port, "flying");
  await until(
    "what was in flight comes again",
    () => flying.texts.length === 2 && flying.all(6).length === 1,
  );
  const again = flying.all(PacketType.PUBLISH).map(({ packetId, dup, qos }) => ({ packetId, dup, qos }));
  expect(again).toEqual([
    { packetId: 1, dup: true, qos: 1 },
    { packetId: 2, dup: true, qos: 2 },
  ]);
  expect(flying.last(PacketType.PUBREL)?.packetId).toBe(3);

  const sender = await returning(port, "sender");
  sender.publish("q/late", "late", { qos: 2, packetId: 77, dup: true });
  await until("PUBREC", () => sender.last(PacketType.PUBREC)?.packetId === 77);
  sender.acknowledge(PacketType.PUBREL, 77);
  await until("PUBCOMP", () => sender.last(PacketType.PUBCOMP)?.packetId === 77);
  sender.publish("q/next", "next", { qos: 1, packetId: 78 });
  await until("PUBACK", () => sender.last(PacketType.PUBACK)?.packetId === 78);
  const later = await subscribe("-i", "three", "-c", "-q", "1", "-t", "other", "-C", "1");
  expect(later, "the repeated message came once").toEqual(["q/next next 1 0"]);
});

test("a retained message that was moved is given out while its publisher may write there", async () => {
  const folder = makeFolder();
  const data = join(folder, "data");
  await importMosquittoFile(await databaseOfMosquitto(), data);
  const rules = join(folder, "rules");
  writeFileSync(rules, "topic read #\n\nuser pat\ntopic readwrite ret/#\n");
  const settings = [`access.acl_file=${rules}`, "retained.check_source=true"].flatMap((each) => [
    "--set",
    each,
  ]);
  const martlet = new MartletProcess(["--port", "0", "--ws-port", "0", "--data", data, ...settings]);
  const where = ["-p", String(await martlet.running()), "-t", "q/#", "-t", "ret/#", "-F", "%t"];
  const { stdout } = await runWell("mosquitto_sub", [...where, "-C", "2", "-W", "10"]);
  expect(stdout.split("\n").toSorted()).toEqual(["", "ret/full", "ret/plain"]);
  expect((await run("mosquitto_sub", [...where, "-C", "3", "-W", "1"])).stdout).not.toContain("q/kept");
});

async function returning(port: number, clientId: string): Promise<RawClient> {
  const client = new RawClient(await connectTcp({ port }), { version: ProtocolVersion.MQTT_3_1_1 });
  onTestFinished(() => client.pipe.destroy());
  client.connect({ clientId, cleanStart: false });
  await until("CONNACK", () => client.last(PacketType.CONNACK) !== undefined);
  expect(client.last(PacketType.CONNACK)?.sessionPresent).toBe(true);
  return client;
}
