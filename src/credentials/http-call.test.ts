import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { utf8Decode } from "#base";
import { type HttpCallOptions, httpCall } from "./http-call.ts";

interface Served {
  readonly url: string;
  readonly connections: () => number;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

async function serve(answer: Answer): Promise<Served> {
  const server = createServer((request, response) => void answer(request, response));
  let connections = 0;
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/secret-path?token=hunter2`, connections: () => connections };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

const ask = async (url: string, options: Partial<HttpCallOptions> = {}) =>
  await httpCall({ url, ...options })('{"password":"hunter2"}');

/** What the call rejects with; it must not say anything secret. */
async function problemOf(url: string, options: Partial<HttpCallOptions> = {}): Promise<string> {
  const error: Error = await ask(url, options).then(
    () => new TypeError("it did not fail"),
    (reason: Error) => reason,
  );
  expect(error).toMatchObject({ code: "MARTLET_CONNECTION" });
  expect(error.message).not.toMatch(/hunter2|secret-path/);
  return error.message.replace(/^127\.0\.0\.1:\d+: /, "");
}

describe("a service that works", () => {
  test("gets the question and its headers, on few connections for all", async () => {
    const got: unknown[] = [];
    const service = await serve(async (request, response) => {
      const { method, url, headers } = request;
      got.push([method, url, headers["content-type"], headers.authorization, await textOf(request)]);
      response.end('{"result":"allow"}');
    });
    for (let i = 0; i < 20; i++) {
      const { status, body } = await ask(service.url, { headers: { Authorization: "Bearer x" } });
      expect([status, utf8Decode(body)]).toEqual([200, '{"result":"allow"}']);
    }
    const path = "/secret-path?token=hunter2";
    const one = ["POST", path, "application/json", "Bearer x", '{"password":"hunter2"}'];
    expect(got).toEqual(new Array(20).fill(one));
    expect(service.connections()).toBeLessThan(5);
  });

  test("may answer up to the limit", async () => {
    const service = await serve((_request, response) => response.end("x".repeat(100)));
    expect((await ask(service.url, { maximumAnswerBytes: 100 })).body.length).toBe(100);
    expect(await problemOf(service.url, { maximumAnswerBytes: 99 })).toBe(
      "the answer is longer than 99 bytes",
    );
  });
});

describe("a service that", () => {
  test("says another status is heard without what it says more", async () => {
    const service = await serve((_request, response) => response.writeHead(503).end("x".repeat(1_000_000)));
    expect(await ask(service.url)).toEqual({ status: 503, body: new Uint8Array(0) });
  });

  test("sends elsewhere is not followed", async () => {
    let visits = 0;
    const elsewhere = await serve((_request, response) => {
      visits++;
      response.end('{"result":"allow"}');
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const service = await serve((_request, response) =>
        response.writeHead(status, { location: elsewhere.url }).end(),
      );
      expect((await ask(service.url)).status).toBe(status);
    }
    expect(visits).toBe(0);
  });

  test("is down", async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await problemOf(`http://127.0.0.1:${port}/`)).toBe("ECONNREFUSED");
  });

  const endless = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  };

  test.each<[string, Answer, Partial<HttpCallOptions>, string | RegExp]>([
    ["never answers", () => undefined, { timeoutMs: 50 }, "no whole answer within 50 ms"],
    [
      "never ends its answer",
      (_request, response) => response.writeHead(200).write("{"),
      { timeoutMs: 50 },
      "no whole answer within 50 ms",
    ],
    ["answers without end", endless, {}, "the answer is longer than 65536 bytes"],
    [
      "promises more than it gives",
      (_request, response) => {
        response.writeHead(200, { "content-length": "100" }).write('{"result":"allow"}');
        response.socket?.end();
      },
      {},
      /^(UND_ERR_SOCKET|other side closed|terminated)/,
    ],
    ["hangs up", (request) => request.socket.destroy(), {}, /^(UND_ERR_SOCKET|ECONNRESET)/],
    [
      "does not speak HTTP",
      (request) => request.socket.end("SSH-2.0-x\r\n"),
      {},
      /^Response does not match the HTTP/,
    ],
    [
      "packs its answer although it was asked not to",
      (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip"),
      {},
      /^Z_DATA_ERROR/,
    ],
  ])("%s", async (_what, answer, options, problem) => {
    const service = await serve(answer);
    expect(await problemOf(service.url, options)).toMatch(problem);
  });
});

test.each([
  ["service.example.org", "url"],
  ["ftp://service.example.org/", "url"],
  ["file:///etc/passwd", "url"],
  ["http://user:hunter2@service.example.org/", "url"],
])("the address %s is not allowed", (url, path) => {
  expect(() => httpCall({ url })).toThrow(expect.objectContaining({ code: "MARTLET_CONFIG", path }));
  expect(() => httpCall({ url })).not.toThrow(/hunter2/);
});

test("a header that HTTP does not have is not allowed, and its value stays secret", () => {
  const make = () => httpCall({ url: "http://h/", headers: { authorization: "hunter2\n".concat("\0") } });
  expect(make).toThrow("headers.authorization: this is no header that HTTP can carry.");
});
