// What waits for another broker outlives this one.
import { expect, onTestFinished, test } from "vitest";
import { createBroker } from "#server";
import { folderWith } from "../config/folder.ts";
import { configured } from "../support/configured.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";

test("messages that were acknowledged while the other broker was away reach it after a restart of both", async () => {
  const port = await freePort();
  const toml = [
    "[[listeners]]\nport = 0",
    `[persistence]\nfolder = "${folderWith({})}"`,
    `[[bridges]]\nname = "house"\naddresses = ["127.0.0.1:${port}"]\nrestart_timeout = [1, 1]`,
    '[[bridges.topics]]\npattern = "up/#"\ndirection = "out"\nqos = 2',
  ].join("\n");
  const sent = Array.from({ length: 50 }, (_value, i) => `message ${i}`);

  const before = await configured({ "martlet.toml": toml });
  await before.said("cannot connect");
  const publisher = await before.connect();
  for (const [i, text] of sent.entries()) await publisher.publish("up/a", text, { qos: i % 2 === 0 ? 1 : 2 });
  await publisher.close();
  await before.served.stop();

  const other = createBroker({ listeners: [{ protocol: "tcp", host: "127.0.0.1", port }] });
  const arrived: string[] = [];
  other.subscribe("up/#", ({ payload }) => void arrived.push(new TextDecoder().decode(payload)));
  await other.start();
  onTestFinished(async () => await other.stop());
  await configured({ "martlet.toml": toml });
  await until("all of them", () => arrived.length >= sent.length);
  expect(arrived).toEqual(sent);
});
