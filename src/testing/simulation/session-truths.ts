/**
 * What must be true of the sessions of a broker, from what clients were told and from when it was safe: which sessions are
 * there, since when, until when, and which subscriptions they certainly have.
 *
 * A crash makes uncertain what was not safe yet. What is uncertain is judged only as far as both outcomes agree.
 */

import { type Qos, SESSION_NEVER_EXPIRES, topicMatches } from "#protocol";
import type { Link } from "./link.ts";
import type { Trace } from "./trace.ts";

/** What a session certainly is. Batches say when a change is safe, ticks when something happened, times are milliseconds. */
interface Held {
  /** No two sessions share one. */
  readonly instance: number;
  readonly createdIn: number;
  /** It is kept in the store. */
  isStored: boolean;
  /** Seconds, the least and the most that it may be. */
  expiry: readonly [number, number];
  earlierExpiry: readonly [number, number];
  expiryIn: number;
  /** When its connection ended, at the earliest and at the latest; undefined while it is connected. */
  left: readonly [number, number] | undefined;
  leftIn: number;
  /** As it was before a connection that is not acknowledged yet. */
  earlierLeft: readonly [number, number] | undefined;
}

/** A subscription that was acknowledged, since this tick, at least at this QoS. */
interface Granted {
  readonly since: number;
  readonly qos: Qos;
}

class SessionTruth {
  held: Held | undefined = undefined;
  /** Nobody knows whether there is a session. */
  isUnknown = false;
  /** The batch with which the end of the last session is safe. */
  endedIn = 0;
  readonly granted = new Map<string, Granted>();
  /** By filter: the tick of the latest SUBSCRIBE or UNSUBSCRIBE. */
  readonly latest = new Map<string, number>();
  /** Filters that it may be subscribed to, or has been. */
  readonly asked = new Set<string>();
}

/** What the truths have to know of the simulation. */
export interface TruthSource {
  readonly clientIds: readonly string[];
  now(): number;
  tick(): number;
  batch(): number;
  /** The current connection of a client. */
  linkOf(clientId: string): Link | undefined;
}

export class SessionTruths {
  readonly #source: TruthSource;
  readonly #trace: Trace;
  readonly #truths: ReadonlyMap<string, SessionTruth>;
  #instances = 0;

  constructor(source: TruthSource, trace: Trace) {
    this.#source = source;
    this.#trace = trace;
    this.#truths = new Map(source.clientIds.map((clientId) => [clientId, new SessionTruth()]));
  }

  /** The session of `clientId` that is certainly there; undefined if there is none, or nobody knows. */
  instanceOf(clientId: string): number | undefined {
    return this.#of(clientId)?.held?.instance;
  }

  /** Whether it is kept in the store. */
  isStored(clientId: string): boolean {
    return this.#of(clientId)?.held?.isStored === true;
  }

