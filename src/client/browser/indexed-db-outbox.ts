/**
 * An outbox in IndexedDB: one record a message, changed in one transaction for each write.
 *
 * One client at a time: two tabs with the same name would send each other's messages.
 */

import { describeError } from "#base";
import { OutboxError } from "../errors.ts";
import { type OpenOutbox, storedOutbox } from "../outbox-journal.ts";
import type { OutboxChange, StoredPublish } from "../outbox-store.ts";

const STORE = "messages";

// The part of IndexedDB that is used, so that the checkout needs the browser's types nowhere else.
interface Request<Result> {
  readonly result: Result;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface OpenRequest extends Request<Database> {
  onupgradeneeded: (() => void) | null;
}
interface Database {
  createObjectStore(name: string, options: { readonly keyPath: string }): unknown;
  transaction(name: string, mode?: string, options?: { readonly durability: string }): Transaction;
  close(): void;
}
interface Transaction {
  readonly error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  objectStore(name: string): ObjectStore;
}
interface ObjectStore {
  get(key: number): Request<StoredPublish | undefined>;
  getAll(): Request<StoredPublish[]>;
  put(value: StoredPublish): unknown;
  delete(key: number): unknown;
}

/** @example connect(url, { clientId: "shop-7", cleanStart: false, outbox: { store: indexedDbOutbox("shop") } }) */
export function indexedDbOutbox(name: string): OpenOutbox {
  let database: Database | undefined;
  return storedOutbox({
    async open(): Promise<StoredPublish[]> {
      const host = globalThis as unknown as {
        indexedDB: { open(name: string, version: number): OpenRequest };
      };
      const opening = host.indexedDB.open(name, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
      database = await resultOf(opening, name);
      const all = database.transaction(STORE).objectStore(STORE).getAll();
      return resultOf(all, name);
    },
    write(changes): Promise<void> {
      return new Promise((resolve, reject) => {
        const transaction = (database as Database).transaction(STORE, "readwrite", {
          durability: "strict",
        });
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(problem(name, transaction.error));
        const messages = transaction.objectStore(STORE);
        for (const change of changes) apply(messages, change);
      });
    },
    async close(): Promise<void> {
      database?.close();
    },
  });
}

function apply(messages: ObjectStore, change: OutboxChange): void {
  if (change.kind === "put") messages.put(change.message);
  else if (change.kind === "done") messages.delete(change.key);
  else {
    const found = messages.get(change.key);
    found.onsuccess = () => {
      if (found.result === undefined) return;
      const progress = change.kind === "sent" ? { packetId: change.packetId } : { isReleased: true };
      messages.put({ ...found.result, ...progress });
    };
  }
}

function resultOf<Result>(request: Request<Result>, name: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(problem(name, request.error));
  });
}

function problem(name: string, cause: unknown): OutboxError {
  return new OutboxError("dropped", `IndexedDB "${name}": ${describeError(cause)}`, { cause });
}
