import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { until } from "./contract-recorder.ts";
import { PipeError } from "./errors.ts";
import type { Pipe } from "./pipe.ts";
import { connectWebSocket, type WebSocketListenerOptions, webSocketListener } from "./websocket.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Accepted {
  readonly pipe: Pipe;
  readonly chunks: Buffer[];
  onChunk: (() => void) | undefined;
  closed: boolean;
  error: Error | undefined;
}

/** A listener on 127.0.0.1 that opens and records what it accepts. */
async function listening(options: Partial<WebSocketListenerOptions> = {}) {
  const accepted: Accepted[] = [];
  const listener = webSocketListener({ host: "127.0.0.1", port: 0, ...options });
  const addresses = await listener.start((pipe) => {
    const record: Accepted = { pipe, chunks: [], onChunk: undefined, closed: false, error: undefined };
    accepted.push(record);
    pipe.open({
      onBytes(chunk) {
        record.chunks.push(Buffer.from(chunk));
        record.onChunk?.();
      },
      onWritten: () => undefined,
      onClosed(error) {
        record.closed = true;
        record.error = error;
      },
    });
  });
  cleanups.push(async () => {
    for (const { pipe } of accepted) pipe.destroy();
    await listener.close();
  });
  const port = addresses[0]?.port ?? 0;
  return { port, accepted, listener, url: `ws://127.0.0.1:${port}/mqtt` };
}

async function connected(url: string): Promise<WebSocket> {
  const webSocket = new WebSocket(url, ["mqtt"]);
  cleanups.push(() => webSocket.terminate());
  await once(webSocket, "open");
  return webSocket;
}

/** The status and body of a refused upgrade. */
async function refusalOf(
  url: string,
  protocols: string[],
  headers: Record<string, string> = {},
): Promise<string> {
  const webSocket = new WebSocket(url, protocols, { headers }).on("error", () => undefined);
  const [, response] = (await once(webSocket, "unexpected-response")) as [
    unknown,
    AsyncIterable<Buffer> & { statusCode: number },
  ];
  const body: Buffer[] = [];
  for await (const chunk of response) body.push(chunk);
  return `${response.statusCode} ${Buffer.concat(body).toString().trim()}`;
}

