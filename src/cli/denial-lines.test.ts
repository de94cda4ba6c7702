import { expect, test } from "vitest";
import { Bench } from "../../test/support/broker-bench.ts";
import { logDenials } from "./denial-lines.ts";

test("a denial has a line with client, topic and rule; many of them have few", () => {
  const bench = new Bench({
    gate: {
      authenticate: () => ({ outcome: "accepted", userName: "alice" }),
      mayPublish: () => ({ outcome: "denied", rule: "acl.conf line 7: topic deny secret/#" }),
      maySubscribe: () => false,
    },
  });
  const lines: string[] = [];
  logDenials(bench.broker, { write: (level, text) => void lines.push(`${level} ${text}`) }, bench.clock);
  const client = bench.connect("c1");
  for (let i = 0; i < 5; i++) client.pub("secret/plan", "x");
  client.sub("#");
  bench.pass(11);
  client.pub("secret/plan", "x");
  expect(lines).toEqual([
    "warn Denied: client c1 (u'alice') may not publish to 'secret/plan': acl.conf line 7: topic deny secret/#.",
    "warn Denied: client c1 (u'alice') may not subscribe to '#'.",
    "warn Denied: client c1 (u'alice') may not publish to 'secret/plan': acl.conf line 7: topic deny secret/#. (4 more like it since the last line)",
  ]);
});
