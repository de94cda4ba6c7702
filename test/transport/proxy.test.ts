// Listeners behind a proxy: whose word counts, what they then know of the client, and what becomes of connections that do not
// keep to the PROXY protocol.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectSecure, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ConfigError } from "#base";
import {
  secureWebSocketListener,
  type TransportListener,
  tcpListener,
  tlsListener,
  webSocketListener,
} from "#transport";
import { type Certificates, makeCertificates } from "../conformance/certificates.ts";
import { until } from "../support/until.ts";
import { accepting, type Hearing, textOf } from "./accepting.ts";
import { type Pair, textsOf } from "./certificates.ts";
import {
  proxiedClient,
  proxyBinary,
  proxyLine,
  secured,
  socketBehind,
  webSocketOver,
} from "./through-proxy.ts";

let certificates: Certificates;
let pair: Pair;
let ca = "";

beforeAll(() => {
  certificates = makeCertificates();
  pair = textsOf(certificates);
  ca = readFileSync(certificates.ca, "utf8");
});

afterAll(() => certificates.remove());

/** What all listeners here are told beside. */
interface Told extends Hearing {
  readonly trustedProxies: readonly string[];
  readonly handshakeTimeoutMs?: number;
  readonly maxUnfinished?: number;
}

type MakeListener = (told: Told) => TransportListener;

const common = { host: "127.0.0.1", port: 0, proxyProtocol: true };

interface Kind {
  readonly make: MakeListener;
  /** Says `text` as a client does, over a socket on which the header has been sent. */
  readonly say: (socket: Socket, text: string) => Promise<void>;
}

const sayPlainly = async (socket: Socket, text: string): Promise<void> => void socket.write(text);
const saySecurely = async (socket: Socket, text: string): Promise<void> =>
  void (await secured(socket, { ca })).write(text);
const sayByWebSocket = async (socket: Socket | TLSSocket, text: string): Promise<void> =>
  (await webSocketOver(socket)).send(Buffer.from(text));

const kinds: Readonly<Record<string, Kind>> = {
  "tcp, net": { make: (told) => tcpListener({ ...common, pipes: "net", ...told }), say: sayPlainly },
  "tcp, handle": { make: (told) => tcpListener({ ...common, pipes: "handle", ...told }), say: sayPlainly },
  "tls, net": {
    make: (told) => tlsListener({ ...common, ...pair, pipes: "net", ...told }),
    say: saySecurely,
  },
  "tls, handle": {
    make: (told) => tlsListener({ ...common, ...pair, pipes: "handle", ...told }),
    say: saySecurely,
  },
  websocket: { make: (told) => webSocketListener({ ...common, ...told }), say: sayByWebSocket },
  wss: {
    make: (told) => secureWebSocketListener({ ...common, ...pair, ...told }),
    say: async (socket, text) => sayByWebSocket(await secured(socket, { ca }), text),
  },
};

const listening = ({ make }: Kind, told: Partial<Told> = {}) =>
  accepting((hearing) => make({ trustedProxies: ["loopback"], ...told, ...hearing }));

