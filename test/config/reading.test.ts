// Files, variables and settings as they are read: what they say, which wins, and what is wrong with them.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { brokerSettingsOf, listenerSettingsOf, readConfiguration } from "#config";
import { folderWith, problemsIn, problemsOf, readText } from "./folder.ts";

describe("a file", () => {
  const toml = `
[[listeners]]
port = 1884
host = "0.0.0.0"
[listeners.limits]
maximum_messages_per_second = 5
[[listeners]]
protocol = "unix"
path = "run/martlet.sock"
mode = "0660"
[limits]
maximum_packet_bytes = "1MiB"
ban_ms = "1.5s"
[session]
maximum_expiry_seconds = "2h"
[mqtt]
versions = ["5.0", "3.1.1"]
[persistence]
folder = "data"
`;
  const yaml = `
listeners:
  - port: 1884
    host: 0.0.0.0
    limits: { maximum_messages_per_second: 5 }
  - { protocol: unix, path: run/martlet.sock, mode: "0660" }
limits: { maximum_packet_bytes: 1MiB, ban_ms: 1.5s }
session: { maximum_expiry_seconds: 2h }
mqtt: { versions: ["5.0", 3.1.1] }
persistence: { folder: data }
`;
  const json = JSON.stringify({
    listeners: [
      { port: 1884, host: ["0.0.0.0"], limits: { maximum_messages_per_second: 5 } },
      { protocol: "unix", path: "run/martlet.sock", mode: "0660" },
    ],
    limits: { maximum_packet_bytes: 1_048_576, ban_ms: 1500 },
    session: { maximum_expiry_seconds: 7200 },
    mqtt: { versions: ["5.0", "3.1.1"] },
    persistence: { folder: "data" },
  });

  it.each([
    ["martlet.toml", toml],
    ["martlet.conf", toml],
    ["martlet.yaml", yaml],
    ["martlet.yml", yaml],
    ["martlet.json", json],
  ])("%s says what it says", async (name, text) => {
    const folder = folderWith({ [name]: text });
    const { configuration } = await readConfiguration({ file: join(folder, name) });
    const [first, second] = configuration.listeners;
    expect(first).toMatchObject({ protocol: "tcp", port: 1884, host: ["0.0.0.0"], pipes: "auto" });
    expect(first && listenerSettingsOf(first)).toEqual({ maximumMessageRate: 5 });
    expect(second).toMatchObject({ path: join(folder, "run/martlet.sock"), mode: 0o660 });
    expect(configuration.persistence.folder).toBe(join(folder, "data"));
    expect(brokerSettingsOf(configuration)).toMatchObject({
      maximumPacketSize: 1_048_576,
      banMs: 1500,
      maximumSessionExpiryInterval: 7200,
      versions: [4, 5],
    });
  });

  it("names everything that is wrong, by its lines", async () => {
    const text = `[[listeners]]
prot = 1
[[listeners]]
protocol = "tls"
tls = { cert = 5, min_versoin = "1.2", sni = [
  { names = ["a.example", 7], cert = "c", key = "k" },
] }
[limits]
ban_ms = "soon"
maximum_connections = 0
"maximum_sessions" = 4
[sesion]
[log]
level = "loud"
`;
    expect(await problemsIn(text)).toEqual([
      "martlet.toml:2:1: listeners[0].prot: there is no such key. Did you mean protocol?",
      "martlet.toml:5:9: listeners[1].tls.cert: 5 is not allowed; it is a path, as a text.",
      "martlet.toml:5:19: listeners[1].tls.min_versoin: there is no such key. Did you mean min_version?",
      "martlet.toml:6:27: listeners[1].tls.sni[0].names[1]: 7 is not allowed; it is a text that is not empty.",
      'martlet.toml:9:1: limits.ban_ms: "soon" is not allowed; it is a whole number from 1 to 2592000000, or a text such as "500ms" or "30s".',
      "martlet.toml:10:1: limits.maximum_connections: 0 is not allowed; it is a whole number from 1 on.",
      "martlet.toml:11:1: limits.maximum_sessions: there is no such key.",
      "martlet.toml:12:1: sesion: there is no such key. Did you mean session?",
      'martlet.toml:14:1: log.level: "loud" is not allowed; it is "debug", "info", "warn" or "error".',
    ]);
  });

  it.each([
    ["martlet.toml", "[log]\nlevel = ", /^martlet\.toml:2:\d+: this is no TOML: .+\.$/],
    [
      "martlet.toml",
      "[log]\nlevel = 'info'\nlevel = 'warn'\n",
      /^martlet\.toml:3:1: this is no TOML: trying to redefine/,
    ],
    [
      "martlet.yaml",
      "log:\n  level: info\n  level: warn\n",
      /^martlet\.yaml:3:3: this is no YAML: Map keys must be unique\.$/,
    ],
    ["martlet.yaml", "log: [\n", /^martlet\.yaml:\d:\d+: this is no YAML: /],
    ["martlet.yaml", "- 1\n", /^martlet\.yaml: a list is not allowed; it is a table\.$/],
    [
      "martlet.json",
      '{"log": {"level": "info",}}',
      /^martlet\.json:1:26: this is no JSON: Expected double-quoted property name\.$/,
    ],
    ["martlet.json", '{"log": {"level": "loud"}}', /^martlet\.json:1:10: log\.level: "loud" is not allowed/],
    ["martlet.yaml", "log:\n  level: loud\n", /^martlet\.yaml:2:3: log\.level: "loud" is not allowed/],
  ])("%s: %j", async (name, text, sentence) => {
    const problems = await problemsIn(text, {}, name);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(sentence);
  });

  it("that is not there, or is a folder, is said", async () => {
    const folder = folderWith({});
    expect(await problemsOf({ file: join(folder, "no.toml") }, folder)).toEqual([
      "no.toml: there is no such file; check the path.",
    ]);
    expect(await problemsOf({ file: folder })).toEqual([`${folder}: this is a folder; give the file in it.`]);
  });

  it("shows no secret in what it says", async () => {
    const lines = await problemsIn(`[logins.jwt]
secret = ["hush-hush"]
[logins.http]
url = "https://user:hush-hush@example.org"
headers = { authorization = 5, "hush" = "hush-hush" }
`);
    expect(lines).toHaveLength(3);
    expect(lines.slice(0, 1).join()).not.toContain("hush-hush");
    expect(lines.slice(2).join()).not.toContain("hush-hush");
  });
});

