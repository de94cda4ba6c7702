// Clients at a shadow before Debian's mosquitto: a Martlet that does the same is not blamed for anything.
import { describe, expect, test } from "vitest";
import { type Program, run, runWell, start } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { type Shadowed, shadowed } from "./shadowed.ts";

const versions = ["mqttv31", "mqttv311", "mqttv5"] as const;

const at = (home: Shadowed): string[] => ["-h", "127.0.0.1", "-p", String(home.port)];

/** Starts mosquitto_sub and waits until both brokers have let it in and have taken its subscriptions. */
async function subscriber(home: Shadowed, ...args: string[]): Promise<Program> {
  const before = home.shadow.summary.compared.answers;
  const program = start("mosquitto_sub", [...at(home), ...args]);
  await program.until("it has subscribed", () => home.shadow.summary.compared.answers >= before + 2);
  return program;
}

/** No difference, and so much was really compared. */
async function expectSame(home: Shadowed, deliveries: number): Promise<void> {
  const summary = await home.finished();
  expect(home.differences).toEqual([]);
  expect(home.notices.filter(({ kind }) => kind !== "connack-property")).toEqual([]);
  expect(summary).toMatchObject({ compared: { deliveries }, differenceCount: 0, gaveUp: 0, undecided: 0 });
}

describe.each(versions)("%s", (version) => {
  test("all QoS, wildcards, retained messages and their removal", async () => {
    const home = await shadowed();
    const publish = async (...args: string[]): Promise<void> => {
      await runWell("mosquitto_pub", [...at(home), "-V", version, ...args]);
    };
    await publish("-t", "a/kept", "-m", "before", "-r", "-q", "1");
    const sub = await subscriber(
      home,
      "-i",
      "sub",
      "-V",
      version,
      "-q",
      "2",
      "-t",
      "a/+",
      "-t",
      "b/#",
      "-C",
      "7",
    );
    for (const qos of ["0", "1", "2"]) await publish("-t", "a/live", "-m", `q${qos}`, "-q", qos);
    await publish("-t", "b/c/d", "-n", "-q", "2");
    await publish("-t", "a/kept", "-n", "-r", "-q", "1");
    await publish("-t", "b/last", "-m", "end", "-q", "1");
    expect((await sub.finished()).code).toBe(0);
    const late = await run("mosquitto_sub", [...at(home), "-V", version, "-t", "a/kept", "-W", "1"]);
    expect(late.stdout).toBe("");
    await expectSame(home, 7);
  });

  test("a session that waits, and a will", async () => {
    const home = await shadowed();
    const publish = async (...args: string[]): Promise<void> => {
      await runWell("mosquitto_pub", [...at(home), "-V", version, ...args]);
    };
    const lasting = version === "mqttv5" ? ["-x", "300"] : [];
    const kept = ["-i", "kept", "-c", ...lasting, "-V", version, "-q", "1", "-t", "w/#"];
    await runWell("mosquitto_sub", [...at(home), ...kept, "-E"]);
    for (const text of ["1", "2", "3"]) await publish("-t", "w/queued", "-m", text, "-q", "1");
    const mortal = await subscriber(
      home,
      ..."-i mortal -t none --will-topic w/will --will-payload gone --will-qos 1".split(" "),
      "-V",
      version,
    );
    mortal.kill("SIGKILL");
    const { stdout } = await runWell("mosquitto_sub", [...at(home), ...kept, "-C", "4"]);
    expect(stdout.split("\n").slice(0, -1)).toEqual(["1", "2", "3", "gone"]);
    await expectSame(home, 4);
  });
});

test("properties of 5.0, and an id that the broker gives", async () => {
  const home = await shadowed();
  const sub = await subscriber(home, "-V", "5", "-t", "p", "-q", "1", "-C", "1");
  const properties = [
    "content-type application/json",
    "response-topic r",
    "correlation-data c",
    "user-property a b",
    "message-expiry-interval 60",
    "payload-format-indicator 1",
  ].flatMap((each) => ["-D", "publish", ...each.split(" ")]);
  await runWell("mosquitto_pub", [...at(home), ..."-V 5 -t p -m {} -q 1".split(" "), ...properties]);
  expect((await sub.finished()).code).toBe(0);
  await expectSame(home, 1);
  expect(home.notices.some(({ says }) => says.includes("assignedClientIdentifier"))).toBe(false);
});

test("a group is compared as a whole", async () => {
  const home = await shadowed();
  const member = ["-V", "5", "-q", "1", "-t", "$share/g/s/#"];
  const members = [
    await subscriber(home, "-i", "one", ...member),
    await subscriber(home, "-i", "two", ...member),
  ];
  for (let i = 0; i < 6; i++)
    await runWell("mosquitto_pub", [...at(home), "-t", "s/x", "-m", `${i}`, "-q", "1"]);
  const got = (): number => members.reduce((sum, each) => sum + each.lines.length, 0);
  await until("the group has all", () => got() === 6);
  for (const each of members) each.kill("SIGTERM");
  await expectSame(home, 6);
});
