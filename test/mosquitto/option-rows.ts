// One row for each option of mosquitto: lines that use it, and what they make of the configuration. Each value differs from what
// is there without the line; options without an effect say what is said of them.
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { resolve } from "node:path";

export interface EffectRow {
  /** `NAME` stands for the option. */
  readonly text: string;
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

export interface ReportRow {
  readonly text: string;
  readonly verdict: "same" | "different" | "unsupported" | "refused";
}

const isIPv6 = ({ family }: NetworkInterfaceInfo): boolean => family === "IPv6";
const everyone = Object.values(networkInterfaces()).some((each) => each?.some(isIPv6)) ? "::" : "0.0.0.0";
const UNLIMITED = Number.MAX_SAFE_INTEGER;
const BRIDGE = "connection b\naddress 192.0.2.1\ntopic a/#\n";
const TLS = "listener 8883\ncertfile /c.pem\nkeyfile /k.pem\n";
const first = (...path: string[]): readonly (string | number)[] => ["listeners", 0, ...path];
const bridge = (...path: (string | number)[]): readonly (string | number)[] => ["bridges", 0, ...path];
const effect = (text: string, path: string | readonly (string | number)[], value: unknown): EffectRow => ({
  text,
  path: typeof path === "string" ? path.split(".") : path,
  value,
});
const below = (text: string, path: readonly (string | number)[], value: unknown): EffectRow =>
  effect(BRIDGE + text, path, value);

/** By the option's name. */
export const effects: Readonly<Record<string, readonly EffectRow[]>> = {
  per_listener_settings: [
    effect(
      "NAME true\nlistener 1\nallow_anonymous true\nlistener 2",
      ["listeners", 1, "allow_anonymous"],
      false,
    ),
  ],
  allow_anonymous: [
    effect("NAME true\nlistener 1", first("allow_anonymous"), true),
    effect("NAME false", first("allow_anonymous"), false),
  ],
  password_file: [
    effect("NAME /pw", "logins.password_file.path", "/pw"),
    effect("NAME pw", "logins.password_file.path", resolve("pw")),
    effect("per_listener_settings true\nlistener 1\nNAME /pw", first("logins", "password_file"), "/pw"),
  ],
  acl_file: [
    effect("NAME /acl", "access.acl_file", "/acl"),
    effect("per_listener_settings true\nlistener 1\nNAME /acl", first("access", "acl_file"), "/acl"),
  ],
  psk_file: [effect("NAME /psk\nlistener 1\npsk_hint h", first("tls", "psk_file"), "/psk")],
  allow_zero_length_clientid: [
    effect("NAME false", "client_ids.allow_empty", false),
    effect("per_listener_settings true\nlistener 1\nNAME false", first("client_ids", "allow_empty"), false),
  ],
  auto_id_prefix: [
    effect("NAME x-", "client_ids.generated_prefix", "x-"),
    effect("per_listener_settings true\nlistener 1\nNAME x-", first("client_ids", "generated_prefix"), "x-"),
  ],
  clientid_prefixes: [effect("NAME x-", "client_ids.prefix", "x-")],
  persistent_client_expiration: [
    effect("NAME 2h", "session.maximum_expiry_seconds", 7_200),
    effect("NAME 3m", "session.maximum_expiry_seconds", 3 * 30 * 86_400),
  ],
  global_max_clients: [effect("NAME 7", "session.maximum", 7)],
  global_max_connections: [effect("NAME 7", "limits.maximum_connections", 7)],
  max_keepalive: [effect("NAME 100", "mqtt.maximum_keep_alive_seconds", 100)],
  max_inflight_messages: [
    effect("NAME 5", "limits.maximum_in_flight", 5),
    effect("NAME 5", "mqtt.receive_maximum", 5),
    effect("NAME 0", "limits.maximum_in_flight", 65_535),
  ],
  max_inflight_bytes: [effect("NAME 500", "limits.maximum_in_flight_bytes", 500)],
  max_queued_messages: [
    effect("NAME 5", "queue.maximum_messages", 5),
    effect("NAME 0", "queue.maximum_messages", UNLIMITED),
  ],
  max_queued_bytes: [effect("NAME 5", "queue.maximum_bytes", 5)],
  queue_qos0_messages: [effect("NAME true", "queue.qos0", true)],
  upgrade_outgoing_qos: [effect("NAME true", "mqtt.upgrade_qos", true)],
  max_packet_size: [effect("NAME 200", "limits.maximum_packet_bytes", 200)],
  message_size_limit: [effect("NAME 200", "limits.maximum_payload_bytes", 200)],
  retain_available: [effect("NAME false", "retained.available", false)],
  check_retain_source: [effect("NAME false", "retained.check_source", false)],
  persistence: [effect("NAME true", "persistence.mode", "durable")],
  persistence_file: [effect("persistence true\nNAME x.db", "persistence.folder", resolve("x.db.martlet"))],
  persistence_location: [
    effect("persistence true\nNAME /var/x/", "persistence.folder", "/var/x/martlet-data"),
  ],
  pid_file: [effect("NAME /x.pid", "process.pid_file", "/x.pid")],
  user: [effect("NAME me", "process.user", "me")],
  sys_interval: [effect("NAME 0", "sys.interval_seconds", 0)],
  log_dest: [
    effect("NAME stdout", "log.destination", ["stdout"]),
    effect("NAME file /x.log\nNAME syslog\nNAME topic", "log.destination", ["file", "syslog", "topic"]),
    effect("NAME file /x y.log", "log.file", "/x y.log"),
    effect("NAME none", "log.destination", []),
  ],
  log_type: [
    effect("NAME error\nNAME subscribe", "log.types", ["error", "subscribe"]),
    effect("NAME all", "log.packets", true),
    effect("NAME none", "log.types", []),
  ],
  log_timestamp: [effect("NAME false", "log.timestamp", false)],
  log_timestamp_format: [effect("NAME %Y-%m-%d %H:%M", "log.timestamp_format", "%Y-%m-%d %H:%M")],
  log_facility: [effect("NAME 3", "log.facility", "local3")],
  connection_messages: [effect("NAME false", "log.connections", false)],
  plugin: [
    effect(
      "NAME /x/mosquitto_dynamic_security.so\nplugin_opt_config_file /r.json",
      "access.roles_file",
      "/r.json",
    ),
  ],
  plugin_load: [
    effect(
      "NAME d /x/mosquitto_dynamic_security.so\nplugin_opt_config_file /r.json",
      "access.roles_file",
      "/r.json",
    ),
  ],
  plugin_opt_config_file: [
    effect("plugin /x/mosquitto_dynamic_security.so\nNAME /r.json", "access.roles_file", "/r.json"),
  ],
  listener: [
    effect("NAME 1884", first("port"), 1884),
    effect("NAME 1884", first("host"), [everyone]),
    effect("NAME 1884 192.0.2.1", first("host"), ["192.0.2.1"]),
    effect("NAME 0 /x.sock", first("path"), "/x.sock"),
    effect("NAME 1884", first("allow_anonymous"), false),
  ],
  port: [effect("NAME 1884", first("port"), 1884), effect("NAME 1884", first("host"), [everyone])],
  bind_address: [effect("NAME 192.0.2.1", first("host"), ["192.0.2.1"])],
  socket_domain: [
    effect("listener 1\nNAME ipv6", first("socket_family"), "ipv6"),

    effect("listener 1\nNAME ipv4", first("socket_family"), "ipv4"),
    effect("listener 1 127.0.0.1\nNAME ipv4", first("socket_family"), "ipv4"),
  ],
  protocol: [
    effect("listener 1\nNAME websockets", first("protocol"), "websocket"),
    effect("listener 1\nNAME websockets", first("path"), "/*"),
    effect(`${TLS}NAME websockets`, first("protocol"), "wss"),
  ],
  enable_proxy_protocol: [
    effect("listener 1\nNAME 2", first("proxy_protocol"), true),
    effect("listener 1\nNAME 2", first("trusted_proxies"), ["0.0.0.0/0", "::/0"]),
  ],
  packet_buffer_size: [
    effect("listener 1\nprotocol websockets\nNAME 999", first("maximum_header_bytes"), 999),
  ],
  websockets_origin: [
    effect("listener 1\nprotocol websockets\nNAME https://a\nNAME https://b", first("origin_allowed"), [
      "https://a",
      "https://b",
    ]),
  ],
  listener_allow_anonymous: [
    effect("allow_anonymous false\nlistener 1\nNAME true", first("allow_anonymous"), true),
  ],
  listener_auto_id_prefix: [effect("listener 1\nNAME x-", first("client_ids", "generated_prefix"), "x-")],
  use_username_as_clientid: [effect("listener 1\nNAME true", first("client_ids", "from_user_name"), true)],
  accept_protocol_versions: [effect("listener 1\nNAME 4,5", first("mqtt", "versions"), ["3.1.1", "5.0"])],
  max_connections: [
    effect("listener 1\nNAME 9", first("limits", "maximum_connections_per_listener"), 9),
    effect("listener 1\nNAME -1", first("limits", "maximum_connections_per_listener"), 0),
  ],
  max_qos: [effect("listener 1\nNAME 1", first("mqtt", "maximum_qos"), 1)],
  max_topic_alias: [effect("listener 1\nNAME 3", first("mqtt", "topic_alias_maximum"), 3)],
  max_topic_alias_broker: [effect("listener 1\nNAME 3", first("mqtt", "topic_alias_maximum_outbound"), 3)],
  mount_point: [effect("listener 1\nNAME site/", first("mount_point"), "site/")],
  certfile: [
    effect("listener 1\nNAME /x.pem\nkeyfile /k.pem", first("tls", "cert"), "/x.pem"),
    effect(TLS, first("protocol"), "tls"),
  ],
  keyfile: [effect("listener 1\ncertfile /x.pem\nNAME /k.pem", first("tls", "key"), "/k.pem")],
  cafile: [effect(`${TLS}require_certificate true\nNAME /ca.pem`, first("tls", "ca"), "/ca.pem")],
  require_certificate: [
    effect(`${TLS}cafile /ca.pem\nNAME true`, first("tls", "client_certificate"), "require"),
  ],
  use_identity_as_username: [
    effect(
      `${TLS}cafile /ca.pem\nrequire_certificate true\nNAME true`,
      "logins.certificate.user_name",
      "common-name",
    ),
    effect(
      `${TLS}cafile /ca.pem\nrequire_certificate true\nlistener 8884\ncertfile /c.pem\nkeyfile /k.pem\ncafile /ca.pem\nrequire_certificate true\nNAME true`,
      first("logins", "certificate"),
      "none",
    ),
    effect("psk_file /psk\nlistener 1\npsk_hint h\nNAME true", "logins.psk", {}),
    effect(
      "psk_file /psk\nlistener 1\npsk_hint h\nlistener 2\npsk_hint h\nNAME true",
      first("logins", "psk"),
      false,
    ),
  ],
  use_subject_as_username: [
    effect(
      `${TLS}cafile /ca.pem\nrequire_certificate true\nNAME true`,
      "logins.certificate.user_name",
      "subject",
    ),
  ],
  crlfile: [
    effect(`${TLS}cafile /ca.pem\nrequire_certificate true\nNAME /crl.pem`, first("tls", "crl"), "/crl.pem"),
  ],
  ciphers: [effect(`${TLS}ciphers_tls1.3 A\nNAME B`, first("tls", "ciphers"), "A:B")],
  "ciphers_tls1.3": [effect(`${TLS}ciphers B\nNAME A`, first("tls", "ciphers"), "A:B")],
  tls_version: [effect(`${TLS}NAME tlsv1.3`, first("tls", "min_version"), "1.3")],
  psk_hint: [
    effect("psk_file /psk\nlistener 1\nNAME h", first("tls", "psk_hint"), "h"),
    effect("psk_file /psk\nlistener 1\nNAME h", first("protocol"), "tls"),
  ],
  connection: [effect("NAME b1\naddress a\ntopic x", bridge("name"), "b1")],
  address: [
    effect("connection b\nNAME a c:99\ntopic x", bridge("addresses"), ["a:1883", "c:99"]),
    effect("connection b\nNAME a\nNAME c\ntopic x", bridge("addresses"), ["a:1883", "c:1883"]),
  ],
  topic: [
    effect('connection b\naddress a\nNAME x/# both 2 "" r/', bridge("topics"), [
      { pattern: "x/#", direction: "both", qos: 2, local_prefix: "", remote_prefix: "r/" },
    ]),
    effect('connection b\naddress a\nNAME x\nNAME "" in 1 l r', bridge("topics", 1), {
      pattern: "",
      direction: "in",
      qos: 1,
      local_prefix: "l",
      remote_prefix: "r",
    }),
  ],
  round_robin: [below("NAME true", bridge("round_robin"), true)],
  bridge_bind_address: [below("NAME 192.0.2.9", bridge("bind_address"), "192.0.2.9")],
  bridge_outgoing_retain: [below("NAME false", bridge("outgoing_retain"), false)],
  bridge_attempt_unsubscribe: [below("NAME false", bridge("attempt_unsubscribe"), false)],
  bridge_max_packet_size: [below("NAME 99", bridge("maximum_packet_bytes"), 99)],
  bridge_max_topic_alias: [below("NAME 3", bridge("maximum_topic_alias"), 3)],
  bridge_receive_maximum: [below("NAME 3", bridge("receive_maximum"), 3)],
  bridge_protocol_version: [
    below("NAME mqttv50", bridge("protocol_version"), "5.0"),
    below("NAME mqttv31", bridge("protocol_version"), "3.1"),
  ],
  bridge_session_expiry_interval: [below("NAME 60", bridge("session_expiry_seconds"), 60)],
  cleansession: [below("NAME true", bridge("clean_session"), true)],
  local_cleansession: [below("NAME true", bridge("local_clean_session"), true)],
  keepalive_interval: [
    below("NAME 30", bridge("keep_alive_seconds"), 30),
    below("NAME 1", bridge("keep_alive_seconds"), 5),
  ],
  remote_clientid: [below("NAME x", bridge("remote_client_id"), "x")],
  local_clientid: [below("NAME x", bridge("local_client_id"), "x")],
  remote_username: [below("NAME x", bridge("remote_user_name"), "x")],
  remote_password: [below("NAME x y", bridge("remote_password"), "x y")],
  try_private: [below("NAME false", bridge("try_private"), false)],
  notifications: [below("NAME false", bridge("notifications"), false)],
  notifications_local_only: [below("NAME true", bridge("notifications_local_only"), true)],
  notification_topic: [below("NAME x/y", bridge("notification_topic"), "x/y")],
  start_type: [below("NAME lazy", bridge("start"), "lazy")],
  threshold: [below("NAME 3", bridge("threshold"), 3)],
  idle_timeout: [
    below("NAME 3", bridge("idle_timeout_seconds"), 3),
    below("NAME 0", bridge("idle_timeout_seconds"), 1),
  ],
  restart_timeout: [
    below("NAME 7", bridge("restart_timeout"), [7]),
    below("NAME 7 90", bridge("restart_timeout"), [7, 90]),
  ],
  bridge_cafile: [below("NAME /ca.pem", bridge("tls", "ca"), "/ca.pem")],
  bridge_capath: [below("NAME /cas", bridge("tls", "ca_folder"), "/cas")],
  bridge_certfile: [below("NAME /c.pem\nbridge_keyfile /k.pem", bridge("tls", "cert"), "/c.pem")],
  bridge_keyfile: [below("bridge_certfile /c.pem\nNAME /k.pem", bridge("tls", "key"), "/k.pem")],
  bridge_alpn: [below("NAME mqtt", bridge("tls", "alpn"), "mqtt")],
  bridge_insecure: [below("bridge_cafile /ca.pem\nNAME true", bridge("tls", "insecure"), true)],
  bridge_tls_use_os_certs: [below("NAME true", bridge("tls", "use_system_ca"), true)],
  bridge_tls_version: [below("bridge_cafile /ca.pem\nNAME tlsv1.3", bridge("tls", "min_version"), "1.3")],
  bridge_ciphers: [below("NAME A:B", bridge("tls", "ciphers"), "A:B")],
  bridge_identity: [below("bridge_psk 1234\nNAME me", bridge("tls", "psk_identity"), "me")],
  bridge_psk: [below("bridge_identity me\nNAME 1234", bridge("tls", "psk"), "1234")],
};

const report = (verdict: ReportRow["verdict"], ...texts: string[]): readonly ReportRow[] =>
  texts.map((text) => ({ text, verdict }));
const aside = (verdict: ReportRow["verdict"], ...texts: string[]): readonly ReportRow[] =>
  texts.map((text) => ({ text: BRIDGE + text, verdict }));

/** Options that set nothing, and uses of others that mean something else. */
export const reports: Readonly<Record<string, readonly ReportRow[]>> = {
  allow_duplicate_messages: report("different", "NAME true"),
  memory_limit: [...report("unsupported", "NAME 5"), ...report("same", "NAME 0")],
  retry_interval: report("same", "NAME 5"),
  retain_expiry_interval: report("different", "NAME 5"),
  retained_persistence: report("same", "NAME true"),
  autosave_interval: report("different", "NAME 5"),
  autosave_on_changes: report("different", "NAME true"),
  set_tcp_nodelay: [...report("different", "NAME false"), ...report("same", "NAME true")],
  enable_control_api: [...report("unsupported", "NAME true"), ...report("same", "NAME false")],
  log_dest: report("unsupported", "NAME dlt"),
  plugin: report("refused", "NAME /x/other.so"),
  plugin_load: report("refused", "NAME o /x/other.so"),
  plugin_use: report("different", "NAME o"),
  "plugin_opt_*": report(
    "unsupported",
    "plugin /x/mosquitto_dynamic_security.so\nplugin_opt_config_file /r\nNAMEother x",
  ),
  auth_plugin_deny_special_chars: report(
    "different",
    "plugin /x/mosquitto_dynamic_security.so\nplugin_opt_config_file /r\nNAME true",
  ),
  bind_interface: report("refused", "listener 1\nNAME eth0"),
  protocol: report("refused", "listener 1\nNAME http_api"),
  proxy_protocol_v2_require_tls: [
    ...report("refused", "listener 1\nNAME true"),
    ...report("same", "listener 1\nNAME false"),
  ],
  http_dir: report("unsupported", "listener 1\nNAME /www"),
  websockets_log_level: report("unsupported", "NAME 5"),
  capath: report("refused", "listener 1\nNAME /cas"),
  tls_version: report("different", `${TLS}NAME tlsv1.1`),
  dhparamfile: report("unsupported", "listener 1\nNAME /dh"),
  disable_client_cert_date_checks: [
    ...report("unsupported", "listener 1\nNAME true"),
    ...report("same", "listener 1\nNAME false"),
  ],
  tls_engine: report("refused", "listener 1\nNAME x"),
  tls_engine_kpass_sha1: report("refused", "listener 1\nNAME x"),
  tls_keyform: [...report("refused", "listener 1\nNAME engine"), ...report("same", "listener 1\nNAME pem")],
  local_username: aside("different", "NAME x"),
  local_password: aside("different", "NAME x"),
  restart_timeout: aside("different", "NAME 0"),
  bridge_reload_type: [...aside("different", "NAME lazy"), ...aside("same", "NAME immediate")],
  bridge_tcp_keepalive: aside("unsupported", "NAME 1 2 3"),
  bridge_tcp_user_timeout: aside("unsupported", "NAME 1"),
  bridge_tls_version: aside("different", "NAME tlsv1.1"),
  "bridge_ciphers_tls1.3": aside("unsupported", "NAME A"),
  bridge_require_ocsp: [...aside("refused", "NAME true"), ...aside("same", "NAME false")],
};
