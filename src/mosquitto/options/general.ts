/** The options of mosquitto that are for the whole broker, log and signals apart. */

import { basename, resolve } from "node:path";
import { keyPathOf } from "#config";
import { anything, optionsOf, text, toggle, whole } from "../option.ts";
import type { Target } from "../target.ts";

const option = optionsOf("general");
const UNLIMITED = Number.MAX_SAFE_INTEGER;
const NOT_NEEDED = "Without effect in mosquitto 2, too.";

/** Key by key, with the options of one listener where `per_listener_settings` says so. */
function perListener(key: string) {
  return (value: unknown, target: Target): void => {
    if (target.draft.isPerListener) target.setListener(key, value);
    else target.setRoot(keyPathOf(key), value);
  };
}

const access = [
  option(
    "per_listener_settings",
    toggle,
    { says: "The options on who may connect are then for the listener that they stand below." },
    (value, target) => {
      const { security, isPerListener } = target.draft;
      if (!isPerListener && value && Object.keys(security).length > 0) {
        throw target.mistake("per_listener_settings must be set before any other security settings.");
      }
      target.draft.isPerListener = value;
    },
  ),
  option(
    "allow_anonymous",
    toggle,
    {
      keys: ["listeners.allow_anonymous"],
      says: "Default: true where only this machine can connect because no listener is set, otherwise false.",
    },
    (value, target) => {
      target.security.allowAnonymous = target.said(value);
    },
  ),
  option(
    "password_file",
    text,
    {
      isOnce: true,
      keys: ["logins.password_file.path"],
      says: "All forms of mosquitto's hashes are read; the file is read again when it changes.",
    },
    (value, target) => {
      target.security.passwordFile = target.said(resolve(value));
    },
  ),
  option(
    "acl_file",
    text,
    { isOnce: true, keys: ["access.acl_file"], says: "Read again when it changes." },
    (value, target) => {
      target.security.aclFile = target.said(resolve(value));
    },
  ),
  option(
    "psk_file",
    text,
    { isOnce: true, keys: ["listeners.tls.psk_file"], says: "For the listeners with `psk_hint`." },
    (value, target) => {
      target.security.pskFile = target.said(resolve(value));
    },
  ),
  option(
    "allow_zero_length_clientid",
    toggle,
    { keys: ["client_ids.allow_empty"], says: "Whether clients may leave their client id empty." },
    perListener("client_ids.allow_empty"),
  ),
  option(
    "auto_id_prefix",
    text,
    {
      isOnce: true,
      keys: ["client_ids.generated_prefix"],
      says: "What client ids begin with that the broker makes. Default `auto-`.",
    },
    perListener("client_ids.generated_prefix"),
  ),
  option("clientid_prefixes", text, {
    isOnce: true,
    verdict: "different",
    keys: ["client_ids.prefix"],
    says: "What every client id has to begin with. Another one is refused as a client id that is not valid (2, in 5.0 0x85), where mosquitto says that it is not authorised (5, in 5.0 0x87).",
  }),
];

const sessions = [
  option(
    "persistent_client_expiration",
    text,
    {
      verdict: "different",
      keys: ["session.maximum_expiry_seconds"],
      says: "Holds for all sessions, those of 5.0 that ask for longer included.",
    },
    (value, target) => {
      const seconds = secondsOf(value);
      if (seconds === undefined)
        throw target.mistake("Invalid persistent_client_expiration duration in configuration.");
      target.set("session.maximum_expiry_seconds", Math.min(seconds, 0xffff_ffff));
    },
  ),
  option(
    "global_max_clients",
    whole(-1),
    { keys: ["session.maximum"], says: "Sessions, connected or not." },
    (value, target) => {
      if (value > 0) target.set("session.maximum", value);
    },
  ),
  option(
    "global_max_connections",
    whole(-1),
    { keys: ["limits.maximum_connections"], says: "Connections at the same time. Default 100,000." },
    (value, target) => {
      if (value > 0) target.set("limits.maximum_connections", value);
    },
  ),
  option(
    "max_keepalive",
    whole(0, 65_535),
    { keys: ["mqtt.maximum_keep_alive_seconds"], says: "0 is no limit." },
    (value, target) => {
      target.set("mqtt.maximum_keep_alive_seconds", value === 0 ? 65_535 : value);
    },
  ),
];

