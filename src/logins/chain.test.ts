import { describe, expect, test } from "vitest";
import type { Accepted, Exchange } from "#auth";
import { isPromise, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import { loginOf } from "../../test/support/logins.ts";
import { AnonymousLogin } from "./anonymous-login.ts";
import { LoginChain, type LoginVerdict } from "./chain.ts";
import type { LoginProvider } from "./provider.ts";

const accepted: Accepted = { outcome: "accepted" };
const { BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED, SERVER_UNAVAILABLE, BAD_AUTHENTICATION_METHOD } =
  ReasonCode;

type Answer = ReturnType<LoginProvider["authenticate"]>;

function chainOf(...answers: readonly (() => Answer)[]) {
  const asked: string[] = [];
  const verdicts: LoginVerdict[] = [];
  const providers = answers.map((answer, index): LoginProvider => {
    const name = `p${index}`;
    return {
      name,
      authenticate: () => {
        asked.push(name);
        return answer();
      },
    };
  });
  const chain = new LoginChain(providers, (verdict) => verdicts.push(verdict));
  return { chain, asked, verdicts };
}

const passes = (): undefined => undefined;
const refuses = () => ({ outcome: "refused", reasonCode: NOT_AUTHORIZED, reason: "because" }) as const;
const throws = (): never => {
  throw new TypeError("broken");
};

describe("a chain", () => {
  test("asks in order until somebody has an opinion, without a promise where none is needed", () => {
    const { chain, asked, verdicts } = chainOf(passes, () => accepted, refuses);
    expect(chain.authenticate(loginOf({ userName: "u" }))).toBe(accepted);
    expect(asked).toEqual(["p0", "p1"]);
    expect(verdicts).toEqual([
      {
        clientId: "c",
        userName: "u",
        address: loginOf().address,
        listener: "default",
        method: undefined,
        provider: "p1",
        outcome: "accepted",
        reason: "",
        reasonCode: 0,
      },
    ]);
  });

  test("a refusal ends it, with its reason in the report", () => {
    const { chain, asked, verdicts } = chainOf(refuses, () => accepted);
    expect(chain.authenticate(loginOf())).toMatchObject({ outcome: "refused", reasonCode: NOT_AUTHORIZED });
    expect(asked).toEqual(["p0"]);
    expect(verdicts).toMatchObject([{ provider: "p0", outcome: "refused", reason: "because" }]);
  });

  test("waits only for those that wait, and goes on behind them", async () => {
    const { chain, asked } = chainOf(
      passes,
      () => Promise.resolve(undefined),
      passes,
      () => accepted,
    );
    const answer = chain.authenticate(loginOf());
    expect(isPromise(answer)).toBe(true);
    expect(asked).toEqual(["p0", "p1"]);
    expect(await answer).toBe(accepted);
    expect(asked).toEqual(["p0", "p1", "p2", "p3"]);
  });

  test.each([
    [{ userName: "u" }, BAD_USER_NAME_OR_PASSWORD, "no login provider knows this user"],
    [{}, NOT_AUTHORIZED, "it says nothing that proves who it is"],
  ])("refuses whom nobody has an opinion on: %j", (wishes, reasonCode, reason) => {
    for (const { chain, verdicts } of [chainOf(), chainOf(passes)]) {
      expect(chain.authenticate(loginOf(wishes))).toEqual({ outcome: "refused", reasonCode });
      expect(verdicts).toMatchObject([{ provider: undefined, outcome: "refused", reason, reasonCode }]);
    }
  });

  test("no report has the password in it", () => {
    for (const answer of [passes, refuses, throws, () => accepted]) {
      const { chain, verdicts } = chainOf(answer);
      void chain.authenticate(loginOf({ userName: "u", password: "hunter2" }));
      expect(JSON.stringify(verdicts)).not.toContain("hunter2");
      expect(JSON.stringify(verdicts)).not.toContain("104,117,110");
    }
  });
});

describe("a provider that does not work refuses, whoever comes behind it", () => {
  test.each<[string, () => Answer, string]>([
    ["throws", throws, "broken"],
    ["rejects", () => Promise.reject(new TypeError("gone")), "gone"],
    ["answers null", () => null as unknown as undefined, "it gave no answer"],
    ["answers nothing known", () => ({ outcome: "yes" }) as unknown as Accepted, "it gave no answer"],
    ["refuses without a code", () => ({ outcome: "refused" }) as unknown as Accepted, "it gave no answer"],
    [
      "gives a bad name",
      () => ({ ...accepted, userName: "a\nb" }),
      "the user name that it gave has a control character in it",
    ],
    ["gives an empty id", () => ({ ...accepted, clientId: "" }), "the client id that it gave is empty"],
    [
      "gives half a character",
      () => ({ ...accepted, clientId: "\ud800" }),
      "the client id that it gave is not well-formed",
    ],
    [
      "gives a name that is too long",
      () => ({ ...accepted, userName: "x".repeat(65_536) }),
      "the user name that it gave is longer than 65535 bytes",
    ],
    [
      "gives a number",
      () => ({ ...accepted, userName: 7 as unknown as string }),
      "the user name that it gave is no text",
    ],
    ["lets in for no time", () => ({ ...accepted, validForMs: 0 }), "what it let in for had run out before"],
    [
      "gives claims that are none",
      () => ({ ...accepted, claims: null as unknown as Record<string, unknown> }),
      "its claims are no object",
    ],
  ])("%s", async (_what, answer, reason) => {
    const { chain, asked, verdicts } = chainOf(answer, () => accepted);
    expect(await chain.authenticate(loginOf())).toEqual({
      outcome: "refused",
      reasonCode: SERVER_UNAVAILABLE,
    });
    expect(asked).toEqual(["p0"]);
    expect(verdicts).toMatchObject([
      { provider: "p0", outcome: "failed", reason, reasonCode: SERVER_UNAVAILABLE },
    ]);
  });
});

describe("an exchange", () => {
  const more = { outcome: "continued", authenticationData: utf8Encode("?") } as const;

  function exchangeChain(begin: () => Exchange | undefined) {
    const verdicts: LoginVerdict[] = [];
    const providers: LoginProvider[] = [
      { name: "plain", authenticate: passes },
      {
        name: "rounds",
        authenticate: passes,
        beginExchange: (method) => (method === "M" ? begin() : undefined),
      },
    ];
    return { chain: new LoginChain(providers, (verdict) => verdicts.push(verdict)), verdicts };
  }

  test("is that of the first who offers the method, reported at its end", async () => {
    const steps = [more, Promise.resolve(more), accepted];
    const { chain, verdicts } = exchangeChain(() => ({ step: () => steps.shift() ?? refuses() }));
    const exchange = chain.beginExchange("M", loginOf());
    expect(exchange?.step(undefined)).toBe(more);
    expect(await exchange?.step(undefined)).toBe(more);
    expect(verdicts).toEqual([]);
    expect(exchange?.step(undefined)).toBe(accepted);
    expect(verdicts).toMatchObject([{ provider: "rounds", method: "M", outcome: "accepted" }]);
    void exchange?.step(undefined);
    expect(verdicts[1]).toMatchObject({ outcome: "refused", reason: "because" });
  });

  test("of a method that nobody offers does not begin, and is reported", () => {
    const { chain, verdicts } = exchangeChain(() => undefined);
    expect(chain.beginExchange("X\n", loginOf())).toBeUndefined();
    expect(verdicts).toMatchObject([
      { reason: 'the method "X\\n" is not offered', reasonCode: BAD_AUTHENTICATION_METHOD },
    ]);
  });

  test.each<[string, () => Exchange]>([
    ["cannot begin", throws],
    ["throws", () => ({ step: throws })],
    ["rejects", () => ({ step: () => Promise.reject(new TypeError("broken")) })],
    ["says nothing", () => ({ step: () => undefined as unknown as Accepted })],
    ["goes on without bytes", () => ({ step: () => ({ outcome: "continued" }) as unknown as Accepted })],
  ])("that %s is refused", async (_what, begin) => {
    const { chain, verdicts } = exchangeChain(begin);
    const step = await chain.beginExchange("M", loginOf())?.step(undefined);
    expect(step).toEqual({ outcome: "refused", reasonCode: SERVER_UNAVAILABLE });
    expect(verdicts).toMatchObject([{ provider: "rounds", outcome: "failed" }]);
  });
});

test.each([
  [{}, true],
  [{ userName: "u" }, false],
  [{ userName: "" }, false],
  [{ password: "token" }, false],
  [{ userName: "u", password: "p" }, false],
])("anonymous: %j is let in: %s", (wishes, isLetIn) => {
  expect(new AnonymousLogin().authenticate(loginOf(wishes))).toEqual(isLetIn ? accepted : undefined);
  const named = new AnonymousLogin({ userName: "guest" }).authenticate(loginOf(wishes));
  expect(named?.userName).toBe(isLetIn ? "guest" : undefined);
});
