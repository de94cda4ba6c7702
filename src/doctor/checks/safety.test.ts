import { describe, expect, it } from "vitest";
import { configurationOf, exposedListenerOf, listenerOf, troubles } from "../../../test/support/doctor.ts";
import type { ListenerFacts } from "../facts.ts";
import { checkSafety } from "./safety.ts";

/** Without what is said of every exposed listener whose clients have no limits. */
const limited = [
  "connections_per_address",
  "connects_per_second_per_address",
  "messages_per_second",
  "bytes_per_second",
].map((name) => `limits.maximum_${name}=100`);
const WITH_PASSWORDS = "logins.password_file.path=pw";

async function judge(listener: ListenerFacts, ...settings: readonly string[]): Promise<readonly string[]> {
  const configuration = await configurationOf(...limited, ...settings);
  return troubles(checkSafety({ configuration, listeners: [listener] }));
}

const LOCAL = "10.0.0.1";
const PUBLIC = "192.0.2.1";
const bare = (what: string): string =>
  `Listener one is open to other machines without TLS: ${what} can be read and changed on the way.`;

describe("without TLS", () => {
  it("this machine is safe from itself", async () => {
    expect(await judge(await listenerOf(), WITH_PASSWORDS)).toEqual([]);
  });

  it.each([
    [PUBLIC, [WITH_PASSWORDS], `problem ${bare("passwords, tokens and messages")}`],
    [LOCAL, [WITH_PASSWORDS], `warning ${bare("passwords, tokens and messages")}`],
    [PUBLIC, [], `warning ${bare("messages")}`],
  ])("%s with %j", async (address, settings, expected) => {
    expect(await judge(await exposedListenerOf(address), ...settings)).toEqual([expected]);
  });

  it("a proxy may do it", async () => {
    const settings = ["listeners.0.proxy_protocol=true", "listeners.0.trusted_proxies=10.0.0.9"];
    expect(await judge(await exposedListenerOf(LOCAL, { settings }), WITH_PASSWORDS)).toEqual([
      "note Listener one is not encrypted; what its proxies say is believed.",
    ]);
  });

  it("with TLS nothing is to be said", async () => {
    expect(await judge(await exposedListenerOf(PUBLIC, { isEncrypted: true }), WITH_PASSWORDS)).toEqual([]);
  });
});

describe("clients that say nothing of themselves", () => {
  const open = { isEncrypted: true, allowsAnonymous: true };
  const sentence = "Listener one lets in clients of other machines that say nothing of themselves";

  it.each([
    [PUBLIC, [], `problem ${sentence}, and they may do everything.`],
    [LOCAL, [], `warning ${sentence}, and they may do everything.`],
    [PUBLIC, ["access.acl_file=acl"], `warning ${sentence}.`],
  ])("from %s with %j", async (address, settings, expected) => {
    expect(await judge(await exposedListenerOf(address, open), ...settings)).toEqual([expected]);
  });

  it("have shown a certificate where that is required", async () => {
    const settings = [
      'listeners=[{"protocol":"tls","tls":{"cert":"a","key":"b","ca":"c","client_certificate":"require"}}]',
    ];
    expect(await judge(await exposedListenerOf(PUBLIC, { ...open, settings }))).toEqual([]);
  });
});

describe("WebSocket", () => {
  const web = ['listeners=[{"protocol":"wss","tls":{"cert":"a","key":"b"}}]'];
  const safe = { isEncrypted: true, settings: web };

  it("for everybody and from every page is a warning", async () => {
    const found = await judge(
      await exposedListenerOf(PUBLIC, { ...safe, allowsAnonymous: true }),
      "access.acl_file=acl",
    );
    expect(found).toContain(
      "warning Listener one takes connections of every web page that somebody who can reach it opens.",
    );
  });

  it("with logins is worth a note", async () => {
    expect(await judge(await exposedListenerOf(PUBLIC, safe), WITH_PASSWORDS)).toEqual([
      "note Listener one takes connections of every web page that somebody who can reach it opens.",
    ]);
  });

  it("on this machine alone keeps pages of others out by itself", async () => {
    expect(await judge(await listenerOf({ ...safe, allowsAnonymous: true }))).toEqual([]);
    expect(await judge(await listenerOf(safe), WITH_PASSWORDS)).toEqual([]);
  });

  it("with a list of origins is in order", async () => {
    const settings = [...web, 'listeners.0.origin_allowed=["https://example.org"]'];
    expect(await judge(await exposedListenerOf(PUBLIC, { ...safe, settings }), WITH_PASSWORDS)).toEqual([]);
  });
});

describe("limits", () => {
  const secure = { isEncrypted: true };

  it("that are off for other machines are named", async () => {
    const settings = ["limits.maximum_bytes_per_second=0", "limits.maximum_messages_per_second=0"];
    expect(await judge(await exposedListenerOf(PUBLIC, secure), ...settings)).toEqual([
      "note Other machines are not limited by maximum_messages_per_second, maximum_bytes_per_second.",
    ]);
    expect(await judge(await listenerOf(), ...settings)).toEqual([]);
  });

  it("of a listener count", async () => {
    const own = { ...secure, settings: ["listeners.0.limits.maximum_bytes_per_second=100"] };
    expect(await judge(await exposedListenerOf(PUBLIC, own), "limits.maximum_bytes_per_second=0")).toEqual(
      [],
    );
  });

  it("of failed logins are wanted where there are passwords", async () => {
    expect(
      await judge(await exposedListenerOf(PUBLIC, secure), WITH_PASSWORDS, "limits.maximum_failed_logins=0"),
    ).toEqual(["warning Passwords can be tried out without end: limits.maximum_failed_logins is 0."]);
  });

  it("are none when everybody is trusted", async () => {
    expect(await judge(await listenerOf(), 'limits.trusted_addresses=["0.0.0.0/0"]')).toEqual([
      "warning limits.trusted_addresses holds 0.0.0.0/0: nobody is ever slowed down or banned.",
    ]);
  });
});

describe("what is kept", () => {
  it.each([
    ["memory", "note Nothing outlives the broker: sessions, queued and retained messages are in memory."],
    ["os", "note A power cut may lose the last messages that were acknowledged."],
  ])("%s", async (mode, expected) => {
    expect(await judge(await listenerOf(), `persistence.mode=${mode}`)).toEqual([expected]);
  });
});
