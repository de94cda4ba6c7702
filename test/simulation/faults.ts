/**
 * Faults, planted between a broker and its store: what the simulation has to find. Each is something that a broker or a store
 * might really get wrong.
 */

import type { MaybePromise } from "#base";
import type { RecordVisitor, RecoveryReport, Store, StoreListener, StoreMode, StoreStats } from "#store";

/** The kinds of records, as they lie in journals. */
const SESSION = 1;
const SUBSCRIPTION = 2;
const MESSAGE = 3;
const DELIVERY = 4;
const RECEIVED = 5;
const RETAINED = 6;
const WILL = 7;
const SENT = 8;

/** In the options of a subscription: it is still to get retained messages. */
const OWED_RETAINED = 0x10;
const OPTIONS_AT = 6;

/** A store that does what the one behind it does; faults change one thing. */
class StoreAround implements Store {
  readonly inner: Store;
  readonly kinds = new Map<number, number>();

  constructor(inner: Store) {
    this.inner = inner;
  }

  get mode(): StoreMode {
    return this.inner.mode;
  }

  get listener(): StoreListener | undefined {
    return this.inner.listener;
  }

  set listener(listener: StoreListener | undefined) {
    this.inner.listener = listener;
  }

  open(onRecord: RecordVisitor): Promise<RecoveryReport> {
    return this.inner.open((kind, id, bytes, start, end) => {
      this.kinds.set(id, kind);
      onRecord(kind, id, bytes, start, end);
    });
  }

  add(kind: number, bytes: Uint8Array, start: number, end: number): number {
    const id = this.inner.add(kind, bytes, start, end);
    this.kinds.set(id, kind);
    return id;
  }

  reserve(kind: number, sizeBytes: number): number {
    const id = this.inner.reserve(kind, sizeBytes);
    this.kinds.set(id, kind);
    return id;
  }

  get buffer(): Uint8Array {
    return this.inner.buffer;
  }

  get offset(): number {
    return this.inner.offset;
  }

  replace(id: number, kind: number, bytes: Uint8Array, start: number, end: number): void {
    this.inner.replace(id, kind, bytes, start, end);
  }

  drop(id: number): void {
    this.inner.drop(id);
  }

  has(id: number): boolean {
    return this.inner.has(id);
  }

  read(id: number): MaybePromise<Uint8Array> {
    return this.inner.read(id);
  }

  find(id: number): boolean {
    return this.inner.find(id);
  }

  get foundBytes(): Uint8Array {
    return this.inner.foundBytes;
  }

  get foundStart(): number {
    return this.inner.foundStart;
  }

  get foundEnd(): number {
    return this.inner.foundEnd;
  }

  get batch(): number {
    return this.inner.batch;
  }

  get durableBatch(): number {
    return this.inner.durableBatch;
  }

  get isHealthy(): boolean {
    return this.inner.isHealthy;
  }

  stats(): StoreStats {
    return this.inner.stats();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** Everything counts as safe at once: acknowledgements leave too early. */
class TooEarly extends StoreAround {
  override get durableBatch(): number {
    return this.inner.batch;
  }
}

/** Records of one kind are lost between two lives. */
function losing(kind: number): new (inner: Store) => StoreAround {
  return class extends StoreAround {
    override async open(onRecord: RecordVisitor): Promise<RecoveryReport> {
      const lost: number[] = [];
      const report = await this.inner.open((found, id, bytes, start, end) => {
        this.kinds.set(id, found);
        if (found === kind) lost.push(id);
        else onRecord(found, id, bytes, start, end);
      });
      for (const id of lost) this.inner.drop(id);
      return report;
    }
  };
}

/** Records of one kind never go. */
function keeping(kind: number): new (inner: Store) => StoreAround {
  return class extends StoreAround {
    override drop(id: number): void {
      if (this.kinds.get(id) !== kind) this.inner.drop(id);
    }
  };
}

/** Records of one kind stay what they first were. */
function freezing(kind: number): new (inner: Store) => StoreAround {
  return class extends StoreAround {
    override replace(id: number, given: number, bytes: Uint8Array, start: number, end: number): void {
      if (given !== kind) this.inner.replace(id, given, bytes, start, end);
    }
  };
}

/** What a new subscription was still to get of the retained messages is forgotten between two lives. */
class Unretaining extends StoreAround {
  override open(onRecord: RecordVisitor): Promise<RecoveryReport> {
    return super.open((kind, id, bytes, start, end) => {
      const record = bytes.slice(start, end);
      if (kind === SUBSCRIPTION) record[OPTIONS_AT] = (record[OPTIONS_AT] as number) & ~OWED_RETAINED;
      onRecord(kind, id, record, 0, record.length);
    });
  }
}

/** What a fault does, and how to plant it. */
interface Fault {
  readonly what: string;
  readonly wrapStore: (store: Store) => Store;
}

function fault(what: string, Around: new (inner: Store) => StoreAround): Fault {
  return { what, wrapStore: (store) => new Around(store) };
}

export const storeFaults: readonly Fault[] = [
  fault("acknowledges before it is safe", TooEarly),
  fault("forgets sessions in a restart", losing(SESSION)),
  fault("forgets subscriptions in a restart", losing(SUBSCRIPTION)),
  fault("forgets queued messages in a restart", losing(DELIVERY)),
  fault("forgets QoS 2 identifiers of clients in a restart", losing(RECEIVED)),
  fault("forgets retained messages in a restart", losing(RETAINED)),
  fault("forgets wills in a restart", losing(WILL)),
  fault("sends again under a new identifier after a restart", freezing(DELIVERY)),
  fault("does not remember when a client left", freezing(SESSION)),
  fault("publishes wills again that were published or withdrawn", keeping(WILL)),
  fault("delivers again what was acknowledged", keeping(DELIVERY)),
  fault("never forgets subscriptions", keeping(SUBSCRIPTION)),
  fault("keeps QoS 2 identifiers for ever", keeping(RECEIVED)),
  fault("never forgets messages", keeping(MESSAGE)),
];

/** Found where a new subscription is still to get retained messages. */
export const backlogFaults: readonly Fault[] = [
  fault("forgets in a restart that retained messages are owed", Unretaining),
  fault("forgets in a restart which retained messages were sent at QoS 2", losing(SENT)),
  fault("never forgets which retained messages were sent at QoS 2", keeping(SENT)),
];
