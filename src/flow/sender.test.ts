// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InFlight, Sender } from "./sender.ts";

const { AWAITING_PUBACK, AWAITING_PUBREC, AWAITING_PUBCOMP } = InFlight;

/** What is in flight, written down as plainly as possible. */
interface Entry {
  readonly packetId: number;
  state: InFlight;
  message: string | undefined;
  readonly terms: string;
  order: number;
  isCounted: boolean;
}

class Model {
  entries: Entry[] = [];
  resends: Entry[] = [];
  receiveMaximum = 0;
  #order = 0;

  get counted(): number {
    return this.entries.filter(({ isCounted }) => isCounted).length;
  }

  find(packetId: number): Entry | undefined {
    return this.entries.find((entry) => entry.packetId === packetId);
  }

  sorted(): Entry[] {
    return this.entries.toSorted((a, b) => a.order - b.order);
  }

  connect(receiveMaximum: number): void {
    this.receiveMaximum = receiveMaximum;
    for (const entry of this.entries) entry.isCounted = false;
    this.resends = this.sorted();
  }

  disconnect(): void {
    this.receiveMaximum = 0;
    this.resends = [];
  }

  send(packetId: number, message: string, terms: string, qos: 1 | 2): void {
    const state = qos === 1 ? AWAITING_PUBACK : AWAITING_PUBREC;
    this.entries.push({ packetId, state, message, terms, order: this.#order++, isCounted: true });
  }

  complete(packetId: number, state: InFlight): boolean {
    const entry = this.find(packetId);
    if (entry?.state !== state) return false;
    this.entries.splice(this.entries.indexOf(entry), 1);
    return true;
  }

  release(packetId: number): boolean {
    const entry = this.find(packetId);
    if (entry?.state !== AWAITING_PUBREC) return false;
    entry.state = AWAITING_PUBCOMP;
    entry.message = undefined;
    entry.order = this.#order++;
    return true;
  }

  /** What `nextResend` gives. */
  nextResend(): Entry | undefined {
    for (;;) {
      const entry = this.resends[0];
      if (entry === undefined) return undefined;
      if (!this.entries.includes(entry)) {
        this.resends.shift();
        continue;
      }
      if (entry.state !== AWAITING_PUBCOMP) {
        if (this.counted >= this.receiveMaximum) return undefined;
        entry.isCounted = true;
      }
      this.resends.shift();
      return entry;
    }
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("send" as const), qos: fc.constantFrom(1 as const, 2 as const) }),
  },
  // Which of those in flight it is about: any, so acknowledgements come out of order; beyond the last: an unknown one.
  { weight: 6, arbitrary: fc.record({ do: fc.constant("advance" as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refuse" as const), which: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("stray" as const),
      packetId: fc.nat(65_535),
      state: fc.constantFrom(1, 2, 3),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("resend" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("reconnect" as const),
      receiveMaximum: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disconnect" as const) }) },
);

/** Sends and completes until the next identifier is `next`. */
function turnTo(sender: Sender<string, string>, next: number): void {
  sender.connect(65_535);
  for (;;) {
    const packetId = sender.send("", "", 1);
    sender.complete(packetId, AWAITING_PUBACK);
    if (packetId === next - 1) return;
  }
}

function compare(sender: Sender<string, string>, model: Model): void {
  expect(sender.size).toBe(model.entries.length);
  expect(sender.unacknowledged()).toEqual(
    model.sorted().map(({ packetId, state, message, terms }) => ({ packetId, state, message, terms })),
  );
  for (const { packetId, state, message } of model.entries) {
    expect([sender.stateOf(packetId), sender.messageOf(packetId)]).toEqual([state, message]);
  }
}

describe("sender", () => {
  test.each([1, 65_500])("keeps identifiers, quota and order as the model does, from %i on", (firstId) => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 150 }),
        fc.integer({ min: 1, max: 40 }),
        (steps, receiveMaximum) => {
          const sender = new Sender<string, string>();
          if (firstId > 1) turnTo(sender, firstId);
          const model = new Model();
          sender.connect(receiveMaximum);
          model.connect(receiveMaximum);
          let sent = 0;
          for (const each of steps) {
            switch (each.do) {
              case "send": {
                if (!sender.ready) break;
                expect(model.counted).toBeLessThan(model.receiveMaximum);
                const message = `m${++sent}`;
                const packetId = sender.send(message, `t${sent}`, each.qos);
                expect(packetId).toBeGreaterThan(0);
                expect(packetId).toBeLessThanOrEqual(65_535);
                expect(model.find(packetId), `${packetId} was in use`).toBeUndefined();
                model.send(packetId, message, `t${sent}`, each.qos);
                break;
              }
              case "advance": {
                const entry = model.entries[each.which];
                if (entry === undefined) break;
                const { packetId, state } = entry;
                if (state === AWAITING_PUBREC) expect(sender.release(packetId)).toBe(model.release(packetId));
                else expect(sender.complete(packetId, state)).toBe(model.complete(packetId, state));
                break;
              }
              case "refuse": {
                const entry = model.entries[each.which];
                if (entry?.state !== AWAITING_PUBREC) break;
                expect(sender.complete(entry.packetId, AWAITING_PUBREC)).toBe(true);
                model.complete(entry.packetId, AWAITING_PUBREC);
                break;
              }
              case "stray": {
                const state = each.state as InFlight;
                if (model.find(each.packetId) !== undefined) break;
                expect(sender.stateOf(each.packetId)).toBeUndefined();
                expect(sender.complete(each.packetId, state)).toBe(false);
                expect(sender.release(each.packetId)).toBe(false);
                break;
              }
              case "resend": {
                const entry = model.nextResend();
                const resend = sender.nextResend();
                expect(resend).toEqual(
                  entry && {
                    packetId: entry.packetId,
                    state: entry.state,
                    message: entry.message,
                    terms: entry.terms,
                  },
                );
                break;
              }
              case "reconnect":
                sender.disconnect();
                sender.connect(each.receiveMaximum);
                model.connect(each.receiveMaximum);
                break;
              case "disconnect":
                sender.disconnect();
                model.disconnect();
                expect(sender.ready).toBe(false);
            }
            compare(sender, model);
            if (model.resends.length === 0) expect(sender.ready).toBe(model.counted < model.receiveMaximum);
          }
        },
      ),
      { numRuns: firstId > 1 ? 25 : 200 },
    );
  });

  test("identifiers rise, wrap after 65535 and never are 0", () => {
    const sender = new Sender<string, string>();
    sender.connect(10);
    const seen: number[] = [];
    for (let i = 0; i < 65_540; i++) {
      const packetId = sender.send("m", "t", 1);
      seen.push(packetId);
      sender.complete(packetId, AWAITING_PUBACK);
    }
    expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
    expect(seen.slice(65_533)).toEqual([65_534, 65_535, 1, 2, 3, 4, 5]);
  });

  test("an identifier that is never acknowledged is passed over for ever", () => {
    const sender = new Sender<string, string>();
    sender.connect(65_535);
    const stuck = [1, 2, 3].map(() => sender.send("stuck", "t", 2));
    const live: number[] = [];
    for (let i = 0; i < 200_000; i++) {
      const packetId = sender.send(`m${i}`, "t", 1);
      if (stuck.includes(packetId)) expect.fail(`${packetId} was given out twice`);
      live.push(packetId);
      if (live.length > 5) expect(sender.complete(live.shift() as number, AWAITING_PUBACK)).toBe(true);
    }
    for (const packetId of stuck) expect(sender.messageOf(packetId)).toBe("stuck");
    expect(sender.size).toBe(8);
  });

  test("a limit of bytes stops behind the message that reaches it, and one is always allowed", () => {
    const sender = new Sender<string, string>();
    const limit = { maximumBytes: 10, sizeOf: (message: string) => message.length };
    sender.connect(100, limit);
    expect([sender.ready, sender.room]).toEqual([true, 1]);
    const large = sender.send("x".repeat(500), "t", 1);
    expect([sender.ready, sender.room]).toEqual([false, 0]);
    sender.complete(large, AWAITING_PUBACK);
    const first = sender.send("123456", "t", 2);
    expect(sender.ready).toBe(true);
    const second = sender.send("1234", "t", 1);
    expect(sender.ready).toBe(false);
    sender.release(first); // the message is the peer's: its bytes are free, its identifier is not
    expect([sender.ready, sender.size]).toEqual([true, 2]);
    sender.complete(first, AWAITING_PUBCOMP);
    sender.complete(second, AWAITING_PUBACK);
    expect(sender.send("1234567890", "t", 1)).toBe(4);
    expect(sender.ready).toBe(false);
    // What is in flight counts on the next connection, too, and is sent again all the same.
    sender.disconnect();
    sender.connect(100, limit);
    expect(sender.nextResend()?.message).toBe("1234567890");
    expect(sender.ready).toBe(false);
    sender.connect(100);
    sender.nextResend();
    expect(sender.ready).toBe(true);
  });

  test("all 65535 identifiers can be in flight, and then it is not ready", () => {
    const sender = new Sender<number, string>();
    sender.connect(65_535);
    const used = new Set<number>();
    while (sender.ready) used.add(sender.send(used.size, "t", 1));
    expect(used.size).toBe(65_535);
    sender.disconnect();
    sender.connect(65_535);
    expect(sender.ready).toBe(false);
    for (let i = 0; i < 65_535; i++) expect(sender.nextResend()?.message).toBe(i);
    expect([sender.nextResend(), sender.resending, sender.ready]).toEqual([undefined, false, false]);
    sender.complete(77, AWAITING_PUBACK);
    expect(sender.ready).toBe(true);
    expect(sender.send(-1, "t", 2)).toBe(77);
  });

  test("resends keep their order across several reconnects, PUBRELs in the order of their PUBRECs", () => {
    const sender = new Sender<string, string>();
    sender.connect(10);
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => sender.send(name, "t", 2)) as [
      number,
      number,
      number,
      number,
    ];
    sender.release(c);
    sender.release(a);
    for (let i = 0; i < 3; i++) {
      sender.disconnect();
      sender.connect(10);
      const order: number[] = [];
      for (let next = sender.nextResend(); next !== undefined; next = sender.nextResend())
        order.push(next.packetId);
      expect(order).toEqual([b, d, c, a]);
    }
  });

