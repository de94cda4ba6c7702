/**
 * A broker in the same process, in memory and in virtual time: each case gets a fresh one with the options it needs,
 * waiting costs nothing, and a run repeats exactly.
 */

import { memoryPipes, type Pipe } from "#transport";
import { VirtualClock } from "../virtual-clock.ts";
import type { Link, Pace } from "./link.ts";
import type { BrokerOptions, ConformanceTarget } from "./target.ts";

/** A broker as the target sees it. */
interface VirtualBroker {
  /** A client has connected; the pipe is the broker's end. */
  accept(pipe: Pipe): void;
  /** The case is over. */
  stop?(): void | Promise<void>;
}

export interface VirtualTargetOptions {
  readonly name: string;
  /** Starts a broker whose only time is `clock`, or says why it cannot be as `options` want it. */
  readonly start: (
    options: BrokerOptions,
    clock: VirtualClock,
  ) =>
    | VirtualBroker
    | { readonly notSupported: string }
    | Promise<VirtualBroker | { readonly notSupported: string }>;
  /** How late the broker's timers may ring. Default: 1 second. */
  readonly timersLateMs?: number;
  /** Waits for work that the clock does not know of, such as a password hash of the host. */
  readonly settle?: () => Promise<void>;
}

const DEFAULT_TIMERS_LATE_MS = 1_000;

/**
 * @example
 * const target = virtualTarget({
 *   name: "my broker",
 *   start: (options, clock) => ({ accept: (pipe) => startBroker(options, clock).accept(pipe) }),
 * });
 */
export function virtualTarget(options: VirtualTargetOptions): ConformanceTarget {
  return {
    name: options.name,
    async prepare(needs) {
      if (needs.webSocket === true) return { notSupported: "there is no WebSocket in memory" };
      const clock = new VirtualClock();
      const broker = await options.start(needs.broker ?? {}, clock);
      if ("notSupported" in broker) return broker;
      return {
        pace: virtualPace(clock, options.settle),
        timersLateMs: options.timersLateMs ?? DEFAULT_TIMERS_LATE_MS,
        fresh: true,
        async open() {
          const [client, server] = memoryPipes(clock);
          broker.accept(server);
          return pipeLink(client);
        },
        release: async () => await broker.stop?.(),
      };
    },
  };
}

function pipeLink(pipe: Pipe): Link {
  return {
    listen(onBytes, onClosed) {
      pipe.open({
        onBytes: (chunk) => onBytes(chunk.slice()),
        onWritten: () => undefined,
        onClosed: () => onClosed(),
      });
    },
    // The pipe may keep what it is given until the broker reads it.
    send: (bytes) => void pipe.write(bytes.slice()),
    destroy: () => pipe.destroy(),
  };
}

/** Passes by moving `clock` from alarm to alarm, only when nothing is left to do at the present time. */
function virtualPace(clock: VirtualClock, settleMore?: () => Promise<void>): Pace {
  const settle = async (): Promise<void> => {
    do {
      clock.runTurns();
      await new Promise((resolve) => setImmediate(resolve));
      await settleMore?.();
    } while (clock.busy);
  };
  const until = async (done: () => boolean, ms: number): Promise<boolean> => {
    const deadline = clock.now() + ms;
    for (;;) {
      await settle();
      if (done()) return true;
      if (clock.now() >= deadline) return false;
      const next = Math.min(clock.nextAlarm ?? deadline, deadline);
      clock.advance(Math.max(0, next - clock.now()));
    }
  };
  return {
    now: () => clock.now(),
    until: (done, ms) => until(done, ms),
    wait: async (ms) => void (await until(() => false, ms)),
  };
}
