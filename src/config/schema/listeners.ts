/** Where the broker listens: `[[listeners]]`. */

import { choice, file, list, mode, table, tables, text, toggle, whole } from "../declare.ts";
import { clientIds, limits, mqtt, queue, retained, session } from "./behaviour.ts";
import { certificateFields } from "./logins.ts";
import { brokerText, HOUR_MS, mountPointForm, networkForm, perListener, shortNameForm } from "./shared.ts";

const overTls = ["tls", "wss"];
const overWebSocket = ["websocket", "wss"];
const overPorts = ["tcp", "tls", "websocket", "wss"];

/** The ports that are listened on when none is given. */
export const defaultPorts: Readonly<Record<string, number>> = {
  tcp: 1883,
  tls: 8883,
  websocket: 8083,
  wss: 8084,
};

export const DEFAULT_WEBSOCKET_PATH = "/mqtt";

const certificateKeys = {
  cert: file({
    says: "Certificate to show, in PEM form, with those between it and its authority. Needed unless `psk_file` is set.",
  }),
  key: file({ says: "The certificate's private key, in PEM form." }),
  passphrase_file: file({ says: "The passphrase of an encrypted key is the first line of this file." }),
};

const tls = table(
  {
    says: "What is shown and asked for over TLS. Needed for `tls` and `wss`.",
    optional: true,
    reload: "now",
    presence: "restart",
    protocols: overTls,
  },
  {
    ...certificateKeys,
    ca: file({ says: "The authorities that sign clients' certificates, in PEM form." }),
    crl: file({ says: "Certificates that those authorities have revoked, in PEM form." }),
    client_certificate: choice({
      choices: ["none", "request", "require"],
      default: "none",
      says: "Whether clients are asked for a certificate of `ca`, and whether one without gets in. With `request` those without get in, too.",
    }),
    min_version: choice({
      choices: ["1.2", "1.3"],
      default: "1.2",
      says: "Oldest version of TLS that is spoken.",
    }),
    sni: tables(
      { default: [], says: "Further certificates, by the name that the client asks for." },
      table(
        {},
        {
          names: list({
            item: text({}),
            fewest: 1,
            says: "Host names; `*.example.org` stands for one more level. Default: those in the certificate.",
          }),
          cert: file({ required: true, says: "Certificate to show for these names, in PEM form." }),
          key: file({ required: true, says: "Its private key." }),
          passphrase_file: certificateKeys.passphrase_file,
        },
      ),
    ),
    alpn: list({
      item: text({}),
      reload: "restart",
      says: "Names of the protocol in ALPN; who offers others only is refused. Empty: what clients offer does not matter. Default: `mqtt`; for `wss` `http/1.1`.",
    }),
    ciphers: text({ says: "In OpenSSL's words. Default: those of Node." }),
    psk_file: file({
      says: "Clients with a pre-shared key, a line `identity:key in hex` each. TLS 1.2 is spoken then, and nothing newer.",
    }),
    psk_hint: text({ says: "Told to those clients, so that they choose their key." }),
  },
);