describe("the handshake", () => {
  test.each([
    [["mqtt"], "mqtt"],
    [["mqttv3.1"], "mqttv3.1"],
    [["chat", "mqttv3.1", "mqtt"], "mqtt"],
  ])("of %j the server picks %s [MQTT-6.0.0-4]", async (offered, picked) => {
    const { url } = await listening();
    const webSocket = new WebSocket(url, offered);
    cleanups.push(() => webSocket.terminate());
    await once(webSocket, "open");
    expect(webSocket.protocol).toBe(picked);
    expect(webSocket.extensions).toBe("");
  });

  test("without an MQTT subprotocol is refused [MQTT-6.0.0-3]", async () => {
    const { url, accepted } = await listening();
    expect(await refusalOf(url, [])).toBe("400 Offer the WebSocket subprotocol mqtt.");
    expect(await refusalOf(url, ["chat"])).toBe("400 Offer the WebSocket subprotocol mqtt.");
    expect(accepted).toHaveLength(0);
  });

  test("on another path is refused", async () => {
    const { port } = await listening({ path: "/here" });
    const sentence = "404 There is nothing here; MQTT over WebSocket is at /here.";
    expect(await refusalOf(`ws://127.0.0.1:${port}/mqtt`, ["mqtt"])).toBe(sentence);
    await connected(`ws://127.0.0.1:${port}/here?token=1`);
  });

  test("a list of origins lets in those pages and clients without an origin", async () => {
    const { url } = await listening({ originAllowed: ["https://example.org"] });
    expect(await refusalOf(url, ["mqtt"], { origin: "https://evil.example" })).toMatch(/^403 /);
    const page = await connectWebSocket({ url, headers: { origin: "https://example.org" } });
    page.destroy();
    await connected(url);
  });

  test("a refused origin is said, at most once a second", async () => {
    const said: string[] = [];
    const { url } = await listening({
      originAllowed: ["https://example.org"],
      onProblem: ({ message }) => said.push(message),
    });
    for (let i = 0; i < 3; i++)
      await refusalOf(url, ["mqtt"], { origin: `https://${"evil".repeat(40)}.example` });
    expect(said).toEqual([
      expect.stringMatching(
        /^The WebSocket handshake with 127\.0\.0\.1 port \d+ failed: its origin is not allowed: "https:\/\/(evil){23}"$/,
      ),
    ]);
  });

  test("the request is known to whoever judges the client", async () => {
    const { port, accepted } = await listening();
    const url = `ws://127.0.0.1:${port}/mqtt?token=1`;
    const pipe = await connectWebSocket({ url, headers: { Authorization: "Bearer 2" } });
    cleanups.push(() => pipe.destroy());
    await until("it is accepted", () => accepted.length === 1);
    const request = accepted[0]?.pipe.openingRequest;
    expect(request?.url).toBe("/mqtt?token=1");
    expect(request?.headers).toMatchObject({ authorization: "Bearer 2", "sec-websocket-protocol": "mqtt" });
    expect(pipe.openingRequest).toBeUndefined();
  });

  test("a request that is too large is refused", async () => {
    const { url, accepted } = await listening({ maxHeaderBytes: 1_000 });
    expect(await refusalOf(url, ["mqtt"], { cookie: "x".repeat(1_000) })).toMatch(/^431/);
    await connected(url);
    await until("one is accepted", () => accepted.length === 1);
  });

  test("too many at a time are dropped, and said", async () => {
    const said: string[] = [];
    const { port } = await listening({ maxUnfinished: 1, onProblem: ({ message }) => said.push(message) });
    const first = connect(port, "127.0.0.1").resume();
    cleanups.push(() => first.destroy());
    await once(first, "connect");
    const second = connect(port, "127.0.0.1").resume();
    await once(second, "close");
    expect(said).toEqual(["A connection was dropped: 1 have not finished their handshake, the most allowed"]);
  });

  test("a function judges origins itself", async () => {
    const { url } = await listening({ originAllowed: (origin) => origin !== undefined });
    expect(await refusalOf(url, ["mqtt"])).toMatch(/^403 /);
  });

  test("a plain request gets one sentence", async () => {
    const { port } = await listening();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.status).toBe(426);
    expect(response.headers.get("upgrade")).toBe("websocket");
    expect(await response.text()).toBe(
      "This port speaks MQTT over WebSocket at /mqtt; connect with an MQTT client.\n",
    );
    expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404);
  });

  test("one that does not come to an end is dropped", async () => {
    const { port } = await listening({ handshakeTimeoutMs: 50 });
    const silent = connect(port, "127.0.0.1").resume();
    const slow = connect(port, "127.0.0.1").resume();
    slow.write("GET /mqtt HTTP/1.1\r\nHost: x\r\n");
    await Promise.all([once(silent, "close"), once(slow, "close")]);
  });

  test("one that is under way when the listener closes is dropped", async () => {
    const { port, listener, url, accepted } = await listening();
    await connected(url);
    const half = connect(port, "127.0.0.1").resume();
    half.on("error", () => undefined);
    await once(half, "connect");
    half.write("GET /mqtt HTTP/1.1\r\nHost: x\r\n");
    // The server has seen it when it has answered a later connection.
    await fetch(`http://127.0.0.1:${port}/`);
    await listener.close();
    await once(half, "close");
    expect(accepted.map(({ closed }) => closed)).toEqual([false]);
  });
});

