/**
 * Lines as messages below `$SYS/broker/log/`, by their type. What publishing a line makes to tell is told elsewhere only: a line
 * never leads to another message. Holds a bounded number of lines and waits for nobody.
 */

import type { Destination, LogEntry } from "./destination.ts";
import { traitsOf } from "./log-type.ts";

const ROOT = "$SYS/broker/log/";
/** Lines that may wait for the end of a turn. */
const MOST_WAITING = 10_000;

/** Publishes as the broker itself; rejects when nobody can be served. */
export type PublishLine = (line: {
  readonly topicName: string;
  readonly payload: string;
  readonly qos: 0 | 2;
}) => Promise<unknown>;

export class LogTopics implements Destination {
  readonly #publish: () => PublishLine | undefined;
  #waiting: LogEntry[] = [];
  #isScheduled = false;
  #isPublishing = false;

  /** @param publish what publishes; undefined while the broker serves nobody: such lines are for nobody */
  constructor(publish: () => PublishLine | undefined) {
    this.#publish = publish;
  }

  write(entry: LogEntry): void {
    const isEcho = this.#isPublishing || entry.about?.startsWith(ROOT) === true;
    if (isEcho || this.#publish() === undefined || this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push(entry);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => void this.#publishWaiting());
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  flushSync(): void {}

  close(): void {}

  async #publishWaiting(): Promise<void> {
    const publish = this.#publish();
    const entries = this.#waiting;
    this.#waiting = [];
    this.#isScheduled = false;
    if (publish === undefined) return;
    this.#isPublishing = true;
    for (const { type, line } of entries) {
      const topicName = ROOT + traitsOf[type].topic;
      // At QoS 0 a packet's line brings no acknowledgement, whose line would bring another one.
      const qos = traitsOf[type].level === "debug" ? 0 : 2;
      // A hook that refuses it is counted; a line about it would meet the same hook.
      await publish({ topicName, payload: line, qos }).catch(() => undefined);
    }
    this.#isPublishing = false;
  }
}
