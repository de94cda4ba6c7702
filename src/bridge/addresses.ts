/**
 * Where the other broker is: one address after the other until one answers. Without round robin the first is the one that is meant,
 * and the others stand in for it.
 */

/** For example `{ host: "192.0.2.7", port: 1883 }`. */
export interface BridgeAddress {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

export class Addresses {
  readonly #all: readonly [BridgeAddress, ...BridgeAddress[]];
  readonly #isRoundRobin: boolean;
  #index = 0;

  constructor(
    all: readonly [BridgeAddress, ...BridgeAddress[]],
    { isRoundRobin }: { readonly isRoundRobin: boolean },
  ) {
    this.#all = all;
    this.#isRoundRobin = isRoundRobin;
  }

  /** In use, or tried next. */
  get current(): BridgeAddress {
    return this.#all[this.#index] ?? this.primary;
  }

  get primary(): BridgeAddress {
    return this.#all[0];
  }

  /** Whether there is a better one than that in use. */
  get isStandIn(): boolean {
    return this.#index > 0 && !this.#isRoundRobin;
  }

  /** Nobody answered there. */
  onFailed(): void {
    this.#index = (this.#index + 1) % this.#all.length;
  }

  /** A connection to there has ended. */
  onLost(): void {
    if (this.#isRoundRobin) this.onFailed();
    else this.usePrimary();
  }

  usePrimary(): void {
    this.#index = 0;
  }
}
