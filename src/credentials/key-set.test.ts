// Keys behind a URL, and what their endpoint may do instead of handing them over.
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigError } from "#base";
import type { TokenVerdict } from "#logins";
import { VirtualClock } from "#testing";
import { jwtVerifier } from "./jwt-verifier.ts";
import type { KeySetOptions } from "./key-set.ts";

type Pair = ReturnType<typeof newPair>;

function newPair(keyId: string | undefined) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = keyId === undefined ? {} : { kid: keyId };
  return { jwk: { ...publicKey.export({ format: "jwk" }), ...kid }, privateKey, keyId };
}

function tokenOf({ privateKey, keyId }: Pair): string {
  const parts = [{ alg: "ES256", kid: keyId }, { sub: "dev1" }];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

const first = newPair("first");
const second = newPair("second");
const setOf =
  (...pairs: { jwk: object }[]): RequestListener =>
  (_request, response) =>
    void response.end(JSON.stringify({ keys: pairs.map(({ jwk }) => jwk) }));

/** An endpoint whose answers a test changes, and a verifier of its keys. */
async function setUp(answer: RequestListener, options: Partial<KeySetOptions> = {}) {
  const state = { answer, requests: 0 };
  const server = createServer((request, response) => {
    state.requests++;
    state.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const clock = new VirtualClock();
  const log: string[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks?api-key=hidden`;
  const verifier = jwtVerifier({
    jwks: {
      url,
      clock,
      log: { write: (level, sentence) => void log.push(`${level} ${sentence}`) },
      ...options,
    },
  });
  const outcome = async (pair: Pair): Promise<TokenVerdict["outcome"]> =>
    (await verifier.verify(tokenOf(pair))).outcome;
  return { state, clock, log, outcome };
}

describe("keys are fetched", () => {
  test("with the first token, once for all that come together, and again when they are old", async () => {
    const { state, clock, outcome } = await setUp(setOf(first));
    expect(state.requests).toBe(0);
    const together = await Promise.all(Array.from({ length: 20 }, () => outcome(first)));
    expect(together).toEqual(new Array(20).fill("verified"));
    expect(state.requests).toBe(1);
    clock.advance(599_999);
    expect(await outcome(first)).toBe("verified");
    expect(state.requests).toBe(1);
    clock.advance(1);
    expect(await outcome(first)).toBe("verified");
    await expect.poll(() => state.requests).toBe(2);
  });

  test("when a token names one that is not there, but not before the cooldown is over", async () => {
    const { state, clock, outcome } = await setUp(setOf(first));
    expect(await outcome(first)).toBe("verified");
    state.answer = setOf(second);
    expect(await outcome(second)).toBe("refused");
    expect(state.requests).toBe(1);
    clock.advance(30_000);
    expect(await outcome(second)).toBe("verified");
    expect(await outcome(first)).toBe("refused");
    expect(state.requests).toBe(2);
  });

  test("when keys without names were changed", async () => {
    const [old, fresh] = [newPair(undefined), newPair(undefined)];
    const { state, clock, outcome } = await setUp(setOf(old));
    expect(await outcome(old)).toBe("verified");
    state.answer = setOf(fresh);
    clock.advance(30_000);
    expect(await outcome(fresh)).toBe("verified");
    expect(await outcome(old)).toBe("refused");
  });

  test("not for tokens that are fit for no key at all, more often than the cooldown allows", async () => {
    const { state, clock, outcome } = await setUp(setOf(first));
    const stranger = newPair("stranger");
    for (let i = 0; i < 50; i++) expect(await outcome(stranger)).toBe("refused");
    expect(state.requests).toBe(1);
    clock.advance(30_000);
    for (let i = 0; i < 50; i++) expect(await outcome(stranger)).toBe("refused");
    expect(state.requests).toBe(2);
  });
});

describe("what keys may be in a set", () => {
  test("those for encryption, secrets, weak ones and nonsense are left out", async () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
    const forEncryption = { jwk: { ...second.jwk, use: "enc" } };
    const privateOne = second.privateKey.export({ format: "jwk" });
    const rest = [privateOne, { kty: "oct", k: "A".repeat(64) }, weak, { kty: "EC" }, null, 7, "key"];
    const { outcome } = await setUp(
      setOf(...rest.map((jwk) => ({ jwk: jwk as object })), forEncryption, first),
    );
    expect(await outcome(first)).toBe("verified");
    expect(await outcome(second)).toBe("refused");
  });
});

const lies: [string, RequestListener, RegExp][] = [
  ["an error", (_request, response) => void response.writeHead(503).end("no"), /the status 503/],
  [
    "another place",
    (_request, response) => void response.writeHead(302, { location: "/jwks" }).end(),
    /redirect/,
  ],
  ["no JSON", (_request, response) => void response.end("<html>"), /JSON/],
  ["another JSON", (_request, response) => void response.end('{"keys":{}}'), /is no key set/],
  ["nothing", (_request, response) => void response.end("null"), /is no key set/],
  ["no keys", setOf(), /no key that verifies tokens/],
  [
    "too much",
    (_request, response) => void response.end(`{"keys":[],"more":"${"x".repeat(5_000)}"}`),
    /longer than 4096 bytes/,
  ],
  [
    "too many keys",
    setOf(
      ...new Array(101).fill({
        jwk: {
          kty: "EC",
          crv: "P-256",
          x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
          y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
      }),
    ),
    /more than 100 keys|longer than/,
  ],
  [
    "an end in the middle",
    (_request, response) =>
      void response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy()),
    /.+/,
  ],
  ["a line that is cut", (request) => void request.socket.destroy(), /.+/],
  ["silence", () => undefined, /timeout/],
];

describe.each(lies)("an endpoint that answers with %s", (_what, answer, reason) => {
  const limits = { timeoutMs: 200, mostBytes: 4_096 };

  test("lets nobody in who has no keys yet, and is asked again after the cooldown", async () => {
    const { state, clock, log, outcome } = await setUp(answer, limits);
    expect(await outcome(first)).toBe("unavailable");
    expect(await outcome(first)).toBe("unavailable");
    expect(state.requests).toBe(1);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(
      /^warn The keys at http:\/\/127\.0\.0\.1:\d+\/jwks cannot be fetched: .+\. Nobody with a token is let in\.$/,
    );
    expect(log[0]).toMatch(reason);
    expect(log[0]).not.toContain("hidden");
    state.answer = setOf(first);
    clock.advance(30_000);
    expect(await outcome(first)).toBe("verified");
  });

  test("changes nothing for those whose keys are there", async () => {
    const { state, clock, log, outcome } = await setUp(setOf(first), limits);
    expect(await outcome(first)).toBe("verified");
    state.answer = answer;
    clock.advance(600_000);
    expect(await outcome(first)).toBe("verified");
    await expect.poll(() => log.length).toBe(1);
    expect(log[0]).toContain("The old keys stay.");
    expect(await outcome(first)).toBe("verified");
    expect(await outcome(second)).toBe("refused");
  });
});

test("an endpoint that trickles is given up on, and nobody whose keys are there waits for it", async () => {
  const timers: NodeJS.Timeout[] = [];
  onTestFinished(() => timers.forEach((timer) => clearInterval(timer)));
  const trickling: RequestListener = (_request, response) => {
    response.write("{");
    timers.push(setInterval(() => response.write(" "), 10));
  };
  const { state, clock, log, outcome } = await setUp(setOf(first), { timeoutMs: 300 });
  expect(await outcome(first)).toBe("verified");
  state.answer = trickling;
  clock.advance(600_000);
  expect(await outcome(first)).toBe("verified");
  expect(log).toEqual([]);
  await expect.poll(() => log.length).toBe(1);
  expect(log[0]).toMatch(/timeout/);
});

test("an endpoint that is not there", async () => {
  const verifier = jwtVerifier({ jwks: { url: "http://127.0.0.1:1/jwks", clock: new VirtualClock() } });
  expect(await verifier.verify(tokenOf(first))).toEqual({
    outcome: "unavailable",
    reason: "the keys could not be fetched",
  });
});

test("own keys do without the endpoint", async () => {
  const verifier = jwtVerifier({
    keys: [{ jwk: first.jwk }],
    jwks: { url: "http://127.0.0.1:1/jwks", clock: new VirtualClock() },
  });
  expect((await verifier.verify(tokenOf(first))).outcome).toBe("verified");
});

test.each([
  "http://login.example.org/jwks",
  "ftp://127.0.0.1/",
  "file:///etc/passwd",
  "nonsense",
  "http://127.0.0.1.example.org/",
])("%s is no place for keys", (url) => {
  expect(() => jwtVerifier({ jwks: { url, clock: new VirtualClock() } })).toThrow(ConfigError);
});

test.each(["https://login.example.org/jwks", "http://localhost:1/", "http://[::1]:1/"])(
  "%s is one",
  (url) => {
    expect(() => jwtVerifier({ jwks: { url, clock: new VirtualClock() } })).not.toThrow();
  },
);
