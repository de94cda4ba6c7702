/**
 * Against those who try passwords: counts failed logins by address and by client id within a window, says how long each refusal
 * is to be held back, and bans who has failed too often for a while. A success clears what failed in its own name and nothing
 * else: who has one password must not try those of others between two logins of its own.
 *
 * It decides and remembers; its owner refuses, waits and tells. It holds no timers: what is over is noticed when somebody asks.
 * All tables are bounded, so an attack costs a fixed amount of memory.
 */

import { BoundedTable } from "./bounded-table.ts";

export interface LoginLimits {
  /** Of one address within the window; one more and it is banned. 0: no bans by address. */
  readonly maximumFailedLogins: number;
  /** Of one client id within the window; 0: no bans by client id. */
  readonly maximumFailedLoginsPerClientId: number;
  readonly failedLoginWindowMs: number;
  readonly banMs: number;
  /** How long the second refusal in a window is held back; each later one twice as long. 0: none is. */
  readonly failedLoginDelayMs: number;
  readonly maximumFailedLoginDelayMs: number;
  /** Rows of each table. */
  readonly maximumTrackedAddresses: number;
}

export type BanKind = "address" | "client-id";

/** Somebody who has to stay out for a while. */
export interface Ban {
  readonly kind: BanKind;
  /** The address (or /64 of IPv6), or the client id. */
  readonly subject: string;
  /** Logins that had failed by then. */
  readonly failures: number;
  /** On the caller's clock. */
  readonly endsAt: number;
}

interface Failures {
  count: number;
  readonly since: number;
  /** In whose name all of them were; undefined when that is not one. */
  claim: string | undefined;
}

/** More doublings than this are the maximum anyway. */
const MOST_DOUBLINGS = 30;

export class LoginGuard {
  #limits: LoginLimits;
  readonly #failures: Readonly<Record<BanKind, BoundedTable<Failures>>>;
  readonly #bans: Readonly<Record<BanKind, BoundedTable<Ban>>>;
  readonly #onBan: (ban: Ban) => void;

  constructor(limits: LoginLimits, onBan: (ban: Ban) => void) {
    const rows = limits.maximumTrackedAddresses;
    this.#limits = limits;
    this.#failures = { address: new BoundedTable(rows), "client-id": new BoundedTable(rows) };
    this.#bans = { address: new BoundedTable(rows), "client-id": new BoundedTable(rows) };
    this.#onBan = onBan;
  }

  /** Others from now on; bans that are in force stay as they are. */
  set limits(limits: LoginLimits) {
    this.#limits = limits;
    for (const tables of [this.#failures, this.#bans]) {
      tables.address.capacity = limits.maximumTrackedAddresses;
      tables["client-id"].capacity = limits.maximumTrackedAddresses;
    }
  }

  /** Rows of all tables. */
  get size(): number {
    const { "client-id": ids, address } = this.#failures;
    return address.size + ids.size + this.#bans.address.size + this.#bans["client-id"].size;
  }

  /** Whether anybody is banned, or was until lately. */
  get hasBans(): boolean {
    return this.#bans.address.size > 0 || this.#bans["client-id"].size > 0;
  }

  /**
   * A login of this client from there has failed; `claim` is who it said it was, if it said so. Returns for how many milliseconds
   * the refusal is to be held back.
   */
  failed(address: string, clientId: string, claim: string | undefined, now: number): number {
    const { maximumFailedLogins, maximumFailedLoginsPerClientId } = this.#limits;
    const byAddress = this.#count("address", address, maximumFailedLogins, { claim, now });
    const byClientId = this.#count("client-id", clientId, maximumFailedLoginsPerClientId, { claim, now });
    return this.#delayMs(Math.max(byAddress, byClientId));
  }

  /** A login has proved this claim: what failed there before counts no longer, if it was in that name alone. */
  succeeded(address: string, clientId: string, claim: string): void {
    const subjects = { address, "client-id": clientId } as const;
    for (const kind of ["address", "client-id"] as const) {
      const table = this.#failures[kind];
      if (table.get(subjects[kind])?.claim === claim) table.delete(subjects[kind]);
    }
  }

  /** The ban in force, if there is one. */
  banOf(kind: BanKind, subject: string, now: number): Ban | undefined {
    const ban = this.#bans[kind].get(subject);
    if (ban === undefined || ban.endsAt > now) return ban;
    this.#bans[kind].delete(subject);
    return undefined;
  }

  /** All bans in force, addresses first, the oldest first. */
  bans(now: number): Ban[] {
    const found: Ban[] = [];
    for (const kind of ["address", "client-id"] as const) {
      for (const [subject] of this.#bans[kind].entries()) {
        const ban = this.banOf(kind, subject, now);
        if (ban !== undefined) found.push(ban);
      }
    }
    return found;
  }

  /** Ends the ban, and forgets the failures that led to it. Returns whether there was one in force. */
  lift(kind: BanKind, subject: string, now: number): boolean {
    this.#failures[kind].delete(subject);
    const wasBanned = this.banOf(kind, subject, now) !== undefined;
    this.#bans[kind].delete(subject);
    return wasBanned;
  }

  #count(
    kind: BanKind,
    subject: string,
    most: number,
    { claim, now }: { readonly claim: string | undefined; readonly now: number },
  ): number {
    const { failedLoginWindowMs, banMs } = this.#limits;
    const table = this.#failures[kind];
    let failures = table.get(subject);
    if (failures === undefined || now - failures.since >= failedLoginWindowMs)
      failures = { count: 0, since: now, claim };
    failures.count++;
    if (failures.claim !== claim) failures.claim = undefined;
    const { count } = failures;
    if (most > 0 && count > most) {
      table.delete(subject);
      if (this.banOf(kind, subject, now) === undefined) {
        const ban = { kind, subject, failures: count, endsAt: now + banMs };
        this.#bans[kind].set(subject, ban);
        this.#onBan(ban);
      }
    } else table.set(subject, failures);
    return count;
  }

  #delayMs(count: number): number {
    const { failedLoginDelayMs, maximumFailedLoginDelayMs } = this.#limits;
    if (count < 2) return 0;
    const delayMs = failedLoginDelayMs * 2 ** Math.min(count - 2, MOST_DOUBLINGS);
    return Math.min(delayMs, maximumFailedLoginDelayMs);
  }
}
