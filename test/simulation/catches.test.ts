/** A simulation that cannot fail proves nothing: planted faults are found, and a failure is told in one line that replays it. */

import { afterEach, describe, expect, test } from "vitest";
import { simulate, simulateMany } from "#testing";
import { DeliveryQueue } from "../../src/broker/delivery-queue.ts";
import { Session } from "../../src/broker/session.ts";
import { Sessions } from "../../src/broker/sessions.ts";
import { StoredQueue } from "../../src/broker/stored-queue.ts";
import { Receiver } from "../../src/flow/receiver.ts";
import { Sender } from "../../src/flow/sender.ts";
import { backlogFaults, storeFaults } from "./faults.ts";
import { interruptedBacklog } from "./retained-script.ts";

/** A fault is found within so many schedules. */
const MOST_SCHEDULES = 600;

async function firstFailure(
  options: Omit<Parameters<typeof simulate>[0], "seed"> = {},
): Promise<string | undefined> {
  for (let seed = 1; seed <= MOST_SCHEDULES; seed++) {
    const { failure } = await simulate({ ...options, seed });
    if (failure !== undefined) return failure;
  }
  return undefined;
}

describe("a store that", () => {
  test.each(storeFaults)("$what is found", async ({ wrapStore }) => {
    expect(await firstFailure({ wrapStore })).toBeDefined();
  });

  test.each(backlogFaults)("$what is found", async ({ wrapStore }) => {
    const script = interruptedBacklog(2, { do: "crash", kind: "power", downMs: 5 }, 20);
    expect(await firstFailure({ wrapStore, script })).toBeDefined();
  });
});

describe("a broker that", () => {
  const undo: (() => void)[] = [];
  afterEach(() => {
    for (const each of undo.splice(0)) each();
  });

  /** Puts `changed` in the place of a method until the end of the test. */
  function plant<Part extends object, Name extends keyof Part>(
    part: Part,
    name: Name,
    change: (original: Part[Name]) => Part[Name],
  ): void {
    const descriptor = Object.getOwnPropertyDescriptor(part, name) as PropertyDescriptor;
    Object.defineProperty(part, name, { ...descriptor, value: change(part[name]) });
    undo.push(() => Object.defineProperty(part, name, descriptor));
  }

  test("takes QoS 2 messages that come again for new ones is found", async () => {
    plant(
      Receiver.prototype,
      "onQos2",
      (original) =>
        function (this: Receiver, packetId) {
          original.call(this, packetId);
          return true;
        },
    );
    expect(await firstFailure()).toBeDefined();
  });

  test("forgets the order of a queue is found", async () => {
    // The second one goes before the first.
    plant(
      StoredQueue.prototype,
      "push",
      (original) =>
        function (this: StoredQueue, id, sizeBytes) {
          const isSecond = this.size === 1;
          const first = isSecond ? this.shift() : 0;
          original.call(this, id, sizeBytes);
          if (isSecond) original.call(this, first, sizeBytes);
        },
    );
    expect(await firstFailure()).toBeDefined();
  });

  test("publishes a will twice is found", async () => {
    plant(
      Sessions.prototype,
      "onSessionTimer",
      (original) =>
        function (this: Sessions, session, due) {
          const { will } = session;
          original.call(this, session, due);
          if (due === "will" && will !== undefined) {
            session.will = will;
            original.call(this, session, due);
          }
        },
    );
    expect(await firstFailure()).toBeDefined();
  });

  test("publishes the will of a client that came back is found", async () => {
    plant(Session.prototype, "disarm", () => () => undefined);
    expect(await firstFailure()).toBeDefined();
  });

  test("does not send again what a lost connection had is found", async () => {
    plant(
      Sender.prototype,
      "connect",
      (original) =>
        function (this: Sender<unknown, unknown>, receiveMaximum) {
          original.call(this, receiveMaximum);
          while (this.nextResend() !== undefined);
        },
    );
    expect(await firstFailure()).toBeDefined();
  });

  test("does not care for the Receive Maximum is found", async () => {
    plant(
      Sender.prototype,
      "connect",
      (original) =>
        function (this: Sender<unknown, unknown>) {
          original.call(this, 100);
        },
    );
    expect(await firstFailure()).toBeDefined();
  });

  test("keeps sessions that have expired is found", async () => {
    plant(Sessions.prototype, "onSessionTimer", () => () => undefined);
    expect(await firstFailure()).toBeDefined();
  });

  test("lets messages fall without a word is found", async () => {
    plant(
      DeliveryQueue.prototype,
      "admit",
      (original) =>
        function (this: DeliveryQueue, message, qos, owner) {
          const isAdmitted = original.call(this, message, qos, owner);
          return isAdmitted && this.size < 1;
        },
    );
    expect(await firstFailure()).toBeDefined();
  });
});

test("a failure is one line that replays it, with the steps that matter", async () => {
  const [fault] = storeFaults;
  const options = fault === undefined ? {} : { wrapStore: fault.wrapStore };
  const { failures } = await simulateMany({ ...options, firstSeed: 1, count: 200 });
  const line = failures[0] ?? "";
  const [, seed, steps, without = ""] =
    /--seed (\d+) --steps (\d+)(?: --without ([\d,]+))? {3}# /.exec(line) ?? [];
  const again = await simulate({
    ...options,
    seed: Number(seed),
    steps: Number(steps),
    without: without.split(",").map(Number),
  });
  expect(line).toContain(again.failure);
  expect(again.failure).toBeDefined();
});

test("the same seed is the same run", async () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 30; seed++) {
    const first = await simulate({ seed });
    const second = await simulate({ seed, trace: true });
    expect(second.hash).toBe(first.hash);
    expect(second.lines.length).toBeGreaterThan(10);
    hashes.add(first.hash);
  }
  expect(hashes.size).toBe(30);
});
