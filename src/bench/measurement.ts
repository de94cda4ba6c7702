/**
 * A stretch of time and what was used in it.
 */

import { ownCpuSeconds, type ProcessUsage } from "./usage.ts";

export class Measurement {
  readonly #usage: ProcessUsage;
  readonly #startedMs = performance.now();
  readonly #ownCpu = ownCpuSeconds();
  readonly #brokerCpu: number | undefined;
  #endedMs = 0;
  #ownCpuSeconds = 0;
  #brokerCpuSeconds: number | undefined;
  #residentBytes: number | undefined;

  /** Begins now. */
  constructor(usage: ProcessUsage) {
    this.#usage = usage;
    this.#brokerCpu = usage.cpuSeconds();
  }

  /** Ends now. */
  end(): this {
    this.#endedMs = performance.now();
    this.#ownCpuSeconds = ownCpuSeconds() - this.#ownCpu;
    const brokerCpu = this.#usage.cpuSeconds();
    if (brokerCpu !== undefined && this.#brokerCpu !== undefined)
      this.#brokerCpuSeconds = brokerCpu - this.#brokerCpu;
    this.#residentBytes = this.#usage.residentBytes();
    return this;
  }

  get seconds(): number {
    return (this.#endedMs - this.#startedMs) / 1000;
  }

  /** The figures of a result, when `count` things happened in this time. */
  figures(count: number) {
    const { seconds } = this;
    const millions = count / 1_000_000;
    const perMillion = (cpuSeconds: number): number => (count === 0 ? 0 : cpuSeconds / millions);
    return {
      deliveries: count,
      seconds,
      deliveriesPerSecond: seconds === 0 ? 0 : count / seconds,
      ownCpuSecondsPerMillion: perMillion(this.#ownCpuSeconds),
      ...(this.#brokerCpuSeconds === undefined
        ? {}
        : { brokerCpuSecondsPerMillion: perMillion(this.#brokerCpuSeconds) }),
      ...(this.#residentBytes === undefined ? {} : { brokerResidentBytes: this.#residentBytes }),
    };
  }
}
