import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfiguration } from "#config";
import { bridgeOptionsOf } from "../../src/service/bridge-options.ts";
import { folderWith } from "../config/folder.ts";

async function optionsWith(line: string) {
  const toml = `[[bridges]]\nname = "house"\naddresses = ["other"]\n${line}\n[[bridges.topics]]\npattern = "#"\n`;
  const file = join(folderWith({ "martlet.toml": toml }), "martlet.toml");
  const { configuration } = await readConfiguration({ file });
  const [bridge] = configuration.bridges;
  if (bridge === undefined) throw new TypeError("no bridge");
  return bridgeOptionsOf(bridge, "bridges[0]");
}

test.each([
  ["round_robin = true", { isRoundRobin: true }],
  ['local_client_id = "here"', { localClientId: "here" }],
  ["local_clean_session = true", { isLocalSessionClean: true, isRemoteSessionClean: false }],
  ["notifications = false", { notificationTopic: undefined }],
  ["notifications_local_only = true", { isNotifiedLocallyOnly: true }],
  ['notification_topic = "state"', { notificationTopic: "state" }],
  ['start = "lazy"', { start: "lazy" }],
  ["idle_timeout_seconds = 7", { idleTimeoutMs: 7_000 }],
  ["threshold = 3", { threshold: 3 }],
  ["restart_timeout = [2, 9, 4]", { restart: { leastMs: 2_000, mostMs: 9_000, stableMs: 4_000 } }],
  ["attempt_unsubscribe = false", { endsForeignSubscriptions: false }],
  ["outgoing_retain = false", { keepsRetain: false }],
  ["maximum_packet_bytes = 500", { maximumPacketBytes: 500 }],
])("%s reaches the bridge", async (line, expected) => {
  expect(await optionsWith(line)).toMatchObject(expected);
  expect(await optionsWith("")).not.toMatchObject(expected);
});