  test("resends stop at a smaller quota and go on with the acknowledgements; PUBRELs need none", () => {
    const sender = new Sender<string, string>();
    sender.connect(10);
    const ids = Array.from({ length: 5 }, (_, i) => sender.send(`m${i}`, "t", 1));
    const released = sender.send("q2", "t", 2);
    sender.release(released);
    sender.connect(2);
    expect([sender.nextResend()?.packetId, sender.nextResend()?.packetId]).toEqual([ids[0], ids[1]]);
    expect([sender.nextResend(), sender.resending, sender.ready]).toEqual([undefined, true, false]);
    sender.complete(ids[1] as number, AWAITING_PUBACK);
    expect(sender.nextResend()?.packetId).toBe(ids[2]);
    expect(sender.nextResend()).toBeUndefined();
    // Acknowledged before it was sent again: it is passed over and gives no quota back.
    sender.complete(ids[3] as number, AWAITING_PUBACK);
    expect(sender.nextResend()).toBeUndefined();
    sender.complete(ids[0] as number, AWAITING_PUBACK);
    expect(sender.nextResend()?.packetId).toBe(ids[4]);
    expect(sender.nextResend()?.state).toBe(AWAITING_PUBCOMP);
    expect([sender.resending, sender.ready]).toEqual([false, false]);
  });

