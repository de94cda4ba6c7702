// What is wrong in a mosquitto.conf is said in mosquitto's words, and files are read in its order. The words are those of
// mosquitto 2.0.11, run with the same files.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mosquittoDocument, readMosquittoConf } from "#mosquitto";
import { folderWith } from "../config/folder.ts";
import { confWith, read, refusalOf } from "./reading.ts";

const BRIDGE = "connection a\naddress 127.0.0.1\ntopic x\n";

describe("a mistake in a mosquitto.conf", () => {
  it.each([
    ["foo 1", 'Unknown configuration variable "foo".', 1],
    ["\tport 1", 'Unknown configuration variable "\tport".', 1],
    ["port", "Empty port value in configuration.", 1],
    ["port abc", "Invalid port value (0).", 1],
    ["port 70000", "Invalid port value (70000).", 1],
    ["allow_anonymous maybe", "Invalid allow_anonymous value (maybe).", 1],
    ["# one\n\nmax_qos 5", "max_qos must be between 0 and 2 inclusive.", 3],
    ["listener 18831\nlistener", "Empty listener value in configuration.", 2],
    ["listener 99999", "Invalid port value (99999).", 1],
    ["listener 0", "A listener with port 0 must provide a Unix socket path.", 1],
    ["listener 1\nprotocol foo", "Invalid protocol value (foo).", 2],
    ["listener 1\nsocket_domain foo", 'Invalid socket_domain value "foo" in configuration.', 2],
    ["listener 1\ncertfile a\ncertfile b", "Duplicate certfile value in configuration.", 3],
    ["listener 1\nmount_point a/+", "Invalid mount_point 'a/+'. Does it contain a wildcard character?", 2],
    ["pid_file a\npid_file b", "Duplicate pid_file value in configuration.", 2],
    ["persistence_location", "Empty persistence_location value in configuration.", 1],
    ["persistent_client_expiration 3x", "Invalid persistent_client_expiration duration in configuration.", 1],
    ["max_packet_size 5", "Invalid max_packet_size value (5).", 1],
    ["max_inflight_messages 70000", "max_inflight_messages must be <= 65535.", 1],
    ["sys_interval -1", "Invalid sys_interval value (-1).", 1],
    ["log_facility 99", "Invalid log_facility value (99).", 1],
    ["log_type foo", "Invalid log_type value (foo).", 1],
    ["log_dest foo", "Invalid log_dest value (foo).", 1],
    [
      "password_file x\nper_listener_settings true",
      "per_listener_settings must be set before any other security settings.",
      2,
    ],
    ["plugin_opt_x 1", "An auth_opt_ option exists in the config file without an auth_plugin.", 1],
    ["include_dir /nonexist", "Unable to open include_dir '/nonexist'.", 1],
    ["connection", "Empty connection value in configuration.", 1],
    ["topic a", "Invalid bridge configuration.", 1],
    [`${BRIDGE}connection a`, 'Duplicate bridge name "a".', 4],
    [`${BRIDGE}topic x sideways`, "Invalid bridge topic direction 'sideways'.", 4],
    [`${BRIDGE}topic x out 5`, "Invalid bridge QoS level '5'.", 4],
    [`${BRIDGE}topic x in 0 a+ b`, "Invalid bridge topic local prefix 'a+'.", 4],
    [`${BRIDGE}address 127.0.0.1:99999`, "Invalid port value (99999).", 4],
    [`${BRIDGE}start_type foo`, "Invalid start_type value in configuration (foo).", 4],
    [`${BRIDGE}bridge_protocol_version foo`, "Invalid bridge_protocol_version value (foo).", 4],
  ] as const)("is told as mosquitto tells it: %j", async (text, sentence, line) => {
    const told = [`Error: ${sentence}`, `Error found at mosquitto.conf:${line}.`];
    const shown = (await refusalOf(text)).map((each) => each.replaceAll("'nonexist'", "'/nonexist'"));
    expect(shown).toEqual(told);
  });

  it.each([
    ["connection a\ntopic x", "Error: Invalid bridge configuration: no remote addresses defined."],
    ["connection a\naddress b", "Error: Invalid bridge configuration: no topics defined."],
  ])("has no line where it is about several: %j", async (text, sentence) => {
    expect(await refusalOf(text)).toEqual([sentence]);
  });

  it("names the file and those that include it", async () => {
    const told = await refusalOf("include_dir FOLDER", { "b.conf": "max_qos 9\n" });
    expect(told).toEqual([
      "Error: max_qos must be between 0 and 2 inclusive.",
      "Error found at b.conf:1.",
      "Error found at mosquitto.conf:1.",
    ]);
  });

  it("is a file that is not there", () => {
    expect(() => readMosquittoConf("/nonexist.conf")).toThrow("Unable to open config file /nonexist.conf.");
  });

  it("of ours is told by key, with file and line", async () => {
    expect(await refusalOf("# one\nconnection a b\naddress c\ntopic x")).toEqual([
      expect.stringMatching(/^mosquitto\.conf:2:1: bridges\[0\]\.name: "a b" is not allowed/),
    ]);
  });

  it("is dynamic security without its file", async () => {
    expect(await refusalOf("allow_anonymous true\nplugin /a/mosquitto_dynamic_security.so")).toEqual([
      expect.stringMatching(/^mosquitto\.conf:2:1: plugin: Add plugin_opt_config_file/),
    ]);
  });

  it("is an option that would leave the broker less safe than it looks", async () => {
    expect(await refusalOf("plugin /a/other.so\nlistener 1\ncapath /x")).toEqual([
      expect.stringMatching(/^mosquitto\.conf:1:1: plugin: There is no plugin other\.so;/),
      expect.stringMatching(/^mosquitto\.conf:3:1: capath: Put the certificates/),
    ]);
  });
});

