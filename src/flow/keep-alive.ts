/**
 * Keep Alive (section 3.1.2.10) as arithmetic on time stamps: no timer is moved per packet. The owner stamps what it
 * receives and arms one timer for `remainingMs`; when that fires early it arms again.
 */

/** A peer is silent for too long after one and a half times its Keep Alive [MQTT-3.1.2-22]. */
const PATIENCE = 1.5;

export class KeepAlive {
  /** 0 switches it off. */
  readonly seconds: number;
  #lastHeardMs: number;

  constructor(seconds: number, nowMs: number) {
    this.seconds = seconds;
    this.#lastHeardMs = nowMs;
  }

  /** The peer was heard of. HOT. */
  heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
  }

  /** Milliseconds until the peer has been silent for too long; 0 or less when it has. */
  remainingMs(nowMs: number): number {
    return this.#lastHeardMs + this.seconds * 1000 * PATIENCE - nowMs;
  }
}
