import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "#base";
import { Delivery, DeliveryQueue, type QueueLimits, type QueueOwner } from "./delivery-queue.ts";
import { Message } from "./message.ts";
import { Outcomes } from "./outcome.ts";
import { DeliveryTerms } from "./route.ts";
import { Topic } from "./topic.ts";

const topic = Topic.of(utf8Encode("t"), 1);
const terms = new DeliveryTerms(2, false, undefined);

const owner = (limits: QueueLimits, outcomes = new Outcomes()): QueueOwner => ({
  clientId: "c",
  limits,
  outcomes,
  onDropped: () => undefined,
  onStoredDropped: () => undefined,
});

function delivery(qos: 0 | 1 | 2, size = 1): Delivery {
  return new Delivery(Message.of(topic, new Uint8Array(size), qos, false), terms, qos);
}

const UNLIMITED: QueueLimits = {
  maximumQueuedMessages: 1000,
  maximumQueuedBytes: 1_000_000,
  queueOverflow: "refuse-newest",
};

const contentsOf = (queue: DeliveryQueue): Delivery[] => {
  const taken = queue.extract(() => true);
  const outcomes = new Outcomes();
  for (const each of taken) queue.push(each, owner(UNLIMITED, outcomes));
  return taken;
};

const bytesOf = (deliveries: readonly Delivery[]): number =>
  deliveries.reduce((sum, each) => sum + each.message.sizeBytes, 0);

/** What is and what has to be are the same. */
function agree(actual: unknown, wanted: unknown): void {
  expect(actual).toEqual(wanted);
}

/** What the file's head promises, as plainly as it can be said. */
function pushNaively(held: Delivery[], added: Delivery, limits: QueueLimits): Delivery[] {
  const dropped: Delivery[] = [];
  const isFull = (): boolean =>
    held.length >= limits.maximumQueuedMessages ||
    bytesOf(held) + added.message.sizeBytes > limits.maximumQueuedBytes;
  while (isFull()) {
    let at = held.findIndex((each) => each.qos === 0);
    if (at < 0 && limits.queueOverflow === "drop-oldest" && added.qos > 0 && held.length > 0) at = 0;
    if (at < 0) return [...dropped, added];
    dropped.push(...held.splice(at, 1));
  }
  held.push(added);
  return dropped;
}

