// Mosquitto's command-line clients as users run them, each a process of its own.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PacketType, ReasonCode } from "#protocol";
import { type SocketBroker, socketBroker } from "../support/brokers.ts";
import { type Program, run, runWell, start } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const versions = ["mqttv31", "mqttv311", "mqttv5"] as const;
const levels = { mqttv31: 3, mqttv311: 4, mqttv5: 5 } as const;
const allQos = [0, 1, 2] as const;

/** What the broker's gate is asked. */
interface Login {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly protocolVersion: number;
}

/** Where to connect; what a program's arguments begin with. */
const tcp = (broker: SocketBroker): string[] => ["-h", "127.0.0.1", "-p", String(broker.port)];
const unix = (broker: SocketBroker): string[] => ["--unix", broker.unixPath];

async function publish(broker: SocketBroker, ...args: string[]): Promise<void> {
  await runWell("mosquitto_pub", [...tcp(broker), ...args]);
}

/** Starts mosquitto_sub and waits until the broker has all its subscriptions. */
async function subscriber(
  broker: SocketBroker,
  clientId: string,
  args: readonly string[],
  where = tcp(broker),
): Promise<Program> {
  const program = start("mosquitto_sub", [...where, "-i", clientId, ...args]);
  const wanted = args.filter((each) => each === "-t").length;
  await program.until("it has subscribed", () => {
    const client = [...broker.broker.clients()].find((each) => each.clientId === clientId);
    return client?.connected === true && client.subscriptions.length >= wanted;
  });
  return program;
}

/** The lines that a subscriber prints until it ends by itself. */
async function linesOf(program: Program): Promise<string[]> {
  const { code, stdout, stderr } = await program.finished();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").slice(0, -1);
}

async function untilGone(broker: SocketBroker, clientId: string): Promise<void> {
  await until(
    `${clientId} is gone`,
    () => ![...broker.broker.clients()].some((each) => each.clientId === clientId && each.connected),
  );
}

describe.each(versions)("from %s", (from) => {
  describe.each(versions)("to %s", (to) => {
    test.each(allQos)("QoS %i: topic, payload, QoS and no retain flag", async (qos) => {
      const broker = await socketBroker();
      const sub = await subscriber(
        broker,
        "sub",
        [
          ["-V", to, "-q", String(qos), "-C", "3"],
          ["-t", "rooms/+/state", "-F", "%t|%q|%r|%p"],
        ].flat(),
      );
      for (const state of ["on", "", "größer ✓"]) {
        const payload = state === "" ? ["-n"] : ["-m", state];
        await publish(broker, "-V", from, "-q", String(qos), "-t", "rooms/kitchen/state", ...payload);
      }
      expect(await linesOf(sub)).toEqual([
        `rooms/kitchen/state|${qos}|0|on`,
        `rooms/kitchen/state|${qos}|0|`,
        `rooms/kitchen/state|${qos}|0|größer ✓`,
      ]);
    });
  });
});

