/**
 * What every store must do, as cases that know no test runner: each rejects with `InvariantError` when the store breaks it.
 *
 * The stage makes stores and lets time pass, so the same cases run on a real disk and under a virtual clock. Cases about what
 * outlives the store are for those that have a folder.
 */

import { copyBytes, InvariantError, isPromise } from "#base";
import type { StoreError } from "./errors.ts";
import type { RecoveryReport, Store } from "./store.ts";

/** Where the contract is played. */
export interface StoreStage {
  /** A store that is not open yet, on what the last one has left. */
  readonly make: () => Store;
  /** Lets time pass until `condition` holds; rejects when it does not within a reasonable time. */
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
}

/** One promise of the port. `run` resolves when the stores of a fresh stage keep it. */
export interface StoreContractCase {
  readonly name: string;
  readonly run: (stage: StoreStage) => Promise<void>;
  /** For stores whose records outlive them. */
  readonly isAboutLasting: boolean;
}

/** A record as the cases compare it. */
interface Record {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

type Records = Map<number, Record>;

/** Throws `InvariantError` with `otherwise` unless the condition holds. */
function must(condition: boolean, otherwise: string): void {
  if (!condition) throw new InvariantError(`A store broke its contract: ${otherwise}`);
}

/** Bytes in which a lost, doubled or moved part shows. */
function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** A store with the records that should be in it. */
class Actor {
  readonly store: Store;
  readonly records: Records = new Map();
  durableCalls: number[] = [];
  isInside = false;
  readonly #stage: StoreStage;

  private constructor(stage: StoreStage, store: Store) {
    this.#stage = stage;
    this.store = store;
  }

  static async open(stage: StoreStage): Promise<Actor> {
    const actor = new Actor(stage, stage.make());
    await actor.#open();
    return actor;
  }

