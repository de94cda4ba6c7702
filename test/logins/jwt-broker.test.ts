// Tokens at a broker: in, out when they expire, and refused in the words of each version.
import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Gate } from "#auth";
import { jwtVerifier } from "#credentials";
import { jwtLogin, LoginChain, type LoginVerdict } from "#logins";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { VirtualClock } from "#testing";
import { startVirtualBroker } from "../support/virtual-broker.ts";

const secret = Buffer.from("martlet-jwt-test-secret-0123456789");
/** The vector of our own: good from 2026-01-01T00:00:00Z, when the virtual clock begins, for an hour. */
const VECTOR =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJkZXYxIiwiYXVkIjoibWFydGxldCIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI5MjAwfQ.52pm7tH20AttOFcKyjGc6TBXHyURYH6P-AyGCOV6KQg";

function tokenOf(claims: object): string {
  const signed = [{ alg: "HS256" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

async function tokenBroker(verifier = jwtVerifier({ keys: [{ secret }] })) {
  const verdicts: LoginVerdict[] = [];
  const wall = new VirtualClock();
  const login = jwtLogin({ verifier, clock: wall, audiences: ["martlet"], rolesClaim: "roles" });
  const chain = new LoginChain([login], (verdict) => void verdicts.push(verdict));
  const gate: Gate = { authenticate: (asked) => chain.authenticate(asked) };
  return { ...(await startVirtualBroker({ gate })), verdicts };
}

async function connected(
  world: Awaited<ReturnType<typeof tokenBroker>>,
  token: string,
  version: ProtocolVersion,
) {
  const client = world.client("c", { version, connect: { userName: "any", password: Buffer.from(token) } });
  // The library that verifies works beside the event loop.
  await expect.poll(async () => [await world.settle(), client.last(PacketType.CONNACK)][1]).toBeDefined();
  return client;
}

describe.each([ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0])("version %s", (version) => {
  test("a token lets its user in, until it expires", async () => {
    const world = await tokenBroker();
    const client = await connected(world, VECTOR, version);
    expect(client.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.SUCCESS);
    expect([...world.broker.clients()]).toMatchObject([{ clientId: "c", userName: "dev1" }]);
    world.clock.advance((3_600 + 30) * 1000 - 1);
    expect(client.closed).toBe(false);
    world.clock.advance(1);
    await world.settle();
    expect(client.closed).toBe(true);
    expect(world.broker.sizes.clients).toBe(0);
  });

  test.each([
    [
      "has expired",
      { sub: "dev1", aud: "martlet", exp: 1_767_225_500 },
      ReasonCode.NOT_AUTHORIZED,
      "the token has expired",
    ],
    [
      "is for others",
      { sub: "dev1", aud: "other", exp: 1_767_229_200 },
      ReasonCode.NOT_AUTHORIZED,
      "the token is not meant for this broker",
    ],
  ])("a token that %s is refused, and the log says why", async (_what, claims, reasonCode, reason) => {
    const world = await tokenBroker();
    const token = tokenOf(claims);
    const client = await connected(world, token, version);
    expect(client.last(PacketType.CONNACK)?.reasonCode).toBe(reasonCode);
    expect(world.verdicts).toMatchObject([{ provider: "jwt", outcome: "refused", reason }]);
    expect(JSON.stringify([world.verdicts, world.log])).not.toContain(token.slice(-20));
  });

  test("a token of somebody else's is refused as a wrong password", async () => {
    const world = await tokenBroker();
    const client = await connected(world, `${VECTOR.slice(0, -2)}AA`, version);
    expect(client.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.BAD_USER_NAME_OR_PASSWORD);
  });

  test("keys that cannot be fetched let nobody in, and say that it is the server's fault", async () => {
    const jwks = { url: "http://127.0.0.1:1/jwks", clock: new VirtualClock() };
    const world = await tokenBroker(jwtVerifier({ jwks }));
    const client = await connected(world, VECTOR, version);
    expect(client.last(PacketType.CONNACK)?.reasonCode).toBe(ReasonCode.SERVER_UNAVAILABLE);
  });
});
