/**
 * Retained messages: the last one of each topic that asked to be kept, within limits.
 *
 * A new subscription reads them through a cursor that walks the tree bit by bit, as its client takes them: a subscription
 * to `#` on a million topics holds a few iterators, no list. Messages stored after the cursor began are passed over; the
 * subscriber gets those as live ones.
 */

import { ByteArena } from "#base";
import type { Message } from "./message.ts";
import { RetainedEntry } from "./retained-entry.ts";
import { RetainedTree } from "./retained-tree.ts";

export interface RetainedLimits {
  readonly maximumRetainedMessages: number;
  readonly maximumRetainedBytes: number;
}

/** Who keeps retained messages beyond the process. */
export interface RetainedKeeper {
  /** Gives `message` a record. */
  retain(message: Message): void;
  unretain(recordId: number): void;
}

export class RetainedMessages {
  readonly #tree = new RetainedTree();
  readonly #arena = new ByteArena();
  /** In force from the next message on. */
  limits: RetainedLimits;
  readonly #keeper: RetainedKeeper | undefined;
  #count = 0;
  /** Of them below `$SYS`. */
  #systemCount = 0;
  #sizeBytes = 0;
  #stores = 0;
  /** How many can expire; where a sweep of them stands, if one is under way. */
  #expiring = 0;
  #sweep: Iterator<RetainedEntry> | undefined = undefined;

  constructor(limits: RetainedLimits, keeper?: RetainedKeeper) {
    this.limits = limits;
    this.#keeper = keeper;
  }

  get count(): number {
    return this.#count;
  }

  /** Payload, property and topic bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Takes `message` as the retained one of its topic; an empty payload removes it [MQTT-3.3.1-6], [MQTT-3.3.1-7].
   * Returns false when a limit kept it out; the topic's old message is gone then all the same.
   */
  store(message: Message): boolean {
    const { name } = message.topic;
    const held = this.#tree.find(name);
    if (held !== undefined) this.#clear(held);
    const isRemoval = message.payloadLength === 0;
    if (isRemoval || !this.#hasRoomFor(message)) {
      if (held !== undefined) this.#tree.remove(name);
      return isRemoval;
    }
    if (!message.topic.isSystem) this.#keeper?.retain(message);
    this.#write(message, held);
    return true;
  }

  /** A message that was retained before a restart; of several with one topic the one with the highest record stays. */
  restore(message: Message): void {
    const held = this.#tree.find(message.topic.name);
    if (held !== undefined && held.recordId > message.recordId) return;
    if (held !== undefined) this.#uncount(held);
    this.#write(message, held);
  }

  /** Takes out what was restored and is not to be, by its record. */
  dropRestored(isGone: (recordId: number) => boolean): void {
    for (const entry of Array.from(this.#tree.all())) {
      if (entry.recordId === 0 || !isGone(entry.recordId)) continue;
      const { topicName } = entry;
      this.#uncount(entry);
      this.#tree.remove(topicName);
    }
  }

  /**
   * Removes what has expired at `now` among the next `most` messages; later calls go on from there, round after round. What
   * is not swept yet is not delivered either, it only takes room.
   */
  sweep(now: number, most: number): void {
    const expired: RetainedEntry[] = [];
    for (let i = 0; i < most && this.#expiring > 0; i++) {
      this.#sweep ??= this.#tree.all();
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        break;
      }
      if (next.value.expiresAt <= now) expired.push(next.value);
    }
    for (const entry of expired) {
      const { topicName } = entry;
      this.#clear(entry);
      this.#tree.remove(topicName);
    }
  }

  /** The messages that match the levels of a filter, lazily. Those stored later than this call are not among them. */
  cursor(levels: readonly string[]): IterableIterator<Message> {
    return this.#read(levels, this.#stores);
  }

  /**
   * As `cursor`, for what was begun before a restart: messages whose records are older than `before`, without those in
   * `sent`.
   */
  *restoredCursor(
    levels: readonly string[],
    { before, sent }: { readonly before: number; readonly sent: ReadonlySet<number> },
  ): IterableIterator<Message> {
    for (const message of this.#read(levels, this.#stores)) {
      const { recordId } = message;
      if (recordId !== 0 && recordId < before && !sent.has(recordId)) yield message;
    }
  }

  *#read(levels: readonly string[], until: number): IterableIterator<Message> {
    for (const entry of this.#tree.matching(levels)) {
      if (entry.storedAt <= until) yield entry.read();
    }
  }

  /** The broker's own figures are few and always have room. */
  #hasRoomFor(message: Message): boolean {
    if (message.topic.isSystem) return true;
    const { maximumRetainedMessages, maximumRetainedBytes } = this.limits;
    const isWithinCount = this.#count - this.#systemCount < maximumRetainedMessages;
    return isWithinCount && this.#sizeBytes + message.sizeBytes <= maximumRetainedBytes;
  }

  #write(message: Message, held: RetainedEntry | undefined): void {
    const entry = held ?? new RetainedEntry();
    entry.write(this.#arena, message, ++this.#stores);
    entry.recordId = message.recordId;
    if (held === undefined) this.#tree.add(message.topic.name, entry);
    this.#count++;
    this.#sizeBytes += entry.sizeBytes;
    if (entry.isSystem) this.#systemCount++;
    if (entry.expires) this.#expiring++;
  }

  #clear(entry: RetainedEntry): void {
    if (entry.recordId !== 0) this.#keeper?.unretain(entry.recordId);
    this.#uncount(entry);
  }

  #uncount(entry: RetainedEntry): void {
    this.#count--;
    this.#sizeBytes -= entry.sizeBytes;
    if (entry.isSystem) this.#systemCount--;
    if (entry.expires) this.#expiring--;
    entry.drop(this.#arena);
  }
}
