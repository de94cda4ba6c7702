/**
 * A bucket of tokens: so many a second, and so many at once when it has been left alone. HOT: nothing is allocated.
 *
 * It may be overdrawn: what has come has come, and is paid for by waiting. The clock is the caller's, in milliseconds that never
 * go back. It holds nobody up; its owner asks how long to wait.
 */

export class TokenBucket {
  #perMs: number;
  #burst: number;
  #tokens: number;
  #at: number;

  /**
   * Full at first.
   *
   * @param perSecond above 0
   * @param burst what it holds at most, at least 1
   */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = Math.max(1, burst);
    this.#tokens = this.#burst;
    this.#at = now;
  }

  /** What is in it as of the last `refill`; below 0 when it is overdrawn. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Adds what has come in since the last call. */
  refill(now: number): void {
    if (now <= this.#at) return;
    const tokens = this.#tokens + (now - this.#at) * this.#perMs;
    this.#tokens = tokens > this.#burst ? this.#burst : tokens;
    this.#at = now;
  }

  /** Takes `count`, whether they are there or not. */
  spend(count: number): void {
    this.#tokens -= count;
  }

  /** Takes one token if there is one. */
  tryTake(now: number): boolean {
    this.refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Milliseconds until it is not overdrawn any more; 0 when it is not. */
  get debtMs(): number {
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }

  /** Another rate from `now` on; what is in it stays, as far as it fits. */
  change(perSecond: number, burst: number, now: number): void {
    this.refill(now);
    this.#perMs = perSecond / 1000;
    this.#burst = Math.max(1, burst);
    if (this.#tokens > this.#burst) this.#tokens = this.#burst;
  }
}
