// The TLS options of pub and sub, over TCP and over WebSocket: which certificate counts, and which version is spoken.

import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBroker, type MartletBroker } from "#server";
import { type Certificates, makeCertificates } from "../conformance/certificates.ts";
import { martlet, mosquitto } from "./tool-process.ts";

interface Front {
  readonly port: number;
  /** What each connection was like. */
  readonly seen: { readonly protocol: string | null; readonly alpn: unknown; readonly isKnown: boolean }[];
  close(): void;
}

/** Takes the TLS off for a listener that has none. */
async function startFront(target: number, { ca, cert, key }: Certificates): Promise<Front> {
  const seen: Front["seen"] = [];
  const [trusted, own, secret] = [ca, cert, key].map((file) => readFileSync(file));
  const server = createServer(
    {
      cert: own,
      key: secret,
      ca: trusted,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["mqtt"],
    },
    (socket: TLSSocket) => {
      seen.push({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol, isKnown: socket.authorized });
      const inner: Socket = connect(target, "127.0.0.1");
      socket.pipe(inner).pipe(socket);
      for (const each of [socket, inner]) each.on("error", () => each.destroy());
    },
  );
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return { port: (server.address() as { port: number }).port, seen, close: () => server.close() };
}

let broker: MartletBroker;
let certificates: Certificates;
let others: Certificates;
let fronts: { readonly tcp: Front; readonly webSocket: Front };
beforeAll(async () => {
  broker = createBroker({
    listeners: [
      { protocol: "tcp", port: 0 },
      { protocol: "websocket", port: 0 },
    ],
  });
  await broker.start();
  [certificates, others] = [makeCertificates(), makeCertificates()];
  const frontOf = async (kind: "tcp" | "websocket"): Promise<Front> => {
    const address = broker.addresses.find(({ transport }) => transport === kind);
    return await startFront(address?.port ?? 0, certificates);
  };
  fronts = { tcp: await frontOf("tcp"), webSocket: await frontOf("websocket") };
});
afterAll(async () => {
  for (const front of [fronts.tcp, fronts.webSocket]) front.close();
  for (const each of [certificates, others]) each.remove();
  await broker.stop();
});

const message = ["-t", "a", "-m", "x"];

describe.each([
  ["TCP", "tcp", []],
  ["WebSocket", "webSocket", ["--ws"]],
] as const)("over %s", (_, kind, transport) => {
  it("speaks one version, with a certificate of its own and the protocol that ALPN names", async () => {
    const { port, seen } = fronts[kind];
    const { ca, cert, key } = certificates;
    const own = [
      "--cafile",
      ca,
      "--cert",
      cert,
      "--key",
      key,
      "--tls-version",
      "tlsv1.2",
      "--tls-alpn",
      "mqtt",
    ];
    const place = ["-h", "127.0.0.1", "-p", String(port), ...transport];
    expect(await martlet("pub", [...place, ...own, ...message])).toMatchObject({ code: 0, stderr: "" });
    expect(seen.at(-1)).toEqual({ protocol: "TLSv1.2", alpn: "mqtt", isKnown: true });
  });

  it("--insecure overlooks the name in a certificate, and not who signed it", async () => {
    const { port } = fronts[kind];
    const place = ["-h", "127.0.0.2", "-p", String(port), ...transport];
    const right = ["--cafile", certificates.ca];
    const wrong = ["--cafile", others.ca];
    const codes: unknown[] = [];
    for (const [trust, insecure] of [
      [right, []],
      [right, ["--insecure"]],
      [wrong, ["--insecure"]],
    ] as const) {
      codes.push((await martlet("pub", [...place, ...trust, ...insecure, ...message])).code);
    }
    expect(codes).toEqual([1, 0, 1]);
  });
});

it("mosquitto_pub means the same by --insecure", async () => {
  const place = ["-h", "127.0.0.2", "-p", String(fronts.tcp.port), "--insecure", ...message];
  expect((await mosquitto("pub", [...place, "--cafile", certificates.ca])).code).toBe(0);
  expect((await mosquitto("pub", [...place, "--cafile", others.ca])).code).not.toBe(0);
});
