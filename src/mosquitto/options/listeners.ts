/** The options of mosquitto on where it listens, and what is different there. */

import { isAbsolute, resolve } from "node:path";
import { anything, choice, type Form, optionsOf, text, toggle, whole, words } from "../option.ts";
import type { Target } from "../target.ts";

const option = optionsOf("listener");
const MOST_PORTS = 65_535;
const EVERYBODY = ["0.0.0.0/0", "::/0"];

const port: Form<number> = (value, label, target) => {
  const [shown = ""] = words(value, label, target);
  const number = /^\d{1,9}$/.test(shown) ? Number(shown) : 0;
  if (number < 1 || number > MOST_PORTS) throw target.mistake(`Invalid port value (${number}).`);
  return number;
};

const path: Form<string> = (value, label, target) => resolve(text(value, label, target));

type Members =
  | "cert"
  | "key"
  | "ca"
  | "identityIsName"
  | "subjectIsName"
  | "pskHint"
  | "ciphers"
  | "newerCiphers";

/** Remembers a value for `settle.ts`. */
function remember(member: Members) {
  return (value: string | boolean, target: Target): void => {
    Object.assign(target.listener, { [member]: target.said(value) });
  };
}

const places = [
  option(
    "listener",
    words,
    {
      keys: ["listeners.port", "listeners.host", "listeners.path"],
      says: "A port and an address or name, or 0 and the path of a Unix socket. Without an address every machine can connect. With the first `listener` anonymous clients are refused unless `allow_anonymous` lets them in.",
    },
    () => undefined,
  ),
  option(
    "port",
    port,
    { keys: ["listeners.port"], says: "Of the listener without a name of its own." },
    (value, target) => {
      target.draft.defaultListener.port = value;
    },
  ),
  option(
    "bind_address",
    text,
    { isOnce: true, keys: ["listeners.host"], says: "Of the listener without a name of its own." },
    (value, target) => {
      target.draft.defaultListener.host = value;
    },
  ),
  option("bind_interface", text, {
    verdict: "refused",
    says: "Give the address of that interface to `listener`.",
  }),
  option(
    "socket_domain",
    choice(["ipv4", "ipv6"], (found) => `Invalid socket_domain value "${found}" in configuration.`),
    { keys: ["listeners.host"], says: "Which addresses are listened on where `listener` names none." },
    (value, target) => {
      target.listener.family = target.said(value);
    },
  ),
  option(
    "protocol",
    choice(["mqtt", "websockets", "http_api"]),
    {
      keys: ["listeners.protocol"],
      says: "`mqtt` or `websockets`, which takes any path, as mosquitto does. `http_api` is refused.",
    },
    (value, target) => {
      if (value === "http_api") target.refuse("There is no such listener.");
      else target.listener.protocol = value;
    },
  ),
  option(
    "enable_proxy_protocol",
    whole(1, 2),
    {
      keys: ["listeners.proxy_protocol", "listeners.trusted_proxies"],
      says: "Versions 1 and 2 are understood, whichever is set, from everybody who can connect.",
    },
    (_, target) => {
      target.setListener("proxy_protocol", true);
      target.setListener("trusted_proxies", EVERYBODY);
    },
  ),
  option(
    "proxy_protocol_v2_require_tls",
    toggle,
    { verdict: "refused", says: "What a proxy says of TLS is not looked at." },
    (value, target) => {
      if (!value) target.fits("It is off.");
    },
  ),
  option("http_dir", text, { verdict: "unsupported", says: "Files are not served; a web server does that." }),
  option(
    "packet_buffer_size",
    whole(1, 1_048_576),
    {
      aliases: ["websockets_headers_size"],
      keys: ["listeners.maximum_header_bytes"],
      says: "For `websockets`: the largest head of the HTTP request. Default 4096. Other listeners need none.",
    },
    (value, target) => {
      target.listener.settings.set("maximum_header_bytes", target.said(value));
    },
  ),
  option("websockets_log_level", anything, {
    verdict: "unsupported",
    says: "There is no log of WebSocket's own.",
  }),
  option(
    "websockets_origin",
    text,
    {
      keys: ["listeners.origin_allowed"],
      says: "Which web pages may connect; several add up. Default: all.",
    },
    (value, target) => {
      const before = (target.listener.settings.get("origin_allowed")?.value ?? []) as readonly string[];
      target.setListener("origin_allowed", [...before, value]);
    },
  ),
];

