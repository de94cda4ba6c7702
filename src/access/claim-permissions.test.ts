import { describe, expect, test } from "vitest";
import { identityOf } from "../../test/support/logins.ts";
import { ClaimPermissions } from "./claim-permissions.ts";

const source = new ClaimPermissions();
const withClaim = (permissions: unknown) =>
  identityOf({ clientId: "c1", userName: "alice", claims: { permissions } });
const client = withClaim({ publish: ["devices/%c/#"], subscribe: ["commands/%u", "news/#"] });
const denied = { outcome: "denied" };

describe("permissions that a token brings", () => {
  test("are what stands in them, and nothing else", () => {
    expect(source.mayPublish(client, "devices/c1/temperature")).toBe(true);
    expect(source.mayPublish(client, "devices/c2/temperature")).toMatchObject(denied);
    expect(source.mayPublish(client, "news/today")).toMatchObject(denied);
    expect(source.maySubscribe(client, "news/#")).toBe(true);
    expect(source.maySubscribe(client, "news/+")).toBe(true);
    expect(source.maySubscribe(client, "#")).toMatchObject(denied);
    expect(source.maySubscribe(client, "commands/alice")).toBe(true);
    expect(source.maySubscribe(client, "commands/bob")).toMatchObject(denied);
    expect(source.mayReceive(client, "news/today")).toBe(true);
    expect(source.mayReceive(client, "devices/c1/temperature")).toMatchObject(denied);
    expect(source.mayUnsubscribe(client)).toBe(true);
  });

  test("of a client without the claim are somebody else's business", () => {
    for (const claims of [undefined, {}, { roles: ["x"] }]) {
      const stranger = identityOf({ claims });
      expect(source.mayPublish(stranger, "t")).toBeUndefined();
      expect(source.maySubscribe(stranger, "t")).toBeUndefined();
      expect(source.mayReceive(stranger, "t")).toBeUndefined();
      expect(source.mayUnsubscribe(stranger)).toBeUndefined();
    }
  });

  test.each([
    ["a text", "publish everything"],
    ["a list", ["#"]],
    ["nothing", null],
    ["lists of something else", { publish: [1] }],
    ["no list", { subscribe: "#" }],
    ["a filter that is none", { publish: ["a/#/b"] }],
    ["a filter that is too deep", { publish: ["/".repeat(300)] }],
    ["too many", { publish: new Array(1_001).fill("a") }],
  ])("that are %s permit nothing", (_, claim) => {
    const malformed = withClaim(claim);
    expect(source.mayPublish(malformed, "a")).toMatchObject(denied);
    expect(source.maySubscribe(malformed, "a")).toMatchObject(denied);
    expect(source.mayReceive(malformed, "a")).toMatchObject(denied);
  });
});