  /** Whether `clientId` may ever have subscribed to this. */
  mayWant(clientId: string, topicName: string): boolean {
    for (const filter of this.#of(clientId)?.asked ?? [])
      if (topicMatches(withoutShare(filter), topicName)) return true;
    return false;
  }

  /** The QoS above which nothing is missing: what was certainly granted for `topicName` before `tick`; -1 for nothing. */
  grantedQos(clientId: string, topicName: string, tick: number): number {
    let most = -1;
    for (const [filter, { since, qos }] of this.#of(clientId)?.granted ?? [])
      if (since < tick && qos > most && topicMatches(withoutShare(filter), topicName)) most = qos;
    return most;
  }

  /** The fewest and the most sessions and connected clients that a broker may have now. */
  bounds(): { readonly least: number; readonly most: number } {
    let least = 0;
    let most = 0;
    for (const { held, isUnknown } of this.#truths.values()) {
      if (held !== undefined) least++;
      if (held !== undefined || isUnknown) most++;
    }
    return { least, most };
  }

  onConnected(clientId: string, isPresent: boolean): void {
    const truth = this.#of(clientId);
    const link = this.#source.linkOf(clientId);
    if (truth === undefined || link === undefined) return;
    const { held } = truth;
    if (!truth.isUnknown && isPresent !== (held !== undefined))
      this.#trace.fail(
        `${clientId}: the session is ${held === undefined ? "not " : ""}there, and present is ${isPresent}`,
      );
    if (isPresent && link.plan.cleanStart) this.#trace.fail(`${clientId}: present after a clean start`);
    link.isAccepted = true;
    link.expectsPresent = isPresent;
    const { version, cleanStart, expirySeconds } = link.plan;
    const seconds = version === 5 ? expirySeconds : cleanStart ? 0 : SESSION_NEVER_EXPIRES;
    const batch = this.#source.batch();
    const expiry = [seconds, seconds] as const;
    if (isPresent && held !== undefined) {
      held.earlierExpiry = widest(held.earlierExpiry, held.expiry);
      held.expiry = expiry;
      held.expiryIn = batch;
      held.earlierLeft ??= held.left;
      held.left = undefined;
      held.isStored ||= seconds > 0;
    } else {
      if (!isPresent || truth.isUnknown) truth.granted.clear();
      // A session that is there and was not known has come from the store.
      truth.held = {
        instance: ++this.#instances,
        createdIn: isPresent ? 0 : batch,
        isStored: isPresent || seconds > 0,
        expiry,
        earlierExpiry: isPresent ? [0, SESSION_NEVER_EXPIRES] : expiry,
        expiryIn: batch,
        left: undefined,
        leftIn: 0,
        earlierLeft: undefined,
      };
    }
    truth.isUnknown = false;
  }

  /** The client has read its CONNACK: everything until then is safe. */
  onConnack(clientId: string): void {
    const held = this.#of(clientId)?.held;
    if (held === undefined) return;
    held.earlierExpiry = held.expiry;
    held.earlierLeft = undefined;
  }

  /** @param expirySeconds what a DISCONNECT that the broker has read made of it */
  onDisconnected(clientId: string, expirySeconds: number | undefined): void {
    const held = this.#of(clientId)?.held;
    if (held === undefined) return;
    if (expirySeconds !== undefined) this.#changeExpiry(held, expirySeconds);
    const now = this.#source.now();
    held.left = [now, now];
    held.leftIn = this.#source.batch();
  }

  onSessionEnded(clientId: string): void {
    const truth = this.#of(clientId);
    if (truth === undefined) return;
    const { held, isUnknown } = truth;
    const link = this.#source.linkOf(clientId);
    const startsClean = link?.plan.cleanStart === true && !link.isAccepted;
    if (held === undefined && !isUnknown) this.#trace.fail(`${clientId}: a session ended that was not there`);
    else if (held !== undefined && !startsClean && !this.#mayHaveExpired(held))
      this.#trace.fail(`${clientId}: the session ended before its time`);
    truth.held = undefined;
    truth.endedIn = this.#source.batch();
    truth.granted.clear();
  }

  /** Returns what `onSuback` is to be told. */
  onSubscribe(clientId: string, filter: string, qos: Qos): number {
    const tick = this.#source.tick();
    const truth = this.#of(clientId);
    truth?.asked.add(filter);
    truth?.latest.set(filter, tick);
    const granted = truth?.granted.get(filter);
    if (granted !== undefined && granted.qos > qos) truth?.granted.set(filter, { ...granted, qos });
    return tick;
  }

  /** @param asked what `onSubscribe` returned */
  onSuback(clientId: string, filter: string, qos: Qos, asked: number): void {
    const truth = this.#of(clientId);
    if (truth?.held === undefined || truth.latest.get(filter) !== asked) return;
    const granted = truth.granted.get(filter);
    const isSure = granted !== undefined && granted.qos >= qos;
    truth.granted.set(filter, { since: isSure ? granted.since : this.#source.tick(), qos });
  }

  onUnsubscribe(clientId: string, filter: string): void {
    const truth = this.#of(clientId);
    truth?.granted.delete(filter);
    truth?.latest.set(filter, this.#source.tick());
  }

  /** Sessions are now what was safe with `durableBatch`, or what came after it. */
  onCrashed(durableBatch: number): void {
    for (const truth of this.#truths.values()) {
      const { held } = truth;
      if (held?.isStored !== true) {
        if (truth.endedIn > durableBatch) truth.isUnknown = true;
        truth.held = undefined;
        truth.granted.clear();
      } else if (held.createdIn > durableBatch) {
        truth.isUnknown = true;
        truth.held = undefined;
        truth.granted.clear();
      } else {
        if (held.expiryIn > durableBatch) held.expiry = widest(held.expiry, held.earlierExpiry);
        if (held.left === undefined || held.leftIn > durableBatch)
          held.left = [(held.earlierLeft ?? held.left)?.[0] ?? Number.NaN, Number.NaN];
        held.expiryIn = 0;
      }
      truth.endedIn = 0;
    }
  }

  /** Who was connected when the broker ended has just left. */
  onStarting(): void {
    const now = this.#source.now();
    for (const { held } of this.#truths.values()) {
      if (held?.left === undefined) continue;
      const [earliest, latest] = held.left;
      if (Number.isNaN(latest) || latest === Number.POSITIVE_INFINITY)
        held.left = [Number.isNaN(earliest) ? now : earliest, Number.POSITIVE_INFINITY];
    }
  }

  onStarted(): void {
    const now = this.#source.now();
    for (const { held } of this.#truths.values()) {
      if (held?.left === undefined) continue;
      if (held.left[1] === Number.POSITIVE_INFINITY) {
        held.left = [held.left[0], now];
        held.leftIn = this.#source.batch();
      } else held.leftIn = 0;
    }
  }

  /** Nothing is there any more that should be gone. */
  check(): void {
    const now = this.#source.now();
    for (const [clientId, { held }] of this.#truths) {
      if (held?.left === undefined || held.expiry[1] === SESSION_NEVER_EXPIRES) continue;
      if (now > held.left[1] + held.expiry[1] * 1000 + 1)
        this.#trace.fail(`${clientId}: the session should have expired`);
    }
  }

  #changeExpiry(held: Held, seconds: number): void {
    held.earlierExpiry = held.expiry;
    held.expiry = [seconds, seconds];
    held.expiryIn = this.#source.batch();
  }

  #mayHaveExpired({ left, expiry }: Held): boolean {
    return left !== undefined && this.#source.now() + 0.01 >= left[0] + expiry[0] * 1000;
  }

  #of(clientId: string): SessionTruth | undefined {
    return this.#truths.get(clientId);
  }
}

/** What a filter selects, for a shared subscription too. */
function withoutShare(filter: string): string {
  return filter.startsWith("$share/") ? filter.slice(filter.indexOf("/", "$share/".length) + 1) : filter;
}

function widest(a: readonly [number, number], b: readonly [number, number]): readonly [number, number] {
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}