describe.each(versions)("%s", (version) => {
  test("the broker sees the version; id, user name and password arrive", async () => {
    const logins: unknown[] = [];
    const gate = {
      authenticate: ({ clientId, userName, password, protocolVersion }: Login) => {
        logins.push([clientId, userName, Buffer.from(password ?? []).toString(), protocolVersion]);
        return { outcome: "accepted" } as const;
      },
    };
    const broker = await socketBroker({ gate });
    await publish(broker, "-V", version, "-i", "device", "-u", "anna", "-P", "pä$$", "-t", "t", "-m", "x");
    expect(logins).toEqual([["device", "anna", "pä$$", levels[version]]]);
  });

  test("a refused login ends the program with the code of its version", async () => {
    const refused = { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD } as const;
    const broker = await socketBroker({ gate: { authenticate: () => refused } });
    const args = [...tcp(broker), "-V", version, "-i", "device", "-t", "t", "-m", "x"];
    const { code } = await run("mosquitto_pub", args);
    expect(code).toBe(version === "mqttv5" ? 0x86 : 4);
  });

  test.each(allQos)("QoS %i: 500 lines of standard input arrive once and in order", async (qos) => {
    const broker = await socketBroker();
    const common = ["-V", version, "-q", String(qos), "-t", "lines"];
    const sub = await subscriber(broker, "sub", [...common, "-C", "500"]);
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index}`);
    const args = [...tcp(broker), ...common, "-l"];
    await runWell("mosquitto_pub", args, { input: `${lines.join("\n")}\n` });
    expect(await linesOf(sub)).toEqual(lines);
  });

  test("--repeat", async () => {
    const broker = await socketBroker();
    const sub = await subscriber(broker, "sub", ["-V", version, "-q", "2", "-t", "r", "-C", "20"]);
    await publish(broker, "-V", version, "-q", "2", "-t", "r", "-m", "again", "--repeat", "20");
    expect(await linesOf(sub)).toEqual(new Array(20).fill("again"));
  });

  test("a file of 1 MiB with every byte value comes back as it is", async () => {
    const broker = await socketBroker();
    const content = Buffer.from(Uint8Array.from({ length: 1024 * 1024 }, (_, index) => (index * 7) & 0xff));
    const folder = temporaryFolder();
    const file = join(folder, "payload");
    writeFileSync(file, content);
    const sub = await subscriber(broker, "sub", ["-V", version, "-q", "1", "-t", "file", "-C", "1", "-N"]);
    await publish(broker, "-V", version, "-q", "1", "-t", "file", "-f", file);
    const { stdoutBytes } = await sub.finished();
    expect(stdoutBytes.equals(content)).toBe(true);
  });

  test("retained: set, replaced, got with the flag, cleared", async () => {
    const broker = await socketBroker();
    await publish(broker, "-V", version, "-r", "-q", "1", "-t", "heating/set", "-m", "18");
    await publish(broker, "-V", version, "-r", "-q", "1", "-t", "heating/set", "-m", "21");
    expect(broker.broker.sizes.retained).toBe(1);
    const get = [...tcp(broker), "-V", version, "-q", "1", "-t", "heating/#", "-F", "%r %q %p", "-C", "1"];
    expect((await runWell("mosquitto_sub", get)).stdout).toBe("1 1 21\n");

    await publish(broker, "-V", version, "-r", "-t", "heating/set", "-n");
    expect(broker.broker.sizes.retained).toBe(0);
    const sub = await subscriber(broker, "sub", get.slice(4));
    await publish(broker, "-V", version, "-r", "-q", "1", "-t", "heating/set", "-m", "live");
    // To those who are there already it is not a retained message.
    expect(await linesOf(sub)).toEqual(["0 1 live"]);
  });

  test("--retained-only, --remove-retained and -R", async () => {
    const broker = await socketBroker();
    for (const name of ["a", "b", "c"]) {
      await publish(broker, "-V", version, "-r", "-t", `r/${name}`, "-m", name);
    }
    const sub = await subscriber(broker, "fresh", ["-V", version, "-t", "r/#", "-R", "-C", "1"]);
    await publish(broker, "-V", version, "-t", "r/z", "-m", "not retained");
    expect(await linesOf(sub)).toEqual(["not retained"]);

    const list = [...tcp(broker), "-V", version, "-t", "r/#", "--retained-only", "-C", "3"];
    const { stdout } = await runWell("mosquitto_sub", list);
    expect(stdout.split("\n").toSorted()).toEqual(["", "a", "b", "c"]);

    // 2.0.11 removes them and then waits for ever, at Mosquitto's own broker too.
    start("mosquitto_sub", [...list, "--remove-retained"]);
    await until("nothing is retained", () => broker.broker.sizes.retained === 0);
  });

  test("wildcards: each filter gets its own, $SYS only when asked for", async () => {
    const broker = await socketBroker({ settings: { sysIntervalSeconds: 10 } });
    const all = await subscriber(broker, "all", ["-V", version, "-t", "#", "-v"]);
    const some = await subscriber(
      broker,
      "some",
      [
        ["-V", version, "-v", "-C", "4"],
        ["-t", "a/+/c", "-t", "b/#", "-t", "+/x", "-t", "/+"],
      ].flat(),
    );
    const topics = ["a/1/c", "a/1/2/c", "b", "b/1/2", "q/x", "q/x/y", "/lead", "end"];
    for (const topic of topics) await publish(broker, "-V", version, "-t", topic, "-m", "m");
    expect(await linesOf(some)).toEqual(["a/1/c m", "b m", "b/1/2 m", "q/x m"]);
    expect(await all.untilLines(topics.length)).toEqual(topics.map((topic) => `${topic} m`));
  });

  test("-U ends a subscription, -T filters", async () => {
    const broker = await socketBroker();
    // An unsubscription is of a session that has the subscription.
    const keep = ["-V", version, "-c", "-i", "keep", "-q", "1"];
    await runWell("mosquitto_sub", [...tcp(broker), ...keep, "-t", "u/1", "-t", "u/2", "-E"]);
    const subscriptions = () => [...broker.broker.clients()].flatMap((each) => [...each.subscriptions]);
    expect(subscriptions()).toEqual(["u/1", "u/2"]);
    await untilGone(broker, "keep");
    const sub = start("mosquitto_sub", [...tcp(broker), ...keep, "-U", "u/1", "-t", "u/3", "-T", "u/3"]);
    await sub.until("it has unsubscribed", () => subscriptions().join() === "u/2,u/3");
    for (const topic of ["u/1", "u/3", "u/2"]) {
      await publish(broker, "-V", version, "-t", topic, "-m", topic);
    }
    expect(await sub.untilLines(1)).toEqual(["u/2"]);
  });

  test.each(allQos)("a will of QoS %i comes when the client is killed", async (qos) => {
    const broker = await socketBroker();
    const watcher = await subscriber(broker, "watcher", [
      "-V",
      version,
      "-q",
      "2",
      "-t",
      "status/#",
      "-C",
      "1",
      "-F",
      "%t|%q|%r|%p",
    ]);
    const doomed = await subscriber(
      broker,
      "doomed",
      [
        ["-V", version, "-t", "anything", "--will-topic", "status/doomed", "--will-payload", "gone"],
        ["--will-qos", String(qos), "--will-retain"],
      ].flat(),
    );
    doomed.kill("SIGKILL");
    expect(await linesOf(watcher)).toEqual([`status/doomed|${qos}|0|gone`]);
    // It was a retained one.
    const late = [...tcp(broker), "-V", version, "-t", "status/doomed", "-C", "1", "-F", "%r %p"];
    expect((await runWell("mosquitto_sub", late)).stdout).toBe("1 gone\n");
  });

  test("no will after DISCONNECT", async () => {
    const broker = await socketBroker();
    const watcher = await subscriber(broker, "watcher", ["-V", version, "-t", "status/#", "-C", "1"]);
    const args = ["--will-topic", "status/polite", "--will-payload", "gone", "-t", "x", "-m", "y"];
    await publish(broker, "-V", version, "-i", "polite", ...args);
    await untilGone(broker, "polite");
    await publish(broker, "-V", version, "-t", "status/end", "-m", "end");
    expect(await linesOf(watcher)).toEqual(["end"]);
  });

  test.each([1, 2] as const)("-c: what came at QoS %i while the client was away", async (qos) => {
    const broker = await socketBroker();
    const args = ["-V", version, "-c", "-i", "sleeper", "-q", String(qos), "-t", "news/#"];
    await runWell("mosquitto_sub", [...tcp(broker), ...args, "-E"]);
    await untilGone(broker, "sleeper");
    const news = Array.from({ length: 30 }, (_, index) => `news ${index}`);
    const pub = [...tcp(broker), "-V", version, "-q", String(qos), "-t", "news/today", "-l"];
    await runWell("mosquitto_pub", pub, { input: `${news.join("\n")}\n` });
    const { stdout } = await runWell("mosquitto_sub", [...tcp(broker), ...args, "-C", "30", "-F", "%q %p"]);
    expect(stdout).toBe(news.map((each) => `${qos} ${each}\n`).join(""));
  });

  test("without -c nothing is kept", async () => {
    const broker = await socketBroker();
    await runWell("mosquitto_sub", [
      ...tcp(broker),
      "-V",
      version,
      "-i",
      "guest",
      "-q",
      "1",
      "-t",
      "n",
      "-E",
    ]);
    await untilGone(broker, "guest");
    expect(broker.broker.sizes.sessions).toBe(0);
  });

  test("over a Unix socket", async () => {
    const broker = await socketBroker();
    const args = ["-V", version, "-q", "2", "-t", "local", "-C", "1", "-F", "%q %p"];
    const sub = await subscriber(broker, "sub", args, unix(broker));
    await runWell("mosquitto_pub", [...unix(broker), "-V", version, "-q", "2", "-t", "local", "-m", "near"]);
    expect(await linesOf(sub)).toEqual(["2 near"]);
  });

  test("to and from our own client over WebSocket", async () => {
    const broker = await socketBroker();
    const web = await broker.client({ clientId: "web", version: levels[version] }, "websocket");
    await web.subscribe("down", 2);
    await publish(broker, "-V", version, "-q", "2", "-t", "down", "-m", "to the web");
    await web.untilMessages(1);
    expect(web.payloads).toEqual(["to the web"]);
    const sub = await subscriber(broker, "sub", ["-V", version, "-q", "2", "-t", "up", "-C", "1"]);
    await web.publish({ topicName: "up", payload: "from the web", qos: 2 });
    expect(await linesOf(sub)).toEqual(["from the web"]);
  });

  test("mosquitto_rr gets its answer", async () => {
    const broker = await socketBroker();
    const responder = await subscriber(broker, "responder", ["-V", version, "-t", "ask", "-F", "%R|%x"]);
    const rr = start(
      "mosquitto_rr",
      [
        [...tcp(broker), "-V", version, "-i", "asker", "-q", "1"],
        ["-t", "ask", "-e", "answer/asker", "-m", "time?", "-W", "10"],
      ].flat(),
    );
    const [request] = await responder.untilLines(1);
    const [responseTopic, payload] = (request ?? "").split("|");
    expect(Buffer.from(payload ?? "", "hex").toString()).toBe("time?");
    // 3.x has no property for it: both sides have to know.
    expect(responseTopic).toBe(version === "mqttv5" ? "answer/asker" : "");
    await publish(broker, "-V", version, "-q", "1", "-t", "answer/asker", "-m", "noon");
    expect(await linesOf(rr)).toEqual(["noon"]);
  });
});

test("keep-alive pings hold the connection", async () => {
  let pings = 0;
  const onReceived = (clientId: string, { type }: { type: number }): void => {
    if (clientId === "pinging" && type === PacketType.PINGREQ) pings += 1;
  };
  const broker = await socketBroker({ trace: { onReceived, onSent: () => undefined } });
  // 2.0.11 takes 5 seconds at least; the broker's own limit of 1.5 times is tested in virtual time.
  const sub = await subscriber(broker, "pinging", ["-k", "5", "-t", "p", "-C", "1"]);
  await until("a ping", () => pings >= 1, 15_000);
  await publish(broker, "-t", "p", "-m", "still there");
  expect(await linesOf(sub)).toEqual(["still there"]);
});

describe("$SYS", () => {
  test.each(versions)("%s: the tree by the names that Mosquitto's users know", async (version) => {
    const broker = await socketBroker({ settings: { sysIntervalSeconds: 10 } });
    const names = [
      ["version", "uptime", "clients/total", "clients/connected", "clients/maximum", "messages/received"],
      ["messages/sent", "retained messages/count", "subscriptions/count", "bytes/received", "bytes/sent"],
      ["publish/messages/dropped", "store/messages/count", "shared_subscriptions/count"],
    ].flat();
    const args = names.flatMap((name) => ["-t", `$SYS/broker/${name}`]);
    const sub = start(
      "mosquitto_sub",
      [
        [...tcp(broker), "-V", version, ...args],
        ["-F", "%t|%r|%p", "-C", String(names.length)],
      ].flat(),
    );
    const lines = (await linesOf(sub)).map((line) => line.split("|"));
    expect(lines.map(([topic = ""]) => topic).toSorted()).toEqual(
      names.map((name) => `$SYS/broker/${name}`).toSorted(),
    );
    for (const [topic = "", retain, value = ""] of lines) {
      expect(retain, topic).toBe("1");
      expect(value, topic).toMatch(
        topic.endsWith("/version")
          ? /^martlet version \d/
          : topic.endsWith("/uptime")
            ? /^\d+ seconds$/
            : /^\d+$/,
      );
    }
  });

  test("values follow what happens", async () => {
    const broker = await socketBroker({ settings: { sysIntervalSeconds: 1 } });
    const args = ["-t", "$SYS/broker/clients/connected", "-t", "$SYS/broker/subscriptions/count", "-v"];
    const sub = await subscriber(broker, "sys", args);
    await sub.until("it sees itself", () =>
      ["$SYS/broker/clients/connected 1", "$SYS/broker/subscriptions/count 2"].every((line) =>
        sub.lines.includes(line),
      ),
    );
  });

  test("clients cannot publish into it", async () => {
    const broker = await socketBroker({ settings: { sysIntervalSeconds: 10 } });
    const sub = await subscriber(broker, "sys", ["-t", "$SYS/#", "-t", "end", "-v"]);
    await publish(broker, "-V", "mqttv311", "-q", "1", "-t", "$SYS/broker/version", "-m", "mine");
    await publish(broker, "-t", "end", "-m", "of it");
    await sub.until("the end", () => sub.lines.includes("end of it"));
    expect(sub.stdout).not.toContain("mine");
  });
});

describe("properties of 5.0", () => {
  const v5 = ["-V", "mqttv5"];
  const all = [
    ["-D", "publish", "user-property", "unit", "°C", "-D", "publish", "user-property", "unit", "K"],
    ["-D", "publish", "content-type", "text/plain", "-D", "publish", "correlation-data", "c-17"],
    ["-D", "publish", "response-topic", "answers/17", "-D", "publish", "payload-format-indicator", "1"],
    ["-D", "publish", "message-expiry-interval", "3600"],
  ].flat();
  const format = ["-F", "%t|%C|%D|%R|%F|%P|%p"];
  const printed = "props|text/plain|c-17|answers/17|1|unit:°C unit:K|21.5";

  test.each(allQos)("QoS %i: every property of a message arrives, in order", async (qos) => {
    const broker = await socketBroker();
    const common = [...v5, "-q", String(qos), "-t", "props"];
    const sub = await subscriber(broker, "sub", [...common, ...format, "-C", "1"]);
    const json = await subscriber(broker, "json", [...common, "-F", "%j", "-C", "1"]);
    await publish(broker, ...common, ...all, "-m", "21.5");
    expect(await linesOf(sub)).toEqual([printed]);
    const [object = ""] = await linesOf(json);
    expect(JSON.parse(object)).toMatchObject({
      topic: "props",
      qos,
      retain: 0,
      payload: "21.5",
      properties: {
        "payload-format-indicator": 1,
        "content-type": "text/plain",
        "response-topic": "answers/17",
        "correlation-data": "c-17",
        // 2.0.11 prints the last of the same name only.
        "user-properties": { unit: "K" },
      },
    });
  });

  test("they are kept with retained messages and in queues, and 3.x loses nothing but them", async () => {
    const broker = await socketBroker();
    const sleeper = [...v5, "-c", "-i", "sleeper", "-q", "1", "-t", "props"];
    await runWell("mosquitto_sub", [...tcp(broker), ...sleeper, "-E"]);
    await untilGone(broker, "sleeper");
    await publish(broker, ...v5, "-q", "1", "-r", "-t", "props", ...all, "-m", "21.5");
    const queued = await runWell("mosquitto_sub", [
      ...tcp(broker),
      ...sleeper,
      "-U",
      "x",
      ...format,
      "-C",
      "1",
    ]);
    expect(queued.stdout).toBe(`${printed}\n`);
    const retained = await runWell("mosquitto_sub", [
      ...tcp(broker),
      ...v5,
      "-t",
      "props",
      ...format,
      "-C",
      "1",
    ]);
    expect(retained.stdout).toBe(`${printed}\n`);
    const old = await runWell("mosquitto_sub", [
      ...tcp(broker),
      "-V",
      "mqttv311",
      "-t",
      "props",
      "-v",
      "-C",
      "1",
    ]);
    expect(old.stdout).toBe("props 21.5\n");
  });

  test("message-expiry-interval counts down, and what has expired does not come", async () => {
    const broker = await socketBroker();
    const args = [...v5, "-c", "-i", "sleeper", "-q", "1", "-t", "e"];
    await runWell("mosquitto_sub", [...tcp(broker), ...args, "-E"]);
    await untilGone(broker, "sleeper");
    const expiry = (seconds: string) => ["-D", "publish", "message-expiry-interval", seconds];
    await publish(broker, ...v5, "-q", "1", "-t", "e", ...expiry("1"), "-m", "short");
    await publish(broker, ...v5, "-q", "1", "-t", "e", ...expiry("100"), "-m", "long");
    const published = performance.now();
    await until("1.1 seconds are over", () => performance.now() - published > 1100);
    const sub = await runWell("mosquitto_sub", [...tcp(broker), ...args, "-F", "%E %p", "-C", "1"]);
    expect(sub.stdout).toMatch(/^9[5-9] long\n$/);
    expect(broker.broker.undelivered["message-expired"]).toBe(1);
  });

  test("topic-alias: the alias stays on the publisher's connection", async () => {
    const broker = await socketBroker();
    const sub = await subscriber(broker, "sub", [...v5, "-t", "alias", "-F", "%t|%A|%p", "-C", "2"]);
    const args = [...v5, "-t", "alias", "-D", "publish", "topic-alias", "3", "-m", "m", "--repeat", "2"];
    await publish(broker, ...args);
    expect(await linesOf(sub)).toEqual(["alias||m", "alias||m"]);
  });

  test("receive-maximum 1 and maximum-packet-size of a subscriber are kept", async () => {
    const broker = await socketBroker();
    const sub = await subscriber(
      broker,
      "sub",
      [
        [...v5, "-q", "2", "-t", "r", "-C", "51"],
        ["-D", "connect", "receive-maximum", "1", "-D", "connect", "maximum-packet-size", "200"],
      ].flat(),
    );
    await publish(broker, ...v5, "-q", "2", "-t", "r", "-m", "small", "--repeat", "50");
    await publish(broker, ...v5, "-q", "2", "-t", "r", "-m", "x".repeat(300));
    await publish(broker, ...v5, "-q", "2", "-t", "r", "-m", "end");
    expect(await linesOf(sub)).toEqual([...new Array<string>(50).fill("small"), "end"]);
    expect(broker.broker.undelivered["packet-too-large"]).toBe(1);
  });

  test("subscription-identifier and retain-as-published", async () => {
    const broker = await socketBroker();
    const sub = await subscriber(
      broker,
      "sub",
      [
        [...v5, "-t", "s/+", "-D", "subscribe", "subscription-identifier", "17"],
        ["--retain-as-published", "-F", "%S %r %p", "-C", "2"],
      ].flat(),
    );
    await publish(broker, ...v5, "-r", "-t", "s/1", "-m", "kept");
    await publish(broker, ...v5, "-t", "s/2", "-m", "passing");
    expect(await linesOf(sub)).toEqual(["17 1 kept", "17 0 passing"]);
  });

  test("properties of CONNECT, SUBSCRIBE, UNSUBSCRIBE, the will and DISCONNECT are understood", async () => {
    const broker = await socketBroker();
    const watcher = await subscriber(broker, "watcher", [
      ...v5,
      "-t",
      "status",
      "-F",
      "%C|%D|%R|%P|%E|%p",
      "-C",
      "1",
    ]);
    const doomed = await subscriber(
      broker,
      "doomed",
      [
        [...v5, "-x", "120", "-t", "x", "-U", "y"],
        ["-D", "connect", "user-property", "a", "1", "-D", "connect", "request-problem-information", "1"],
        ["-D", "connect", "request-response-information", "1"],
        ["-D", "subscribe", "user-property", "b", "2", "-D", "unsubscribe", "user-property", "c", "3"],
        ["--will-topic", "status", "--will-payload", "gone"],
        ["-D", "will", "content-type", "text/plain", "-D", "will", "correlation-data", "17"],
        ["-D", "will", "response-topic", "back", "-D", "will", "user-property", "why", "killed"],
        ["-D", "will", "payload-format-indicator", "1", "-D", "will", "message-expiry-interval", "50"],
        ["-D", "will", "will-delay-interval", "1"],
      ].flat(),
    );
    const killedAt = performance.now();
    doomed.kill("SIGKILL");
    const [will = ""] = await linesOf(watcher);
    expect(will).toMatch(/^text\/plain\|17\|back\|why:killed\|(?:50|4\d)\|gone$/);
    expect(performance.now() - killedAt).toBeGreaterThan(950);
    const args = ["-i", "polite", "-x", "100", "-D", "disconnect", "session-expiry-interval", "0"];
    await publish(
      broker,
      ...v5,
      ...args,
      "-D",
      "disconnect",
      "user-property",
      "bye",
      "1",
      "-t",
      "t",
      "-m",
      "m",
    );
    await until(
      "the session is over",
      () => ![...broker.broker.clients()].some((c) => c.clientId === "polite"),
    );
  });

  test("mosquitto_rr and a responder that answers by the request's properties", async () => {
    const broker = await socketBroker();
    const responder = await subscriber(broker, "responder", [...v5, "-t", "ask/#", "-F", "%R|%D|%p"]);
    const rr = start(
      "mosquitto_rr",
      [
        [
          ...tcp(broker),
          ...v5,
          "-i",
          "asker",
          "-q",
          "2",
          "-t",
          "ask/time",
          "-e",
          "answer/asker",
          "-m",
          "time?",
        ],
        ["-D", "publish", "correlation-data", "request-9", "-F", "%D|%p", "-W", "10"],
      ].flat(),
    );
    const [request] = await responder.untilLines(1);
    expect(request).toBe("answer/asker|request-9|time?");
    const answer = ["-t", "answer/asker", "-D", "publish", "correlation-data", "request-9", "-m", "noon"];
    await publish(broker, ...v5, "-q", "2", ...answer);
    expect(await linesOf(rr)).toEqual(["request-9|noon"]);
  });

  test("a shared subscription deals messages out", async () => {
    const broker = await socketBroker();
    const args = [...v5, "-q", "1", "-t", "$share/team/jobs"];
    const members = [await subscriber(broker, "one", args), await subscriber(broker, "two", args)];
    const jobs = Array.from({ length: 60 }, (_, index) => `job ${index}`);
    const pub = [...tcp(broker), ...v5, "-q", "1", "-t", "jobs", "-l"];
    await runWell("mosquitto_pub", pub, { input: `${jobs.join("\n")}\n` });
    await until("all jobs are done", () => members.flatMap((each) => each.lines).length >= 60);
    expect(members.flatMap((each) => each.lines).toSorted()).toEqual(jobs.toSorted());
    for (const member of members) expect(member.lines.length).toBeGreaterThan(0);
  });

  test("the broker says that it stops", async () => {
    const broker = await socketBroker();
    const sub = await subscriber(broker, "sub", [...v5, "-t", "t", "-d"]);
    await broker.broker.stop();
    await sub.until("DISCONNECT 0x8B", () => sub.stdout.includes("Received DISCONNECT (139)"));
  });
});
