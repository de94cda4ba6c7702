/**
 * What happens in a simulation: steps as plain data, drawn from a seed or written by hand.
 *
 * All steps are drawn before any is played and mean something in every state, so a schedule with some of them left out is a
 * schedule too. That is what makes a failure short.
 */

import type { Random } from "#base";
import type { Qos } from "#protocol";

/** Clients are numbers from 0 to 3; the client ids are `c0` to `c3`. */
export const CLIENT_COUNT = 4;

/** A will, as a client asks for it. */
interface WillStep {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly delaySeconds: number;
}

/** A CONNECT. */
export interface ConnectStep {
  readonly do: "connect";
  readonly client: number;
  readonly version: 4 | 5;
  readonly cleanStart: boolean;
  /** Only 5.0 says it: in 3.1.1 a session never expires, unless it is a clean one. */
  readonly expirySeconds: number;
  readonly receiveMaximum: number;
  readonly keepAliveSeconds: number;
  readonly will?: WillStep | undefined;
}

/** A few messages behind each other; the client connects first if it has to. */
export interface PublishStep {
  readonly do: "publish";
  readonly client: number;
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** An empty payload: a retained message of the topic goes. */
  readonly clears: boolean;
  readonly expirySeconds: number | undefined;
  readonly sizeBytes: number;
  readonly count: number;
}

/** One thing that happens. */
export type Action =
  | ConnectStep
  | PublishStep
  | { readonly do: "subscribe"; readonly client: number; readonly filter: string; readonly qos: Qos }
  | { readonly do: "unsubscribe"; readonly client: number; readonly filter: string }
  /** It keeps its acknowledgements back … */
  | { readonly do: "hold"; readonly client: number }
  /** … until some are asked for; all of them make it prompt again. */
  | { readonly do: "answer"; readonly client: number; readonly count: number }
  /** It takes no bytes any more, or again. */
  | { readonly do: "stall" | "read"; readonly client: number }
  /** Its connection breaks, or somebody ends it. */
  | { readonly do: "cut" | "expel"; readonly client: number }
  | {
      readonly do: "disconnect";
      readonly client: number;
      readonly reasonCode: 0 | 4;
      readonly expirySeconds: number | undefined;
    }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "crash"; readonly kind: "power" | "process"; readonly downMs: number }
  /** The broker is closed, and started again. */
  | { readonly do: "restart"; readonly downMs: number }
  /** For a while one in so many operations of the disk fails. */
  | {
      readonly do: "trouble";
      readonly fault: "failed" | "full";
      readonly oneIn: number;
      readonly ms: number;
    };

/** An action, and the virtual milliseconds until the next one. Default 0: the next one comes in the same turn. */
export type Step = Action & { readonly restMs?: number };

const TOPICS = ["a", "a/b", "b", "s"];
const FILTERS = ["a", "a/#", "+/b", "b/#", "b", "$share/g/s/#"];
const EXPIRIES = [0, 2, 30, 3600, 0xffff_ffff];
const PAUSES = [10, 100, 1_000, 3_000, 31_000, 600_000, 5_400_000];
const LARGE = 33_000;
/** A schedule begins with these, so that somebody hears what is said. */
const FIRST_SUBSCRIPTIONS = 3;

/** Draws from one seed. */
class Drawing {
  readonly #random: Random;
  readonly #isCalm: boolean;

  constructor(random: Random, isCalm: boolean) {
    this.#random = random;
    this.#isCalm = isCalm;
  }

  step(number: number): Step {
    const action = number < FIRST_SUBSCRIPTIONS ? this.#subscribe() : this.#action();
    const restMs = this.#random.below(3) === 0 ? 0 : this.#random.below(9);
    return restMs === 0 ? action : { ...action, restMs };
  }

  #action(): Action {
    const random = this.#random;
    const dice = random.below(this.#isCalm ? 92 : 100);
    const client = random.below(CLIENT_COUNT);
    if (dice < 14) return this.#connect(client);
    if (dice < 26) return this.#subscribe();
    if (dice < 28) return { do: "unsubscribe", client, filter: this.#of(FILTERS) };
    if (dice < 60) return this.#publish(client);
    if (dice < 64) return { do: "hold", client };
    if (dice < 70) return { do: "answer", client, count: this.#of([1, 2, 2, 100]) };
    if (dice < 73) return { do: "stall", client };
    if (dice < 76) return { do: "read", client };
    if (dice < 81) return { do: "cut", client };
    if (dice < 82) return { do: "expel", client };
    if (dice < 86) {
      const expirySeconds = random.below(2) === 0 ? undefined : this.#of(EXPIRIES);
      return { do: "disconnect", client, reasonCode: this.#of([0, 4]), expirySeconds };
    }
    if (dice < 92) return { do: "pass", ms: this.#of(PAUSES) };
    const downMs = this.#of([0, 5, 2_000, 60_000]);
    if (dice < 96) return { do: "crash", kind: this.#of(["power", "process"]), downMs };
    if (dice < 97) return { do: "restart", downMs };
    const oneIn = this.#of([1, 2, 4]);
    return { do: "trouble", fault: this.#of(["failed", "full"]), oneIn, ms: this.#of([5, 20, 200, 7_000]) };
  }

  #subscribe(): Action {
    const client = this.#random.below(CLIENT_COUNT);
    return { do: "subscribe", client, filter: this.#of(FILTERS), qos: this.#qos() };
  }

  #connect(client: number): ConnectStep {
    const random = this.#random;
    const hasWill = random.below(3) === 0;
    return {
      do: "connect",
      client,
      version: random.below(4) === 0 ? 4 : 5,
      cleanStart: random.below(6) === 0,
      expirySeconds: this.#of(EXPIRIES),
      receiveMaximum: 1 + random.below(3),
      keepAliveSeconds: random.below(4) === 0 ? 10 : 0,
      ...(hasWill ? { will: this.#will() } : {}),
    };
  }

  #will(): WillStep {
    const retain = this.#random.below(8) === 0;
    return {
      topic: this.#of(["a", "a/b", "b"]),
      qos: this.#qos(),
      retain,
      delaySeconds: this.#of([0, 0, 1, 20, 40]),
    };
  }

  #publish(client: number): PublishStep {
    const random = this.#random;
    const retain = random.below(5) === 0;
    return {
      do: "publish",
      client,
      topic: this.#of(TOPICS),
      qos: this.#qos(),
      retain,
      clears: retain && random.below(4) === 0,
      expirySeconds: !retain && random.below(10) === 0 ? this.#of([0, 2, 60]) : undefined,
      sizeBytes: random.below(60) === 0 ? LARGE : 0,
      count: this.#of([1, 1, 2, 4]),
    };
  }

  #qos(): Qos {
    return this.#of([0, 1, 1, 2, 2, 2]);
  }

  #of<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)] as T;
  }
}

/** The steps of a seed. In a calm one the broker and its disk have no trouble. */
export function drawSteps(random: Random, count: number, options: { readonly isCalm: boolean }): Step[] {
  const drawing = new Drawing(random, options.isCalm);
  return Array.from({ length: count }, (_, number) => drawing.step(number));
}
