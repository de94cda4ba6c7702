/** The options of mosquitto on other brokers. */

import { resolve } from "node:path";
import { anything, choice, type Form, optionsOf, text, toggle, whole, words } from "../option.ts";
import type { Target } from "../target.ts";

const option = optionsOf("bridge");
const MOST_PORTS = 65_535;
const MOST_SECONDS = 3_600;
const LOWEST_KEEP_ALIVE_SECONDS = 5;

const path: Form<string> = (value, label, target) => resolve(text(value, label, target));

function addAddresses(values: readonly string[], target: Target): void {
  const { bridge } = target;
  for (const each of values) {
    const [, port] = /:(\d+)$/.exec(each) ?? [];
    if (port !== undefined && (Number(port) < 1 || Number(port) > MOST_PORTS)) {
      throw target.mistake(`Invalid port value (${port}).`);
    }
    bridge.addresses.push(port === undefined ? `${each}:1883` : each);
  }
  target.set("addresses", [...bridge.addresses]);
}

/** `""` stands for an empty one. */
function prefixOf(word: string | undefined): string {
  return word === undefined || word === '""' ? "" : word;
}

function addTopic(values: readonly string[], target: Target): void {
  const [pattern = "", direction = "out", qos = "0", local, remote] = values;
  const { bridge } = target;
  if (direction !== "out" && direction !== "in" && direction !== "both") {
    throw target.mistake(`Invalid bridge topic direction '${direction}'.`);
  }
  if (!/^[012]$/.test(qos)) throw target.mistake(`Invalid bridge QoS level '${qos}'.`);
  const topic = {
    pattern: prefixOf(pattern),
    direction,
    qos: Number(qos),
    local_prefix: prefixOf(local),
    remote_prefix: prefixOf(remote),
  };
  for (const [side, prefix] of [
    ["local", topic.local_prefix],
    ["remote", topic.remote_prefix],
  ]) {
    if (/[+#]/.test(prefix ?? "")) throw target.mistake(`Invalid bridge topic ${side} prefix '${prefix}'.`);
  }
  if (topic.pattern === "" && (topic.local_prefix === "" || topic.remote_prefix === "")) {
    throw target.mistake("Invalid bridge remapping.");
  }
  const given = Object.fromEntries(Object.entries(topic).filter(([, value]) => value !== ""));
  target.setRoot(["bridges", bridge.index, "topics", bridge.topics], given);
  bridge.topics += 1;
}

function setRestart(values: readonly string[], target: Target): void {
  const seconds = values.map(Number);
  if (seconds.length > 3 || seconds.some((each) => !Number.isInteger(each))) {
    throw target.mistake(`Invalid restart_timeout value (${values.join(" ")}).`);
  }
  const kept = seconds.map((each) => Math.min(Math.max(each, 1), MOST_SECONDS));
  if (kept.some((each, index) => each !== seconds[index])) {
    target.differs("It is 1 second at least, as in mosquitto, and 3600 at most.");
  }
  target.set("restart_timeout", kept);
}

const exchange = [
  option(
    "connection",
    text,
    {
      keys: ["bridges.name"],
      says: "Begins a bridge. Its name has letters, digits and `. : - _`, and 64 of them at most.",
    },
    () => undefined,
  ),
  option(
    "address",
    words,
    {
      aliases: ["addresses"],
      keys: ["bridges.addresses"],
      says: "Several add up; the port is 1883 where none is given.",
    },
    addAddresses,
  ),
  option(
    "topic",
    words,
    {
      keys: ["bridges.topics"],
      says: 'Pattern, direction, QoS, local and remote prefix; `""` is an empty one.',
    },
    addTopic,
  ),
  option("round_robin", toggle, {
    keys: ["round_robin"],
    says: "Without it the first address is gone back to.",
  }),
  option("bridge_bind_address", text, {
    isOnce: true,
    keys: ["bind_address"],
    says: "The address of this machine that the connection comes from.",
  }),
  option("bridge_outgoing_retain", toggle, {
    keys: ["outgoing_retain"],
    says: "Without it RETAIN is taken away.",
  }),
  option("bridge_attempt_unsubscribe", toggle, {
    keys: ["attempt_unsubscribe"],
    says: "Ends subscriptions of the other broker for topics that only go out.",
  }),
  option("bridge_max_packet_size", whole(0, 268_435_460), {
    keys: ["maximum_packet_bytes"],
    says: "The smaller one of it and that of the other broker.",
  }),
  option("bridge_max_topic_alias", whole(0, 65_535), { keys: ["maximum_topic_alias"], says: "Default 10." }),
  option("bridge_receive_maximum", whole(1, 65_535), { keys: ["receive_maximum"], says: "Default 20." }),
];

const session = [
  option(
    "bridge_protocol_version",
    choice(["mqttv50", "mqttv311", "mqttv31"]),
    { keys: ["protocol_version"], says: "Default `mqttv311`." },
    (value, target) => {
      target.set("protocol_version", { mqttv50: "5.0", mqttv311: "3.1.1", mqttv31: "3.1" }[value]);
    },
  ),
  option("bridge_session_expiry_interval", whole(0, 4_294_967_295), {
    keys: ["session_expiry_seconds"],
    says: "With 5.0. Not set, the other broker keeps the session unless `cleansession` is set; mosquitto's default is 0.",
  }),
  option("cleansession", toggle, {
    keys: ["clean_session"],
    says: "Whether the other broker forgets the bridge when the connection is lost.",
  }),
  option("local_cleansession", toggle, {
    keys: ["local_clean_session"],
    says: "The same here. Default: as `cleansession`.",
  }),
  option(
    "keepalive_interval",
    whole(-MOST_PORTS, MOST_PORTS, "Bridge keepalive value too high."),
    { keys: ["keep_alive_seconds"], says: "Default 60; it is 5 at least, as in mosquitto." },
    (value, target) => {
      target.set("keep_alive_seconds", Math.max(value, LOWEST_KEEP_ALIVE_SECONDS));
    },
  ),
  option("remote_clientid", text, {
    isOnce: true,
    aliases: ["clientid"],
    label: "bridge remote clientid",
    keys: ["remote_client_id"],
    says: "Default: the bridge's name, a dot and the name of this machine.",
  }),
  option("local_clientid", text, {
    isOnce: true,
    label: "bridge local clientd",
    keys: ["local_client_id"],
    says: "Default: `local.` and the remote one.",
  }),
  option("remote_username", text, {
    isOnce: true,
    aliases: ["username"],
    label: "bridge remote_username",
    keys: ["remote_user_name"],
    says: "Login at the other broker.",
  }),
  option("remote_password", text, {
    isOnce: true,
    isSecret: true,
    aliases: ["password"],
    label: "bridge remote_password",
    keys: ["remote_password"],
    says: "Its password.",
  }),
  option("local_username", text, {
    isOnce: true,
    verdict: "different",
    label: "bridge local_username",
    says: "A bridge is part of this broker and needs no login here; its topics alone say what it may.",
  }),
  option("local_password", text, {
    isOnce: true,
    isSecret: true,
    verdict: "different",
    label: "bridge local_password",
    says: "A bridge is part of this broker and needs no login here.",
  }),
  option("try_private", toggle, { keys: ["try_private"], says: "Says with 3.x that this is a bridge." }),
];

const running = [
  option("notifications", toggle, { keys: ["notifications"], says: "A retained 1 or 0 on the state topic." }),
  option("notifications_local_only", toggle, {
    keys: ["notifications_local_only"],
    says: "Only at this broker.",
  }),
  option("notification_topic", text, {
    isOnce: true,
    keys: ["notification_topic"],
    says: "Instead of `$SYS/broker/connection/{remote id}/state`.",
  }),
  option(
    "start_type",
    choice(["automatic", "lazy", "once"], (found) => `Invalid start_type value in configuration (${found}).`),
    { keys: ["start"], says: "Default `automatic`." },
  ),
  option("threshold", whole(1, 1_000_000), {
    keys: ["threshold"],
    says: "Messages that start a lazy bridge. Default 10.",
  }),
  option(
    "idle_timeout",
    whole(-MOST_PORTS, 86_400),
    { keys: ["idle_timeout_seconds"], says: "Of a lazy bridge. Default 60; it is 1 at least." },
    (value, target) => {
      target.set("idle_timeout_seconds", Math.max(value, 1));
    },
  ),
  option(
    "restart_timeout",
    words,
    {
      keys: ["restart_timeout"],
      says: "One number of seconds, or the least and the most. Default 5 and 30.",
    },
    setRestart,
  ),
  option(
    "bridge_reload_type",
    choice(["lazy", "immediate"]),
    {
      verdict: "different",
      says: "Changed bridges begin anew at once when the configuration is read again.",
    },
    (value, target) => {
      if (value === "immediate") target.fits("Changed bridges begin anew at once.");
    },
  ),
  option("bridge_tcp_keepalive", anything, {
    verdict: "unsupported",
    says: "Keep Alive of MQTT finds dead connections (`keepalive_interval`).",
  }),
  option("bridge_tcp_user_timeout", anything, {
    verdict: "unsupported",
    says: "Keep Alive of MQTT finds dead connections (`keepalive_interval`).",
  }),
];

const secrecy = [
  option("bridge_cafile", path, {
    isOnce: true,
    keys: ["tls.ca"],
    says: "The authorities of the other broker's certificate.",
  }),
  option("bridge_capath", path, { isOnce: true, keys: ["tls.ca_folder"], says: "A folder of them." }),
  option("bridge_certfile", path, { isOnce: true, keys: ["tls.cert"], says: "What the bridge shows." }),
  option("bridge_keyfile", path, { isOnce: true, keys: ["tls.key"], says: "Its key." }),
  option("bridge_alpn", text, { isOnce: true, keys: ["tls.alpn"], says: "Name of the protocol in ALPN." }),
  option(
    "bridge_insecure",
    toggle,
    { keys: ["tls.insecure"], says: "The name in the certificate does not matter." },
    (value, target) => {
      if (value) target.set("tls.insecure", true);
    },
  ),
  option(
    "bridge_tls_use_os_certs",
    toggle,
    { keys: ["tls.use_system_ca"], says: "The authorities of the system count, too." },
    (value, target) => {
      if (value) target.set("tls.use_system_ca", true);
    },
  ),
  option(
    "bridge_tls_version",
    choice(["tlsv1.3", "tlsv1.2", "tlsv1.1"]),
    {
      keys: ["tls.min_version"],
      says: "The oldest that is spoken; 1.2 at least. Without other options of TLS there is none.",
    },
    (value, target) => {
      if (value === "tlsv1.1") target.differs("TLS 1.2 is the oldest that is spoken.");
      else target.bridge.minimumTls = target.said(value.slice(4));
    },
  ),
  option("bridge_ciphers", text, { isOnce: true, keys: ["tls.ciphers"], says: "Of TLS 1.2." }),
  option("bridge_ciphers_tls1.3", text, { verdict: "unsupported", says: "Those of TLS 1.3 are Node's." }),
  option(
    "bridge_require_ocsp",
    toggle,
    { verdict: "refused", says: "Nobody asks whether the other broker's certificate was revoked." },
    (value, target) => {
      if (!value) target.fits("It is off.");
    },
  ),
  option("bridge_identity", text, {
    isOnce: true,
    keys: ["tls.psk_identity"],
    says: "Who the bridge is, with a pre-shared key.",
  }),
  option("bridge_psk", text, { isOnce: true, isSecret: true, keys: ["tls.psk"], says: "That key, in hex." }),
];

export const bridgeOptions = [...exchange, ...session, ...running, ...secrecy];
