/** Over the network: each transport to our own broker, and to mosquitto and aedes. */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect as connectTcp, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import { describe, expect, onTestFinished, test } from "vitest";
import { ProtocolVersion } from "#protocol";
import {
  connect,
  fallbackTo311,
  type MqttClient,
  type NodeConnectOptions,
  topicPattern,
} from "../../src/client/index.ts";
import { makeCertificates } from "../conformance/certificates.ts";
import { mosquittoProgram, mosquittoVersion, untilListening } from "../conformance/mosquitto.ts";
import { socketBroker } from "../support/brokers.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";

async function open(url: string, options: NodeConnectOptions = {}): Promise<MqttClient> {
  const client = await connect(url, options);
  onTestFinished(() => client.close());
  return client;
}

/** Messages of all sizes there and back at each QoS; a filter in two hands; a goodbye. */
async function exercise(client: MqttClient): Promise<void> {
  const sizes = [0, 1, 100, 70_000, 1_000_000];
  const got: string[] = [];
  const subscription = client.subscribe(
    topicPattern("exercise/{qos}/{size}"),
    {},
    ({ parameters, payload }) => {
      got.push(`${parameters.qos} ${parameters.size} ${payload.length} ${payload[payload.length - 1] ?? ""}`);
    },
  );
  await subscription.ready;
  for (const qos of [0, 1, 2] as const) {
    for (const size of sizes) {
      const receipt = await client.publish(`exercise/${qos}/${size}`, new Uint8Array(size).fill(7), { qos });
      expect(receipt.qos).toBe(qos);
    }
  }
  await until("all are back", () => got.length === 15);
  expect(got).toEqual(
    [0, 1, 2].flatMap((qos) => sizes.map((size) => `${qos} ${size} ${size} ${size > 0 ? 7 : ""}`)),
  );
  const many = Array.from({ length: 500 }, (_, i) => client.publish("exercise/1/many", `${i}`, { qos: 1 }));
  await Promise.all(many);
  await until("all of many are back", () => got.length === 515);
  await subscription.close();
}

test("TCP, WebSocket and a Unix socket", async () => {
  const { port, webSocketPort, unixPath, broker } = await socketBroker();
  for (const url of [
    `mqtt://127.0.0.1:${port}`,
    `ws://127.0.0.1:${webSocketPort}/mqtt`,
    `unix:${unixPath}`,
  ]) {
    const client = await open(url);
    await exercise(client);
    await client.close();
  }
  await until("the broker saw them go", () => broker.sizes.connections === 0);
  expect(broker.sizes.sessions).toBe(0);
});

test("TLS, one-way and mutual; a certificate of nobody known is refused", async () => {
  const certificates = makeCertificates();
  onTestFinished(() => certificates.remove());
  const { port } = await socketBroker();
  const [ca, cert, key] = [certificates.ca, certificates.cert, certificates.key].map((file) =>
    readFileSync(file, "utf8"),
  );
  const serve = async (isMutual: boolean): Promise<number> => {
    const server = createTlsServer(
      { cert, key, ca, requestCert: isMutual, rejectUnauthorized: isMutual } as never,
      (socket) => {
        const inner = connectTcp(port, "127.0.0.1");
        socket.pipe(inner).pipe(socket);
        for (const each of [socket, inner]) each.on("error", () => each.destroy());
      },
    );
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return (server.address() as { port: number }).port;
  };
  const [oneWay, mutual] = [await serve(false), await serve(true)];
  const trust = { ca: ca as string, serverName: "localhost" };
  await exercise(await open(`mqtts://localhost:${oneWay}`, { tls: trust }));
  await exercise(
    await open(`mqtts://localhost:${mutual}`, {
      tls: { ...trust, cert: cert as string, key: key as string },
    }),
  );
  await expect(connect(`mqtts://localhost:${oneWay}`)).rejects.toMatchObject({
    code: expect.stringMatching(/^MARTLET_CONNECTION/),
  });
  await expect(connect(`mqtts://localhost:${mutual}`, { tls: trust })).rejects.toMatchObject({
    code: expect.stringMatching(/^MARTLET_CONNECTION/),
  });
});

test("WebSocket over TLS, with an authority of one's own and with a certificate for the client", async () => {
  const certificates = makeCertificates();
  onTestFinished(() => certificates.remove());
  const { webSocketPort } = await socketBroker();
  const [ca, cert, key] = [certificates.ca, certificates.cert, certificates.key].map((file) =>
    readFileSync(file),
  );
  const server = createTlsServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: false } as never,
    (socket) => {
      const inner = connectTcp(webSocketPort, "127.0.0.1");
      socket.pipe(inner).pipe(socket);
      for (const each of [socket, inner]) each.on("error", () => each.destroy());
    },
  );
  const seen: boolean[] = [];
  server
    .on("secureConnection", (socket) => seen.push(socket.authorized))
    .on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `wss://127.0.0.1:${(server.address() as { port: number }).port}/mqtt`;
  const trust = { ca: ca as Uint8Array, serverName: "localhost" };
  await exercise(await open(url, { tls: trust }));
  await exercise(await open(url, { tls: { ...trust, cert: cert as Uint8Array, key: key as Uint8Array } }));
  expect(seen).toEqual([false, true]);
  await expect(connect(url)).rejects.toMatchObject({ code: expect.stringMatching(/^MARTLET_CONNECTION/) });
  await expect(connect(url, { tls: { ...trust, serverName: "elsewhere.example" } })).rejects.toMatchObject({
    code: expect.stringMatching(/^MARTLET_CONNECTION/),
  });
});

test("a WebSocket is asked for with the subprotocol mqtt", async () => {
  let offered: string | undefined;
  const server = createHttpServer();
  server.on("upgrade", (request, socket) => {
    offered = request.headers["sec-websocket-protocol"];
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  await expect(connect(`ws://127.0.0.1:${port}`)).rejects.toThrow(/Cannot connect/);
  await until("the handshake came", () => offered !== undefined);
  expect(offered).toBe("mqtt");
});

describe("other brokers", () => {
  test.each([ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0])(
    "mosquitto, version %i",
    async (version) => {
      mosquittoVersion();
      const port = await freePort();
      const child = spawn(mosquittoProgram, ["-p", String(port)], { stdio: "ignore" });
      onTestFinished(() => void child.kill());
      await untilListening(port, child);
      const client = await open(`mqtt://127.0.0.1:${port}`, {
        version,
        clientId: "c",
        sessionExpiryInterval: 100,
      });
      await exercise(client);
      expect(client.protocolVersion).toBe(version);
    },
  );

  test("aedes, which refuses 5.0", async () => {
    const broker = await Aedes.createBroker();
    const server = createServer((socket) => void broker.handle(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const client = await open(`mqtt://127.0.0.1:${port}`, { fallback: fallbackTo311 });
    expect(client.protocolVersion).toBe(ProtocolVersion.MQTT_3_1_1);
    await exercise(client);
    await client.close();
    await new Promise<void>((resolve) => broker.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  });
});