  /** Closes the store and goes on with a new one, which has to hand over the same records. */
  async reopen(): Promise<Actor> {
    await this.settled(this.store.close());
    const next = new Actor(this.#stage, this.#stage.make());
    await next.#open();
    mustBeEqual(next.records, this.records);
    return next;
  }

  add(kind: number, bytes: Uint8Array): number {
    this.isInside = true;
    const id = this.store.add(kind, bytes, 0, bytes.length);
    this.isInside = false;
    must(!this.records.has(id), "an id was given out twice");
    this.records.set(id, { kind, bytes: bytes.slice() });
    return id;
  }

  replace(id: number, kind: number, bytes: Uint8Array): void {
    this.isInside = true;
    this.store.replace(id, kind, bytes, 0, bytes.length);
    this.isInside = false;
    this.records.set(id, { kind, bytes: bytes.slice() });
  }

  drop(id: number): void {
    this.isInside = true;
    this.store.drop(id);
    this.isInside = false;
    this.records.delete(id);
  }

  async committed(): Promise<void> {
    const { batch } = this.store;
    await this.#stage.until("the batch is safe", () => this.store.durableBatch >= batch);
  }

  async mustRead(id: number): Promise<void> {
    const isFound = this.store.find(id);
    if (isFound) {
      const { foundBytes, foundStart, foundEnd } = this.store;
      const found = foundBytes.subarray(foundStart, foundEnd);
      must(
        sameBytes(found, this.records.get(id)?.bytes ?? new Uint8Array(0)),
        `record ${id} is found otherwise`,
      );
    }
    const given = this.store.read(id);
    must(isFound !== given instanceof Promise, `record ${id} is in memory for one and not for the other`);
    const bytes = isPromise(given) ? (await this.settled(given)).slice() : given;
    must(sameBytes(bytes, this.records.get(id)?.bytes ?? new Uint8Array(0)), `record ${id} reads otherwise`);
  }

  async mustReadAll(): Promise<void> {
    for (const id of this.records.keys()) await this.mustRead(id);
  }

  /** Lets time pass until `promise` is settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const noted = promise.finally(() => {
      isSettled = true;
    });
    noted.catch(() => undefined);
    await this.#stage.until("a call ends", () => isSettled);
    return await noted;
  }

  async #open(): Promise<RecoveryReport> {
    const report = await this.settled(
      this.store.open((kind, id, bytes, start, end) => {
        must(!this.records.has(id), "a record was handed over twice");
        this.records.set(id, { kind, bytes: bytes.slice(start, end) });
      }),
    );
    must(report.records === this.records.size, "the report counts other records than were handed over");
    this.store.listener = {
      onDurable: (batch) => {
        must(!this.isInside, "onDurable from inside a call");
        must(batch <= this.store.durableBatch, "onDurable before it is so");
        this.durableCalls.push(batch);
      },
      onTrouble: (error: StoreError) => must(false, `trouble: ${error.message}`),
      onRecovered: () => must(false, "recovered without trouble"),
    };
    return report;
  }
}

function mustBeEqual(found: Records, expected: Records): void {
  must(found.size === expected.size, `${found.size} records instead of ${expected.size}`);
  for (const [id, { kind, bytes }] of expected) {
    const record = found.get(id);
    must(record !== undefined && record.kind === kind, `record ${id} is missing or of another kind`);
    must(record !== undefined && sameBytes(record.bytes, bytes), `record ${id} has other bytes`);
  }
}

function throwsState(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    return (error as { code?: unknown }).code === "MARTLET_STATE";
  }
}

function onOpenStore(
  name: string,
  body: (actor: Actor, stage: StoreStage) => Promise<void>,
): StoreContractCase {
  return {
    name,
    isAboutLasting: false,
    async run(stage) {
      const actor = await Actor.open(stage);
      await body(actor, stage);
      await actor.settled(actor.store.close());
    },
  };
}

/** The last actor that `body` gives is closed. */
function onLastingStore(
  name: string,
  body: (actor: Actor, stage: StoreStage) => Promise<Actor>,
): StoreContractCase {
  return {
    name,
    isAboutLasting: true,
    async run(stage) {
      const last = await body(await Actor.open(stage), stage);
      await last.settled(last.store.close());
    },
  };
}

const SIZES = [0, 1, 63, 126, 127, 128, 1000, 16_381, 16_382, 16_383, 40_000];

/** The contract. */
export const storeContract: readonly StoreContractCase[] = [
  onOpenStore(
    "records of all sizes read as they were added, before and after they are safe",
    async (actor) => {
      for (const size of SIZES) await actor.mustRead(actor.add(size % 256, pattern(size, size + 1)));
      await actor.committed();
      await actor.mustReadAll();
    },
  ),

  onOpenStore("ids rise and are never used again", async (actor) => {
    let last = 0;
    for (let i = 0; i < 100; i++) {
      const id = actor.add(1, pattern(10, i));
      must(id > last, "an id does not rise");
      last = id;
      if (i % 3 !== 0) actor.drop(id);
      if (i % 10 === 0) await actor.committed();
    }
  }),

  onOpenStore("what is added is copied", async (actor) => {
    const bytes = pattern(100, 1);
    const id = actor.add(1, bytes);
    bytes.fill(0);
    await actor.mustRead(id);
  }),

  onOpenStore("only the range is added", async ({ store }) => {
    const id = store.add(1, pattern(100, 1), 10, 20);
    const given = store.read(id);
    const bytes = isPromise(given) ? await given : given;
    must(sameBytes(bytes, pattern(100, 1).subarray(10, 20)), "other bytes than the range");
  }),

  onOpenStore("a reserved record is what was written to its room", async (actor) => {
    const { store } = actor;
    for (let i = 0; i < 50; i++) {
      const bytes = pattern(i * 37, i);
      const id = store.reserve(7, bytes.length);
      copyBytes(store.buffer, store.offset, bytes, 0, bytes.length);
      actor.records.set(id, { kind: 7, bytes });
    }
    await actor.mustReadAll();
    await actor.committed();
    await actor.mustReadAll();
  }),

  onOpenStore("a replaced record has its last bytes", async (actor) => {
    const ids = [1, 2, 3, 4].map((seed) => actor.add(1, pattern(50, seed)));
    const [first, second, third, fourth] = ids as [number, number, number, number];
    actor.replace(first, 2, pattern(70, 9));
    actor.replace(first, 3, pattern(5, 10));
    await actor.committed();
    actor.replace(second, 2, pattern(0, 11));
    actor.replace(third, 4, pattern(60, 12));
    actor.replace(third, 4, pattern(61, 13));
    await actor.mustReadAll();
    await actor.committed();
    await actor.mustReadAll();
    must(actor.store.has(fourth), "a record is gone");
  }),

  onOpenStore("a dropped record is gone, and dropping again does nothing", async (actor) => {
    const { store } = actor;
    const [kept, young, old] = [0, 1, 2].map((seed) => actor.add(1, pattern(9, seed))) as [
      number,
      number,
      number,
    ];
    actor.drop(young);
    await actor.committed();
    actor.drop(old);
    for (const gone of [young, old, 1_000_000]) {
      store.drop(gone);
      must(!store.has(gone), "a dropped record is there");
      must(
        throwsState(() => store.read(gone)),
        "a dropped record can be read",
      );
      must(
        throwsState(() => store.replace(gone, 1, pattern(1, 1), 0, 1)),
        "a dropped record can be replaced",
      );
    }
    must(store.has(kept), "a record is gone");
    must(store.stats().records === 1, "dropped records are counted");
    await actor.committed();
  }),

  onOpenStore(
    "batches rise and become safe, and the listener hears of those that were not at once",
    async (actor) => {
      const { store } = actor;
      const batches: number[] = [];
      for (let i = 0; i < 20; i++) {
        actor.add(1, pattern(20, i));
        const { batch } = store;
        must(batch >= (batches.at(-1) ?? 0), "a batch does not rise");
        batches.push(batch);
        if (i % 4 === 3) await actor.committed();
      }
      must(store.durableBatch >= store.batch, "a batch is not safe");
      const { durableCalls } = actor;
      must(
        durableCalls.every((batch, at) => at === 0 || batch > (durableCalls[at - 1] as number)),
        "onDurable does not rise",
      );
      must(store.isHealthy, "a store without trouble is not healthy");
    },
  ),

  onOpenStore("many records of one turn are few batches", async (actor) => {
    const { store } = actor;
    const before = store.stats().batches;
    const { batch } = store;
    for (let i = 0; i < 1000; i++) actor.add(1, pattern(20, i));
    await actor.committed();
    const isAtOnce = store.mode === "memory";
    must(isAtOnce || store.stats().batches - before <= 2, "there are as many writes as records");
    must(isAtOnce || store.batch - batch <= 2, "a turn is several batches");
  }),

  onOpenStore("nothing is added before the store is open or after it is closed", async (actor, stage) => {
    const another = stage.make();
    must(
      throwsState(() => another.add(1, pattern(1, 1), 0, 1)),
      "a store that is not open takes records",
    );
    await actor.settled(actor.store.close());
    must(
      throwsState(() => actor.store.add(1, pattern(1, 1), 0, 1)),
      "a closed store takes records",
    );
    await actor.settled(actor.store.close());
  }),

  onLastingStore("what was added, replaced and dropped is so after a restart", async (actor) => {
    const ids: number[] = [];
    for (let i = 0; i < 300; i++) {
      ids.push(actor.add(i % 5, pattern((i * 31) % 400, i)));
      if (i % 7 === 0) actor.replace(ids[i >> 1] as number, 9, pattern(i, i + 1));
      if (i % 3 === 0) {
        actor.drop(ids[i - 1] ?? 0);
        ids[i - 1] = actor.add(6, pattern(3, i));
      }
      if (i % 20 === 0) await actor.committed();
    }
    const next = await actor.reopen();
    await next.mustReadAll();
    return await next.reopen();
  }),

  onLastingStore("ids go on rising after a restart, also when the highest was dropped", async (actor) => {
    const highest = actor.add(1, pattern(5, 1));
    await actor.committed();
    actor.drop(highest);
    const next = await actor.reopen();
    must(next.add(1, pattern(5, 2)) > highest, "an id was used again");
    const brief = next.add(1, pattern(5, 3));
    next.drop(brief);
    const last = await next.reopen();
    must(last.add(1, pattern(5, 4)) > brief, "an id was used again");
    return last;
  }),

  onLastingStore("close commits what is left", async (actor) => {
    for (let i = 0; i < 10; i++) actor.add(1, pattern(i, i));
    return await actor.reopen();
  }),

  onLastingStore("a folder has one store at a time", async (actor, stage) => {
    const second = stage.make();
    const opening = actor.settled(second.open(() => undefined)).then(
      () => "opened",
      (error: { code?: unknown }) => error.code,
    );
    must((await actor.settled(opening)) === "MARTLET_STORE_LOCKED", "two stores are open on one folder");
    return actor;
  }),

  onLastingStore("records are handed over in the order of the log", async (actor, stage) => {
    const ids = [1, 2, 3].map((seed) => actor.add(1, pattern(10, seed)));
    await actor.committed();
    actor.replace(ids[0] as number, 1, pattern(11, 4));
    await actor.settled(actor.store.close());
    const order: number[] = [];
    const store = stage.make();
    await actor.settled(store.open((_kind, id) => void order.push(id)));
    must(order.join() === [ids[1], ids[2], ids[0]].join(), "the order is another one");
    await actor.settled(store.close());
    return await Actor.open(stage);
  }),
];
