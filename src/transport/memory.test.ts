import { describe, expect, test } from "vitest";
import type { Clock } from "#base";
import { memoryListener, memoryPipes } from "./memory.ts";
import type { Pipe, PipeReceiver } from "./pipe.ts";

/** A clock that stands still; turns and alarms happen when the test says so. */
class StillClock implements Clock {
  #turn: (() => void)[] = [];
  #alarms = new Set<() => void>();

  now(): number {
    return 0;
  }

  epochMs(): number {
    return 0;
  }

  schedule(_delayMs: number, ring: () => void): () => void {
    this.#alarms.add(ring);
    return () => this.#alarms.delete(ring);
  }

  afterTurn(run: () => void): void {
    this.#turn.push(run);
  }

  /** Runs what was asked for up to now, but not what that asks for. */
  runTurn(): void {
    for (const run of this.#turn.splice(0)) run();
  }

  ringAlarms(): void {
    for (const ring of this.#alarms) ring();
  }

  get alarms(): number {
    return this.#alarms.size;
  }
}

function record(pipe: Pipe, name: string, log: string[]): void {
  const receiver: PipeReceiver = {
    onBytes: (chunk) => log.push(`${name} reads ${chunk.join()}`),
    onWritten: () => log.push(`${name} written`),
    onClosed: (error) => log.push(`${name} closed ${error?.message ?? "orderly"}`),
  };
  pipe.open(receiver);
}

function recordedPair() {
  const clock = new StillClock();
  const log: string[] = [];
  const [a, b] = memoryPipes(clock);
  record(a, "a", log);
  record(b, "b", log);
  clock.runTurn();
  return { clock, log, a, b };
}

describe("memory pipes", () => {
  test("deliver after the turn, a copy of what was written", () => {
    const { clock, log, a } = recordedPair();
    const bytes = Uint8Array.of(1, 2);
    expect(a.write(bytes)).toBe(true);
    bytes.fill(0);
    expect(log).toEqual([]);
    clock.runTurn();
    expect(log).toEqual(["b reads 1,2"]);
  });

  test("keep a write to a peer that does not read, until it does", () => {
    const { clock, log, a, b } = recordedPair();
    b.pauseReading();
    expect([a.write(Uint8Array.of(1)), a.write(Uint8Array.of(2, 3))]).toEqual([false, false]);
    clock.runTurn();
    expect(a.unwrittenBytes).toBe(3);
    b.resumeReading();
    clock.runTurn();
    expect(log).toEqual(["b reads 1", "a written", "b reads 2,3", "a written"]);
    expect(a.unwrittenBytes).toBe(0);
  });

  test("end after the bytes, and leave no alarm behind", () => {
    const { clock, log, a } = recordedPair();
    a.write(Uint8Array.of(1));
    a.end();
    clock.runTurn();
    clock.runTurn();
    expect(log).toEqual(["b reads 1", "b closed orderly", "a closed orderly"]);
    expect(clock.alarms).toBe(0);
  });

  test("break off after the grace period when the peer does not read", () => {
    const { clock, log, a, b } = recordedPair();
    b.pauseReading();
    a.write(Uint8Array.of(1));
    a.end();
    clock.runTurn();
    expect(log).toEqual([]);
    clock.ringAlarms();
    clock.runTurn();
    expect(log).toEqual([
      "a closed The peer did not follow the end of the connection in time",
      "b closed The peer broke the connection",
    ]);
  });
});

describe("the memory listener", () => {
  test("connects a client with what it accepts", async () => {
    const clock = new StillClock();
    const log: string[] = [];
    const listener = memoryListener(clock);
    expect(() => listener.connect()).toThrow("not listening");
    await listener.start((pipe) => record(pipe, "server", log));
    const client = listener.connect();
    record(client, "client", log);
    client.write(Uint8Array.of(1));
    clock.runTurn();
    await listener.close();
    expect(log).toEqual(["server reads 1"]);
    expect(() => listener.connect()).toThrow("not listening");
    await expect(listener.start(() => undefined)).rejects.toMatchObject({ code: "MARTLET_STATE" });
  });
});
