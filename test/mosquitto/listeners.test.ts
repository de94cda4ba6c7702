// A mosquitto.conf for each kind of listener: Debian's mosquitto and the built Martlet are started with the same file, and
// other people's clients get the same from both.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt, { type IClientOptions } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { program as martlet } from "../cli/martlet-process.ts";
import { mosquittoProgram } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { type Program, run, runWell, start } from "../support/programs.ts";
import { Authority } from "../transport/authority.ts";
import { type MutualCertificates, makeMutualCertificates, type Pair } from "../transport/certificates.ts";
import { makeFolder } from "./mosquitto-with-state.ts";

let certificates: MutualCertificates;
beforeAll(() => {
  certificates = makeMutualCertificates();
  // Who gives up root reads them as well.
  for (const { key } of [certificates.client, certificates.stranger]) chmodSync(key, 0o644);
});
afterAll(() => certificates.remove());

/** Starts a broker with a file of `lines` and waits until clients can connect. */
type Start = (folder: string, lines: readonly string[]) => Promise<Program>;

const brokers: readonly (readonly [string, Start])[] = [
  ["mosquitto", (folder, lines) => startWith(mosquittoProgram, [], folder, lines)],
  ["Martlet", (folder, lines) => startWith(process.execPath, [martlet], folder, lines)],
];

async function startWith(
  program: string,
  args: readonly string[],
  folder: string,
  lines: readonly string[],
): Promise<Program> {
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const broker = start(program, [...args, "-c", file]);
  await broker.until("it runs", () => / running\n/.test(broker.stderr));
  return broker;
}

/** A file that brokers which gave up root may read. */
function fileWith(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o644);
  return file;
}

/** Arguments of mosquitto's clients. */
function at(port: number, ...more: readonly string[]): string[] {
  return ["-h", "127.0.0.1", "-p", `${port}`, ...more];
}

function showing(ca: string, { cert, key }: Pair): string[] {
  return ["--cafile", ca, "--cert", cert, "--key", key];
}

function knowing(identity: string, key: string): string[] {
  return ["--psk-identity", identity, "--psk", key];
}

function as(user: string, password: string): string[] {
  return ["-u", user, "-P", password];
}

/** Publishes a retained message with `mosquitto_pub`; its exit status. */
async function publish(where: readonly string[], topic: string, message: string): Promise<number | null> {
  const { code } = await run("mosquitto_pub", [...where, "-q", "1", "-r", "-t", topic, "-m", message]);
  return code;
}

/** What `mosquitto_sub` gets of the retained messages of `filter`; its exit status when it gets nothing. */
async function receive(where: readonly string[], filter: string): Promise<string | number | null> {
  const args = [...where, "-q", "1", "-t", filter, "-v", "-C", "1", "-W", "1"];
  const { code, stdout } = await run("mosquitto_sub", args);
  return code === 0 ? stdout.trim() : code;
}

/** What MQTT.js gets of `topic` after it has published to it; the reason when it is not let in. */
async function throughMqttJs(url: string, options: IClientOptions, topic: string): Promise<string> {
  try {
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, connectTimeout: 10_000, ...options });
    onTestFinished(() => client.endAsync(true));
    const message = new Promise<string>((resolve) => {
      client.once("message", (_, payload) => resolve(String(payload)));
    });
    await client.subscribeAsync(topic, { qos: 1 });
    await client.publishAsync(topic, "by MQTT.js", { qos: 1, retain: true });
    return await message;
  } catch (error) {
    return (error as Error).message;
  }
}

const NOT_AUTHORISED = 5;
const TIMED_OUT = 27;

