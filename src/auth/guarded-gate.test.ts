import { describe, expect, test } from "vitest";
import { type MaybePromise, utf8Encode } from "#base";
import { ProtocolVersion, ReasonCode } from "#protocol";
import type { Accepted, Exchange, Gate, Identity, Login } from "./gate.ts";
import { guardedGate } from "./guarded-gate.ts";
import { openGate } from "./open-gate.ts";

const address = { transport: "memory", remoteAddress: "memory", remotePort: 0, localPort: 0 };
const login: Login = {
  clientId: "c",
  userName: "u",
  password: utf8Encode("p"),
  protocolVersion: ProtocolVersion.MQTT_5_0,
  keepAliveSeconds: 60,
  address,
  listener: "",
  certificate: undefined,
  pskIdentity: undefined,
  openingRequest: undefined,
};
const identity: Identity = {
  clientId: "c",
  userName: "u",
  address,
  listener: "",
  certificate: undefined,
  claims: undefined,
};
const accepted: Accepted = { outcome: "accepted" };
const unavailable = { outcome: "refused", reasonCode: ReasonCode.SERVER_UNAVAILABLE };

function guard(gate: Gate) {
  const failures: string[] = [];
  return { gate: guardedGate(gate, (error) => failures.push(String(error))), failures };
}

const broken = (): never => {
  throw new TypeError("broken");
};
const rejected = (): Promise<never> => Promise.reject(new TypeError("broken"));

describe("guarded gate", () => {
  test("passes answers through as they are, values as values", async () => {
    const inner: Gate = {
      authenticate: ({ userName }) => ({ outcome: "accepted", userName: `${userName}!` }),
      mayPublish: (_client, topicName) => topicName === "yes",
      maySubscribe: async (_client, topicFilter) => topicFilter === "yes",
    };
    const { gate, failures } = guard(inner);
    expect(gate.authenticate(login)).toEqual({ outcome: "accepted", userName: "u!" });
    expect(gate.mayPublish?.(identity, "yes", 0, false)).toBe(true);
    expect(gate.mayPublish?.(identity, "no", 0, false)).toBe(false);
    expect(await gate.maySubscribe?.(identity, "yes", 0)).toBe(true);
    expect(await gate.maySubscribe?.(identity, "no", 0)).toBe(false);
    expect(failures).toEqual([]);
  });

  test("hands over all it is asked with, and the gate keeps its this", () => {
    class Own implements Gate {
      readonly asked: unknown[] = [];
      authenticate(asked: Login): Accepted {
        this.asked.push(asked);
        return accepted;
      }
      mayPublish(...asked: unknown[]): boolean {
        this.asked.push(asked);
        return true;
      }
      maySubscribe(...asked: unknown[]): boolean {
        this.asked.push(asked);
        return true;
      }
      beginExchange(...asked: unknown[]): undefined {
        this.asked.push(asked);
      }
    }
    const own = new Own();
    const { gate } = guard(own);
    void gate.authenticate(login);
    void gate.mayPublish?.(identity, "t", 1, true);
    void gate.maySubscribe?.(identity, "f", 2);
    expect(gate.beginExchange?.("m", login)).toBeUndefined();
    expect(own.asked).toEqual([login, [identity, "t", 1, true], [identity, "f", 2], ["m", login]]);
  });

  test("what the inner gate does not judge stays unjudged", () => {
    const { gate } = guard(openGate());
    expect(Object.keys(gate)).toEqual(["authenticate"]);
    expect(gate.authenticate(login)).toEqual(accepted);
  });

  test.each([
    ["throws", broken],
    ["rejects", rejected],
  ] as const)("a gate that %s lets nobody in and permits nothing", async (_how, fail) => {
    const { gate, failures } = guard({ authenticate: fail, mayPublish: fail, maySubscribe: fail });
    expect(await gate.authenticate(login)).toEqual(unavailable);
    expect(await gate.mayPublish?.(identity, "t", 0, false)).toBe(false);
    expect(await gate.maySubscribe?.(identity, "f", 0)).toBe(false);
    expect(failures).toEqual(new Array(3).fill("TypeError: broken"));
  });

  test("an answer that only looks like a promise lets nobody in", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what the test is about
    const thenable = { then: (resolve: (value: Accepted) => void) => resolve(accepted) };
    const { gate, failures } = guard({ authenticate: () => thenable as unknown as MaybePromise<Accepted> });
    expect(await gate.authenticate(login)).toEqual(unavailable);
    expect(failures.length).toBe(1);
  });

  test("an exchange that cannot begin is not offered, and one whose step fails is refused", async () => {
    const { gate, failures } = guard({ authenticate: () => accepted, beginExchange: broken });
    expect(gate.beginExchange?.("m", login)).toBeUndefined();
    expect(failures).toEqual(["TypeError: broken"]);

    for (const step of [broken, rejected]) {
      const guarded = guard({ authenticate: () => accepted, beginExchange: () => ({ step }) });
      expect(await guarded.gate.beginExchange?.("m", login)?.step(undefined)).toEqual(unavailable);
      expect(guarded.failures).toEqual(["TypeError: broken"]);
    }
  });

  test("an exchange goes on step by step, with its this", async () => {
    class Count implements Exchange {
      #count = 0;
      step(data: Uint8Array | undefined) {
        this.#count++;
        return this.#count < 2
          ? { outcome: "continued" as const, authenticationData: data ?? utf8Encode("?") }
          : Promise.resolve(accepted);
      }
    }
    const { gate } = guard({ authenticate: () => accepted, beginExchange: () => new Count() });
    const exchange = gate.beginExchange?.("m", login);
    expect(exchange?.step(undefined)).toEqual({ outcome: "continued", authenticationData: utf8Encode("?") });
    expect(await exchange?.step(undefined)).toEqual(accepted);
  });
});
