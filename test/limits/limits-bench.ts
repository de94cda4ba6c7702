/** A broker on a virtual clock whose clients come from addresses and through listeners, and what it says of limits. */

import { utf8Encode } from "#base";
import type { LimitReached } from "#broker";
import { ProtocolVersion } from "#protocol";
import { memoryPipes } from "#testing";
import {
  Bench,
  BenchClient,
  type BenchOptions,
  type ConnectOptions,
  connectPacket,
} from "../support/broker-bench.ts";

export const ALL_VERSIONS = [
  ProtocolVersion.MQTT_3_1,
  ProtocolVersion.MQTT_3_1_1,
  ProtocolVersion.MQTT_5_0,
] as const;

export interface Whence extends ConnectOptions {
  /** Default 192.0.2.1. */
  readonly address?: string;
  readonly listener?: string;
  readonly userName?: string;
  readonly password?: string;
}

export class LimitsBench extends Bench {
  readonly events: LimitReached[] = [];

  constructor(options: BenchOptions = {}) {
    super(options);
    this.broker.on("limitReached", (reached) => this.events.push(reached));
  }

  /** A connection from somewhere that has said nothing. */
  knock({ address = "192.0.2.1", listener = "", ...options }: Whence = {}): BenchClient {
    const [near, far] = memoryPipes(this.clock);
    const peer = { ...far.peer, transport: "tcp", remoteAddress: address };
    Object.defineProperty(far, "peer", { value: peer });
    const client = new BenchClient(this, near, options);
    this.broker.accept(far, listener);
    this.run();
    return client;
  }

  /** A client from somewhere that has sent CONNECT. */
  come(clientId: string, whence: Whence = {}): BenchClient {
    const { userName, password } = whence;
    return this.knock(whence).say({
      ...connectPacket(clientId, whence),
      ...(userName === undefined ? {} : { userName }),
      ...(password === undefined ? {} : { password: utf8Encode(password) }),
    });
  }

  /** The limits that were reached since the last call, in order. */
  reached(): string[] {
    return this.events.splice(0).map(({ limit }) => limit);
  }

  /** Limits that were reached, with how often. */
  get limitCounts(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.broker.limitsReached).filter(([, count]) => count > 0));
  }
}
