// The rows about tokens in the table of docs/how-to/logins.md: an endpoint for keys that fails, without keys and with old ones; and
// tokens that are no good.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type JwtVerifierOptions, jwtVerifier, type KeySetOptions } from "#credentials";
import { jwtLogin, type LoginProvider } from "#logins";
import { VirtualClock } from "#testing";
import { until } from "../support/until.ts";

interface Found {
  readonly gets: string;
  readonly says: string;
}

/** What the rows stand on. */
interface Tools {
  /** What two clients get, one of each version, and the last reason in the log. */
  readonly tried: (
    providers: readonly LoginProvider[],
    wishes: { userName: string; password: string },
  ) => Promise<Found>;
  readonly service: (answer: RequestListener) => Promise<string>;
  readonly nowhere: () => Promise<string>;
  readonly asOnThePage: (text: string) => string;
}

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const secret = Buffer.from("martlet-jwt-test-secret-0123456789");
/** The virtual clock begins then. */
const NOW_SECONDS = 1_767_225_600;

const encoded = (...parts: object[]): string =>
  parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");

const claims = { sub: "alice", aud: "martlet", exp: NOW_SECONDS + 3_600 };

/** Signed with the key that the endpoint has. */
function tokenOfIssuer(): string {
  const signed = encoded({ alg: "ES256" }, claims);
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

function tokenOfSecret(said: object): string {
  const signed = encoded({ alg: "HS256" }, said);
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const loginBy = (options: JwtVerifierOptions): LoginProvider =>
  jwtLogin({ verifier: jwtVerifier(options), clock: new VirtualClock(), audiences: ["martlet"] });

const goodAnswer: RequestListener = (_request, response) =>
  void response.end(JSON.stringify({ keys: [publicKey.export({ format: "jwk" })] }));

const silent: RequestListener = () => undefined;
const answering =
  (body: string, status = 200, headers = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

export function tokenRows({ tried, service, nowhere, asOnThePage }: Tools) {
  const login = { userName: "alice", password: tokenOfIssuer() };
  const quick: Partial<KeySetOptions> = { timeoutMs: 200 };

  /** What a client gets, and what the endpoint's own line says. */
  const asked = async (url: string, options: Partial<KeySetOptions> = {}): Promise<Found> => {
    const log: string[] = [];
    const write = (_level: string, sentence: string) => void log.push(sentence);
    const provider = loginBy({ jwks: { url, clock: new VirtualClock(), log: { write }, ...options } });
    const { gets } = await tried([provider], login);
    return { gets, says: lineOf(log) };
  };

  /** The same where keys were fetched before `spoil`, and are old by now. */
  const spoilt = async (
    spoil: (state: { answer: RequestListener; end: () => Promise<void> }) => void | Promise<void>,
    options: Partial<KeySetOptions> = {},
  ): Promise<Found> => {
    const server = createServer((request, response) => state.answer(request, response));
    const end = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const state = { answer: goodAnswer, end };
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(end);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const log: string[] = [];
    const write = (_level: string, sentence: string) => void log.push(sentence);
    const clock = new VirtualClock();
    const provider = loginBy({ jwks: { url, clock, log: { write }, ...options } });
    await tried([provider], login);
    await spoil(state);
    clock.advance(600_000);
    const { gets } = await tried([provider], login);
    await until("the endpoint has failed", () => log.length > 0);
    return { gets, says: lineOf(log) };
  };

  const lineOf = (log: readonly string[]): string =>
    asOnThePage((log.at(-1) ?? "").replace(/^The keys at \S+ cannot be fetched: /, ""));

  const refusedFor = async (password: string): Promise<Found> =>
    await tried([loginBy({ keys: [{ secret }] })], { userName: "alice", password });

  return {
    "`jwt`: the keys are down": async () => await asked(await nowhere()),
    "`jwt`: the keys are down, and there are old ones": async () => await spoilt(({ end }) => end()),
    "`jwt`: the keys are slow": async () => await asked(await service(silent), quick),
    "`jwt`: the keys are slow, and there are old ones": async () =>
      await spoilt((state) => {
        state.answer = silent;
      }, quick),
    "`jwt`: another status than 200": async () => await asked(await service(answering("{}", 503))),
    "`jwt`: the keys are elsewhere": async () =>
      await asked(await service(answering("", 302, { location: "/keys" }))),
    "`jwt`: the endpoint lies: no JSON": async () => await asked(await service(answering("<html>"))),
    "`jwt`: the endpoint lies: no key set": async () => await asked(await service(answering('{"keys":{}}'))),
    "`jwt`: the endpoint lies, and there are old keys": async () =>
      await spoilt((state) => {
        state.answer = answering('{"keys":{}}');
      }),
    "`jwt`: the endpoint takes all keys away": async () =>
      await spoilt((state) => {
        state.answer = answering('{"keys":[]}');
      }),
    "`jwt`: the answer is huge": async () => await asked(await service(answering("x".repeat(1_000_000)))),
    "`jwt`: the answer is huge, and there are old keys": async () =>
      await spoilt((state) => {
        state.answer = answering("x".repeat(1_000_000));
      }),
    "`jwt`: the token is signed by somebody else": async () =>
      await refusedFor(`${tokenOfSecret(claims).slice(0, -4)}AAAA`),
    "`jwt`: the token has expired": async () =>
      await refusedFor(tokenOfSecret({ ...claims, exp: NOW_SECONDS - 60 })),
    "`jwt`: the token is for somebody else": async () =>
      await refusedFor(tokenOfSecret({ ...claims, aud: "other" })),
  } satisfies Readonly<Record<string, () => Promise<Found>>>;
}