describe("messages", () => {
  test("may be split and joined at will [MQTT-6.0.0-2]", async () => {
    const { url, accepted } = await listening();
    const webSocket = await connected(url);
    webSocket.send(Uint8Array.of(1), { fin: false });
    webSocket.send(Uint8Array.of(2), { fin: true });
    webSocket.send(new Uint8Array(0));
    webSocket.send(Uint8Array.of(3, 4, 5));
    await until("all arrived", () => Buffer.concat(accepted[0]?.chunks ?? []).length === 5);
    expect(Buffer.concat(accepted[0]?.chunks ?? [])).toEqual(Buffer.of(1, 2, 3, 4, 5));
  });

  test("a text frame closes the connection [MQTT-6.0.0-1]", async () => {
    const { url, accepted } = await listening();
    const webSocket = await connected(url);
    webSocket.send("text");
    webSocket.send(Uint8Array.of(1));
    const [code] = (await once(webSocket, "close")) as [number];
    expect(code).toBe(1003);
    const [at] = accepted as [Accepted];
    await until("it is closed", () => at.closed);
    expect(at.error).toBeInstanceOf(PipeError);
    expect(at.error).toMatchObject({ kind: "protocol" });
    expect(at.chunks).toEqual([]);
  });

  test("one that is too large closes the connection", async () => {
    const { url, accepted } = await listening({ maxMessageBytes: 100 });
    const webSocket = await connected(url);
    webSocket.send(new Uint8Array(101));
    const [code] = (await once(webSocket, "close")) as [number];
    expect(code).toBe(1009);
    await until("it is closed", () => accepted[0]?.closed === true);
    expect(accepted[0]?.error).toMatchObject({ kind: "protocol" });
  });

  test("pings are answered", async () => {
    const { url } = await listening();
    const webSocket = await connected(url);
    webSocket.ping("are you there");
    const [data] = (await once(webSocket, "pong")) as [Buffer];
    expect(data.toString()).toBe("are you there");
  });
});

describe("the peer's end", () => {
  test("a closing handshake is orderly", async () => {
    const { url, accepted } = await listening();
    const webSocket = await connected(url);
    webSocket.close();
    await until("it is closed", () => accepted[0]?.closed === true);
    expect(accepted[0]?.error).toBeUndefined();
  });

  test("waits behind messages that one read held and the pipe paused before", async () => {
    const { url, accepted } = await listening();
    const webSocket = await connected(url);
    await until("it is accepted", () => accepted.length === 1);
    const [at] = accepted as [Accepted];
    at.onChunk = () => at.pipe.pauseReading();
    webSocket.send(Uint8Array.of(1));
    webSocket.send(Uint8Array.of(2));
    webSocket.close();
    await once(webSocket, "close");
    expect(Buffer.concat(at.chunks)).toEqual(Buffer.of(1));
    expect(at.closed).toBe(false);
    at.pipe.resumeReading();
    await until("it is closed", () => at.closed);
    expect(Buffer.concat(at.chunks)).toEqual(Buffer.of(1, 2));
    expect(at.error).toBeUndefined();
  });

  test("leaving without one is not", async () => {
    const { url, accepted } = await listening();
    const webSocket = await connected(url);
    webSocket.terminate();
    await until("it is closed", () => accepted[0]?.closed === true);
    expect(accepted[0]?.error).toMatchObject({ kind: "reset" });
  });
});

describe("dialing", () => {
  test("nobody there, another path and no address are typed errors", async () => {
    const { url, port, listener } = await listening();
    const dial = (url: string) => connectWebSocket({ url }).catch((error: unknown) => error);
    expect(await dial(`ws://127.0.0.1:${port}/other`)).toMatchObject({ name: "PipeError", kind: "refused" });
    expect(await dial("not a url")).toMatchObject({ name: "PipeError", kind: "refused" });
    await listener.close();
    expect(await dial(url)).toMatchObject({
      name: "PipeError",
      kind: "refused",
      cause: { code: "ECONNREFUSED" },
    });
  });
});
