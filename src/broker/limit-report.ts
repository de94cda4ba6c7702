/**
 * What happens when a limit is reached: it is counted by kind, told to listeners, and now and then to the log. An attack raises
 * the numbers; it does not fill the log.
 */

import type { Log } from "#base";
import { Repetition } from "#limits";
import type { Pipe } from "#transport";

/** The limits that somebody can run into, and what happens then. The names are API. */
export const limitKinds = {
  connections: "A connection was refused: all that the broker may have are in use.",
  "connections-per-listener": "A connection was refused: all that its listener may have are in use.",
  "connections-per-address": "A connection was refused: its address has as many as it may.",
  "pending-connections-per-address":
    "A connection was refused: its address has as many without a CONNECT as it may.",
  "connections-per-user": "A CONNECT was refused: its user has as many connections as it may.",
  "connect-rate": "A CONNECT was refused: too many came on its listener in a second.",
  "connect-rate-per-address": "A CONNECT was refused: too many came from its address in a second.",
  "failed-logins": "A refusal was held back: logins of its address or client id failed before.",
  "banned-address": "A connection was refused: its address is banned for a while.",
  "banned-client-id": "A CONNECT was refused: its client id is banned for a while.",
  "client-id": "A CONNECT was refused: its client id is not one that this broker wants.",
  sessions: "A CONNECT was refused: there are as many sessions as there may be.",
  "packet-size": "A connection was ended: a packet was larger than it may be.",
  "payload-size": "A message was not passed on: its payload is larger than it may be.",
  "message-rate": "A client is read more slowly: it publishes more messages a second than it may.",
  "byte-rate": "A client is read more slowly: it sends more bytes a second than it may.",
  "rate-exceeded": "A client was disconnected: it went on sending more than it may.",
  subscriptions: "A subscription was refused: its client has as many as it may.",
  topic: "A message or subscription was refused: its topic is longer, or has more levels, than it may.",
} as const;

export type LimitKind = keyof typeof limitKinds;

/** Somebody ran into a limit. */
export interface LimitReached {
  readonly limit: LimitKind;
  /** Name of the listener. */
  readonly listener: string;
  /** Empty when no CONNECT came. */
  readonly clientId: string;
  readonly address: string;
}

/** Whose limit it was. */
export interface LimitSubject {
  readonly listener: string;
  readonly clientId: string;
  readonly pipe: Pipe;
}

/** Of these the log hears by the end of the connection anyway. */
const toldOtherwise: ReadonlySet<LimitKind> = new Set(["packet-size", "rate-exceeded"]);

/** Between two lines about the same limit. */
const LINE_EVERY_MS = 10_000;

export class LimitReport {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #counts = new Map<LimitKind, number>();
  readonly #repetition = new Repetition(LINE_EVERY_MS, Object.keys(limitKinds).length + 1);
  /** Called for each; undefined costs nothing. */
  listener: ((reached: LimitReached) => void) | undefined = undefined;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
    for (const kind of Object.keys(limitKinds) as LimitKind[]) this.#counts.set(kind, 0);
  }

  /** How often each limit was reached. */
  get counts(): Readonly<Record<LimitKind, number>> {
    return Object.fromEntries(this.#counts) as Record<LimitKind, number>;
  }

  reached(limit: LimitKind, { listener, clientId, pipe }: LimitSubject): void {
    this.#counts.set(limit, (this.#counts.get(limit) as number) + 1);
    this.listener?.({ limit, listener, clientId, address: pipe.peer.remoteAddress });
    const unsaid = toldOtherwise.has(limit) ? undefined : this.#repetition.tell(limit, this.#now());
    if (unsaid === undefined) return;
    const more = unsaid === 0 ? "" : ` ${unsaid} more since the last such line.`;
    this.#log.write("warn", `${limitKinds[limit]}${more}`, {
      limit,
      listener,
      clientId: clientId === "" ? undefined : clientId,
      address: pipe.peer.remoteAddress,
    });
  }

  /** A line about bans, unless there was one just now. */
  banned(subject: string, sentence: string): void {
    const unsaid = this.#repetition.tell("ban", this.#now());
    if (unsaid === undefined) return;
    const more = unsaid === 0 ? "" : ` ${unsaid} more bans since the last such line.`;
    this.#log.write("warn", `${sentence}${more}`, { subject });
  }
}
