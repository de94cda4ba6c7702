// The page of the $SYS topics names those that a broker publishes, and no others.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { utf8Decode } from "#base";
import { Bench } from "../support/broker-bench.ts";

const ROOT = "$SYS/broker/";
/** Published by others than the broker itself. */
const ELSEWHERE = ["connection/<id>/state", "log/<type>"];

const page = readFileSync(new URL("../../docs/reference/sys-topics.md", import.meta.url), "utf8");

/** `load/<what>/…` once for each average, and the rest as it stands. */
function documented(): Set<string> {
  const names = new Set<string>();
  for (const row of page.matchAll(/^\| (`.*?) \| (.*) \|$/gm)) {
    const named = Array.from((row[1] ?? "").matchAll(/`(.*?)`/g), (match) => match[1] ?? "");
    if (!named[0]?.startsWith("load/")) for (const name of named) names.add(name);
    else
      for (const what of (row[2] ?? "").matchAll(/`(.*?)`/g))
        for (const average of ["1min", "5min", "15min"]) names.add(`load/${what[1]}/${average}`);
  }
  return names;
}

test("the page of the $SYS topics has all that a broker says of itself", () => {
  const bench = new Bench({
    settings: { sysIntervalSeconds: 10, maximumPayloadBytes: 1 },
    memoryBytes: () => 1,
  });
  const watcher = bench.connect("watcher");
  watcher.sub(`${ROOT}#`, { qos: 0 });
  bench.connect("device").pub("a", "too large");
  bench.pass(10);
  const published = new Set(
    watcher.messages.map(({ topicName }) =>
      topicName
        .slice(ROOT.length)
        .replace(/^(publish\/undelivered)\/.*/, "$1/<reason>")
        .replace(/^limits\/.*/, "limits/<kind>"),
    ),
  );
  expect(watcher.messages.map(({ payload }) => utf8Decode(payload))).not.toContain("");
  expect([...published, ...ELSEWHERE].sort()).toEqual([...documented()].sort());
});
