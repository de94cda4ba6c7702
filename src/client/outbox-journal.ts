/**
 * The client's side of an outbox store: gathers the changes of a turn, writes them as one, and lets those go on who waited.
 * One write is under way at a time, so what is safe is so in the order of the calls.
 */

import { type Clock, MartletError } from "#base";
import { OutboxError } from "./errors.ts";
import type { OutboxChange, OutboxStore } from "./outbox-store.ts";
import { newOutgoing, type Outgoing, TopicNames } from "./outgoing.ts";
import type { Publisher } from "./publisher.ts";

interface Entry {
  readonly change: OutboxChange;
  readonly onSafe: (() => void) | undefined;
  readonly onFailed: ((error: unknown) => void) | undefined;
}

export class OutboxJournal {
  readonly #store: OutboxStore;
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  #entries: Entry[] = [];
  #writing: Promise<void> | undefined;
  #nextKey = 1;

  constructor(store: OutboxStore, clock: Clock, report: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#report = report;
  }

  /** Gives the messages of an earlier run to `publisher`. */
  async open(publisher: Publisher): Promise<void> {
    const topics = new TopicNames();
    const offsetMs = this.#clock.now() - this.#clock.epochMs();
    const stored = await this.#store.open();
    for (const { key, topicName, payload, qos, retain, properties, ...rest } of stored) {
      const expiresAtMs = (rest.expiresAtEpochMs ?? Number.POSITIVE_INFINITY) + offsetMs;
      const topic = topics.bytesOf(topicName);
      const outgoing = newOutgoing(topicName, topic, payload, qos, retain, properties, expiresAtMs);
      outgoing.key = key;
      this.#nextKey = Math.max(this.#nextKey, key + 1);
      publisher.restore(outgoing, rest.packetId, rest.isReleased === true);
    }
    publisher.outbox.journal = this;
  }

  /** Takes a new message; `onSafe` when it survives a restart. */
  put(outgoing: Outgoing, onSafe: () => void, onFailed: (error: unknown) => void): void {
    const { topicName, payload, qos, retain, raw, expiresAtMs } = outgoing;
    outgoing.key = this.#nextKey++;
    const isEternal = expiresAtMs === Number.POSITIVE_INFINITY;
    const expiresAtEpochMs = isEternal ? undefined : expiresAtMs - this.#clock.now() + this.#clock.epochMs();
    const message = { key: outgoing.key, topicName, payload, qos, retain, properties: raw, expiresAtEpochMs };
    this.#add({
      change: { kind: "put", message },
      onSafe,
      onFailed: (cause) => onFailed(new OutboxError("dropped", topicName, { cause })),
    });
  }

  write(change: OutboxChange, onSafe: () => void): void {
    this.#add({ change, onSafe, onFailed: undefined });
  }

  done(key: number): void {
    this.#add({ change: { kind: "done", key }, onSafe: undefined, onFailed: undefined });
  }

  /** Writes what is left and closes the store. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#store.close();
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    await Promise.resolve();
    while (this.#entries.length > 0) {
      const entries = this.#entries;
      this.#entries = [];
      try {
        await this.#store.write(entries.map(({ change }) => change));
        for (const { onSafe } of entries) onSafe?.();
      } catch (error) {
        this.#failed(entries, error);
      }
    }
    this.#writing = undefined;
  }

  /** New messages are refused. What was sent already cannot be: it goes on, and the program hears of it. */
  #failed(entries: readonly Entry[], error: unknown): void {
    if (!(error instanceof MartletError)) this.#report(error);
    for (const { onSafe, onFailed } of entries) {
      if (onFailed === undefined) onSafe?.();
      else onFailed(error);
    }
  }
}

/** Opens the outbox for a client and gives it what an earlier run left. */
export type OpenOutbox = (
  publisher: Publisher,
  clock: Clock,
  report: (error: unknown) => void,
) => Promise<void>;

/**
 * An outbox in a store of your own, for `outbox.store`. It comes as a function so that only programs with a store load what
 * belongs to it.
 */
export function storedOutbox(store: OutboxStore): OpenOutbox {
  return (publisher, clock, report) => new OutboxJournal(store, clock, report).open(publisher);
}