const queues = [
  option(
    "max_inflight_messages",
    whole(0, 65_535, "max_inflight_messages must be <= 65535."),
    { keys: ["limits.maximum_in_flight", "mqtt.receive_maximum"], says: "Default 20; 0 is no limit." },
    (value, target) => {
      target.set("limits.maximum_in_flight", value === 0 ? 65_535 : value);
      target.set("mqtt.receive_maximum", value === 0 ? 65_535 : value);
    },
  ),
  option("max_inflight_bytes", whole(0), {
    keys: ["limits.maximum_in_flight_bytes"],
    says: "0 is no limit.",
  }),
  option(
    "max_queued_messages",
    whole(-UNLIMITED),
    { keys: ["queue.maximum_messages"], says: "Default 1000; 0 is no limit. Further ones are dropped." },
    (value, target) => {
      target.set("queue.maximum_messages", value <= 0 ? UNLIMITED : value);
    },
  ),
  option(
    "max_queued_bytes",
    whole(-UNLIMITED),
    { keys: ["queue.maximum_bytes"], says: "0, the default, is no limit." },
    (value, target) => {
      target.set("queue.maximum_bytes", value <= 0 ? UNLIMITED : value);
    },
  ),
  option("queue_qos0_messages", toggle, {
    keys: ["queue.qos0"],
    says: "Whether sessions that are away also queue QoS 0.",
  }),
  option("upgrade_outgoing_qos", toggle, {
    keys: ["mqtt.upgrade_qos"],
    says: "Delivers with the QoS of the subscription.",
  }),
  option("max_packet_size", whole(20, 268_435_460), {
    keys: ["limits.maximum_packet_bytes"],
    says: "Default 2,000,000, as in mosquitto 2.1; 2.0 has no limit.",
  }),
  option("message_size_limit", whole(0, 268_435_455), {
    keys: ["limits.maximum_payload_bytes"],
    says: "Larger payloads are acknowledged and not forwarded; 0 is no limit.",
  }),
  option("allow_duplicate_messages", toggle, {
    verdict: "different",
    says: "A message that several filters of a client match comes once, at the highest QoS, whatever is set.",
  }),
  option(
    "memory_limit",
    whole(0),
    {
      verdict: "unsupported",
      says: "Nothing limits the memory as a whole; queues, retained messages and what waits to be sent have limits of their own (`[queue]`, `[retained]`, `[limits]`).",
    },
    (value, target) => {
      if (value === 0) target.fits("0 is no limit.");
    },
  ),
  option("retry_interval", anything, { says: NOT_NEEDED }),
];

const retained = [
  option("retain_available", toggle, {
    keys: ["retained.available"],
    says: "Without it, publishing with RETAIN ends the connection.",
  }),
  option("check_retain_source", toggle, {
    keys: ["retained.check_source"],
    says: "Default true: a retained message is given out only while its publisher may write there.",
  }),
  option("retain_expiry_interval", whole(0), {
    verdict: "different",
    says: "Retained messages that have expired are never given out, and need no sweep.",
  }),
  option("retained_persistence", anything, { says: NOT_NEEDED }),
];

const persistence = [
  option(
    "persistence",
    toggle,
    {
      keys: ["persistence.mode"],
      says: "true is `durable`: what is acknowledged is on the disk. false, the default, is `memory`.",
    },
    (value, target) => {
      target.draft.persistence = target.said(value);
    },
  ),
  option(
    "persistence_file",
    text,
    {
      isOnce: true,
      verdict: "different",
      keys: ["persistence.folder"],
      says: "Sessions and messages are kept in a folder: the name of this file with `.martlet` behind it; without this option `martlet-data`. The file itself is not read; `martlet migrate` does that.",
    },
    (value, target) => {
      target.draft.persistenceFile = target.said(basename(value));
    },
  ),
  option(
    "persistence_location",
    text,
    {
      isOnce: true,
      keys: ["persistence.folder"],
      says: "The folder that the folder of `persistence_file` is in.",
    },
    (value, target) => {
      target.draft.persistenceLocation = target.said(resolve(value));
    },
  ),
  option("autosave_interval", whole(-UNLIMITED), {
    verdict: "different",
    says: "Everything is saved when it happens.",
  }),
  option("autosave_on_changes", toggle, {
    verdict: "different",
    says: "Everything is saved when it happens.",
  }),
];

const process = [
  option(
    "include_dir",
    text,
    {
      says: "Files that end with `.conf`, in mosquitto's order: 00, 01, A, a, B, b. A change in them counts like one in the file itself.",
    },
    () => undefined,
  ),
  option(
    "pid_file",
    text,
    { isOnce: true, keys: ["process.pid_file"], says: "The number of the process stands in it." },
    (value, target) => {
      target.set("process.pid_file", resolve(value));
    },
  ),
  option("user", text, {
    isOnce: true,
    keys: ["process.user"],
    says: "Who the broker is after it has begun to listen, when it was started as root. Default `mosquitto`, or `nobody` on a machine without that user; `root` stays root. The log, the PID file and the data folder are given to that user.",
  }),
  option("sys_interval", whole(0, 65_535), { keys: ["sys.interval_seconds"], says: "0 is no `$SYS`." }),
  option(
    "set_tcp_nodelay",
    toggle,
    { verdict: "different", says: "Small packets are never held back." },
    (value, target) => {
      if (value) target.fits("Small packets are never held back.");
    },
  ),
  option(
    "enable_control_api",
    toggle,
    { verdict: "unsupported", says: "There is no `$CONTROL/broker/v1`." },
    (value, target) => {
      if (!value) target.fits("There is no `$CONTROL/broker/v1`.");
    },
  ),
];

export const generalOptions = [...access, ...sessions, ...queues, ...retained, ...persistence, ...process];

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  m: 2_592_000,
  y: 31_536_000,
};

/** `14d`; undefined for what is none. */
function secondsOf(shown: string): number | undefined {
  const [, digits = "", unit = ""] = /^ *([1-9]\d{0,9})([shdwmy]) *$/.exec(shown) ?? [];
  const seconds = UNIT_SECONDS[unit];
  return seconds === undefined ? undefined : Number(digits) * seconds;
}