  test("messages that are sent after the resends grow the table without losing anything", () => {
    const sender = new Sender<string, string>();
    sender.connect(100);
    const old = Array.from({ length: 7 }, (_, i) => sender.send(`old${i}`, "t", 1));
    sender.disconnect();
    sender.connect(100);
    while (sender.resending) sender.nextResend();
    const fresh = Array.from({ length: 90 }, (_, i) => sender.send(`new${i}`, "t", 1));
    expect(new Set([...old, ...fresh]).size).toBe(97);
    sender.connect(100);
    const order: (string | undefined)[] = [];
    for (let next = sender.nextResend(); next !== undefined; next = sender.nextResend())
      order.push(next.message);
    expect(order).toEqual([...old.map((_, i) => `old${i}`), ...fresh.map((_, i) => `new${i}`)]);
  });

  test("an acknowledgement of the wrong step changes nothing", () => {
    const sender = new Sender<string, string>();
    sender.connect(10);
    const one = sender.send("one", "t", 1);
    const two = sender.send("two", "t", 2);
    expect(sender.complete(one, AWAITING_PUBCOMP)).toBe(false);
    expect(sender.release(one)).toBe(false);
    expect(sender.complete(two, AWAITING_PUBCOMP)).toBe(false);
    expect(sender.release(two)).toBe(true);
    expect(sender.release(two)).toBe(false);
    expect(sender.complete(0, AWAITING_PUBACK)).toBe(false);
    expect(sender.size).toBe(2);
  });
});

test("what was in flight before a restart is due again in its order, under its identifiers", () => {
  const sender = new Sender<string, string>();
  sender.restore(40_000, AWAITING_PUBCOMP, "a", "first");
  // Each in the slot of another, whatever the capacity up to a thousand.
  sender.restore(1, AWAITING_PUBREC, "b", "second");
  sender.restore(1025, AWAITING_PUBACK, "c", "third");
  // What cannot be, as a damaged store may have it, is not taken.
  expect(sender.restore(1025, AWAITING_PUBREC, "x", "again")).toBe(false);
  expect(sender.restore(0, AWAITING_PUBACK, "x", "none")).toBe(false);
  expect(sender.restore(65_536, AWAITING_PUBACK, "x", "none")).toBe(false);
  sender.connect(10);
  const resends = [sender.nextResend(), sender.nextResend(), sender.nextResend(), sender.nextResend()];
  expect(resends).toEqual([
    { packetId: 40_000, state: AWAITING_PUBCOMP, message: undefined, terms: "first" },
    { packetId: 1, state: AWAITING_PUBREC, message: "b", terms: "second" },
    { packetId: 1025, state: AWAITING_PUBACK, message: "c", terms: "third" },
    undefined,
  ]);
  const next = sender.send("d", "fourth", 1);
  expect([40_000, 1, 1025]).not.toContain(next);
  expect(sender.complete(1025, AWAITING_PUBACK)).toBe(true);
  expect(sender.size).toBe(3);
});
