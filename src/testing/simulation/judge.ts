/** Everything that must be true of one simulation, and who has to hear of what. */

import { Deliveries } from "./deliveries.ts";
import type { Link } from "./link.ts";
import { type Publication, Publications } from "./publication.ts";
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
      },
      trace,
    );
  }

  /** A client sends it. */
  onPublish(publication: Publication): void {
    publication.sends++;
    publication.lastSent = ++this.#tick;
    if (publication.firstSent === 0) publication.firstSent = publication.lastSent;
    this.retained.onPossible(publication);
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
    if (will !== undefined) this.retained.onPossible(will);
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

  /** What time alone brings about. */
  check(): void {
    this.wills.check();
    this.sessions.check();
  }
}
