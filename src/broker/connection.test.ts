/** How one connection shares the loop with all others. */

import { describe, expect, test } from "vitest";
import type { Pipe, PipeReceiver } from "#transport";
import { Bench, connectPacket } from "../../test/support/broker-bench.ts";
import { encodeOrFail, publishPacket } from "../../test/support/raw-client.ts";

/** A pipe that the test pushes bytes through, and that notes when it is to be read from. */
class FakePipe implements Pipe {
  readonly peer = {
    transport: "memory",
    remoteAddress: "",
    remotePort: 0,
    localAddress: "",
    localPort: 0,
  } as const;
  readonly unwrittenBytes = 0;
  readonly told: string[] = [];
  receiver: PipeReceiver | undefined;

  open(receiver: PipeReceiver): void {
    this.receiver = receiver;
  }

  write(): boolean {
    return true;
  }

  pauseReading(): void {
    this.told.push("pause");
  }

  resumeReading(): void {
    this.told.push("resume");
  }

  end(): void {}

  destroy(): void {}
}

function connected() {
  const bench = new Bench();
  const pipe = new FakePipe();
  bench.broker.accept(pipe);
  pipe.receiver?.onBytes(encodeOrFail(connectPacket("flood"), 5));
  bench.run();
  pipe.told.length = 0;
  return { bench, pipe };
}

/** That many messages of that size in one chunk. */
function publishes(count: number, payloadBytes: number): Uint8Array {
  const packet = encodeOrFail(publishPacket("t", new Uint8Array(payloadBytes)), 5);
  const chunk = new Uint8Array(packet.length * count);
  for (let i = 0; i < count; i++) chunk.set(packet, i * packet.length);
  return chunk;
}

describe("a client that sends without a break", () => {
  test("is not read from for the rest of the turn once it had its share", () => {
    const { bench, pipe } = connected();
    const chunk = publishes(2_100, 20);
    pipe.receiver?.onBytes(chunk);
    expect(pipe.told).toEqual([]);
    pipe.receiver?.onBytes(chunk);
    pipe.receiver?.onBytes(chunk);
    expect(pipe.told).toEqual(["pause"]);
    bench.run();
    expect(pipe.told).toEqual(["pause", "resume"]);
    expect(bench.broker.metrics.publishReceived).toBe(6_300);
  });

  test("rests for a moment when another client has something to say meanwhile", () => {
    const { bench, pipe } = connected();
    const other = new FakePipe();
    bench.broker.accept(other);
    other.receiver?.onBytes(encodeOrFail(connectPacket("other"), 5));
    bench.run();
    for (const says of [0, 1]) {
      // Nobody rests after its first turn.
      if (says > 0) other.receiver?.onBytes(publishes(1, 10));
      for (let i = 0; i < 2; i++) pipe.receiver?.onBytes(publishes(2_100, 20));
      bench.run();
    }
    expect(pipe.told.at(-1)).toBe("pause");
    bench.clock.advance(2);
    expect(pipe.told.at(-1)).toBe("resume");
  });

  test("starts anew after a chunk behind which there was nothing", () => {
    const { bench, pipe } = connected();
    for (let i = 0; i < 10; i++) {
      pipe.receiver?.onBytes(publishes(2_100, 20));
      pipe.receiver?.onBytes(publishes(1, 10));
    }
    bench.run();
    expect(pipe.told).toEqual([]);
  });

  test("of large messages is read from for longer: they cost less for their bytes", () => {
    const { bench, pipe } = connected();
    for (let i = 0; i < 32; i++) pipe.receiver?.onBytes(publishes(4, 16_000));
    bench.run();
    expect(pipe.told).toEqual([]);
  });

  test("has its share sooner where many get its messages", () => {
    const { bench, pipe } = connected();
    for (let i = 0; i < 10; i++) bench.connect(`s${i}`).sub("t");
    pipe.receiver?.onBytes(publishes(800, 20));
    expect(pipe.told).toEqual(["pause"]);
  });

  test("may go while it has to wait", () => {
    const { bench, pipe } = connected();
    for (let i = 0; i < 3; i++) pipe.receiver?.onBytes(publishes(2_100, 20));
    pipe.receiver?.onClosed(undefined);
    expect(() => bench.run()).not.toThrow();
    expect(bench.broker.sizes.connections).toBe(0);
  });
});
