/**
 * Every option of mosquitto_pub, mosquitto_sub and mosquitto_rr 2.1, and those that Martlet adds: how it is spelt, who has it,
 * what it does, and for one that cannot be honoured, why. Help, completion and the page of the docs come from here.
 */

import { ProtocolVersion, topicFilterProblem, topicNameProblem } from "#protocol";
import { type MessageSettings, type PayloadSource, type Tool, UsageError } from "./settings.ts";
import { readUrl } from "./url-option.ts";
import { valueFormatNames } from "./values/names.ts";

export interface MessageOption {
  /** Short first, with dashes. */
  readonly names: readonly [string, ...string[]];
  readonly tools: readonly Tool[];
  /** What its value is called; undefined for a switch. */
  readonly value?: string;
  /** The word in "argument given but no ... specified". */
  readonly missing?: string;
  readonly help: string;
  /** It is known and not honoured: this is why. */
  readonly refused?: string;
  readonly group: OptionGroup;
  readonly apply: (settings: MessageSettings, value: string, tool: Tool) => void;
}

export type OptionGroup = "message" | "output" | "connection" | "will" | "TLS" | "other";

const ALL: readonly Tool[] = ["pub", "sub", "rr"];
const READERS: readonly Tool[] = ["sub", "rr"];
const WRITERS: readonly Tool[] = ["pub", "rr"];
const nothing = (): void => undefined;

