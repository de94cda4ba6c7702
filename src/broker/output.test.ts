import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "#base";
import { VirtualClock } from "#testing";
import type { Pipe } from "#transport";
import { Output, OutputPool } from "./output.ts";

/** A wire that takes bytes at once or keeps the very buffers until `take`. */
class FakePipe {
  readonly #kept: Uint8Array[] = [];
  readonly #taken: Uint8Array[] = [];
  isSlow = false;
  writes = 0;

  write(bytes: Uint8Array): boolean {
    this.writes++;
    if (this.isSlow || this.#kept.length > 0) {
      this.#kept.push(bytes);
      return false;
    }
    this.#taken.push(bytes.slice());
    return true;
  }

  get keptCount(): number {
    return this.#kept.length;
  }

  /** Reads the oldest kept write as it is now. */
  take(): void {
    this.#taken.push((this.#kept.shift() as Uint8Array).slice());
  }

  get received(): Uint8Array {
    return concatBytes(this.#taken);
  }
}

function fixture() {
  const clock = new VirtualClock();
  const pool = new OutputPool((run) => clock.afterTurn(run));
  const pipe = new FakePipe();
  return {
    clock,
    pool,
    pipe,
    output: new Output(pipe as unknown as Pipe, pool, { onReleased: () => undefined }),
  };
}

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe("a turn", () => {
  test("leaves in one write at its end", () => {
    const { clock, pipe, output } = fixture();
    output.append(bytes(10, 1), 0, 10);
    output.append(bytes(9000, 2), 0, 9000);
    output.append(bytes(10, 3), 2, 5);
    expect([pipe.writes, output.pendingBytes]).toEqual([0, 9013]);
    clock.runTurns();
    expect(pipe.writes).toBe(1);
    expect(pipe.received).toEqual(concatBytes([bytes(10, 1), bytes(9000, 2), bytes(3, 3)]));
    expect(output.pendingBytes).toBe(0);
  });

  test("that says much does not wait for its end", () => {
    const { pipe, output } = fixture();
    output.append(bytes(40_000, 1), 0, 40_000);
    expect(pipe.writes).toBe(1);
  });

  test("is the end of it: the next one writes again", () => {
    const { clock, pipe, output } = fixture();
    for (let turn = 1; turn <= 3; turn++) {
      output.append(bytes(1, turn), 0, 1);
      clock.runTurns();
      expect(pipe.writes).toBe(turn);
    }
  });

  test("reserve gives room in one piece, whatever lies before it", () => {
    const { clock, pipe, output } = fixture();
    output.append(bytes(4000, 1), 0, 4000);
    for (const size of [200, 30_000, 60_000, 200_000]) {
      const at = output.reserve(size);
      expect(output.slab.length - at).toBeGreaterThanOrEqual(size);
    }
    const at = output.reserve(5);
    output.slab.fill(9, at, at + 5);
    output.advance(at + 5);
    clock.runTurns();
    expect(pipe.received).toEqual(concatBytes([bytes(4000, 1), bytes(5, 9)]));
  });
});

describe("a client that does not read", () => {
  test("keeps its buffers until they are written, then they are used again", () => {
    const { clock, pool, pipe, output } = fixture();
    pipe.isSlow = true;
    output.append(bytes(100, 1), 0, 100);
    clock.runTurns();
    output.append(bytes(50, 2), 0, 50);
    clock.runTurns();
    expect([pipe.keptCount, output.pendingBytes, pool.unwrittenBytes]).toEqual([2, 150, 150]);
    pipe.take();
    output.onWritten();
    expect([output.pendingBytes, pool.unwrittenBytes]).toEqual([50, 50]);
    pipe.take();
    output.onWritten();
    expect([output.pendingBytes, pool.unwrittenBytes]).toEqual([0, 0]);
    expect(pipe.received).toEqual(concatBytes([bytes(100, 1), bytes(50, 2)]));
    output.onWritten(); // one too many harms nobody
    expect(output.pendingBytes).toBe(0);
  });

  test("is forgotten when it is closed", () => {
    const { clock, pool, pipe, output } = fixture();
    pipe.isSlow = true;
    output.append(bytes(100, 1), 0, 100);
    clock.runTurns();
    output.append(bytes(70, 1), 0, 70);
    output.close();
    clock.runTurns();
    expect([output.pendingBytes, pool.unwrittenBytes, pipe.writes]).toEqual([0, 0, 1]);
    output.append(bytes(10, 1), 0, 10);
    output.appendShared(bytes(10, 1));
    clock.runTurns();
    expect([output.pendingBytes, pool.unwrittenBytes, pipe.writes]).toEqual([0, 0, 1]);
  });
});

test("the pool keeps a slab for the next one who needs it", () => {
  const pool = new OutputPool(() => undefined);
  const small = pool.take(10);
  const large = pool.take(40_000);
  const own = pool.take(200_000);
  expect([small.length, large.length, own.length]).toEqual([4096, 131_072, 200_000]);
  for (const slab of [small, large, own, new Uint8Array(7)]) pool.give(slab);
  expect(pool.take(4096)).toBe(small);
  expect(pool.take(40_000)).toBe(large);
  expect(pool.take(200_000)).not.toBe(own);
});

describe("order and bytes", () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant("append" as const),
        to: fc.nat(2),
        size: fc.integer({ min: 1, max: 9000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("append" as const),
        to: fc.nat(2),
        size: fc.constantFrom(33_000, 70_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("shared" as const),
        to: fc.nat(2),
        size: fc.constantFrom(1, 40_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("slow" as const), to: fc.nat(2), isSlow: fc.boolean() }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("take" as const), to: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("turn" as const) }) },
  );

  test("hold for clients that share one pool, each at its own speed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VirtualClock();
        const pool = new OutputPool((run) => clock.afterTurn(run));
        const clients = Array.from({ length: 3 }, () => {
          const pipe = new FakePipe();
          return {
            pipe,
            output: new Output(pipe as unknown as Pipe, pool, { onReleased: () => undefined }),
            sent: [] as Uint8Array[],
          };
        });
        let value = 0;
        const take = ({ pipe, output }: (typeof clients)[number]): void => {
          if (pipe.keptCount === 0) return;
          pipe.take();
          output.onWritten();
        };
        for (const each of steps) {
          if (each.type === "turn") clock.runTurns();
          else {
            const client = clients[each.to] as (typeof clients)[number];
            if (each.type === "take") take(client);
            else if (each.type === "slow") client.pipe.isSlow = each.isSlow;
            else {
              const part = bytes(each.size, (value = (value + 1) % 256));
              client.sent.push(part.slice());
              if (each.type === "append") client.output.append(part, 0, part.length);
              else client.output.appendShared(part);
              if (each.type === "append") part.fill(0); // a copy was taken
            }
          }
        }
        clock.runTurns();
        for (const client of clients) {
          while (client.pipe.keptCount > 0) take(client);
          expect(concatBytes(client.sent).length).toBe(client.pipe.received.length);
          expect(Buffer.compare(concatBytes(client.sent), client.pipe.received)).toBe(0);
          expect(client.output.pendingBytes).toBe(0);
        }
        expect(pool.unwrittenBytes).toBe(0);
        expect(pool.sentBytes).toBe(clients.reduce((sum, { pipe }) => sum + pipe.received.length, 0));
      }),
      { numRuns: 150 },
    );
  });
});
