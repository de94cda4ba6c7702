// What the other broker sees of the settings of a bridge.
import { dirname } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import type { Gate, Login } from "#auth";
import type { BrokerEvents } from "#broker";
import { type ConnectPacket, PacketType } from "#protocol";
import { createBroker } from "#server";
import type { TlsCredentials } from "#transport";
import { configured } from "../support/configured.ts";
import { makeMutualCertificates, textsOf } from "../transport/certificates.ts";

type Visit = BrokerEvents["clientConnected"] & { readonly connect: ConnectPacket; readonly login: Login };

/** Another broker, and the bridge that comes to it. */
async function otherBroker(tls?: Partial<TlsCredentials> & { alpn?: readonly string[] }, host = "127.0.0.1") {
  const connects: ConnectPacket[] = [];
  const logins: Login[] = [];
  const visited = Promise.withResolvers<Visit>();
  const gate: Gate = {
    authenticate: (login) => {
      logins.push(login);
      return { outcome: "accepted" };
    },
  };
  const broker = createBroker({
    listeners: [
      tls === undefined ? { protocol: "tcp", host, port: 0 } : { protocol: "tls", host, port: 0, ...tls },
    ],
    gate,
    trace: {
      onReceived: (_id, packet) => {
        if (packet.type === PacketType.CONNECT) connects.push(packet);
      },
      onSent: () => undefined,
    },
  });
  broker.on("clientConnected", (client) => {
    const [connect, login] = [connects.at(-1), logins.at(-1)];
    if (connect !== undefined && login !== undefined) visited.resolve({ ...client, connect, login });
  });
  await broker.start();
  onTestFinished(async () => await broker.stop());
  return { port: broker.addresses[0]?.port ?? 0, visited: visited.promise };
}

function bridgeTo(address: string, lines: readonly string[]): string {
  return [
    '[[listeners]]\nport = 0\n[persistence]\nmode = "memory"\n[[bridges]]\nname = "house"',
    `addresses = ["${address}"]`,
    "notifications = false\nrestart_timeout = [1, 1]",
    ...lines,
    '[[bridges.topics]]\npattern = "#"\ndirection = "out"',
  ].join("\n");
}

async function visitOf(lines: readonly string[]): Promise<Visit> {
  const { port, visited } = await otherBroker();
  await configured({ "martlet.toml": bridgeTo(`127.0.0.1:${port}`, lines), password: "secret\nmore\n" });
  return await visited;
}

describe("what a bridge says when it connects", () => {
  const five = 'protocol_version = "5.0"';
  test.each<[string, readonly string[], (visit: Visit) => unknown, unknown, unknown]>([
    ["protocol_version", [five], ({ protocolVersion }) => protocolVersion, 5, 4],
    ["clean_session", ["clean_session = true"], ({ connect }) => connect.cleanStart, true, false],
    ["keep_alive_seconds", ["keep_alive_seconds = 17"], ({ connect }) => connect.keepAliveSeconds, 17, 60],
    ["try_private", ["try_private = false"], ({ connect }) => connect.isBridge, false, true],
    ["remote_client_id", ['remote_client_id = "hub"'], ({ clientId }) => clientId === "hub", true, false],
    ["remote_user_name", ['remote_user_name = "u"'], ({ userName }) => userName, "u", undefined],
    [
      "bind_address",
      ['bind_address = "127.0.0.2"'],
      ({ address }) => address.remoteAddress,
      "127.0.0.2",
      "127.0.0.1",
    ],
  ])("%s", async (_name, lines, seen, set, unset) => {
    expect(seen(await visitOf(lines))).toEqual(set);
    expect(seen(await visitOf([]))).toEqual(unset);
  });

  test.each<[string, keyof ConnectPacket["properties"], number]>([
    ["session_expiry_seconds", "sessionExpiryInterval", 60],
    ["receive_maximum", "receiveMaximum", 7],
    ["maximum_topic_alias", "topicAliasMaximum", 3],
  ])("%s", async (key, property, value) => {
    const { connect } = await visitOf([five, `${key} = ${value}`]);
    expect(connect.properties[property]).toBe(value);
    const usual = await visitOf([five]);
    expect(usual.connect.properties[property]).not.toBe(value);
  });

  test.each(["remote_password", "remote_password_file"])("%s", async (key) => {
    const value = key === "remote_password" ? "secret" : "password";
    const { login } = await visitOf(['remote_user_name = "u"', `${key} = "${value}"`]);
    expect(new TextDecoder().decode(login.password)).toBe("secret");
  });
});

describe("what a bridge shows and asks for over TLS", () => {
  const files = makeMutualCertificates();
  afterAll(() => files.remove());
  const folder = dirname(files.ca);
  const others = `ca = "${files.ca}"`;

  /** Whether a bridge with that `tls` table comes to a broker with these credentials. */
  async function comes(
    table: string,
    credentials: Partial<TlsCredentials> & { alpn?: readonly string[] } = {},
    host = "127.0.0.1",
  ): Promise<boolean> {
    const { port, visited } = await otherBroker({ ...textsOf(files), ...credentials }, host);
    const toml = bridgeTo(`${host}:${port}`, [`tls = { ${table} }`]);
    const bridge = await configured({ "martlet.toml": toml });
    const isThere = visited.then(() => true);
    return await Promise.race([isThere, bridge.said("cannot connect").then(() => false)]);
  }

  test.each<[string, string, string, Parameters<typeof comes>[1], string?]>([
    ["ca_folder", `ca_folder = "${folder}"`, "", {}],
    ["insecure", `${others}, insecure = true`, others, {}, "127.0.0.2"],
    ["alpn", `${others}, alpn = "mqtt"`, `${others}, alpn = "other"`, { alpn: ["mqtt"] }],
    [
      "min_version",
      others,
      `${others}, min_version = "1.3"`,
      { ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256", psk: { lookup: () => undefined } },
    ],
    [
      "ciphers",
      `${others}, ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"`,
      `${others}, ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"`,
      { ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384", psk: { lookup: () => undefined } },
    ],
  ])("%s", async (_name, fits, fitsNot, credentials, host) => {
    expect(await comes(fits, credentials, host)).toBe(true);
    expect(await comes(fitsNot, credentials, host)).toBe(false);
  });
});
