import { describe, expect, test } from "vitest";
import type { GateChange, Identity } from "#auth";
import { AclFile } from "./acl-file.ts";
import { combineAccess } from "./combine.ts";
import type { AccessSource } from "./source.ts";

const address = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 };
const client: Identity = {
  clientId: "c1",
  userName: "alice",
  address,
  listener: "",
  certificate: undefined,
  claims: undefined,
};

const passes: AccessSource = { name: "passes", mayPublish: () => undefined };
const allows: AccessSource = { name: "allows", mayPublish: () => true };
const denies: AccessSource = { name: "denies", mayPublish: () => ({ outcome: "denied", rule: "r" }) };
const deniesLater: AccessSource = { name: "later", mayPublish: async () => false };
const passesLater: AccessSource = { name: "later", mayPublish: async () => undefined };

const publish = (...sources: AccessSource[]) => combineAccess(sources).mayPublish?.(client, "a", 1, true);

describe("several sources", () => {
  test("the first that answers decides, and answers that need not wait do not", () => {
    expect(publish(passes, allows, denies)).toBe(true);
    expect(publish(passes, denies, allows)).toEqual({ outcome: "denied", rule: "r" });
    expect(publish(allows, deniesLater)).toBe(true);
  });

  test("later answers count in the same order", async () => {
    expect(await publish(passes, deniesLater, allows)).toBe(false);
    expect(await publish(passesLater, passes, passesLater, allows)).toBe(true);
  });

  test("when all pass, it is denied, and the answer says who was asked", async () => {
    const rule = "nothing allows it (asked: passes, later, another source)";
    expect(await publish(passes, passesLater, { mayPublish: () => undefined })).toEqual({
      outcome: "denied",
      rule,
    });
  });

  test("a failure stays a failure", async () => {
    const fails: AccessSource = { mayPublish: () => Promise.reject(new TypeError("broken")) };
    await expect(publish(passes, fails, allows)).rejects.toThrow("broken");
  });

  test("what no source judges is not asked", () => {
    expect(combineAccess([])).toEqual({});
    expect(Object.keys(combineAccess([allows]))).toEqual(["mayPublish"]);
    expect(Object.keys(combineAccess([allows, { mayReceive: () => true }]))).toEqual([
      "mayPublish",
      "mayReceive",
    ]);
  });

  test("all four questions reach their sources with what they were asked, and with their this", () => {
    class Own implements AccessSource {
      readonly asked: unknown[] = [];
      mayPublish(...asked: unknown[]): undefined {
        this.asked.push(asked);
      }
      maySubscribe(...asked: unknown[]): undefined {
        this.asked.push(asked.slice(0, 3));
      }
      mayUnsubscribe(...asked: unknown[]): undefined {
        this.asked.push(asked.slice(0, 2));
      }
      mayReceive(...asked: unknown[]): undefined {
        this.asked.push(asked.slice(0, 2));
      }
    }
    const own = new Own();
    const gate = combineAccess([own, AclFile.parse("user alice\ntopic #", "acl.conf")]);
    expect(gate.mayPublish?.(client, "a", 2, true)).toBe(true);
    expect(gate.maySubscribe?.(client, "b", 1)).toBe(true);
    expect(gate.mayUnsubscribe?.(client, "c")).toBe(true);
    expect(gate.mayReceive?.(client, "d")).toBe(true);
    expect(own.asked).toEqual([
      [client, "a", 2, true],
      [client, "b", 1],
      [client, "c"],
      [client, "d"],
    ]);
  });

  test("changes of every source are told", () => {
    const told: GateChange[] = [];
    const watched = (userName: string): AccessSource => ({ watch: (changed) => changed({ userName }) });
    combineAccess([watched("a"), allows, watched("b")]).watch?.((change) => told.push(change));
    expect(told).toEqual([{ userName: "a" }, { userName: "b" }]);
    expect(combineAccess([allows]).watch).toBeUndefined();
  });
});