describe("include_dir", () => {
  it("reads .conf files in mosquitto's order, where it stands, and nothing below them", () => {
    const names = ["b.conf", "B.conf", "a.conf", "A.conf", "01.conf", "00.conf", "x.txt"];
    const files = Object.fromEntries(
      names.map((name) => [name, `global_max_clients ${1 + names.indexOf(name)}\n`]),
    );
    const file = confWith("max_keepalive 5\ninclude_dir FOLDER\nmax_keepalive 6\n", files);
    const said = readMosquittoConf(file).options.filter(({ line }) => line > 0);
    const order = said.map(({ file: from, value }) => `${from.split("/").at(-1)} ${value}`);
    expect(order.filter((each) => !each.includes("/"))).toEqual([
      "mosquitto.conf 5",
      "00.conf 6",
      "01.conf 5",
      "A.conf 4",
      "a.conf 3",
      "B.conf 2",
      "b.conf 1",
      "mosquitto.conf 6",
    ]);
  });

  it("leaves the file around it at its own listener", async () => {
    const { configuration } = await read("listener 1\ninclude_dir FOLDER\nmax_qos 1\n", {
      "a.conf": "listener 2\n",
    });
    expect(configuration.listeners.map(({ port, mqtt }) => [port, mqtt?.maximum_qos])).toEqual([
      [1, 1],
      [2, undefined],
    ]);
  });
});

describe("mosquitto's defaults", () => {
  it("let this machine in where no listener is set", async () => {
    const { configuration } = await read("");
    expect(configuration.listeners).toMatchObject([
      { protocol: "tcp", port: 1883, host: undefined, allow_anonymous: true },
    ]);
    expect(configuration).toMatchObject({
      queue: { maximum_messages: 1_000, maximum_bytes: Number.MAX_SAFE_INTEGER, overflow: "refuse-newest" },
      limits: { maximum_in_flight: 20 },
      mqtt: { receive_maximum: 20, topic_alias_maximum: 10, topic_alias_maximum_outbound: 10 },
      client_ids: { generated_prefix: "auto-" },
      retained: { check_source: true },
      persistence: { mode: "memory" },
      log: { destination: ["stderr"], words: "mosquitto-2.0" },
    });
  });

  it("open port 1883 to every machine, and to nobody without a name, once something is said of a listener", async () => {
    const { configuration, reports } = await read("max_connections 5\nlistener 1884 127.0.0.1\n");
    expect(configuration.listeners.map(({ port, allow_anonymous }) => [port, allow_anonymous])).toEqual([
      [1884, false],
      [1883, false],
    ]);
    expect(reports.filter(({ says }) => says.startsWith("Nobody can connect here"))).toHaveLength(2);
  });

  it("take -p only where the file has no listener", () => {
    const listenersOf = (text: string): unknown => {
      const tree = mosquittoDocument(confWith(text), { ports: [18_831, 18_832] }).document.tree;
      return (tree as { listeners: { port: number }[] }).listeners.map(({ port }) => port);
    };
    expect(listenersOf("persistence false")).toEqual([18_831, 18_832]);
    expect(listenersOf("listener 1")).toEqual([1]);
  });
});

it("secrets are not in what is reported", () => {
  const folder = folderWith({ "m.conf": `${BRIDGE}remote_password geheim\nbridge_psk 0badcafe\n` });
  const { options } = readMosquittoConf(join(folder, "m.conf"));
  expect(options.map(({ value }) => value)).toContain("(hidden)");
  expect(JSON.stringify(options)).not.toMatch(/geheim|0badcafe/);
});