/** Connected behind `header`; ends with the test. */
async function connected(header: string | Uint8Array, port: number): Promise<Socket> {
  const socket = await socketBehind(header, { port });
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves when it is closed, also after an error. */
async function closeOf(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

describe.each(Object.entries(kinds))("%s", (_name, kind) => {
  test.each([
    ["version 1", proxyLine, "192.0.2.7"],
    ["version 2", proxyBinary, "2001:db8::7"],
  ])("the client is the one that %s names, and its bytes arrive", async (_version, header, address) => {
    const { port, accepted, said } = await listening(kind);
    await kind.say(await connected(header, port), "hello");
    await until("it is read", () => accepted[0] !== undefined && textOf(accepted[0]) === "hello");
    expect(accepted[0]?.pipe.peer).toMatchObject({
      remoteAddress: address,
      remotePort: proxiedClient.remotePort,
      localAddress: "127.0.0.1",
      localPort: port,
    });
    expect(said).toEqual([]);
  });

  test("a proxy that connects for itself is the client", async () => {
    const { port, accepted } = await listening(kind);
    const socket = await connected("PROXY UNKNOWN\r\n", port);
    const { localPort } = socket;
    await kind.say(socket, "hello");
    await until("it is read", () => accepted[0] !== undefined && textOf(accepted[0]) === "hello");
    expect(accepted[0]?.pipe.peer).toMatchObject({ remoteAddress: "127.0.0.1", remotePort: localPort });
  });

  test("a header that comes byte by byte is read", async () => {
    const { port, accepted } = await listening(kind);
    const socket = await connected("", port);
    for (const byte of proxyBinary) {
      socket.write(Uint8Array.of(byte));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await kind.say(socket, "hello");
    await until("it is read", () => accepted[0] !== undefined && textOf(accepted[0]) === "hello");
    expect(accepted[0]?.pipe.peer.remoteAddress).toBe("2001:db8::7");
  });

  test("nobody else is believed, and it is said whom", async () => {
    const { port, accepted, said } = await listening(kind, { trustedProxies: ["192.0.2.0/24"] });
    const socket = await connected(proxyLine, port);
    const { localPort } = socket;
    await closeOf(socket);
    expect(accepted).toEqual([]);
    expect(said).toEqual([
      `Reading the PROXY header of 127.0.0.1 port ${localPort} failed: this address is none of trustedProxies`,
    ]);
  });

  test("without a header nobody gets in", async () => {
    const { port, accepted, said } = await listening(kind);
    const socket = await connected("\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0", port);
    const { localPort } = socket;
    await closeOf(socket);
    expect(accepted).toEqual([]);
    expect(said).toEqual([
      `Reading the PROXY header of 127.0.0.1 port ${localPort} failed: the connection does not begin with one`,
    ]);
  });

  test("a header that does not come to an end is dropped, and so are too many", async () => {
    const { port, said } = await listening(kind, { handshakeTimeoutMs: 100, maxUnfinished: 1 });
    const slow = await connected("PROXY TCP4 ", port);
    await closeOf(await connected(proxyLine, port));
    await closeOf(slow);
    expect(said[0]).toBe("A connection was dropped: 1 have not finished their handshake, the most allowed");
  });

  test("a health check that leaves without a word is none", async () => {
    const { port, accepted, said } = await listening(kind);
    const silent = await connected("", port);
    const half = await connected("PROXY ", port);
    for (const socket of [silent, half]) {
      socket.end();
      await closeOf(socket);
    }
    expect(accepted).toEqual([]);
    expect(said).toEqual([]);
  });
});

test.each(["tcp, net", "tcp, handle"])(
  "%s: what came in one piece with the header is not lost",
  async (name) => {
    const { port, accepted } = await listening(kinds[name] as Kind);
    await connected(`${proxyLine}hello`, port);
    await until("it is read", () => accepted[0] !== undefined && textOf(accepted[0]) === "hello");
    const late = await connected(`${proxyLine}bye`, port);
    late.end();
    await until("it is closed", () => accepted[1]?.isClosed === true);
    expect(accepted.slice(1).map(textOf)).toEqual(["bye"]);
    expect(accepted[1]?.error).toBeUndefined();
  },
);

test.each(["tls, net", "tls, handle"])(
  "%s: a handshake may come in one piece with the header",
  async (name) => {
    const { port, accepted } = await listening(kinds[name] as Kind);
    const below = await connected("", port);
    let isFirst = true;
    const joining = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        below.write(isFirst ? Buffer.concat([Buffer.from(proxyLine), chunk]) : chunk, () => done());
        isFirst = false;
      },
    });
    below.on("data", (chunk) => joining.push(chunk));
    const socket = connectSecure({ socket: joining, ca, host: "127.0.0.1" });
    socket.write("hello");
    await until("it is read", () => accepted[0] !== undefined && textOf(accepted[0]) === "hello");
    expect(accepted[0]?.pipe.peer).toMatchObject(proxiedClient);
  },
);

test("an HTTP request and what follows it may come in one piece with the header", async () => {
  const http =
    "GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
  const { port, accepted } = await listening(kinds["websocket"] as Kind);
  // A masked binary frame with "hi", the mask all zeros.
  const frame = Buffer.from("828200000000" + "6869", "hex").toString("latin1");
  const socket = await connected(Buffer.from(`${proxyLine}${http}${frame}`, "latin1"), port);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
  await until("it is read", () => accepted[0] !== undefined && textOf(accepted[0]) === "hi");
  expect(accepted[0]?.pipe.peer).toMatchObject({ transport: "websocket", ...proxiedClient });
});

test("what goes wrong behind the header is said of the client, not of the proxy", async () => {
  const { port, said } = await listening(kinds["tls, net"] as Kind);
  await closeOf(await connected(`${proxyLine}no TLS at all`, port));
  expect(said).toEqual([expect.stringMatching(/^The TLS handshake with 192\.0\.2\.7 port 56324 failed: \S/)]);
});

test("trust without need, and need without trust, are errors", () => {
  const problemOf = (options: object): string => {
    try {
      tcpListener({ port: 0, ...options });
    } catch (error) {
      return (error as ConfigError).message;
    }
    return "none";
  };
  expect([
    problemOf({ proxyProtocol: true }),
    problemOf({ proxyProtocol: true, trustedProxies: [] }),
    problemOf({ trustedProxies: ["10.0.0.0/8"] }),
    problemOf({ proxyProtocol: true, trustedProxies: ["haproxy"] }),
    problemOf({ proxyProtocol: true, trustedProxies: ["10.0.0.0/8"] }),
  ]).toEqual([
    "trustedProxies: proxyProtocol needs the addresses of the proxies.",
    "trustedProxies: proxyProtocol needs the addresses of the proxies.",
    "trustedProxies: nobody reads a PROXY header; set proxyProtocol as well.",
    expect.stringMatching(/^trustedProxies\[0\]: "haproxy" is no address; /),
    "none",
  ]);
});