export const listeners = tables(
  {
    says: "Where clients connect. Several tables `[[listeners]]` are several listeners.",
    reload: "restart",
    identity: ["name", "protocol", "host", "port", "socket_family", "path"],
    default: [{ protocol: "tcp" }, { protocol: "websocket" }],
  },
  table(
    {},
    {
      name: text({
        form: shortNameForm,
        says: "For logs and rules. Default: its protocol and port or path, for example `tls:8883`; where others have the same, its address as well, `tls:192.0.2.1:8883`.",
      }),
      protocol: choice({
        choices: ["tcp", "tls", "unix", "websocket", "wss"],
        default: "tcp",
        says: "How MQTT comes in: over TCP, TLS, a Unix socket, WebSocket or WebSocket over TLS.",
      }),
      host: list({
        item: text({}),
        fewest: 1,
        protocols: overPorts,
        says: "Addresses or names to listen on. Default: this machine only. `0.0.0.0` is every IPv4 address, `::` every address.",
      }),
      port: whole({
        lowest: 0,
        highest: 65_535,
        protocols: overPorts,
        says: "0 for any free one. Default: 1883 for `tcp`, 8883 for `tls`, 8083 for `websocket`, 8084 for `wss`.",
      }),
      socket_family: choice({
        choices: ["any", "ipv4", "ipv6"],
        default: "any",
        protocols: overPorts,
        says: "Which addresses of `host` are listened on, IPv4, IPv6 or both; an address of another family is an error. With `ipv6`, `::` is every IPv6 address and no other.",
      }),
      path: text({
        protocols: ["unix", ...overWebSocket],
        says: "Of a Unix socket: its file. Of WebSocket: the path of the URL, `/mqtt` by default.",
      }),
      mode: mode({ protocols: ["unix"], says: "Rights of the Unix socket's file, in octal digits." }),
      group: text({ protocols: ["unix"], says: "Group of the Unix socket's file, by name or number." }),
      pipes: choice({
        choices: ["auto", "net", "handle"],
        default: "auto",
        protocols: ["tcp", "tls", "unix"],
        says: "What connections stand on: `net` is Node's public sockets, `handle` the faster handles below them, `auto` is `handle` where it is known to work.",
      }),
      allow_anonymous: toggle({
        reload: "now",
        says: "Whether clients without a user name get in here. Default: `logins.allow_anonymous`.",
      }),
      mount_point: brokerText("mountPoint", mountPointForm),
      proxy_protocol: toggle({
        default: false,
        says: "Whether connections begin with a PROXY header (v1 or v2) that says where the client is. Only from `trusted_proxies`, and from everybody who may use a Unix socket.",
      }),
      trusted_proxies: list({
        item: text({ form: networkForm }),
        default: [],
        protocols: overPorts,
        says: "Addresses and networks whose PROXY header counts, or `loopback`; others are not let in where `proxy_protocol` is on.",
      }),
      origin_allowed: list({
        item: text({}),
        protocols: overWebSocket,
        says: "Which web pages may connect, by their origin, such as `https://example.org`. Default: where only this machine can connect, pages of this machine; elsewhere all.",
      }),
      maximum_header_bytes: whole({
        lowest: 1,
        highest: 1_048_576,
        unit: "bytes",
        protocols: overWebSocket,
        says: "Largest head of the HTTP request that opens a WebSocket. Default: 16,384.",
      }),
      handshake_timeout_ms: whole({
        lowest: 1,
        highest: HOUR_MS,
        unit: "ms",
        default: 10_000,
        says: "Time that everything before the first byte of MQTT may take: PROXY header, TLS, WebSocket.",
      }),
      maximum_unfinished: whole({
        lowest: 1,
        highest: 1_000_000,
        default: 4_096,
        says: "Connections that are not through with that; more are dropped at once.",
      }),
      tls,
      logins: table(
        {
          optional: true,
          reload: "now",
          says: "Instead of what has the same name below `[logins]`, for this listener. What else stands there holds here, too.",
        },
        {
          certificate: choice({
            choices: ["none", ...certificateFields],
            says: "What of the certificate is the user name here; `none`: a certificate is no login here, whoever asks for it. Default: `logins.certificate.user_name`, where there is `[logins.certificate]`.",
          }),
          psk: toggle({
            says: "Whether a pre-shared key is a login here, and its identity the user name. Default: whether there is `[logins.psk]`.",
          }),
          password_file: file({
            says: "User names and hashed passwords of this listener alone. How it is read says `[logins.password_file]`.",
          }),
        },
      ),
      access: table(
        {
          optional: true,
          reload: "now",
          says: "Instead of the file of the same name in `[access]`, for this listener. What else stands there holds here, too.",
        },
        {
          acl_file: file({
            says: "Rules as in mosquitto's acl_file, of this listener alone. Where no listener's file and no `[access]` says anything, everything is allowed.",
          }),
        },
      ),
      mqtt: perListener(mqtt, "mqtt"),
      client_ids: perListener(clientIds, "client_ids"),
      limits: perListener(limits, "limits"),
      session: perListener(session, "session"),
      queue: perListener(queue, "queue"),
      retained: perListener(retained, "retained"),
    },
  ),
);
