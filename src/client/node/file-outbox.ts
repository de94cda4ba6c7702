/**
 * An outbox in a file: a journal that is synced before a message counts as safe, and written anew when most of it is settled.
 *
 * One client at a time: the file is not locked.
 */

import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { concatBytes } from "#base";
import { type OpenOutbox, storedOutbox } from "../outbox-journal.ts";
import { encodeChange, replay } from "../outbox-record.ts";
import type { OutboxChange, OutboxStore, StoredPublish } from "../outbox-store.ts";

/** A journal smaller than this is not worth writing anew. */
const COMPACT_FROM_BYTES = 1024 * 1024;

/**
 * @example connect(url, { clientId: "meter-7", cleanStart: false, outbox: { store: fileOutbox("/var/lib/meter/outbox") } })
 */
export function fileOutbox(path: string): OpenOutbox {
  return storedOutbox(new FileOutbox(path));
}

class FileOutbox implements OutboxStore {
  readonly #path: string;
  #file: FileHandle | undefined;
  #sizeBytes = 0;
  /** Bytes of each message that is not settled. */
  readonly #live = new Map<number, number>();
  #liveBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<StoredPublish[]> {
    const journal = await readFile(this.#path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Uint8Array(0);
      throw error;
    });
    const { messages } = replay(journal);
    await this.#rewrite(messages);
    return messages;
  }

  async write(changes: readonly OutboxChange[]): Promise<void> {
    const records = changes.map(encodeChange);
    for (const [index, change] of changes.entries())
      this.#count(change, (records[index] as Uint8Array).length);
    await this.#append(concatBytes(records));
    if (this.#sizeBytes > COMPACT_FROM_BYTES && this.#sizeBytes > 4 * this.#liveBytes) {
      await this.#rewrite(replay(await readFile(this.#path)).messages);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const file = this.#file as FileHandle;
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
    await file.datasync();
    this.#sizeBytes += bytes.length;
  }

  /** Puts a journal of `messages` alone in the place of the old one, at no time leaving none. */
  async #rewrite(messages: readonly StoredPublish[]): Promise<void> {
    const next = await open(`${this.#path}.new`, "w", 0o600);
    await this.#file?.close();
    this.#file = next;
    this.#sizeBytes = 0;
    this.#live.clear();
    this.#liveBytes = 0;
    const changes = messages.flatMap(changesOf);
    const records = changes.map(encodeChange);
    for (const [index, change] of changes.entries())
      this.#count(change, (records[index] as Uint8Array).length);
    await this.#append(concatBytes(records));
    await rename(`${this.#path}.new`, this.#path);
  }

  #count(change: OutboxChange, sizeBytes: number): void {
    if (change.kind === "put") {
      this.#live.set(change.message.key, sizeBytes);
      this.#liveBytes += sizeBytes;
    } else if (change.kind === "done") {
      this.#liveBytes -= this.#live.get(change.key) ?? 0;
      this.#live.delete(change.key);
    }
  }
}

/** The changes that lead to `message` as it is. */
function changesOf(message: StoredPublish): OutboxChange[] {
  const { key, packetId, isReleased } = message;
  const changes: OutboxChange[] = [{ kind: "put", message }];
  if (packetId !== undefined) changes.push({ kind: "sent", key, packetId });
  if (isReleased === true) changes.push({ kind: "released", key });
  return changes;
}