describe("the queue is a list within bounds", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("push" as const),
        qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
        size: fc.nat(20),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("shift" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("extract" as const),
        qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("drain" as const) }) },
  );

  test("with either policy, any limits, and counters equal to its contents", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.constantFrom(0, 1, 3, 10),
        fc.constantFrom(60, 200, 10_000),
        fc.constantFrom<QueueLimits["queueOverflow"]>("refuse-newest", "drop-oldest"),
        (steps, maximumQueuedMessages, maximumQueuedBytes, queueOverflow) => {
          const limits = { maximumQueuedMessages, maximumQueuedBytes, queueOverflow };
          const queue = new DeliveryQueue();
          const held: Delivery[] = [];
          const outcomes = new Outcomes();
          let lost = 0;
          for (const each of steps) {
            if (each.type === "push") {
              const added = delivery(each.qos, each.size);
              lost += pushNaively(held, added, limits).length;
              queue.push(added, owner(limits, outcomes));
            } else if (each.type === "shift") {
              queue.shift();
              held.shift();
            } else if (each.type === "extract") {
              const wanted = held.filter(({ qos }) => qos === each.qos);
              agree(
                queue.extract(({ qos }) => qos === each.qos),
                wanted,
              );
              for (const one of wanted) held.splice(held.indexOf(one), 1);
            } else agree(queue.drain(), held.splice(0));
            expect(queue.peek()).toBe(held[0]);
            expect([queue.size, queue.sizeBytes, queue.isEmpty]).toEqual([
              held.length,
              bytesOf(held),
              held.length === 0,
            ]);
            expect(outcomes.count("queue-full")).toBe(lost);
          }
          expect(contentsOf(queue)).toEqual(held);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("overflow", () => {
  const full = (queueOverflow: QueueLimits["queueOverflow"], ...qos: (0 | 1 | 2)[]) => {
    const limits = { ...UNLIMITED, maximumQueuedMessages: qos.length, queueOverflow };
    const queue = new DeliveryQueue();
    const held = qos.map((each) => delivery(each));
    for (const each of held) queue.push(each, owner(limits, new Outcomes()));
    return { queue, held, limits };
  };

  test("the oldest QoS 0 message goes first, whatever the policy", () => {
    for (const policy of ["refuse-newest", "drop-oldest"] as const) {
      const { queue, held, limits } = full(policy, 1, 0, 2, 0);
      const added = delivery(1);
      queue.push(added, owner(limits, new Outcomes()));
      expect(contentsOf(queue)).toEqual([held[0], held[2], held[3], added]);
    }
  });

  test("then the newest is refused, or the oldest dropped", () => {
    const refusing = full("refuse-newest", 1, 2);
    refusing.queue.push(delivery(1), owner(refusing.limits, new Outcomes()));
    expect(contentsOf(refusing.queue)).toEqual(refusing.held);
    const dropping = full("drop-oldest", 1, 2);
    const added = delivery(1);
    dropping.queue.push(added, owner(dropping.limits, new Outcomes()));
    expect(contentsOf(dropping.queue)).toEqual([dropping.held[1], added]);
  });

  test("a QoS 0 message never drives out one above it", () => {
    const { queue, held, limits } = full("drop-oldest", 1, 2);
    queue.push(delivery(0), owner(limits, new Outcomes()));
    expect(contentsOf(queue)).toEqual(held);
  });

  test.each(["refuse-newest", "drop-oldest"] as const)(
    "%s: a message that would not fit into an empty queue drives nobody out",
    (queueOverflow) => {
      const limits = { ...UNLIMITED, maximumQueuedBytes: 100, queueOverflow };
      const queue = new DeliveryQueue();
      const outcomes = new Outcomes();
      const held = [delivery(0, 20), delivery(1, 20), delivery(2, 20)];
      for (const each of held) queue.push(each, owner(limits, outcomes));
      queue.push(delivery(1, 200), owner(limits, outcomes));
      expect(outcomes.count("queue-full")).toBe(1);
      expect(contentsOf(queue)).toEqual(held);
    },
  );
});

describe("retained messages of a new subscription", () => {
  const message = (size: number, qos: 0 | 1 | 2 = 1): Message =>
    Message.of(topic, new Uint8Array(size), qos, true);

  test("stand before all else, in the order of the subscriptions, and are read one at a time", () => {
    const queue = new DeliveryQueue();
    queue.push(delivery(1, 9), owner(UNLIMITED, new Outcomes()));
    let read = 0;
    function* cursor(...sizes: number[]): IterableIterator<Message> {
      for (const size of sizes) {
        read++;
        yield message(size);
      }
    }
    queue.addBacklog({ topicFilter: "a", cursor: cursor(1, 2), terms });
    queue.addBacklog({ topicFilter: "b", cursor: cursor(), terms });
    queue.addBacklog({ topicFilter: "c", cursor: cursor(3), terms: new DeliveryTerms(0, true, undefined) });
    const seen: [number, number][] = [];
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      expect(queue.peek()).toBe(next);
      seen.push([next.message.payloadLength, next.qos]);
      expect(read).toBe(Math.min(seen.length, 3));
      queue.shift();
    }
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
      [3, 0],
      [9, 1],
    ]);
    expect(queue.isEmpty).toBe(true);
  });

  test("do not count, and are forgotten when the queue is drained", () => {
    const queue = new DeliveryQueue();
    queue.addBacklog({ topicFilter: "a", cursor: [message(1)].values(), terms });
    queue.addBacklog({ topicFilter: "b", cursor: [message(2)].values(), terms });
    expect([queue.size, queue.isEmpty]).toEqual([0, false]);
    queue.peek();
    expect(queue.drain()).toEqual([]);
    expect(queue.isEmpty).toBe(true);
    expect(queue.peek()).toBeUndefined();
  });

  test("begin anew when the filter is subscribed to again, and end when it is unsubscribed from", () => {
    const queue = new DeliveryQueue();
    queue.addBacklog({ topicFilter: "a", cursor: [message(1), message(2)].values(), terms });
    expect(queue.peek()?.message.payloadLength).toBe(1);
    queue.addBacklog({ topicFilter: "a", cursor: [message(3)].values(), terms });
    expect(queue.peek()?.message.payloadLength).toBe(3);
    queue.addBacklog({ topicFilter: "b", cursor: [message(4)].values(), terms });
    queue.removeBacklog("a");
    expect(queue.peek()?.message.payloadLength).toBe(4);
    queue.removeBacklog("b");
    expect(queue.isEmpty).toBe(true);
  });
});
