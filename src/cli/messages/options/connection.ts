/** Where the broker is, who asks, and for which session. */

import { ProtocolVersion } from "#protocol";
import { parseProxy } from "../proxy-option.ts";
import { UsageError } from "../settings.ts";
import { ALL, flag, type MessageOption, refused, text } from "./message-option.ts";
import { atLeastOne } from "./values.ts";

export const connectionOptions: readonly MessageOption[] = [
  text(
    ["-h", "--host"],
    "<host>",
    "host",
    "connection",
    "Host of the broker. Default localhost.",
    (settings, value) => {
      settings.host = value;
      settings.transport = settings.transport === "unix" ? "tcp" : settings.transport;
    },
  ),
  text(
    ["-p", "--port"],
    "<port>",
    "port",
    "connection",
    "Port of the broker. Default 1883, with TLS 8883.",
    (settings, value) => {
      const port = Number.parseInt(value, 10);
      if (!(port >= 0 && port <= 65_535)) throw new UsageError(`Error: Invalid port given: ${value}`);
      settings.port = port;
    },
  ),
  text(["--unix"], "<path>", "socket path", "connection", "Connect to a Unix socket.", (settings, value) => {
    settings.transport = "unix";
    settings.path = value;
  }),
  flag(["--ws"], ALL, "connection", "Connect by WebSocket, path /mqtt.", (settings) => {
    settings.transport = "websocket";
  }),
  text(["-u", "--username"], "<name>", "username", "connection", "User name.", (settings, value) => {
    settings.userName = value;
  }),
  text(
    ["-P", "--pw"],
    "<password>",
    "password",
    "connection",
    "Password. Others can see it in the list of processes; a config file is better.",
    (settings, value) => {
      settings.password = value;
    },
  ),
  text(
    ["-i", "--id"],
    "<id>",
    "id",
    "connection",
    "Client identifier. Default: a random one.",
    (settings, value) => {
      if (settings.idPrefix !== undefined) throw bothIds();
      settings.clientId = value;
    },
  ),
  text(
    ["-I", "--id-prefix"],
    "<prefix>",
    "id prefix",
    "connection",
    "Client identifier that begins so and ends with the process id.",
    (settings, value) => {
      if (settings.clientId !== undefined) throw bothIds();
      settings.idPrefix = value;
    },
  ),
  flag(
    ["-c", "--disable-clean-session"],
    ALL,
    "connection",
    "Go on with the session of this client identifier, and keep it.",
    (settings) => {
      settings.cleanSession = false;
    },
  ),
  text(
    ["-x"],
    "<seconds>",
    "session expiry interval",
    "connection",
    "How long the broker keeps the session; -1 is forever. 5.0 only.",
    (settings, value) => {
      settings.sessionExpiryInterval = sessionExpiry(value);
      settings.version = ProtocolVersion.MQTT_5_0;
    },
  ),
  text(
    ["-k", "--keepalive"],
    "<seconds>",
    "keepalive",
    "connection",
    "Keep alive, 5 to 65535. Default 60.",
    (settings, value) => {
      const seconds = Number.parseInt(value, 10);
      if (!(seconds >= 5 && seconds <= 65_535)) {
        throw new UsageError("Error: Invalid keepalive given, it must be between 5 and 65535 inclusive.\n");
      }
      settings.keepAliveSeconds = seconds;
    },
  ),
  text(
    ["-V", "--protocol-version"],
    "<version>",
    "version",
    "connection",
    "5, 311 or 31. Default 311, of rr 5.",
    (settings, value) => {
      const version = versions[value.replace(/^mqttv/, "")];
      if (version === undefined) throw new UsageError("Error: Invalid protocol version argument given.\n");
      settings.version = version;
    },
  ),
  text(
    ["-M"],
    "<n>",
    "max_inflight",
    "connection",
    "Messages above QoS 0 that may wait for the broker's acknowledgement. Default 20.",
    (settings, value) => {
      settings.maximumInFlight = atLeastOne(
        value,
        () => "Error: Maximum inflight messages must be greater than 0.\n",
      );
    },
  ),
  text(["-A"], "<address>", "address", "connection", "Local address to connect from.", (settings, value) => {
    settings.bindAddress = value;
  }),
  text(
    ["--proxy"],
    "<url>",
    "proxy url",
    "connection",
    "SOCKS5 proxy: socks5h://[user[:password]@]host[:port]; with socks5: this machine looks up the host.",
    (settings, value) => {
      if (parseProxy(value) === undefined)
        throw new UsageError(`Error: Unsupported proxy protocol: ${value}`);
      settings.proxy = value;
    },
  ),
  flag(
    ["--nodelay"],
    ALL,
    "connection",
    "Send small packets at once. Always so; accepted for scripts.",
    (settings) => {
      settings.noDelay = true;
    },
  ),
  refused(
    ["-S"],
    undefined,
    "connection",
    "Look up _mqtt._tcp.<host>.",
    "Martlet does not look up SRV records; give the host and port with -h and -p",
  ),
  refused(
    ["--mptcp"],
    undefined,
    "connection",
    "Multipath TCP.",
    "Node.js cannot open Multipath TCP connections",
  ),
];

const versions: Readonly<Record<string, ProtocolVersion>> = {
  "5": ProtocolVersion.MQTT_5_0,
  "311": ProtocolVersion.MQTT_3_1_1,
  "31": ProtocolVersion.MQTT_3_1,
};

function sessionExpiry(value: string): number {
  if (value === "∞") return 0xffff_ffff;
  const seconds = /^(-?\d+|0x[0-9a-f]+)$/i.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(seconds)) throw new UsageError("Error: session-expiry-interval not a number.\n");
  if (seconds < -1 || seconds > 0xffff_ffff) {
    throw new UsageError("Error: session-expiry-interval out of range.\n");
  }
  return seconds === -1 ? 0xffff_ffff : seconds;
}

function bothIds(): UsageError {
  return new UsageError("Error: -i and -I argument cannot be used together.\n");
}
