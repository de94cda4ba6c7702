/** Settings that are harmless by themselves and unsafe together. */

import { type Configuration, hasLogins } from "#config";
import type { Facts, ListenerFacts } from "../facts.ts";
import { type Finding, note, problem, warning } from "../finding.ts";
import { hasRules } from "./access.ts";
import { scopeOfListener } from "./reach.ts";

type SafetyFacts = Pick<Facts, "configuration" | "listeners">;

const webSockets: readonly string[] = ["websocket", "wss"];

export function checkSafety({ configuration, listeners }: SafetyFacts): Finding[] {
  return [
    ...listeners.flatMap((listener) => [
      ...checkEncryption(listener, configuration),
      ...checkAnonymous(listener, configuration),
      ...checkOrigins(listener),
    ]),
    ...checkLimits(configuration, listeners),
    ...checkKeeping(configuration),
  ];
}

/** Passwords and messages on a wire that others can listen at. */
function checkEncryption(facts: ListenerFacts, configuration: Configuration): Finding[] {
  const { name, isExposed, isEncrypted, listener } = facts;
  if (!isExposed || isEncrypted) return [];
  if (listener.proxy_protocol)
    return [
      note(
        "safety",
        `Listener ${name} is not encrypted; what its proxies say is believed.`,
        "Let the proxies do TLS, and let nobody else reach the listener.",
      ),
    ];
  const what = hasLogins(configuration) ? "passwords, tokens and messages" : "messages";
  const sentence = `Listener ${name} is open to other machines without TLS: ${what} can be read and changed on the way.`;
  const advice = `Use protocol "${webSockets.includes(listener.protocol) ? "wss" : "tls"}" with a certificate (martlet certs makes one), or leave out host.`;
  const isGrave = hasLogins(configuration) && scopeOfListener(facts) === "public";
  return [isGrave ? problem("safety", sentence, advice) : warning("safety", sentence, advice)];
}

function checkAnonymous(facts: ListenerFacts, configuration: Configuration): Finding[] {
  const { name, isExposed, allowsAnonymous, listener } = facts;
  if (!isExposed || !allowsAnonymous) return [];
  // Who has shown a certificate is somebody.
  if (listener.tls?.client_certificate === "require") return [];
  const rules = hasRules(configuration);
  const sentence = `Listener ${name} lets in clients of other machines that say nothing of themselves${rules ? "." : ", and they may do everything."}`;
  const provider = hasLogins(configuration) ? "" : " and add a provider below [logins]";
  const advice = `Set allow_anonymous to false${provider}.`;
  const isGrave = !rules && scopeOfListener(facts) === "public";
  return [isGrave ? problem("safety", sentence, advice) : warning("safety", sentence, advice)];
}

/** Browsers let every page open WebSockets to everywhere; only the list of origins stands against it. */
function checkOrigins({ name, isExposed, allowsAnonymous, listener }: ListenerFacts): Finding[] {
  if (!webSockets.includes(listener.protocol) || listener.origin_allowed !== undefined) return [];
  if (!isExposed) return []; // pages of others are kept out there
  const sentence = `Listener ${name} takes connections of every web page that somebody who can reach it opens.`;
  const advice = "List the origins of your own pages in origin_allowed, or leave WebSocket out.";
  return [allowsAnonymous ? warning("safety", sentence, advice) : note("safety", sentence, advice)];
}

const perClient = [
  "maximum_connections_per_address",
  "maximum_connects_per_second_per_address",
  "maximum_messages_per_second",
  "maximum_bytes_per_second",
] as const;

function checkLimits(configuration: Configuration, listeners: SafetyFacts["listeners"]): Finding[] {
  const { limits } = configuration;
  const found: Finding[] = [];
  const everybody = limits.trusted_addresses.filter((each) => each.endsWith("/0"));
  if (everybody.length > 0)
    found.push(
      warning(
        "safety",
        `limits.trusted_addresses holds ${everybody.join(", ")}: nobody is ever slowed down or banned.`,
        "Name the machines that are trusted.",
      ),
    );
  const exposed = listeners.filter(({ isExposed }) => isExposed);
  if (exposed.length === 0) return found;
  if (hasLogins(configuration) && limits.maximum_failed_logins === 0)
    found.push(
      warning(
        "safety",
        "Passwords can be tried out without end: limits.maximum_failed_logins is 0.",
        "Leave it out, or set a number.",
      ),
    );
  const open = perClient.filter((name) =>
    exposed.some(({ listener }) => (listener.limits?.[name] ?? limits[name]) === 0),
  );
  if (open.length > 0)
    found.push(
      note(
        "safety",
        `Other machines are not limited by ${open.join(", ")}.`,
        "Set what your clients need, and some more.",
      ),
    );
  return found;
}

function checkKeeping({ persistence }: Configuration): Finding[] {
  const { mode } = persistence;
  if (mode === "memory")
    return [
      note(
        "safety",
        "Nothing outlives the broker: sessions, queued and retained messages are in memory.",
        'Set persistence.mode to "durable" if they matter.',
      ),
    ];
  if (mode === "os")
    return [
      note(
        "safety",
        "A power cut may lose the last messages that were acknowledged.",
        'Set persistence.mode to "durable" if they matter.',
      ),
    ];
  return [];
}
