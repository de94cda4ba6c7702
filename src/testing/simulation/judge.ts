/** Everything that must be true of one simulation, and who has to hear of what. */

import type { Qos } from "#protocol";
import { Deliveries } from "./deliveries.ts";
import type { Link } from "./link.ts";
import { type Publication, Publications } from "./publication.ts";
import { RetainedDebts } from "./retained-debts.ts";
import { RetainedTruths } from "./retained-truths.ts";
import { SessionTruths } from "./session-truths.ts";
import type { Trace } from "./trace.ts";
import { WillTruths } from "./will-truths.ts";

/** A DISCONNECT of a client. */
export interface Goodbye {
  readonly reasonCode: number;
  /** Changes the Session Expiry Interval. */
  readonly expirySeconds: number | undefined;
}

/** What the judge has to know of the simulation. */
export interface JudgeSource {
  readonly clientIds: readonly string[];
  now(): number;
  batch(): number;
  isRough(): boolean;
  hadTrouble(): boolean;
  readFailures(): number;
  linkOf(clientId: string): Link | undefined;
  /** Whether it lies with its publisher, or in a connection that is there: it may still be published. */
  isOpen(publication: Publication): boolean;
}

export class Judge {
  readonly publications = new Publications();
  readonly sessions: SessionTruths;
  readonly wills: WillTruths;
  readonly deliveries: Deliveries;
  readonly retained: RetainedTruths;
  readonly retainedDebts: RetainedDebts;
  readonly #source: JudgeSource;
  #tick = 0;

  constructor(source: JudgeSource, trace: Trace) {
    this.#source = source;
    const { clientIds } = source;
    const tick = (): number => ++this.#tick;
    const time = { now: () => source.now(), batch: () => source.batch(), tick, clientIds };
    const linkOf = (clientId: string): Link | undefined => source.linkOf(clientId);
    this.retained = new RetainedTruths(trace);
    this.sessions = new SessionTruths({ ...time, linkOf }, trace);
    this.retainedDebts = new RetainedDebts(
      {
        instanceOf: (clientId) => this.sessions.instanceOf(clientId),
        certain: () => this.retained.certain(),
      },
      trace,
    );
    this.wills = new WillTruths(
      {
        ...time,
        linkOf,
        isStored: (clientId) => this.sessions.isStored(clientId),
        onPublished: (publication, since) => this.deliveries.owe(publication, since),
      },
      trace,
    );
    this.deliveries = new Deliveries(
      {
        clientIds,
        publications: this.publications,
        sessions: this.sessions,
        now: () => source.now(),
        isRough: () => source.isRough(),
        hadTrouble: () => source.hadTrouble(),
        readFailures: () => source.readFailures(),
        mostWills: () => this.wills.mostTimes,
        onWillReceived: (publication) => this.wills.onReceived(publication),
        onAnyReceived: (clientId, publication) =>
          this.retainedDebts.onReceived(clientId, publication, tick()),
        onRetainedCounted: (clientId, publication) => this.retainedDebts.onCounted(clientId, publication),
      },
      trace,
    );
  }

  /** A client sends it. */
  onPublish(publication: Publication): void {
    publication.sends++;
    publication.lastSent = ++this.#tick;
    if (publication.firstSent === 0) publication.firstSent = publication.lastSent;
    this.#onPossible(publication);
  }

  /** Returns what `onSuback` is to be told. */
  onSubscribe(clientId: string, filter: string, qos: Qos): number {
    const tick = this.sessions.onSubscribe(clientId, filter, qos);
    this.retainedDebts.onSubscribe(clientId, filter, tick);
    return tick;
  }

  onSuback(clientId: string, filter: string, qos: Qos, asked: number): void {
    this.sessions.onSuback(clientId, filter, qos, asked);
    this.retainedDebts.onSuback(clientId, filter, qos, asked);
  }

  onUnsubscribe(clientId: string, filter: string): void {
    this.retainedDebts.onUnsubscribe(clientId, filter);
    this.sessions.onUnsubscribe(clientId, filter);
  }

  /** PUBACK or PUBREC came. */
  onAcknowledged(publication: Publication): void {
    if (publication.acknowledged > 0) return;
    publication.acknowledged = ++this.#tick;
    this.deliveries.owe(publication, publication.firstSent);
    this.retained.onAcknowledged(publication, (other) => other.isWill || this.#source.isOpen(other));
  }

  onConnected(clientId: string, isPresent: boolean): void {
    this.sessions.onConnected(clientId, isPresent);
    this.wills.onConnected(clientId);
    const will = this.#source.linkOf(clientId)?.will;
    if (will !== undefined) this.#onPossible(will);
  }

  /** @param goodbye the DISCONNECT that ended the connection, if one did */
  onDisconnected(clientId: string, goodbye: Goodbye | undefined): void {
    this.sessions.onDisconnected(clientId, goodbye?.expirySeconds);
    this.wills.onDisconnected(clientId, goodbye?.reasonCode);
  }

  onSessionEnded(clientId: string): void {
    this.sessions.onSessionEnded(clientId);
    this.wills.onSessionEnded(clientId);
  }

  onCrashed(durableBatch: number): void {
    for (const publication of this.wills.onCrashed(durableBatch)) this.deliveries.forgive(publication);
    this.sessions.onCrashed(durableBatch);
  }

  onStarted(): void {
    this.sessions.onStarted();
    this.wills.onStarted();
  }

  /** Everything has come to rest. */
  checkEnd(): void {
    this.deliveries.checkEnd();
    this.retainedDebts.checkEnd();
  }

  #onPossible(publication: Publication): void {
    this.retained.onPossible(publication);
    if (publication.retain) this.retainedDebts.onPossible(publication.topicName);
  }

  /** What time alone brings about. */
  check(): void {
    this.wills.check();
    this.sessions.check();
  }
}