const clients = [
  option(
    "listener_allow_anonymous",
    toggle,
    { keys: ["listeners.allow_anonymous"], says: "Instead of `allow_anonymous`." },
    (value, target) => {
      target.setListener("allow_anonymous", value);
    },
  ),
  option(
    "listener_auto_id_prefix",
    text,
    { isOnce: true, keys: ["listeners.client_ids.generated_prefix"], says: "Instead of `auto_id_prefix`." },
    (value, target) => {
      target.setListener("client_ids.generated_prefix", value);
    },
  ),
  option(
    "use_username_as_clientid",
    toggle,
    {
      keys: ["listeners.client_ids.from_user_name"],
      says: "The user name is the client id; who has none is refused.",
    },
    (value, target) => {
      target.setListener("client_ids.from_user_name", value);
    },
  ),
  option(
    "accept_protocol_versions",
    text,
    { isOnce: true, keys: ["listeners.mqtt.versions"], says: "Any of 3, 4 and 5, with commas in between." },
    (value, target) => {
      const names: Readonly<Record<string, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };
      const versions = value.split(",").map((each) => names[each.trim()]);
      if (versions.includes(undefined))
        throw target.mistake(`Invalid accept_protocol_versions value (${value}).`);
      target.setListener("mqtt.versions", versions);
    },
  ),
  option(
    "max_connections",
    whole(-Number.MAX_SAFE_INTEGER),
    { keys: ["listeners.limits.maximum_connections_per_listener"], says: "-1, the default, is no limit." },
    (value, target) => {
      target.setListener("limits.maximum_connections_per_listener", Math.max(value, 0));
    },
  ),
  option(
    "max_qos",
    whole(0, 2, "max_qos must be between 0 and 2 inclusive."),
    { aliases: ["maximum_qos"], keys: ["listeners.mqtt.maximum_qos"], says: "The highest QoS." },
    (value, target) => {
      target.setListener("mqtt.maximum_qos", value);
    },
  ),
  option(
    "max_topic_alias",
    whole(0, 65_535, "Invalid max_topic_alias value in configuration."),
    { keys: ["listeners.mqtt.topic_alias_maximum"], says: "Default 10." },
    (value, target) => {
      target.setListener("mqtt.topic_alias_maximum", value);
    },
  ),
  option(
    "max_topic_alias_broker",
    whole(0, 65_535, "Invalid max_topic_alias_broker value in configuration."),
    { keys: ["listeners.mqtt.topic_alias_maximum_outbound"], says: "Default 10." },
    (value, target) => {
      target.setListener("mqtt.topic_alias_maximum_outbound", value);
    },
  ),
  option(
    "mount_point",
    text,
    {
      isOnce: true,
      keys: ["listeners.mount_point"],
      says: "Stands before all topics of these clients, and is taken away again when they get messages.",
    },
    (value, target) => {
      if (target.draft.listeners.length === 0) {
        throw target.mistake(
          "You must use create a listener before using the mount_point option in the configuration file.",
        );
      }
      if (/[+#]/.test(value)) {
        throw target.mistake(`Invalid mount_point '${value}'. Does it contain a wildcard character?`);
      }
      target.setListener("mount_point", value);
    },
  ),
];

const ENGINE = "OpenSSL's engines are not there; give the key as a file.";