describe("what belongs together", () => {
  it.each([
    ['[[listeners]]\nprotocol = "tls"', "listeners[0].tls: it is missing; protocol tls needs"],
    ['[[listeners]]\nprotocol = "unix"', "listeners[0].path: it is missing"],
    ['[[listeners]]\nmode = "0660"', "listeners[0].mode: it is not for protocol tcp; it is for unix."],
    ["[[listeners]]\nproxy_protocol = true", "listeners[0].trusted_proxies: it is missing"],
    [
      "[[listeners]]\n[[listeners]]",
      "listeners[1].port: listeners[0] has port 1883 on this machine as well.",
    ],
    [
      '[[listeners]]\nname = "a"\n[[listeners]]\nport = 0\nname = "a"',
      "listeners[1].name: listeners[0] has the name a",
    ],
    ["[logins]\nallow_anonymous = false", "logins.allow_anonymous: nobody could connect"],
    ["[logins.jwt]", "logins.jwt: a key is missing"],
    [
      '[logins.jwt]\nsecret = "a"\njwks_url = "https://a.example"',
      "logins.jwt.jwks_url: it contradicts secret",
    ],
    ['[logins]\norder = ["scram"]', "logins.order: scram has no table"],
    ['[logins]\norder = []\n[logins.scram]\npath = "a"', 'logins.scram: nobody would ask it; add "scram"'],
    ["[logins.certificate]", "logins.certificate: no listener asks for a certificate"],
    ["[logins.psk]", "logins.psk: no listener has pre-shared keys"],
    [
      '[[listeners]]\nlogins = { certificate = "subject" }',
      "listeners[0].logins.certificate: nobody is asked for a certificate here",
    ],
    ["[[listeners]]\nlogins = { psk = true }", "listeners[0].logins.psk: there are no pre-shared keys here"],
    ['[log]\ndestination = "file"', "log.file: it is missing"],
    [
      '[[listeners]]\nprotocol = "tls"\ntls = { cert = "a" }',
      "listeners[0].tls.key: the certificate's key is missing.",
    ],
    [
      '[[listeners]]\nprotocol = "tls"\ntls = { key = "a" }',
      "listeners[0].tls.cert: the key's certificate is missing.",
    ],
    [
      '[[listeners]]\nprotocol = "tls"\ntls = { cert = "a", key = "b", client_certificate = "require" }',
      "listeners[0].tls.ca: it is missing",
    ],
    [
      '[[listeners]]\nprotocol = "tls"\ntls = { cert = "a", key = "b", ca = "c" }',
      "listeners[0].tls.ca: nobody is asked",
    ],
  ])("%j", async (text, says) => {
    const [problem, second] = await problemsIn(text);
    expect(problem).toContain(says);
    expect(second).toBeUndefined();
  });
});

