import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { GateChange, ScramHashing } from "#auth";
import { MartletError, seededRandom, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import { VirtualClock } from "#testing";
import { certificateOf, identityOf, loginOf } from "../../test/support/logins.ts";
import { nextTurn } from "../../test/support/next-turn.ts";
import { HttpAccess, type HttpAccessOptions } from "./http-access.ts";
import { HttpLogin, type HttpLoginOptions } from "./http-login.ts";
import type { HttpAnswer } from "./http-service.ts";

const hashing: ScramHashing = {
  digest: (hash, bytes) => createHash(hash).update(bytes).digest(),
  hmac: (hash, key, bytes) => createHmac(hash, key).update(bytes).digest(),
  pbkdf2: () => new Uint8Array(32),
};

/** Answers with the text of the moment, or when it is told to. */
class Service {
  readonly clock = new VirtualClock();
  readonly asked: Record<string, unknown>[] = [];
  readonly heard: string[] = [];
  answer: string | HttpAnswer | Error = '{"result":"allow"}';
  isHeld = false;
  readonly #held: (() => void)[] = [];

  readonly call = async (json: string): Promise<HttpAnswer> => {
    this.asked.push(JSON.parse(json) as Record<string, unknown>);
    if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
    const { answer } = this;
    if (answer instanceof Error) throw answer;
    return typeof answer === "string" ? { status: 200, body: utf8Encode(answer) } : answer;
  };

  async release(): Promise<void> {
    this.#held.shift()?.();
    await nextTurn();
  }

  login(options: Partial<HttpLoginOptions> = {}): HttpLogin {
    const random = seededRandom(3);
    const onCircuit = (state: string, reason: string) => void this.heard.push(`${state} ${reason}`.trimEnd());
    const { clock, call } = this;
    return new HttpLogin({ call, clock, hashing, random, onCircuit, ...options });
  }

  access(options: Partial<HttpAccessOptions> = {}): HttpAccess {
    return new HttpAccess({ call: this.call, clock: this.clock, ...options });
  }
}

const alice = loginOf({ clientId: "dev", userName: "alice", password: "hunter2" });
const accepted = { outcome: "accepted" };
const refused = (reason: string, reasonCode: ReasonCode = ReasonCode.SERVER_UNAVAILABLE) => ({
  outcome: "refused",
  reasonCode,
  reason,
});
const down = new MartletError("MARTLET_CONNECTION", "service.example: ECONNREFUSED");
const isDown = "the service gave no answer: service.example: ECONNREFUSED";
const leftAlone = "the service is left alone for a while, as it did not work";

describe("the question", () => {
  test("has all that is known of a login", async () => {
    const service = new Service();
    const certificate = certificateOf({ subjectAltName: "DNS:a" });
    await service.login().authenticate({ ...alice, certificate, pskIdentity: "id" });
    await service.login().authenticate(loginOf({ password: Uint8Array.of(0xff, 0) }));
    expect(service.asked).toEqual([
      {
        action: "connect",
        client_id: "dev",
        user_name: "alice",
        password: "hunter2",
        protocol_version: 5,
        keep_alive_seconds: 60,
        listener: "default",
        transport: "tcp",
        remote_address: "192.0.2.7",
        certificate: {
          subject: "CN=sensor-1",
          issuer: "CN=ca",
          subject_alt_name: "DNS:a",
          serial_number: "01",
          fingerprint256: certificate.fingerprint256,
        },
        psk_identity: "id",
      },
      {
        action: "connect",
        client_id: "c",
        password_base64: "/wA=",
        protocol_version: 5,
        keep_alive_seconds: 60,
        listener: "default",
        transport: "tcp",
        remote_address: "192.0.2.7",
      },
    ]);
  });
});

describe("the answer", () => {
  test.each<[string, unknown]>([
    ['{"result":"allow"}', accepted],
    [
      '{"result":"allow","user_name":"bob","client_id":"x","claims":{"group":"g"},"valid_for_seconds":1.5,"more":1}',
      { ...accepted, userName: "bob", clientId: "x", claims: { group: "g" }, validForMs: 1_500 },
    ],
    ['{"result":"allow","user_name":null,"claims":null,"valid_for_seconds":null}', accepted],
    ['{"result":"ignore"}', undefined],
    ['{"result":"deny"}', refused("the service does not let it in", ReasonCode.NOT_AUTHORIZED)],
  ])("%s", async (text, expected) => {
    const service = new Service();
    service.answer = text;
    expect(await service.login().authenticate(alice)).toEqual(expected);
  });

  const noResult = "the service answered without a result that is known";
  test.each<[string | HttpAnswer | Error, string]>([
    [down, isDown],
    [{ status: 500, body: utf8Encode('{"result":"allow"}') }, "the service answered with status 500"],
    [{ status: 204, body: utf8Encode('{"result":"allow"}') }, "the service answered with status 204"],
    [{ status: 302, body: utf8Encode('{"result":"allow"}') }, "the service answered with status 302"],
    ["", "the service answered something that is no JSON"],
    ["allow", "the service answered something that is no JSON"],
    ["<html>", "the service answered something that is no JSON"],
    ["null", noResult],
    ["[]", noResult],
    ['"allow"', noResult],
    ['{"result":true}', noResult],
    ['{"result":"ALLOW"}', noResult],
    ['{"result":"allow","user_name":7}', "the service answered with a user_name of the wrong kind"],
    ['{"result":"allow","client_id":[]}', "the service answered with a client_id of the wrong kind"],
    ['{"result":"allow","claims":[]}', "the service answered with a claims of the wrong kind"],
    [
      '{"result":"allow","valid_for_seconds":-1}',
      "the service answered with a valid_for_seconds of the wrong kind",
    ],
    [
      '{"result":"allow","valid_for_seconds":1e999}',
      "the service answered with a valid_for_seconds of the wrong kind",
    ],
  ])("%j is trouble, and trouble refuses", async (answer, reason) => {
    const service = new Service();
    service.answer = answer;
    expect(await service.login().authenticate(alice)).toEqual(refused(reason));
  });
});

describe("what is remembered", () => {
  test("spares the question for a while, for the same question", async () => {
    const service = new Service();
    const login = service.login({ rememberMs: 1_000 });
    await login.authenticate(alice);
    expect(login.authenticate(alice)).toEqual(accepted);
    const other = { ...alice.address, remotePort: 1 };
    expect(login.authenticate({ ...alice, address: other })).toEqual(accepted);
    expect(service.asked.length).toBe(1);
    for (const change of [
      { password: utf8Encode("Hunter2") },
      { userName: "bob" },
      { address: { ...alice.address, remoteAddress: "192.0.2.8" } },
      { listener: "other" },
    ]) {
      service.answer = '{"result":"deny"}';
      expect(await login.authenticate({ ...alice, ...change })).toMatchObject({ outcome: "refused" });
    }
    expect(login.authenticate(alice)).toEqual(accepted);
    service.clock.advance(1_000);
    expect(await login.authenticate(alice)).toMatchObject({ outcome: "refused" });
    service.answer = '{"result":"allow"}';
    expect(await login.authenticate(alice)).toEqual(accepted);
    login.forgetAll();
    await login.authenticate(alice);
    expect(service.asked.length).toBe(8);
  });

  test("ends with what the service lets in for, which runs on meanwhile", async () => {
    const service = new Service();
    service.answer = '{"result":"allow","valid_for_seconds":10}';
    const login = service.login();
    expect(await login.authenticate(alice)).toMatchObject({ validForMs: 10_000 });
    service.clock.advance(9_000);
    expect(login.authenticate(alice)).toMatchObject({ validForMs: 1_000 });
    service.clock.advance(1_000);
    expect(await login.authenticate(alice)).toMatchObject({ validForMs: 10_000 });
    expect(service.asked.length).toBe(2);
  });

  test("is nothing where it is switched off", async () => {
    const service = new Service();
    const login = service.login({ rememberMs: 0 });
    await login.authenticate(alice);
    await login.authenticate(alice);
    expect(service.asked.length).toBe(2);
  });
});

describe("a service that is slow", () => {
  test("is asked so much at once, so much waits, and the rest is told to come back", async () => {
    const service = new Service();
    service.isHeld = true;
    const login = service.login({ parallel: 2, mostWaiting: 1 });
    const asked = ["a", "b", "c", "d"].map(
      async (clientId) => await login.authenticate({ ...alice, clientId }),
    );
    await nextTurn();
    expect([service.asked.length, login.waiting]).toEqual([2, 1]);
    expect(await asked[3]).toEqual(
      refused("too many questions to the service are waiting", ReasonCode.SERVER_BUSY),
    );
    for (let i = 0; i < 3; i++) await service.release();
    expect(await Promise.all(asked.slice(0, 3))).toEqual([accepted, accepted, accepted]);
  });
});

describe("a service that is down", () => {
  test("is left alone after some failures, and tried by one question at a time", async () => {
    const service = new Service();
    service.answer = down;
    const login = service.login({ failuresToOpen: 3, openMs: 10_000 });
    for (let i = 0; i < 3; i++) expect(await login.authenticate(alice)).toEqual(refused(isDown));
    expect(await login.authenticate(alice)).toEqual(refused(leftAlone));
    expect([service.asked.length, service.heard]).toEqual([3, [`open ${isDown}`]]);

    service.clock.advance(10_000);
    service.isHeld = true;
    const trial = login.authenticate(alice);
    await nextTurn();
    expect(await login.authenticate(alice)).toEqual(refused(leftAlone));
    await service.release();
    expect(await trial).toEqual(refused(isDown));
    service.isHeld = false;
    service.clock.advance(9_999);
    expect(await login.authenticate(alice)).toEqual(refused(leftAlone));
    expect(service.asked.length).toBe(4);

    service.clock.advance(1);
    service.answer = '{"result":"allow"}';
    expect(await login.authenticate(alice)).toEqual(accepted);
    expect(service.heard).toEqual([`open ${isDown}`, "closed"]);
  });

  test("a refusal is no failure, and an answer in between begins the count anew", async () => {
    const service = new Service();
    const login = service.login({ failuresToOpen: 2 });
    for (const answer of [
      down,
      '{"result":"deny"}',
      down,
      '{"result":"ignore"}',
      '{"result":"deny"}',
      down,
    ]) {
      service.answer = answer;
      await login.authenticate(alice);
    }
    expect([service.asked.length, service.heard]).toEqual([6, []]);
  });

  test("those who wait in line when it is left alone are told at once", async () => {
    const service = new Service();
    service.answer = down;
    service.isHeld = true;
    const login = service.login({ failuresToOpen: 1, parallel: 1 });
    const asked = ["a", "b", "c"].map(async (clientId) => await login.authenticate({ ...alice, clientId }));
    await nextTurn();
    await service.release();
    expect(await Promise.all(asked)).toEqual([refused(isDown), refused(leftAlone), refused(leftAlone)]);
    expect(service.asked.length).toBe(1);
  });

  test("late answers to what was asked before do not end that", async () => {
    const service = new Service();
    service.isHeld = true;
    const login = service.login({ failuresToOpen: 1 });
    const [bad, good] = [login.authenticate(alice), login.authenticate({ ...alice, clientId: "b" })];
    await nextTurn();
    service.answer = down;
    await service.release();
    service.answer = '{"result":"allow"}';
    await service.release();
    expect([await bad, await good]).toEqual([refused(isDown), accepted]);
    expect(await login.authenticate(alice)).toEqual(refused(leftAlone));
  });

  test.each([[{ failuresToOpen: 0 }], [{ openMs: -1 }], [{ parallel: 0 }], [{ rememberMs: -1 }]])(
    "%j is not allowed",
    (options) => {
      expect(() => new Service().login(options)).toThrow(expect.objectContaining({ code: "MARTLET_CONFIG" }));
    },
  );
});

describe("permissions", () => {
  const denied = (rule: string) => ({ outcome: "denied", rule: `http-access: ${rule}` });

  test("are asked with all that is known", async () => {
    const service = new Service();
    const access = service.access();
    const client = identityOf({ claims: { group: "g" } });
    expect(await access.mayPublish(client, "a/b", 1, true)).toBe(true);
    expect(await access.maySubscribe(client, "a/#", 2)).toBe(true);
    const who = {
      client_id: "c",
      user_name: "alice",
      listener: "default",
      transport: "tcp",
      remote_address: "192.0.2.7",
      claims: { group: "g" },
    };
    expect(service.asked).toEqual([
      { action: "publish", ...who, topic: "a/b", qos: 1, retain: true },
      { action: "subscribe", ...who, topic_filter: "a/#", qos: 2 },
    ]);
    access.close();
  });

  test.each<[string | HttpAnswer | Error, unknown]>([
    ['{"result":"deny"}', denied("the service says deny")],
    ['{"result":"ignore"}', denied("the service says ignore, and nobody else is asked")],
    [down, denied(isDown)],
    ["allow", denied("the service answered something that is no JSON")],
  ])("are not given for %j", async (answer, expected) => {
    const service = new Service();
    service.answer = answer;
    const access = service.access();
    expect(await access.mayPublish(identityOf(), "t", 0, false)).toEqual(expected);
    expect(await access.maySubscribe(identityOf(), "t", 0)).toEqual(expected);
    access.close();
  });

  test("are somebody else's business when the service says so", async () => {
    const service = new Service();
    service.answer = '{"result":"ignore"}';
    const asked: unknown[] = [];
    const otherwise = {
      mayPublish: (...args: unknown[]) => asked.push(args) > 0,
      maySubscribe: () => Promise.resolve(denied("x") as { outcome: "denied"; rule: string }),
    };
    const access = service.access({ otherwise });
    expect(await access.mayPublish(identityOf(), "t", 1, true)).toBe(true);
    expect(asked).toEqual([[identityOf(), "t", 1, true]]);
    expect(await access.maySubscribe(identityOf(), "t", 0)).toEqual(denied("x"));
    access.close();
  });

  test("end after their time, and sooner after trouble", async () => {
    const service = new Service();
    const access = service.access({ validForMs: 60_000, troubleForMs: 5_000 });
    const changes: GateChange[] = [];
    access.watch((change) => changes.push(change));
    await access.mayPublish(identityOf({ clientId: "a" }), "t", 0, false);
    service.clock.advance(30_000);
    await access.mayPublish(identityOf({ clientId: "a" }), "u", 0, false);
    await access.mayPublish(identityOf({ clientId: "b" }), "t", 0, false);
    service.answer = down;
    await access.mayPublish(identityOf({ clientId: "b" }), "u", 0, false);
    service.clock.advance(4_000);
    expect(changes).toEqual([]);
    service.clock.advance(1_000);
    expect(changes).toEqual([{ clientId: "b" }]);
    service.clock.advance(25_000);
    expect(changes).toEqual([{ clientId: "b" }, { clientId: "a" }]);
    expect(service.clock.nextAlarm).toBeUndefined();
    access.close();
  });
});
