// Sessions that are cut off in the middle of a delivery, through a shadow before Debian's mosquitto; and mosquitto behind TLS.
import { spawn } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PacketType, ProtocolVersion, SESSION_NEVER_EXPIRES } from "#protocol";
import { createBroker } from "#server";
import { type Notice, Shadow } from "#shadow";
import { connectTcp } from "#transport";
import { connect } from "../../src/client/index.ts";
import { makeCertificates } from "../conformance/certificates.ts";
import { mosquittoProgram, untilListening } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { runWell } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { until } from "../support/until.ts";
import { type Shadowed, shadowed } from "./shadowed.ts";

const versions = [ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0] as const;

async function lasting(home: Shadowed, version: ProtocolVersion): Promise<RawClient> {
  const client = new RawClient(await connectTcp({ port: home.port }), { version });
  onTestFinished(() => client.pipe.destroy());
  client.connect({
    clientId: "lasting",
    cleanStart: false,
    properties: { sessionExpiryInterval: SESSION_NEVER_EXPIRES },
  });
  await until("CONNACK", () => client.all(PacketType.CONNACK).length === 1);
  return client;
}

/** Both brokers have done as much as the client has seen. */
async function untilCompared(home: Shadowed, deliveries: number): Promise<void> {
  await until("it is compared", () => home.shadow.summary.compared.deliveries === deliveries);
}

test.each(versions)("QoS 2 that is cut off at each step, version %i", async (version) => {
  const home = await shadowed();
  const { PUBLISH, PUBREL, PUBREC, PUBCOMP, SUBACK } = PacketType;
  const publish = async (text: string): Promise<unknown> =>
    await runWell("mosquitto_pub", [
      "-h",
      "127.0.0.1",
      "-p",
      String(home.port),
      "-q",
      "2",
      "-t",
      "s/x",
      "-m",
      text,
    ]);
  const first = await lasting(home, version);
  first.subscribe(1, "s/#", 2);
  await until("SUBACK", () => first.all(SUBACK).length === 1);
  await publish("one");
  await until("PUBLISH", () => first.texts.length === 1);
  await untilCompared(home, 1);
  first.pipe.destroy();

  const second = await lasting(home, version);
  await until("PUBLISH again", () => second.texts.length === 1);
  await untilCompared(home, 2);
  const packetId = second.last(PUBLISH)?.packetId ?? 0;
  second.acknowledge(PUBREC, packetId);
  await until("PUBREL", () => second.all(PUBREL).length === 1);
  second.pipe.destroy();
  await publish("two");

  const third = await lasting(home, version);
  await until("PUBREL again, and the next", () => third.all(PUBREL).length === 1 && third.texts.length === 1);
  third.acknowledge(PUBCOMP, packetId);
  const nextId = third.last(PUBLISH)?.packetId ?? 0;
  third.acknowledge(PUBREC, nextId);
  await until("its PUBREL", () => third.all(PUBREL).length === 2);
  third.acknowledge(PUBCOMP, nextId);
  await untilCompared(home, 3);
  third.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });

  const fourth = await lasting(home, version);
  await publish("three");
  await until("only the last", () => fourth.texts.length === 1);
  expect(fourth.texts).toEqual(["three"]);
  fourth.acknowledge(PUBREC, fourth.last(PUBLISH)?.packetId ?? 0);
  await until("the last PUBREL", () => fourth.all(PUBREL).length === 1);
  fourth.acknowledge(PUBCOMP, fourth.last(PUBLISH)?.packetId ?? 0);
  fourth.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
  const summary = await home.finished();
  expect(home.differences).toEqual([]);
  expect(summary).toMatchObject({ differenceCount: 0, gaveUp: 0, compared: { deliveries: 4 } });
});

test("a takeover is the same at both; a SUBSCRIBE without a filter ends with another reason", async () => {
  const home = await shadowed();
  const first = await lasting(home, ProtocolVersion.MQTT_5_0);
  const second = await lasting(home, ProtocolVersion.MQTT_5_0);
  await until("the first is out", () => first.closed);
  second.sendBytes(Uint8Array.of(0x82, 3, 0, 1, 0));
  await until("the second is out", () => second.closed);
  const summary = await home.finished();
  const texts = { old: "DISCONNECT 0x81, closes", martlet: "DISCONNECT 0x82, closes" };
  expect(home.differences).toEqual([{ kind: "disconnect", client: "lasting", connection: 2, ...texts }]);
  expect(summary).toMatchObject({ connections: 2, gaveUp: 0 });
});

test("many clients and messages at the same time", async () => {
  const home = await shadowed();
  const clients = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => await connect(home.url, { clientId: `device-${i}` })),
  );
  onTestFinished(async () => void (await Promise.all(clients.map(async (each) => await each.close()))));
  let got = 0;
  for (const each of clients) await each.subscribe("load/#", { qos: 2 }, () => void got++).ready;
  await Promise.all(
    clients.map(async (each, i) => {
      for (let n = 0; n < 30; n++)
        await each.publish(`load/${i}/${n % 3}`, `${n}`, { qos: (n % 3) as 0 | 1 | 2 });
    }),
  );
  await until("all have come", () => got === 8 * 8 * 30);
  await untilCompared(home, got);
  expect(home.differences).toEqual([]);
});

test("an old broker behind TLS: verified, by the authority that is named", async () => {
  const certificates = makeCertificates();
  onTestFinished(() => certificates.remove());
  const { ca, cert, key, folder } = certificates;
  for (const file of [folder, cert, key, ca]) chmodSync(file, 0o755);
  const oldPort = await freePort();
  const file = join(folder, "mosquitto.conf");
  const lines = [`listener ${oldPort} 127.0.0.1`, `certfile ${cert}`, `keyfile ${key}`];
  writeFileSync(file, `${["allow_anonymous true", "log_dest none", ...lines].join("\n")}\n`);
  const child = spawn(mosquittoProgram, ["-c", file], { stdio: "ignore" });
  onTestFinished(() => void child.kill());
  await untilListening(oldPort, child);
  const martlet = await createBroker().start();
  onTestFinished(() => martlet.stop());
  const notices: Notice[] = [];
  const shadowBy = async (authority: string | undefined): Promise<[Shadow, number]> => {
    const shadow = new Shadow({
      upstream: { url: `mqtts://127.0.0.1:${oldPort}`, ca: authority },
      connectPipe: () => martlet.connectPipe(),
      port: 0,
      onNotice: (notice) => notices.push(notice),
    });
    onTestFinished(async () => void (await shadow.stop()));
    return [shadow, await shadow.start()];
  };
  const [shadow, port] = await shadowBy(readFileSync(ca, "utf8"));
  const device = await connect(`mqtt://127.0.0.1:${port}`);
  onTestFinished(() => device.close());
  await device.publish("over/tls", "x", { qos: 2 });
  await until("it is compared", () => shadow.summary.compared.answers === 3);
  expect(shadow.summary.differenceCount).toBe(0);
  const [, other] = await shadowBy(undefined);
  await expect(connect(`mqtt://127.0.0.1:${other}`, { connectTimeoutMs: 2_000 })).rejects.toThrow(
    /connect|closed|ended|broke/i,
  );
  expect(notices.find(({ kind }) => kind === "upstream")?.says).toMatch(/certificate/);
});
