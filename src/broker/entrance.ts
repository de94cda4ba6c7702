/**
 * A listener as the broker sees it: its settings, and what came in through it. No sockets; those are the transport's.
 */

import { TokenBucket } from "#limits";
import type { FramerOptions } from "#protocol";
import type { BrokerSettings } from "./settings.ts";

export class Entrance {
  readonly name: string;
  /** Connections that are open now. */
  connections = 0;
  #settings: BrokerSettings;
  #framerOptions: FramerOptions;
  #connects: TokenBucket | undefined = undefined;

  constructor(name: string, settings: BrokerSettings, now: number) {
    this.name = name;
    this.#settings = settings;
    this.#framerOptions = framerOptionsOf(settings);
    this.#setRate(now);
  }

  /** Of connections that come from now on. */
  get settings(): BrokerSettings {
    return this.#settings;
  }

  /** Of all its framers, until their clients are let in. */
  get framerOptions(): FramerOptions {
    return this.#framerOptions;
  }

  change(settings: BrokerSettings, now: number): void {
    this.#settings = settings;
    this.#framerOptions = framerOptionsOf(settings);
    this.#setRate(now);
  }

  /** Whether one more CONNECT is within the rate. */
  takeConnect(now: number): boolean {
    return this.#connects === undefined || this.#connects.tryTake(now);
  }

  #setRate(now: number): void {
    const { maximumConnectRate: rate } = this.#settings;
    if (rate === 0) this.#connects = undefined;
    else if (this.#connects === undefined) this.#connects = new TokenBucket(rate, rate, now);
    else this.#connects.change(rate, rate, now);
  }
}

function framerOptionsOf(settings: BrokerSettings): FramerOptions {
  const { maximumPacketSize, maximumConnectSize, rejectControlCharacters } = settings;
  return {
    side: "server",
    maximumPacketSize: Math.min(maximumPacketSize, maximumConnectSize),
    rejectControlCharacters,
  };
}
