// Two settings of a bridge at work: how much waits for another broker that is away, and whom the machine trusts.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { silentLog } from "#base";
import { createBroker, type ListenerOptions, type MartletBroker } from "#server";
import { MartletProcess } from "../cli/martlet-process.ts";
import { folderWith } from "../config/folder.ts";
import { type Certificates, makeCertificates } from "../conformance/certificates.ts";
import { configured } from "../support/configured.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { textsOf } from "../transport/certificates.ts";

async function otherBroker(listener: ListenerOptions): Promise<MartletBroker> {
  const broker = createBroker({ listeners: [listener], log: silentLog, settings: { sysIntervalSeconds: 0 } });
  onTestFinished(() => broker.stop());
  await broker.start();
  return broker;
}

function bridgeTo(port: number, ...lines: string[]): string {
  return [
    '[[listeners]]\nport = 0\n[persistence]\nmode = "memory"\n[[bridges]]\nname = "house"',
    `addresses = ["127.0.0.1:${port}"]`,
    "notifications = false\nrestart_timeout = [1, 1]",
    ...lines,
    '[[bridges.topics]]\npattern = "a/#"\ndirection = "out"\nqos = 1',
  ].join("\n");
}

describe("maximum_queued_messages", () => {
  test.each([
    ["is how many wait behind those in flight", ["maximum_queued_messages = 3"], 5],
    ["is that of all clients otherwise", [], 9],
  ])("%s", async (_, lines, count) => {
    const port = await freePort();
    const here = await configured({ "martlet.toml": bridgeTo(port, "receive_maximum = 2", ...lines) });
    const session = (): { readonly queuedMessages: number; readonly inFlight: number } | undefined =>
      [...here.served.broker.clients()].find(({ subscriptions }) => subscriptions.includes("a/#"));
    await until("the bridge listens here", () => session() !== undefined);
    await here.said("cannot connect");
    for (let n = 1; n <= 9; n++) {
      await here.served.broker.publish({ topicName: `a/${n}`, payload: Uint8Array.of(n), qos: 1 });
    }
    const waiting = session();
    expect((waiting?.queuedMessages ?? 0) + (waiting?.inFlight ?? 0)).toBe(count);

    const came: string[] = [];
    const other = createBroker({ listeners: [{ protocol: "tcp", host: "127.0.0.1", port }], log: silentLog });
    onTestFinished(() => other.stop());
    other.on(
      "messagePublished",
      ({ topicName }) => void (topicName.startsWith("a/") && came.push(topicName)),
    );
    await other.start();
    await until("what waited has come", () => came.length >= count);
    await here.served.broker.publish({ topicName: "a/last", payload: Uint8Array.of(0), qos: 1 });
    await until("the last has come", () => came.includes("a/last"));
    expect(came).toHaveLength(count + 1);
  });
});

describe("use_system_ca", () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates.remove());

  /** A broker behind TLS that counts who comes. */
  async function visited(): Promise<{ readonly port: number; readonly visits: number }> {
    const broker = await otherBroker({
      protocol: "tls",
      host: "127.0.0.1",
      port: 0,
      ...textsOf(certificates),
    });
    const found = { port: broker.addresses[0]?.port ?? 0, visits: 0 };
    broker.on("clientConnected", () => void found.visits++);
    return found;
  }

  test.each([
    ["true", true],
    ["false", false],
  ])("%s", async (value, isTrusted) => {
    const other = await visited();
    const toml = bridgeTo(other.port, `tls = { use_system_ca = ${value} }`);
    const file = join(folderWith({ "martlet.toml": toml }), "martlet.toml");
    // Whom this machine trusts is what this variable says.
    const env = { SSL_CERT_FILE: certificates.ca, SSL_CERT_DIR: "" };
    const martlet = new MartletProcess(["-c", file], { env });
    await martlet.line(isTrusted ? /house.* connected/ : /cannot connect.*certificate/);
    expect(other.visits).toBe(isTrusted ? 1 : 0);
  });

  test("is bridge_tls_use_os_certs in a mosquitto.conf", async () => {
    const other = await visited();
    const text = [
      `listener ${await freePort()} 127.0.0.1`,
      "log_dest stdout",
      "connection house",
      `address 127.0.0.1:${other.port}`,
      "topic a/# out",
      "bridge_tls_use_os_certs true",
    ];
    const file = join(folderWith({ "mosquitto.conf": `${text.join("\n")}\n` }), "mosquitto.conf");
    const env = { SSL_CERT_FILE: certificates.ca, SSL_CERT_DIR: "" };
    const martlet = new MartletProcess(["-c", file], { env });
    await martlet.line(/ running\n/);
    await until("the bridge has come", () => other.visits === 1);
    expect(martlet.hasEnded).toBe(false);
  });
});