describe("which source wins", () => {
  const file = "[limits]\nmaximum_connections = 1\n[session]\nmaximum = 1\n";

  it("default, file, variable, setting, flag", async () => {
    const reading = await readText(`${file}maximum_expiry_seconds = 1\n`, {
      variables: {
        MARTLET_SESSION__MAXIMUM: "2",
        MARTLET_SESSION__MAXIMUM_EXPIRY_SECONDS: "2h",
        MARTLET_LOG__LEVEL: "warn",
        MARTLET_QUEUE__QOS0: "",
        MARTLET_PORT: "tcp://10.0.0.1:1883",
        OTHER__THING: "5",
      },
      settings: ["session.maximum_expiry_seconds=3", "log.level=error"],
      flags: [{ path: ["log", "level"], value: "debug", place: { kind: "flag", name: "--verbose" } }],
    });
    const { configuration, sourceOf } = reading;
    const { session, limits, log, queue } = configuration;
    expect([limits.maximum_connections, session.maximum, session.maximum_expiry_seconds]).toEqual([1, 2, 3]);
    expect([log.level, queue.qos0]).toEqual(["debug", false]);
    expect(sourceOf(["limits", "maximum_connections"])).toMatchObject({ kind: "file", line: 2 });
    expect(sourceOf(["session", "maximum"])).toEqual({ kind: "variable", name: "MARTLET_SESSION__MAXIMUM" });
    expect(sourceOf(["session", "maximum_expiry_seconds"])).toMatchObject({ kind: "flag" });
    expect(sourceOf(["log", "level"])).toEqual({ kind: "flag", name: "--verbose" });
    expect(sourceOf(["queue", "qos0"])).toEqual({ kind: "default" });
  });

  it("an index changes one listener, or adds the next", async () => {
    const { configuration } = await readConfiguration({
      variables: { MARTLET_LISTENERS__1__PORT: "9001", MARTLET_LISTENERS__0__HOST: "127.0.0.1, ::1" },
      settings: [
        "listeners[2].protocol=tcp",
        "listeners.2.port=1885",
        "limits.trusted_addresses.2=192.0.2.7",
      ],
    });
    expect(configuration.limits.trusted_addresses).toEqual(["127.0.0.0/8", "::1", "192.0.2.7"]);
    expect(configuration.listeners.map(({ protocol, port, host }) => [protocol, port, host])).toEqual([
      ["tcp", 1883, ["127.0.0.1", "::1"]],
      ["websocket", 9001, undefined],
      ["tcp", 1885, undefined],
    ]);
  });

  it("a whole list or table is JSON", async () => {
    const { configuration, sourceOf } = await readConfiguration({
      settings: ['listeners=[{"port":1,"name":"one"}]', 'logins.http={"url":"https://a.example"}'],
    });
    expect(configuration.listeners).toHaveLength(1);
    expect(configuration.logins.http?.timeout_ms).toBe(5_000);
    expect(sourceOf(["listeners", 0, "port"])).toEqual({ kind: "flag", name: "--set listeners" });
    expect(sourceOf(["listeners", 0, "pipes"])).toEqual({ kind: "default" });
  });

  it("what lies on top of a file hides none of its mistakes", async () => {
    const settings = ["log.level=warn", "listeners.0.port=1"];
    expect(await problemsIn("log = 5\nlisteners = 6\n", { settings })).toEqual([
      "martlet.toml:1:1: log: 5 is not allowed; it is a table.",
      "martlet.toml:2:1: listeners: 6 is not allowed; it is a list of tables, in TOML [[listeners]].",
    ]);
    expect(await problemsIn("- log\n", { settings }, "martlet.yaml")).toEqual([
      "martlet.yaml: a list is not allowed; it is a table.",
    ]);
    expect(await problemsIn("", { settings }, "martlet.yaml")).toEqual([]);
  });

  it("says where a key stands that is in the wrong table, and how a list of tables is written", async () => {
    const text = `port = 1883
[listener]
[logins]
users = ["a"]
[persistence]
maximum_connections = 5
`;
    expect(await problemsIn(text)).toEqual([
      "martlet.toml:1:1: port: there is no such key here. Did you mean listeners[0].port?",
      "martlet.toml:2:1: listener: there is no such key. Did you mean listeners?",
      "martlet.toml:4:1: logins.users: there is no such key here. Did you mean [[users]]?",
      "martlet.toml:6:1: persistence.maximum_connections: there is no such key here. Did you mean limits.maximum_connections?",
    ]);
    expect(await problemsIn('[[listeners]]\ncert = "a.pem"\n')).toEqual([
      "martlet.toml:2:1: listeners[0].cert: there is no such key here. Did you mean listeners[0].tls.cert or listeners[0].tls.sni[0].cert?",
    ]);
    expect(await problemsIn("[listeners]\nport = 1883\n")).toEqual([
      "martlet.toml:1:1: listeners: a table is not allowed; it is a list of tables, in TOML [[listeners]].",
    ]);
    const bridge = '[[bridges]]\nname = "a"\naddresses = ["h"]\n[bridges.topics]\npattern = "x"\n';
    expect(await problemsIn(bridge)).toEqual([
      "martlet.toml:4:1: bridges[0].topics: a table is not allowed; it is a list of tables, in TOML [[bridges.topics]].",
    ]);
  });

  it("says what is wrong with variables and settings, by their names", async () => {
    const lines = await problemsOf({
      variables: { MARTLET_LOG__LEVL: "warn", MARTLET_LOG__LEVEL: "loud", MARTLET_LISTENERS__7__PORT: "1" },
      settings: ["limts.maximum_connections=5", "maximum_connections=5", "log.packets=maybe", "log", "=5"],
    });
    expect(lines.toSorted()).toEqual([
      "--set : write it as key=value, for example log.level=debug.",
      "--set limts.maximum_connections: there is no such setting. Did you mean limits.maximum_connections?",
      '--set log.packets: "maybe" is not allowed; it is true or false.',
      "--set log: write it as key=value, for example log.level=debug.",
      "--set maximum_connections: there is no such setting. Did you mean limits.maximum_connections?",
      "MARTLET_LISTENERS__7__PORT: the list has 2 so far; 2 stands for one more.",
      'MARTLET_LOG__LEVEL: "loud" is not allowed; it is "debug", "info", "warn" or "error".',
      "MARTLET_LOG__LEVL: there is no such setting. Did you mean log.level?",
    ]);
  });
});
