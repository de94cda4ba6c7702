// A mosquitto.conf as people have it, with the files of mosquitto's own tools, serves mosquitto's own clients.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ConfigurationFiles } from "#config";
import { mosquittoDocument } from "#mosquitto";
import { ConfiguredBroker } from "#service";
import { folderWith } from "../config/folder.ts";
import { run, runWell, start } from "../support/programs.ts";

const ACL = "user alice\ntopic readwrite home/#\n\nuser bob\ntopic read home/#\n";

it("serves mosquitto_pub and mosquitto_sub by password_file and acl_file, and reads changes", async () => {
  const folder = folderWith({ acl: ACL });
  const passwords = join(folder, "passwords");
  await runWell("mosquitto_passwd", ["-c", "-b", passwords, "alice", "secret1"]);
  await runWell("mosquitto_passwd", ["-b", passwords, "bob", "secret2"]);
  const text = `# home
persistence true
persistence_location ${folder}/
log_dest stderr
listener 1883 127.0.0.1
password_file ${passwords}
acl_file ${folder}/acl
allow_anonymous false
max_qos 1
`;
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, text);
  const lines: string[] = [];
  const log = { write: (_: unknown, sentence: string) => void lines.push(sentence) };
  let served: ConfiguredBroker | undefined;
  const sources = {
    document: () => mosquittoDocument(file).document,
    // --set wins over the file, so that the port is a free one.
    settings: ["listeners.0.port=0"],
  };
  const files = await ConfigurationFiles.read({ sources, apply: (change) => served?.apply(change), log });
  const broker = new ConfiguredBroker(files.reading, { log });
  served = broker;
  await broker.start();
  onTestFinished(() => broker.stop());
  const port = broker.broker.addresses.find(({ transport }) => transport === "tcp")?.port;
  const as = (name: string, password: string): string[] => ["-p", String(port), "-u", name, "-P", password];

  const sub = start("mosquitto_sub", [...as("bob", "secret2"), "-t", "home/#", "-C", "1", "-v"]);
  await sub.until("it has subscribed", () =>
    [...broker.broker.clients()].some(
      ({ userName, subscriptions }) => userName === "bob" && subscriptions.length > 0,
    ),
  );
  const denied = await run("mosquitto_pub", [...as("bob", "secret2"), "-t", "home/x", "-m", "no", "-q", "1"]);
  const wrong = await run("mosquitto_pub", [...as("alice", "secret2"), "-t", "home/x", "-m", "no"]);
  const nobody = await run("mosquitto_pub", ["-p", String(port), "-t", "home/x", "-m", "no"]);
  expect([denied.code, wrong.code, nobody.code]).toEqual([0, 5, 5]);
  const sent = await run("mosquitto_pub", [
    ...as("alice", "secret1"),
    "-t",
    "home/door",
    "-m",
    "open",
    "-q",
    "1",
  ]);
  expect(sent.code).toBe(0);
  await sub.finished();
  expect(sub.lines.at(-1)).toBe("home/door open");

  writeFileSync(file, `${text}max_queued_messages 7\n`);
  expect(await files.reload()).toMatchObject({ outcome: "applied" });
  expect(files.configuration.queue.maximum_messages).toBe(7);
  writeFileSync(file, `${text}max_queued_messages x\n`);
  expect(await files.reload()).toEqual({ outcome: "kept" });
  expect(lines).toContain("Error: Invalid max_queued_messages value (x).");
});
