import { describe, expect, test } from "vitest";
import { utf8Encode } from "#base";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { Hooks } from "./hooks.ts";
import { type DeliverDraft, type HookClient, type PublishDraft, type Refusal, refuse } from "./points.ts";

const client: HookClient = {
  clientId: "c",
  userName: undefined,
  protocolVersion: ProtocolVersion.MQTT_5_0,
  address: { transport: "memory", remoteAddress: "memory", remotePort: 0 },
};

function publishDraft(): PublishDraft {
  return { client, topicName: "t", payload: utf8Encode("p"), qos: 1, retain: false, properties: {} };
}

const deliverDraft = (): DeliverDraft => ({
  clientId: "c",
  topicName: "t",
  qos: 0,
  retain: false,
  payload: utf8Encode("p"),
});

function setUp() {
  const errors: string[] = [];
  const hooks = new Hooks((point, error) => errors.push(`${point}: ${String(error)}`));
  return { hooks, errors };
}

const unspecified: Refusal = { refused: ReasonCode.UNSPECIFIED_ERROR };

describe("hooks", () => {
  test("run in the order of adding, each on what the one before left", () => {
    const { hooks } = setUp();
    hooks.add("publish", (draft) => void (draft.topicName += "/1"));
    hooks.add("publish", (draft) => void (draft.topicName += "/2"));
    const draft = publishDraft();
    expect(hooks.run("publish", draft)).toBeUndefined();
    expect(draft.topicName).toBe("t/1/2");
  });

  test("the first refusal ends it", () => {
    const { hooks } = setUp();
    const asked: number[] = [];
    hooks.add("publish", () => void asked.push(1));
    hooks.add("publish", () => {
      asked.push(2);
      return refuse(ReasonCode.QUOTA_EXCEEDED, "enough");
    });
    hooks.add("publish", () => void asked.push(3));
    expect(hooks.run("publish", publishDraft())).toEqual({
      refused: ReasonCode.QUOTA_EXCEEDED,
      reasonString: "enough",
    });
    expect(asked).toEqual([1, 2]);
  });

  test("points do not mix", () => {
    const { hooks } = setUp();
    hooks.add("subscribe", () => refuse(ReasonCode.NOT_AUTHORIZED));
    expect([hooks.has("subscribe"), hooks.has("publish")]).toEqual([true, false]);
    expect(hooks.run("publish", publishDraft())).toBeUndefined();
    expect(hooks.run("subscribe", { client, topicFilter: "a", qos: 0 })).toEqual({
      refused: ReasonCode.NOT_AUTHORIZED,
    });
  });

  test("one that throws is reported and refuses this matter, the next ones are not asked", () => {
    const { hooks, errors } = setUp();
    hooks.add("publish", () => {
      throw new TypeError("broken");
    });
    hooks.add("publish", () => expect.fail("was asked"));
    expect(hooks.run("publish", publishDraft())).toEqual(unspecified);
    expect(errors).toEqual(["publish: TypeError: broken"]);
  });

  test("one whose promise is rejected as well", async () => {
    const { hooks, errors } = setUp();
    hooks.add("connect", () => Promise.reject(new TypeError("broken")));
    hooks.add("connect", () => expect.fail("was asked"));
    const draft = { client, cleanStart: true, keepAliveSeconds: 0, sessionExpiryInterval: 0 };
    expect(await hooks.run("connect", draft)).toEqual(unspecified);
    expect(errors).toEqual(["connect: TypeError: broken"]);
  });

  test("values and promises in any mixture keep the order", async () => {
    const { hooks } = setUp();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    hooks.add("publish", (draft) => void (draft.topicName += "/sync"));
    hooks.add("publish", async (draft) => {
      await promise;
      draft.topicName += "/async";
      return undefined;
    });
    hooks.add("publish", (draft) => void (draft.topicName += "/sync"));
    hooks.add("publish", async (draft) => void (draft.topicName += "/async"));
    const draft = publishDraft();
    const verdict = hooks.run("publish", draft);
    expect(verdict).toBeInstanceOf(Promise);
    expect(draft.topicName).toBe("t/sync");
    resolve(undefined);
    expect(await verdict).toBeUndefined();
    expect(draft.topicName).toBe("t/sync/async/sync/async");
  });

  test("a refusal or a throw behind a promise counts like one before it", async () => {
    for (const last of [
      () => refuse(ReasonCode.NOT_AUTHORIZED),
      async () => refuse(ReasonCode.NOT_AUTHORIZED),
    ]) {
      const { hooks } = setUp();
      hooks.add("publish", async () => undefined);
      hooks.add("publish", last);
      expect(await hooks.run("publish", publishDraft())).toEqual({ refused: ReasonCode.NOT_AUTHORIZED });
    }
    const { hooks, errors } = setUp();
    hooks.add("publish", async () => undefined);
    hooks.add("publish", () => {
      throw new TypeError("late");
    });
    expect(await hooks.run("publish", publishDraft())).toEqual(unspecified);
    expect(errors).toEqual(["publish: TypeError: late"]);
  });

  test("a hook is removed by itself, also when it was added twice", () => {
    const { hooks } = setUp();
    const hook = (draft: PublishDraft): void => void (draft.topicName += "!");
    const removeFirst = hooks.add("publish", hook);
    const removeSecond = hooks.add("publish", hook);
    removeFirst();
    removeFirst();
    const draft = publishDraft();
    void hooks.run("publish", draft);
    expect(draft.topicName).toBe("t!");
    removeSecond();
    expect(hooks.has("publish")).toBe(false);
  });

  test("adding or removing while they run counts from the next run on", () => {
    const { hooks } = setUp();
    const asked: string[] = [];
    const remove = hooks.add("publish", () => {
      asked.push("first");
      remove();
      removeSecond();
      hooks.add("publish", () => void asked.push("new"));
    });
    const removeSecond = hooks.add("publish", () => void asked.push("second"));
    void hooks.run("publish", publishDraft());
    expect(asked.splice(0)).toEqual(["first", "second"]);
    void hooks.run("publish", publishDraft());
    expect(asked).toEqual(["new"]);
  });

  test("a hook keeps its this", () => {
    const { hooks } = setUp();
    class Suffix {
      readonly #suffix = "/own";
      readonly publish = (draft: PublishDraft): void => void (draft.topicName += this.#suffix);
    }
    hooks.add("publish", new Suffix().publish);
    const draft = publishDraft();
    void hooks.run("publish", draft);
    expect(draft.topicName).toBe("t/own");
  });
});

describe("deliver hooks", () => {
  test("change and refuse", () => {
    const { hooks } = setUp();
    hooks.add("deliver", (draft) => void (draft.payload = utf8Encode("new")));
    const draft = deliverDraft();
    expect(hooks.runDeliver(draft)).toBeUndefined();
    expect(draft.payload).toEqual(utf8Encode("new"));
    hooks.add("deliver", () => refuse(ReasonCode.NOT_AUTHORIZED));
    expect(hooks.runDeliver(deliverDraft())).toEqual({ refused: ReasonCode.NOT_AUTHORIZED });
  });

  test("one that throws, or returns a promise, is reported and keeps the message back", async () => {
    const { hooks, errors } = setUp();
    const remove = hooks.add("deliver", () => {
      throw new TypeError("broken");
    });
    expect(hooks.runDeliver(deliverDraft())).toEqual(unspecified);
    remove();
    const patient = (async () => {
      throw new TypeError("and rejected");
    }) as unknown as (draft: DeliverDraft) => undefined;
    hooks.add("deliver", patient);
    expect(hooks.runDeliver(deliverDraft())).toEqual(unspecified);
    await Promise.resolve();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual([
      "deliver: TypeError: broken",
      "deliver: TypeError: A deliver hook must not return a promise.",
      "deliver: TypeError: and rejected",
    ]);
  });
});

test("refuse says no more than it was told", () => {
  expect(refuse(ReasonCode.BANNED)).toEqual({ refused: ReasonCode.BANNED });
  expect(refuse(ReasonCode.BANNED, "no")).toEqual({ refused: ReasonCode.BANNED, reasonString: "no" });
});