export const messageOptions: readonly MessageOption[] = [
  {
    names: ["-t", "--topic"],
    tools: ALL,
    value: "<topic>",
    missing: "topic",
    help: "Topic name to publish to, or topic filter to subscribe to; sub takes several.",
    group: "message",
    apply: (settings, value, tool) => addTopic(settings, value, tool, "-t"),
  },
  {
    names: ["-L", "--url"],
    tools: ALL,
    value: "<url>",
    missing: "URL",
    help: "User name, password, host, port and topic in one: mqtt(s)://[user[:password]@]host[:port]/topic, or ws(s)://.",
    group: "connection",
    apply: (settings, value, tool) => addTopic(settings, readUrl(settings, value), tool, "-L topic"),
  },
  payload(["-m", "--message"], "<text>", "message", "Send this text.", (text) => ({ kind: "text", text })),
  payload(["-f", "--file"], "<file>", "file", "Send the content of a file.", (path) => ({
    kind: "file",
    path,
  })),
  payload(["-n", "--null-message"], undefined, "", "Send an empty message.", () => ({ kind: "empty" })),
  payload(["-s", "--stdin-file"], undefined, "", "Send all of standard input as one message.", () => ({
    kind: "input",
  })),
  {
    ...payload(
      ["-l", "--stdin-line"],
      undefined,
      "",
      "Send each line of standard input as a message.",
      () => ({ kind: "lines" }),
    ),
    tools: ["pub"],
  },
  {
    names: ["-q", "--qos"],
    tools: ALL,
    value: "<qos>",
    missing: "QoS",
    help: "0, 1 or 2. Default 0.",
    group: "message",
    apply: (settings, value) => {
      settings.qos = qos(value, (given) => `Error: Invalid QoS given: ${given}`);
    },
  },
  flag(
    ["-r", "--retain"],
    ["pub"],
    "message",
    "Let the broker keep the message for later subscribers.",
    (settings) => {
      settings.retain = true;
    },
  ),
  {
    names: ["--repeat"],
    tools: ["pub"],
    value: "<n>",
    missing: "count",
    help: "Publish the message n times.",
    group: "message",
    apply: (settings, value) => {
      settings.repeat = atLeastOne(value, () => "Error: --repeat argument must be >0.\n");
    },
  },
  {
    names: ["--repeat-delay"],
    tools: ["pub"],
    value: "<seconds>",
    missing: "time",
    help: "Wait between them; 0.5 is allowed. Default 0.",
    group: "message",
    apply: (settings, value) => {
      const seconds = Number.parseFloat(value);
      if (!(seconds >= 0)) throw new UsageError("Error: --repeat-delay argument must be >=0.0.\n");
      settings.repeatDelayMs = seconds * 1000;
    },
  },
  {
    names: ["-e"],
    tools: ["rr"],
    value: "<topic>",
    missing: "response topic",
    help: "Topic name for the response.",
    group: "message",
    apply: (settings, value) => {
      if (topicNameProblem(value) !== undefined) {
        throw new UsageError(`Error: Invalid response topic '${value}', does it contain '+' or '#'?`);
      }
      settings.responseTopic = value;
    },
  },
  {
    names: ["-T", "--filter-out"],
    tools: ["sub"],
    value: "<filter>",
    missing: "topic filter",
    help: "Do not show topics that match; may be given several times.",
    group: "message",
    apply: (settings, value) => {
      settings.filtersOut.push(filter(value, "filter topic"));
    },
  },
  {
    names: ["-U", "--unsubscribe"],
    tools: ["sub"],
    value: "<filter>",
    missing: "unsubscribe topic",
    help: "Unsubscribe, for a session that goes on (-c); may be given several times.",
    group: "message",
    apply: (settings, value) => {
      settings.unsubscribe.push(filter(value, "unsubscribe topic"));
    },
  },
  {
    names: ["-C", "--count"],
    tools: ["sub"],
    value: "<n>",
    missing: "count",
    help: "End after n messages.",
    group: "message",
    apply: (settings, value) => {
      settings.count = atLeastOne(value, (given) => `Error: Invalid message count "${given}".\n`);
    },
  },
  {
    names: ["-W", "--timeout"],
    tools: READERS,
    value: "<seconds>",
    missing: "timeout",
    help: "End after this time, with exit status 27.",
    group: "message",
    apply: (settings, value) => {
      settings.timeoutSeconds = atLeastOne(value, (given) => `Error: Invalid timeout "${given}".\n`);
    },
  },
  flag(
    ["-E"],
    ["sub"],
    "message",
    "End as soon as the broker has answered the subscriptions.",
    (settings) => {
      settings.exitAfterSuback = true;
    },
  ),
  flag(["-R"], READERS, "message", "No retained messages.", (settings) => {
    settings.noRetained = true;
    settings.retainHandling ??= 2;
  }),
  flag(
    ["--retained-only"],
    ["sub"],
    "message",
    "Retained messages only; end with the first that is not.",
    (settings) => {
      settings.retainedOnly = true;
    },
  ),
  flag(
    ["--remove-retained"],
    ["sub"],
    "message",
    "Remove each retained message that comes from the broker.",
    (settings) => {
      settings.removeRetained = true;
    },
  ),
  flag(
    ["--retain-as-published"],
    READERS,
    "message",
    "Show the retain flag as the publisher set it. 5.0 only.",
    (settings) => {
      settings.retainAsPublished = true;
    },
  ),
  {
    names: ["--retain-handling"],
    tools: READERS,
    value: "<when>",
    missing: "option",
    help: "When retained messages come: always, new (only for a new subscription) or never. 5.0 only.",
    group: "message",
    apply: (settings, value) => {
      const handling = ["always", "new", "never"].indexOf(value);
      if (handling < 0) throw new UsageError(`Error: Unknown value '${value}' for --retain-handling.\n`);
      settings.retainHandling = handling as 0 | 1 | 2;
    },
  },
  {
    names: ["--random-filter"],
    tools: ["sub"],
    value: "<percent>",
    missing: "chance",
    help: "Show only this share of the messages, picked at random: 0.1 to 100.",
    group: "message",
    apply: (settings, value) => {
      const percent = Number.parseFloat(value);
      if (!(percent >= 0.1 && percent <= 100)) {
        throw new UsageError("Error: --random-filter chance must be between 0.1-100.0\n");
      }
      settings.randomFilterPercent = percent;
    },
  },
  {
    names: ["-D", "--property"],
    tools: ALL,
    value: "<packet> <name> <value>",
    help: "A property of MQTT 5.0, for connect, publish, unsubscribe, disconnect or will: -D publish user-property key value.",
    group: "message",
    // Takes several words; read-arguments.ts reads them.
    apply: nothing,
  },

  flag(["-v", "--verbose"], READERS, "output", "Show the topic before the payload.", (settings) => {
    settings.verbose = true;
  }),
  {
    names: ["-F"],
    tools: READERS,
    value: "<format>",
    missing: "format",
    help: "What to show of a message: %t topic, %p payload, %q QoS, %r retain, %j all as JSON, %I time; the page in docs has all.",
    group: "output",
    apply: (settings, value) => {
      settings.format = value;
    },
  },
  {
    names: ["--format"],
    tools: READERS,
    value: "<name>",
    missing: "format",
    help: `What the payload is, to show it readable: ${valueFormatNames.join(", ")}.`,
    group: "output",
    apply: (settings, value) => {
      if (!(valueFormatNames as readonly string[]).includes(value)) {
        throw new UsageError(
          `Error: Unknown format '${value}'. The formats are: ${valueFormatNames.join(", ")}.\n`,
        );
      }
      settings.valueFormat = value;
    },
  },
  {
    names: ["--color"],
    tools: READERS,
    value: "<when>",
    missing: "time",
    help: "auto (on a terminal), always or never. Default auto; NO_COLOR is obeyed.",
    group: "output",
    apply: (settings, value) => {
      if (value !== "auto" && value !== "always" && value !== "never") {
        throw new UsageError(`Error: Unknown value '${value}' for --color; give auto, always or never.\n`);
      }
      settings.color = value;
    },
  },
  flag(["-N"], READERS, "output", "No line feed after a message.", (settings) => {
    settings.endOfLine = false;
  }),
  flag(["--pretty"], READERS, "output", "Indent the JSON of %j and %J.", (settings) => {
    settings.pretty = true;
  }),
  flag(
    ["-w", "--watch"],
    ["sub"],
    "output",
    "A live table: one line a topic, with rate and age.",
    (settings) => {
      settings.watch = true;
    },
  ),
  flag(
    ["--message-rate"],
    ["sub"],
    "output",
    "Each second the number of messages, instead of the messages.",
    (settings) => {
      settings.messageRate = true;
    },
  ),
  flag(["--latency"], ["rr"], "output", "Show how long the response took.", (settings) => {
    settings.latency = true;
  }),

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
    "SOCKS5 proxy: socks5h://[user[:password]@]host[:port].",
    (settings, value) => {
      if (!/^socks5h:\/\/./.test(value)) throw new UsageError(`Error: Unsupported proxy protocol: ${value}`);
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

  text(
    ["--will-topic"],
    "<topic>",
    "will topic",
    "will",
    "What the broker publishes when this client is lost: the topic name,",
    (settings, value) => {
      if (topicNameProblem(value) !== undefined) {
        throw new UsageError(`Error: Invalid will topic '${value}', does it contain '+' or '#'?`);
      }
      settings.willTopic = value;
    },
  ),
  text(["--will-payload"], "<text>", "will payload", "will", "the payload,", (settings, value) => {
    settings.willPayload = value;
  }),
  text(["--will-qos"], "<qos>", "will QoS", "will", "the QoS,", (settings, value) => {
    settings.willQos = qos(value, (given) => `Error: Invalid will QoS ${given}.\n`);
  }),
  flag(["--will-retain"], ALL, "will", "and whether it is retained.", (settings) => {
    settings.willRetain = true;
  }),

  text(
    ["--cafile"],
    "<file>",
    "file",
    "TLS",
    "Connect with TLS; certificates of the authorities to trust, in PEM form.",
    (settings, value) => {
      settings.caFile = value;
    },
  ),
  text(
    ["--capath"],
    "<folder>",
    "directory",
    "TLS",
    "The same, from all .crt and .pem files of a folder.",
    (settings, value) => {
      settings.caPath = value;
    },
  ),
  text(["--cert"], "<file>", "file", "TLS", "This client's certificate, in PEM form,", (settings, value) => {
    settings.certFile = value;
  }),
  text(["--key"], "<file>", "file", "TLS", "and its private key.", (settings, value) => {
    settings.keyFile = value;
  }),
  text(
    ["--tls-version"],
    "<version>",
    "version",
    "TLS",
    "tlsv1.3 or tlsv1.2: the only one that is spoken.",
    (settings, value) => {
      if (value !== "tlsv1.3" && value !== "tlsv1.2") {
        throw new UsageError(`Error: --tls-version ${value} is not supported; give tlsv1.2 or tlsv1.3.\n`);
      }
      settings.tlsVersion = value;
    },
  ),
  text(
    ["--ciphers"],
    "<list>",
    "ciphers",
    "TLS",
    "Ciphers to allow, as OpenSSL names them.",
    (settings, value) => {
      settings.ciphers = value;
    },
  ),
  text(
    ["--tls-alpn"],
    "<protocol>",
    "protocol",
    "TLS",
    "Protocol to ask for by ALPN. Default mqtt.",
    (settings, value) => {
      settings.tlsAlpn = value;
    },
  ),
  flag(["--insecure"], ALL, "TLS", "Do not check the broker's certificate. For trials only.", (settings) => {
    settings.insecure = true;
  }),
  flag(
    ["--tls-use-os-certs"],
    ALL,
    "TLS",
    "Connect with TLS; trust the system's authorities, also beside --cafile.",
    (settings) => {
      settings.useOsCerts = true;
    },
  ),
  text(
    ["--tls-keylog"],
    "<file>",
    "file",
    "TLS",
    "Append the secrets of the connection, for Wireshark.",
    (settings, value) => {
      settings.tlsKeyLog = value;
    },
  ),
  flag(["--no-tls"], ALL, "TLS", "No TLS, whatever the port and the other options say.", (settings) => {
    settings.noTls = true;
  }),
  text(
    ["--psk"],
    "<hex>",
    "key",
    "TLS",
    "Connect with TLS by a key that both sides know,",
    (settings, value) => {
      if (!/^([0-9a-f]{2})+$/i.test(value)) throw new UsageError("Error: --psk is not hexadecimal.\n");
      settings.psk = value;
    },
  ),
  text(["--psk-identity"], "<name>", "identity", "TLS", "and the name of the key.", (settings, value) => {
    settings.pskIdentity = value;
  }),
  refused(["--tls-engine"], "<engine>", "TLS", "OpenSSL engine.", "OpenSSL engines are not supported"),
  {
    ...text(["--keyform"], "<form>", "keyform", "TLS", "Form of the key: pem.", (_, value) => {
      if (value !== "pem")
        throw new UsageError("Error: --keyform engine: OpenSSL engines are not supported.\n");
    }),
  },
  refused(
    ["--tls-engine-kpass-sha1"],
    "<hash>",
    "TLS",
    "Password of an engine's key.",
    "OpenSSL engines are not supported",
  ),

  text(
    ["-o"],
    "<file>",
    "options file",
    "other",
    "Read options from this file, one a line, instead of the usual one.",
    nothing,
  ),
  flag(["-d", "--debug"], ALL, "other", "Show every packet.", (settings) => {
    settings.debug = true;
  }),
  flag(["--quiet"], ALL, "other", "No words about errors.", (settings) => {
    settings.quiet = true;
  }),
  flag(["--help"], ALL, "other", "Show this help.", nothing),
  flag(["--version"], ALL, "other", "Show the version.", nothing),
];

const versions: Readonly<Record<string, ProtocolVersion>> = {
  "5": ProtocolVersion.MQTT_5_0,
  "311": ProtocolVersion.MQTT_3_1_1,
  "31": ProtocolVersion.MQTT_3_1,
};

type Names = MessageOption["names"];

function flag(
  names: Names,
  tools: readonly Tool[],
  group: OptionGroup,
  help: string,
  apply: (settings: MessageSettings) => void,
): MessageOption {
  return { names, tools, group, help, apply };
}

function text(
  names: Names,
  value: string,
  missing: string,
  group: OptionGroup,
  help: string,
  apply: MessageOption["apply"],
): MessageOption {
  return { names, tools: ALL, value, missing, group, help, apply };
}

function refused(
  names: Names,
  value: string | undefined,
  group: OptionGroup,
  help: string,
  why: string,
): MessageOption {
  return {
    names,
    tools: ALL,
    group,
    help,
    refused: why,
    apply: nothing,
    ...(value === undefined ? {} : { value }),
  };
}

function payload(
  names: Names,
  value: string | undefined,
  missing: string,
  help: string,
  source: (value: string) => PayloadSource,
): MessageOption {
  return {
    names,
    tools: WRITERS,
    ...(value === undefined ? {} : { value, missing }),
    help,
    group: "message",
    apply: (settings, given) => {
      if (settings.payload !== undefined) {
        throw new UsageError("Error: Only one type of message can be sent at once.\n");
      }
      settings.payload = source(given);
    },
  };
}

function addTopic(settings: MessageSettings, topic: string, tool: Tool, option: string): void {
  if (!topic.isWellFormed()) throw new UsageError(`Error: Malformed UTF-8 in ${option} argument.\n`);
  if (tool === "sub") settings.topics.push(filter(topic, "subscription topic"));
  else {
    if (topicNameProblem(topic) !== undefined) {
      throw new UsageError(`Error: Invalid publish topic '${topic}', does it contain '+' or '#'?`);
    }
    settings.topics = [topic];
  }
}

function filter(topic: string, what: string): string {
  if (/(^|\/)\{[^{}.]+(\.\.\.)?\}(\/|$)/.test(topic)) {
    throw new UsageError(
      `Error: ${what} '${topic}': a whole level in braces is not supported; use + instead.`,
    );
  }
  if (topicFilterProblem(topic) === undefined) return topic;
  throw new UsageError(`Error: Invalid ${what} '${topic}', are all '+' and '#' wildcards correct?`);
}

function qos(value: string, sentence: (given: number) => string): 0 | 1 | 2 {
  const given = Number.parseInt(value, 10);
  if (given === 0 || given === 1 || given === 2) return given;
  throw new UsageError(sentence(Number.isNaN(given) ? 0 : given));
}

function atLeastOne(value: string, sentence: (given: number) => string): number {
  const given = Number.parseInt(value, 10);
  if (given >= 1 && given <= 0x7fff_ffff) return given;
  throw new UsageError(sentence(Number.isNaN(given) ? 0 : given));
}

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