describe.each(brokers)("%s", (_, startBroker) => {
  it("protocol websockets: a browser's client and one over TCP meet, whatever path it names", async () => {
    const folder = makeFolder();
    const [web, tcp] = [await freePort(), await freePort()];
    await startBroker(folder, [
      `listener ${web} 127.0.0.1`,
      "protocol websockets",
      `listener ${tcp} 127.0.0.1`,
      "allow_anonymous true",
    ]);
    const where = at(tcp);
    expect(await throughMqttJs(`ws://127.0.0.1:${web}/mqtt`, {}, "web/1")).toBe("by MQTT.js");
    expect(await throughMqttJs(`ws://127.0.0.1:${web}`, { protocolVersion: 5 }, "web/2")).toBe("by MQTT.js");
    expect(await receive(where, "web/2")).toBe("web/2 by MQTT.js");
  });

  it("listener 0 with a path: a Unix socket beside a port", async () => {
    const folder = makeFolder();
    const path = join(folder, "mqtt.sock");
    const port = await freePort();
    await startBroker(folder, [`listener 0 ${path}`, `listener ${port} 127.0.0.1`, "allow_anonymous true"]);
    expect(await publish(["--unix", path], "unix", "local")).toBe(0);
    expect(await receive(at(port), "unix")).toBe("unix local");
    expect(await receive(["--unix", path, "-V", "5"], "unix")).toBe("unix local");
  });

  it("certfile and keyfile: TLS for whom the authority is known, over WebSocket as well", async () => {
    const folder = makeFolder();
    const { ca, cert, key } = certificates;
    const [port, web] = [await freePort(), await freePort()];
    const tls = [`cafile ${ca}`, `certfile ${cert}`, `keyfile ${key}`];
    await startBroker(folder, [
      "allow_anonymous true",
      `listener ${port} 127.0.0.1`,
      ...tls,
      `listener ${web} 127.0.0.1`,
      "protocol websockets",
      ...tls,
    ]);
    const where = at(port);
    expect(await publish([...where, "--cafile", ca], "tls", "safe")).toBe(0);
    expect(await receive([...where, "--cafile", ca, "--tls-version", "tlsv1.2"], "tls")).toBe("tls safe");
    expect(await publish(where, "tls", "plain")).not.toBe(0);
    const secure = { ca: readFileSync(ca) };
    expect(await throughMqttJs(`mqtts://127.0.0.1:${port}`, secure, "tls/js")).toBe("by MQTT.js");
    expect(await throughMqttJs(`wss://127.0.0.1:${web}/mqtt`, secure, "tls/web")).toBe("by MQTT.js");
  });

  it("require_certificate and use_identity_as_username: the certificate's name has its own topics", async () => {
    const folder = makeFolder();
    const { ca, cert, key, client, stranger } = certificates;
    const port = await freePort();
    await startBroker(folder, [
      `acl_file ${fileWith(folder, "acl", "pattern readwrite of/%u/#\n")}`,
      `listener ${port} 127.0.0.1`,
      `cafile ${ca}`,
      `certfile ${cert}`,
      `keyfile ${key}`,
      "require_certificate true",
      "use_identity_as_username true",
    ]);
    const where = at(port, "--cafile", ca);
    const own = at(port, ...showing(ca, client));
    expect(await publish(own, "of/sensor-1/t", "mine")).toBe(0);
    expect(await publish(own, "of/sensor-2/t", "not mine")).toBe(0);
    expect(await receive(own, "of/#")).toBe("of/sensor-1/t mine");
    expect(await receive(own, "of/sensor-2/#")).toBe(TIMED_OUT);
    // What the client says of itself does not count.
    expect(await receive([...own, "-u", "sensor-2", "-P", "x"], "of/#")).toBe("of/sensor-1/t mine");
    expect(await publish(where, "of/sensor-1/t", "no certificate")).not.toBe(0);
    const selfMade = at(port, ...showing(ca, stranger));
    expect(await publish(selfMade, "of/sensor-1/t", "another authority")).not.toBe(0);
    const { cert: ownCert, key: ownKey } = client;
    const identity = { ca: readFileSync(ca), cert: readFileSync(ownCert), key: readFileSync(ownKey) };
    expect(await throughMqttJs(`mqtts://127.0.0.1:${port}`, identity, "of/sensor-1/js")).toBe("by MQTT.js");
  });

  it("a certificate is the name where that is said, and elsewhere no more than a key to the door", async () => {
    const folder = makeFolder();
    const { ca, cert, key, client } = certificates;
    const [people, devices, keys, lamps] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const passwords = fileWith(folder, "passwords", "");
    await runWell("mosquitto_passwd", ["-b", passwords, "ann", "one"]);
    chmodSync(passwords, 0o644);
    const tls = [`cafile ${ca}`, `certfile ${cert}`, `keyfile ${key}`, "require_certificate true"];
    await startBroker(folder, [
      `password_file ${passwords}`,
      `acl_file ${fileWith(folder, "acl", "pattern readwrite of/%u/#\n")}`,
      `psk_file ${fileWith(folder, "psk", "lamp-1:0a1b2c3d4e5f\n")}`,
      `listener ${people} 127.0.0.1`,
      ...tls,
      `listener ${devices} 127.0.0.1`,
      ...tls,
      "use_identity_as_username true",
      `listener ${keys} 127.0.0.1`,
      "psk_hint lamps",
      `listener ${lamps} 127.0.0.1`,
      "psk_hint lamps",
      "use_identity_as_username true",
    ]);
    const certificate = showing(ca, client);
    const key1 = knowing("lamp-1", "0a1b2c3d4e5f");
    const ann = as("ann", "one");
    expect(await publish(at(people, ...certificate), "of/sensor-1/t", "by a certificate alone")).toBe(
      NOT_AUTHORISED,
    );
    expect(await publish(at(people, ...certificate, ...ann), "of/ann/t", "by ann")).toBe(0);
    expect(await receive(at(people, ...certificate, ...ann), "of/#")).toBe("of/ann/t by ann");
    expect(await publish(at(devices, ...certificate), "of/sensor-1/t", "by a device")).toBe(0);
    expect(await receive(at(devices, ...certificate), "of/#")).toBe("of/sensor-1/t by a device");
    expect(await publish(at(keys, ...key1), "of/lamp-1/t", "by a key alone")).toBe(NOT_AUTHORISED);
    expect(await publish(at(keys, ...key1, ...ann), "of/ann/t", "by ann")).toBe(0);
    expect(await publish(at(lamps, ...key1), "of/lamp-1/t", "by a lamp")).toBe(0);
    expect(await receive(at(lamps, ...key1), "of/#")).toBe("of/lamp-1/t by a lamp");
  });

  it("psk_hint and psk_file: a key that both know, whose identity is the user's name", async () => {
    const folder = makeFolder();
    const port = await freePort();
    await startBroker(folder, [
      `psk_file ${fileWith(folder, "psk", "lamp-1:0a1b2c3d4e5f\nlamp-2:ffeeddccbbaa\n")}`,
      `acl_file ${fileWith(folder, "acl", "user lamp-1\ntopic readwrite lamps/1\n")}`,
      `listener ${port} 127.0.0.1`,
      "psk_hint lamps",
      "use_identity_as_username true",
    ]);
    expect(await publish(at(port, ...knowing("lamp-1", "0a1b2c3d4e5f")), "lamps/1", "on")).toBe(0);
    expect(await publish(at(port, ...knowing("lamp-2", "ffeeddccbbaa")), "lamps/1", "off")).toBe(0);
    expect(await receive(at(port, ...knowing("lamp-1", "0a1b2c3d4e5f")), "lamps/1")).toBe("lamps/1 on");
    expect(await receive(at(port, ...knowing("lamp-2", "ffeeddccbbaa")), "lamps/1")).toBe(TIMED_OUT);
    expect(await publish(at(port, ...knowing("lamp-1", "ffeeddccbbaa")), "lamps/1", "wrong key")).not.toBe(0);
    expect(await publish(at(port, ...knowing("lamp-3", "0a1b2c3d4e5f")), "lamps/1", "nobody")).not.toBe(0);
  });

  it("per_listener_settings: each listener has its own users and its own rules", async () => {
    const folder = makeFolder();
    const [inner, outer] = [await freePort(), await freePort()];
    const passwords = async (name: string, user: string, password: string): Promise<string> => {
      const file = fileWith(folder, name, "");
      await runWell("mosquitto_passwd", ["-b", file, user, password]);
      chmodSync(file, 0o644);
      return file;
    };
    await startBroker(folder, [
      "per_listener_settings true",
      `listener ${inner} 127.0.0.1`,
      "allow_anonymous false",
      `password_file ${await passwords("inner", "ann", "one")}`,
      `acl_file ${fileWith(folder, "inner.acl", "user ann\ntopic readwrite #\n")}`,
      `listener ${outer} 127.0.0.1`,
      "allow_anonymous true",
      `password_file ${await passwords("outer", "bob", "two")}`,
      `acl_file ${fileWith(folder, "outer.acl", "topic read public/#\nuser bob\ntopic readwrite public/#\n")}`,
    ]);
    expect(await publish(at(inner, ...as("ann", "one")), "house/door", "open")).toBe(0);
    expect(await publish(at(inner, ...as("bob", "two")), "house/door", "shut")).toBe(NOT_AUTHORISED);
    expect(await publish(at(inner), "house/door", "shut")).toBe(NOT_AUTHORISED);
    expect(await publish(at(outer, ...as("ann", "one")), "public/news", "by ann")).toBe(NOT_AUTHORISED);
    expect(await publish(at(outer, ...as("bob", "two")), "public/news", "by bob")).toBe(0);
    expect(await publish(at(outer), "public/news", "by nobody")).toBe(0);
    expect(await receive(at(outer), "public/#")).toBe("public/news by bob");
    expect(await receive(at(outer), "house/#")).toBe(TIMED_OUT);
    expect(await receive(at(inner, ...as("ann", "one")), "house/#")).toBe("house/door open");
  });

  it("max_connections and use_username_as_clientid are for their listener alone", async () => {
    const folder = makeFolder();
    const [narrow, named, open] = [await freePort(), await freePort(), await freePort()];
    await startBroker(folder, [
      "allow_anonymous true",
      `listener ${narrow} 127.0.0.1`,
      "max_connections 1",
      `listener ${named} 127.0.0.1`,
      "use_username_as_clientid true",
      `listener ${open} 127.0.0.1`,
    ]);
    expect(await publish(at(open), "a", "by anybody")).toBe(0);
    const only = start("mosquitto_sub", [...at(narrow), "-t", "a"]);
    await only.untilLines(1);
    expect(await publish(at(narrow), "a", "one too many")).not.toBe(0);
    only.kill("SIGTERM");
    await only.finished();
    expect(await publish(at(narrow), "a", "the next one")).toBe(0);
    expect(await publish(at(named), "a", "by nobody")).not.toBe(0);
    expect(await publish([...at(named), "-u", "ann"], "a", "by ann")).toBe(0);
    expect(await receive(at(open), "a")).toBe("a by ann");
  });

  it("use_subject_as_username and crlfile: the whole subject is the name, until it is taken back", async () => {
    const folder = makeFolder();
    const authority = new Authority("Martlet test authority");
    onTestFinished(() => authority.remove());
    const [server, known, lost] = [
      authority.server("127.0.0.1"),
      authority.client("sensor-1"),
      authority.client("sensor-2"),
    ];
    authority.revoke(lost);
    const port = await freePort();
    await startBroker(folder, [
      `acl_file ${fileWith(folder, "acl", "user CN=sensor-1\ntopic readwrite of/1\n")}`,
      `listener ${port} 127.0.0.1`,
      `cafile ${authority.caFile}`,
      `certfile ${server.files.cert}`,
      `keyfile ${server.files.key}`,
      `crlfile ${fileWith(folder, "revoked.pem", authority.revocationList())}`,
      "require_certificate true",
      "use_subject_as_username true",
    ]);
    expect(await publish(at(port, ...showing(authority.caFile, known.files)), "of/1", "mine")).toBe(0);
    expect(await receive(at(port, ...showing(authority.caFile, known.files)), "of/#")).toBe("of/1 mine");
    expect(await publish(at(port, ...showing(authority.caFile, lost.files)), "of/1", "taken back")).not.toBe(
      0,
    );
  });

  it("psk_hint without use_identity_as_username: the key lets in, and nobody has a name", async () => {
    const folder = makeFolder();
    const port = await freePort();
    await startBroker(folder, [
      `psk_file ${fileWith(folder, "psk", "lamp-1:0a1b2c3d4e5f\n")}`,
      `acl_file ${fileWith(folder, "acl", "topic readwrite lamps/1\nuser lamp-1\ntopic readwrite lamps/2\n")}`,
      `listener ${port} 127.0.0.1`,
      "psk_hint lamps",
      "allow_anonymous true",
    ]);
    const lamp = at(port, ...knowing("lamp-1", "0a1b2c3d4e5f"));
    expect(await publish(lamp, "lamps/2", "on")).toBe(0);
    expect(await publish(lamp, "lamps/1", "on")).toBe(0);
    expect(await receive(lamp, "#")).toBe("lamps/1 on");
    expect(await publish(at(port, ...knowing("lamp-1", "0a1b2c3d4e5e")), "lamps/1", "on")).not.toBe(0);
  });

  it("port and bind_address: the listener of old", async () => {
    const folder = makeFolder();
    const port = await freePort();
    await startBroker(folder, [`port ${port}`, "bind_address 127.0.0.1", "allow_anonymous true"]);
    const where = at(port);
    expect(await publish(where, "a", "on")).toBe(0);
    expect(await receive(where, "#")).toBe("a on");
  });

  it("SIGHUP: passwords and rules are read again, for clients that are connected as well", async () => {
    const folder = makeFolder();
    const port = await freePort();
    const file = fileWith(folder, "pw", "");
    await runWell("mosquitto_passwd", ["-b", file, "ann", "one"]);
    chmodSync(file, 0o644);
    const broker = await startBroker(folder, [
      `listener ${port} 127.0.0.1`,
      `password_file ${file}`,
      `acl_file ${fileWith(folder, "acl", "user ann\ntopic readwrite a\n")}`,
    ]);
    const ann = at(port, ...as("ann", "one"));
    expect(await publish(ann, "a", "on")).toBe(0);
    const stays = start("mosquitto_sub", [...ann, "-t", "#", "-v"]);
    await stays.untilLines(1);
    await runWell("mosquitto_passwd", ["-b", file, "bob", "two"]);
    chmodSync(file, 0o644);
    fileWith(folder, "acl", "user ann\ntopic readwrite b\nuser bob\ntopic readwrite #\n");
    broker.kill("SIGHUP");
    await broker.until("it reloads", () => broker.stderr.includes("Reloading config."));
    const bob = at(port, ...as("bob", "two"));
    expect(await publish(bob, "a", "off")).toBe(0);
    expect(await publish(bob, "b", "on")).toBe(0);
    expect(await stays.untilLines(2)).toEqual(["a on", "b on"]);
  });
});
