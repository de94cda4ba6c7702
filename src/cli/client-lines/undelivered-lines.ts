/**
 * Why a message did not reach somebody, as lines of type `debug`: the first thing that an operator asks. One line a receiver,
 * publisher and reason in ten seconds; the next one says how many there were meanwhile. While nobody wants such lines the broker
 * is not asked for them, and that can change while it runs.
 */

import { systemClock } from "#base";
import type { Broker, BrokerEvents } from "#broker";
import { Repetition } from "#limits";
import type { LogLines } from "../output.ts";

const INTERVAL_MS = 10_000;
/** Receivers, publishers and reasons that are told apart. */
const MOST_KEYS = 10_000;

interface UndeliveredOptions {
  /** Nothing is told that mosquitto does not tell: that a message is for nobody. */
  readonly isBrief: boolean;
}

export class UndeliveredLines {
  readonly #broker: Pick<Broker, "on">;
  readonly #lines: Pick<LogLines, "tell" | "tells">;
  readonly #isBrief: boolean;
  readonly #clock: ReturnType<typeof systemClock>;
  readonly #repetition = new Repetition(INTERVAL_MS, MOST_KEYS);
  #stopListening: (() => void) | undefined;

  /** Tells nothing before `follow`. */
  constructor(
    broker: Pick<Broker, "on">,
    lines: Pick<LogLines, "tell" | "tells">,
    { isBrief }: UndeliveredOptions,
    clock = systemClock(),
  ) {
    this.#broker = broker;
    this.#lines = lines;
    this.#isBrief = isBrief;
    this.#clock = clock;
  }

  /** Looks whether lines of type `debug` are wished by now. */
  follow(): void {
    const isWished = this.#lines.tells("debug");
    if (isWished === (this.#stopListening !== undefined)) return;
    this.#stopListening?.();
    this.#stopListening = isWished
      ? this.#broker.on("messageUndelivered", (undelivered) => this.#onUndelivered(undelivered))
      : undefined;
  }

  #onUndelivered({ kind, clientId, publisherId, topicName }: BrokerEvents["messageUndelivered"]): void {
    // $SYS comes every few seconds.
    if (kind === "no-subscriber" && (publisherId === "" || this.#isBrief)) return;
    const unsaid = this.#repetition.tell(JSON.stringify([kind, clientId, publisherId]), this.#clock.now());
    if (unsaid === undefined) return;
    const receiver = clientId === "" ? "" : ` to ${clientId}`;
    const others = unsaid === 0 ? "" : ` (${unsaid} more like it since the last line)`;
    this.#lines.tell(
      "debug",
      `Not delivered${receiver}: '${topicName}' from ${publisherId} (${kind})${others}`,
      { about: topicName },
    );
  }
}
