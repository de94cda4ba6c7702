// Access files, decided by Martlet and by Debian's mosquitto: what each client may publish, and what it receives.
import { spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AclFile } from "#access";
import type { Identity } from "#auth";
import { type Random, seededRandom } from "#base";
import { PacketType, ReasonCode } from "#protocol";
import { connectTcp } from "#transport";
import { mosquittoProgram, untilListening } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { TestClient } from "../support/test-client.ts";
import { until } from "../support/until.ts";

const ROUNDS = 4;
/** May do everything but what all patterns deny; asks for what others receive. */
const PUBLISHER = "publisher";

const names = ["a", "u1", "c1", "two words", "%c"] as const;
const userNames = ["u1", "two words", "plus+", undefined] as const;
const clientIds = ["c1", "u1", "a"] as const;
const filterLevels = [...names, "+", "%c", "%u", "", "$x"] as const;
const words = ["", "read", "write", "readwrite", "deny"] as const;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)] as T;
}

function levels(random: Random, from: readonly string[]): string[] {
  return Array.from({ length: 1 + random.below(3) }, () => pick(random, from));
}

function randomRule(random: Random): string {
  const filter = levels(random, filterLevels);
  if (random.below(3) === 0) filter.push("#");
  const text = filter.join("/");
  const word = text.includes(" ") || text === "" ? pick(random, words.slice(1)) : pick(random, words);
  return text.trim() === "" ? "" : `${word} ${text}`;
}

/** With rules for clients without a user name, for users, and for all. */
function randomFile(random: Random): string {
  const lines: string[] = [];
  for (const userName of [undefined, "u1", "two words", "plus+"]) {
    if (userName !== undefined) lines.push(`user ${userName}`);
    for (let i = 0; i < 6; i++) {
      const rule = randomRule(random);
      if (rule !== "") lines.push(`${random.below(4) === 0 ? "pattern" : "topic"} ${rule}`);
    }
  }
  return [...lines, `user ${PUBLISHER}`, "topic #", "topic $x/#", ""].join("\n");
}

async function mosquittoWith(file: string): Promise<number> {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const port = await freePort();
  const rules = join(folder, "rules");
  writeFileSync(rules, file);
  const configuration = join(folder, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    `acl_file ${rules}`,
    "log_dest none",
    "",
  ];
  writeFileSync(configuration, lines.join("\n"));
  const child = spawn(mosquittoProgram, ["-c", configuration], { stdio: "ignore" });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await until("mosquitto is gone", () => child.exitCode !== null || child.signalCode !== null);
  });
  await untilListening(port, child);
  return port;
}

async function connected(port: number, clientId: string, userName: string | undefined): Promise<TestClient> {
  const client = new TestClient(await connectTcp({ port }), 5, until);
  onTestFinished(() => client.cut());
  await client.connect({
    clientId,
    version: 5,
    ...(userName === undefined ? {} : { userName, password: "x" }),
  });
  return client;
}

const identity = (clientId: string, userName: string | undefined): Identity => ({
  clientId,
  userName,
  address: { transport: "tcp", remoteAddress: "127.0.0.1", remotePort: 1, localPort: 1 },
  listener: "",
  certificate: undefined,
  claims: undefined,
});

test.each(Array.from({ length: ROUNDS }, (_, seed) => seed))("random file %i", async (seed) => {
  const random = seededRandom(seed + 1);
  const text = randomFile(random);
  const file = AclFile.parse(text, "rules");
  const port = await mosquittoWith(text);
  const topics = new Set<string>(["$x/a", "$SYS/a", "$SYS/broker/connection/a/state"]);
  while (topics.size < 25) {
    const topic = levels(random, [...names, "", "$x"]).join("/");
    if (topic !== "") topics.add(topic);
  }
  const publisher = await connected(port, PUBLISHER, PUBLISHER);
  const readable = [...topics].filter(
    (topic) => file.mayPublish(identity(PUBLISHER, PUBLISHER), topic) === true,
  );
  const seen = { allowed: 0, denied: 0 };

  for (const userName of userNames) {
    const clientId = pick(random, clientIds);
    const who = identity(clientId, userName);
    const client = await connected(port, clientId, userName);
    for (const topicName of topics) {
      client.sendPublish({ topicName, qos: 1 });
      const { reasonCode } = await client.take(PacketType.PUBACK);
      const isAllowed = reasonCode !== ReasonCode.NOT_AUTHORIZED;
      seen[isAllowed ? "allowed" : "denied"]++;
      expect(
        file.mayPublish(who, topicName) === true,
        `${userName} (${clientId}) to ${topicName}\n${text}`,
      ).toBe(isAllowed);
    }
    for (const filter of ["#", "$x/#"]) await client.subscribe(filter, 1);
    for (const topicName of readable) await publisher.publish({ topicName, qos: 1 });
    // What was sent before has come when this answer has.
    await client.ping();
    const received = new Set(client.messages.map(({ topicName }) => topicName));
    for (const topicName of readable) {
      expect(
        file.mayReceive(who, topicName) === true,
        `${userName} (${clientId}) from ${topicName}\n${text}`,
      ).toBe(received.has(topicName));
    }
    await client.disconnect();
  }
  expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(0);
});