const tls = [
  option(
    "certfile",
    path,
    { isOnce: true, keys: ["listeners.tls.cert"], says: "With `keyfile` the listener speaks TLS." },
    remember("cert"),
  ),
  option(
    "keyfile",
    path,
    { isOnce: true, keys: ["listeners.tls.key"], says: "The certificate's key." },
    remember("key"),
  ),
  option(
    "cafile",
    path,
    {
      isOnce: true,
      keys: ["listeners.tls.ca"],
      says: "The authorities of clients' certificates. Without `require_certificate` nobody is asked for one, and the file is not read.",
    },
    remember("ca"),
  ),
  option("capath", text, {
    verdict: "refused",
    says: "Put the certificates of that folder into one file, and name it with `cafile`.",
  }),
  option(
    "require_certificate",
    toggle,
    {
      keys: ["listeners.tls.client_certificate"],
      says: "Only clients with a certificate of `cafile` get in.",
    },
    (value, target) => {
      target.listener.requiresCertificate = value;
    },
  ),
  option(
    "use_identity_as_username",
    toggle,
    {
      keys: ["logins.certificate", "logins.psk", "listeners.logins"],
      says: "The common name of the certificate, or the identity of the pre-shared key, is the user name.",
    },
    remember("identityIsName"),
  ),
  option(
    "use_subject_as_username",
    toggle,
    {
      keys: ["logins.certificate.user_name", "listeners.logins"],
      says: "The whole subject of the certificate is the user name.",
    },
    remember("subjectIsName"),
  ),
  option(
    "crlfile",
    path,
    { isOnce: true, keys: ["listeners.tls.crl"], says: "Certificates of clients that were revoked." },
    (value, target) => {
      target.setListener("tls.crl", value);
    },
  ),
  option(
    "ciphers",
    text,
    { isOnce: true, keys: ["listeners.tls.ciphers"], says: "Of TLS 1.2." },
    remember("ciphers"),
  ),
  option(
    "ciphers_tls1.3",
    text,
    { isOnce: true, keys: ["listeners.tls.ciphers"], says: "Of TLS 1.3." },
    remember("newerCiphers"),
  ),
  option(
    "tls_version",
    text,
    {
      isOnce: true,
      keys: ["listeners.tls.min_version"],
      says: "`tlsv1.2`, the default, or `tlsv1.3`: the oldest that is spoken. Older ones than 1.2 are not spoken.",
    },
    (value, target) => {
      if (value === "tlsv1.3" || value === "tlsv1.2") target.setListener("tls.min_version", value.slice(4));
      else if (value === "tlsv1.1" || value === "tlsv1")
        target.differs("TLS 1.2 is the oldest that is spoken.");
      else throw target.mistake(`Invalid tls_version value (${value}).`);
    },
  ),
  option(
    "psk_hint",
    text,
    {
      isOnce: true,
      keys: ["listeners.tls.psk_hint", "listeners.tls.psk_file"],
      says: "Turns pre-shared keys on, those of `psk_file`.",
    },
    remember("pskHint"),
  ),
  option("dhparamfile", text, {
    verdict: "unsupported",
    says: "Keys are agreed on over elliptic curves, which need no such file.",
  }),
  option(
    "disable_client_cert_date_checks",
    toggle,
    { verdict: "unsupported", says: "Certificates out of date are refused." },
    (value, target) => {
      if (!value) target.fits("Certificates out of date are refused.");
    },
  ),
  option("tls_engine", text, { verdict: "refused", says: ENGINE }),
  option("tls_engine_kpass_sha1", text, { verdict: "refused", isSecret: true, says: ENGINE }),
  option(
    "tls_keyform",
    choice(["pem", "engine"]),
    { says: `\`pem\`; \`engine\` is refused. ${ENGINE}` },
    (value, target) => {
      if (value === "engine") target.refuse(ENGINE);
    },
  ),
];

export const listenerOptions = [...places, ...clients, ...tls];

/** Reads the value of `listener` into the listener that it begins. */
export function readListener(value: string, target: Target): void {
  const [shown = "", ...rest] = words(value, "listener", target);
  const host = rest.join(" ");
  const number = /^\d{1,9}$/.test(shown) ? Number(shown) : -1;
  const { listener } = target;
  if (number < 0 || number > MOST_PORTS) throw target.mistake(`Invalid port value (${Math.max(number, 0)}).`);
  if (number === 0 && host === "") {
    throw target.mistake("A listener with port 0 must provide a Unix socket path.");
  }
  listener.port = number;
  if (number === 0) listener.path = isAbsolute(host) ? host : resolve(host);
  else if (rest[0] !== undefined) listener.host = rest[0];
}
