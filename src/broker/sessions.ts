/**
 * All sessions of a broker by client id: their beginning, take-over, expiry and end, and the wills that hang on them.
 *
 * Everything here happens within one turn: between the end of an old connection and the beginning of the new one nobody
 * gets a word in, so a CONNECT always resolves.
 */

import { describeError, type MaybePromise } from "#base";
import type { Channel } from "./channel.ts";
import type { BrokerCore } from "./core.ts";
import { discardStored, isDamage, READ_RETRY_MS } from "./discard-stored.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { Message } from "./message.ts";
import type { UndeliveredKind } from "./outcome.ts";
import { mayStillPublish } from "./retained-source.ts";
import type { DeliveryTerms } from "./route.ts";
import { Session, type SessionHost } from "./session.ts";
import type { StoredQueue } from "./stored-queue.ts";
import type { WillMessage } from "./will.ts";

export class Sessions implements SessionHost {
  readonly #core: BrokerCore;
  readonly #sessions = new Map<string, Session>();
  #connected = 0;
  /** Nobody is let in any more. */
  stopping = false;

  constructor(core: BrokerCore) {
    this.#core = core;
  }

  get settings(): BrokerCore["settings"] {
    return this.#core.settings;
  }

  get outcomes(): BrokerCore["outcomes"] {
    return this.#core.outcomes;
  }

  /** Sessions, connected or not. */
  get count(): number {
    return this.#sessions.size;
  }

  /** Clients that are connected. */
  get connected(): number {
    return this.#connected;
  }

  get durable(): BrokerCore["durable"] {
    return this.#core.durable;
  }

  now(): number {
    return this.#core.now();
  }

  discard(stored: StoredQueue, clientId: string, kind: UndeliveredKind): void {
    const { durable } = this.#core;
    if (durable === undefined) return;
    discardStored(this.#core, durable, stored, clientId, kind).catch((error: unknown) =>
      this.onReadFailure(error),
    );
  }

  onReadFailure(error: unknown, session?: Session): void {
    if (this.stopping) return;
    this.#core.log.write("error", `A queued message could not be read: ${describeError(error)}`);
    // Nothing else may ever happen to this client, so it is tried again by itself.
    if (session !== undefined && !isDamage(error))
      this.#core.clock.schedule(READ_RETRY_MS, () => session.pump());
  }

  mayGiveOut(message: Message): MaybePromise<boolean> {
    if (!this.#core.settings.checkRetainedSource || message.publisherId === "") return true;
    return mayStillPublish(this.#core.gate, message);
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /** All sessions, in the order of their beginning. */
  all(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** The session to connect to: a fresh one if there is none or `cleanStart` asks for it. */
  open(clientId: string, cleanStart: boolean): Session {
    let session = this.#sessions.get(clientId);
    if (session !== undefined && cleanStart) {
      this.end(session); // [MQTT-3.1.2-4]
      session = undefined;
    }
    if (session === undefined) {
      session = new Session(clientId, this);
      this.#sessions.set(clientId, session);
      return session;
    }
    session.disarm(this.#core.timers); // back before the delay was over: no will [MQTT-3.1.3-9]
    session.will = undefined;
    return session;
  }

  /**
   * Ends the connection that `session` has, because another one comes. `open` follows: it ends the session, and publishes its
   * will, if the new connection does not go on with it.
   */
  takeOver(session: Session, reason: DisconnectReason): void {
    session.channel?.close(reason); // [MQTT-3.1.4-3]
  }

  /** A client is connected. */
  onConnected(): void {
    this.#connected++;
    const { metrics } = this.#core;
    metrics.connectsAccepted++;
    if (this.#connected > metrics.clientsMaximum) metrics.clientsMaximum = this.#connected;
  }

  /** The connection of `channel` is over, whatever the reason. Returns the session it had; `leaveAlone` follows. */
  detach(channel: Channel): Session | undefined {
    const { session } = channel;
    if (session === undefined || session.channel !== channel) return undefined;
    this.#connected--;
    session.onDisconnected();
    return session;
  }

  /** `session` has no connection any more: it ends, or waits for its client and for its will to be due. */
  leaveAlone(session: Session): void {
    if (session.channel !== undefined || session.ended) return;
    if (!session.outlivesConnection) {
      this.end(session);
      return;
    }
    if (session.recordId !== 0) this.#core.durable?.leaveSession(session);
    this.#awaitReturn(session, 0);
  }

  /** A session as the store remembers it. */
  restore(clientId: string): Session {
    const session = new Session(clientId, this);
    this.#sessions.set(clientId, session);
    return session;
  }

  /** What `restore` made is complete; its client has been away for `awayMs`, or was there until the broker stopped. */
  leaveRestored(session: Session, awayMs: number, wasConnected: boolean): void {
    if (wasConnected) this.leaveAlone(session);
    else this.#awaitReturn(session, awayMs);
  }

  #awaitReturn(session: Session, awayMs: number): void {
    const { timers } = this.#core;
    const expiryMs = session.expiryInterval * 1000 - awayMs;
    if (!session.neverExpires && expiryMs <= 0) {
      this.#expire(session);
      return;
    }
    const { will } = session;
    if (will !== undefined) {
      // Should the session end before the delay is over, its end publishes the will [MQTT-3.1.2-8].
      const delayMs = will.delaySeconds * 1000 - awayMs;
      if (delayMs <= 0) this.#publishWill(session, will);
      else session.absence.awaitWill(timers, delayMs);
    }
    if (!session.neverExpires) session.absence.awaitExpiry(timers, expiryMs);
  }

  onSessionTimer(session: Session, due: "will" | "expiry"): void {
    if (due === "will") {
      if (session.will !== undefined) this.#publishWill(session, session.will);
      return;
    }
    this.#expire(session);
  }

  #expire(session: Session): void {
    this.#core.metrics.sessionsExpired++;
    this.end(session, { hasExpired: true }); // [MQTT-4.1.0-2]
  }

  /** Ends `session`: its subscriptions go, its will is due at once, and every message in it has its outcome. */
  end(session: Session, { hasExpired }: { readonly hasExpired: boolean } = { hasExpired: false }): void {
    if (session.ended) return;
    this.#sessions.delete(session.clientId);
    session.disarm(this.#core.timers);
    for (const subscription of session.subscriptions.all()) this.#core.tree.remove(subscription);
    const { will } = session;
    session.end();
    if (session.recordId !== 0) this.#core.durable?.endSession(session);
    session.subscriptions.clear();
    this.#core.onSessionEnded();
    if (will !== undefined) this.#publishWill(session, will);
    this.#core.events.emit("sessionEnded", { clientId: session.clientId, hasExpired });
  }

  /** A subscriber inside the program; it is in no list and has no limits. */
  openLocal(name: string, local: (message: Message, terms: DeliveryTerms) => void): Session {
    return new Session(name, this, local);
  }

  #publishWill(session: Session, will: WillMessage): void {
    session.will = undefined; // once only [MQTT-3.1.2-10]
    if (will.expirySeconds !== undefined) will.message.expiresAt = this.now() + will.expirySeconds * 1000;
    this.#core.publishWill(will);
  }
}
