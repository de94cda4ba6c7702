/** Looks now and then whether the first address answers again, while a bridge is connected to another one. */

import type { Clock } from "#base";
import type { BridgePorts } from "./options.ts";

/** Between two looks. */
const RETRY_MS = 5_000;
const TIMEOUT_MS = 5_000;

export interface PrimaryWatchPorts {
  dial(timeoutMs: number): ReturnType<BridgePorts["dial"]>;
  /** Whether to go on when it did not answer. */
  isWanted(): boolean;
  /** It answers. The watch is over. */
  onBack(): void;
}

export class PrimaryWatch {
  readonly #clock: Clock;
  readonly #ports: PrimaryWatchPorts;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, ports: PrimaryWatchPorts) {
    this.#clock = clock;
    this.#ports = ports;
  }

  start(): void {
    this.#cancel = this.#clock.schedule(RETRY_MS, () => {
      this.#ports.dial(TIMEOUT_MS).then(
        (pipe) => {
          pipe.destroy();
          this.#ports.onBack();
        },
        () => {
          if (this.#ports.isWanted()) this.start();
        },
      );
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
