/** First in, first out, whatever the chunks are. */

import { expect, test } from "vitest";
import { StoredQueue } from "./stored-queue.ts";

test("a queue that was emptied at the end of a chunk goes on", () => {
  const queue = new StoredQueue();
  for (let round = 0; round < 3000; round++) {
    queue.push(round + 1, 10);
    expect(queue.head).toBe(round + 1);
    expect(queue.shift()).toBe(round + 1);
    expect(queue.size).toBe(0);
    expect(queue.sizeBytes).toBe(0);
    expect(queue.head).toBe(0);
  }
});

test("a queue that is never empty keeps its order", () => {
  const queue = new StoredQueue();
  let pushed = 0;
  let shifted = 0;
  for (let round = 0; round < 2000; round++) {
    for (let i = 0; i < 1 + (round % 3); i++) queue.push(++pushed, 1);
    while (queue.size > 7) expect(queue.shift()).toBe(++shifted);
    expect(queue.head).toBe(shifted + 1);
    expect(queue.sizeBytes).toBe(pushed - shifted);
  }
});
