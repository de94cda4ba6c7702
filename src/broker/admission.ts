/**
 * Who is let in as far as numbers decide it: connections in all, by listener, address and user, CONNECTs a second, client ids,
 * failed logins and bans. What a gate decides is not its business.
 *
 * Connections are refused before a byte of theirs is read, and without an answer: that is what an attack may cost. CONNECTs are
 * refused with the code that their version has for it. Clients without an address (Unix sockets without a PROXY header, memory) and
 * from trusted addresses have no limits by address and no bans.
 */

import { AddressRanges } from "#base";
import { addressKey, type Ban, BoundedTable, LoginGuard, TokenBucket } from "#limits";
import { type ConnectPacket, ReasonCode } from "#protocol";
import type { Pipe } from "#transport";
import type { Channel } from "./channel.ts";
import { clientIdProblem } from "./client-id-rules.ts";
import type { Entrance } from "./entrance.ts";
import type { LimitKind, LimitReport } from "./limit-report.ts";
import type { Session } from "./session.ts";
import type { BrokerSettings } from "./settings.ts";

/** An address that has connections. */
export interface Origin {
  readonly key: string;
  connections: number;
  /** Of them, those that are not through their CONNECT. */
  pending: number;
}

/** Why a CONNECT is refused. */
export interface ConnectRefusal {
  readonly reasonCode: ReasonCode;
  readonly detail: string;
}

/** Somebody is banned. `forMs`: from now on. */
export interface BanSummary {
  readonly kind: Ban["kind"];
  /** The address (or /64 of IPv6), or the client id. */
  readonly subject: string;
  readonly failures: number;
  readonly forMs: number;
}

/** What admission needs of its broker. */
export interface AdmissionHost {
  readonly settings: BrokerSettings;
  readonly limits: LimitReport;
  readonly connections: { readonly size: number };
  now(): number;
  onBan(ban: BanSummary): void;
}

/** Characters of a user name that failed logins are remembered with. */
const LONGEST_CLAIM = 64;
const failedLogins: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.BAD_AUTHENTICATION_METHOD,
]);

export class Admission {
  readonly #host: AdmissionHost;
  readonly #guard: LoginGuard;
  readonly #origins = new Map<string, Origin>();
  readonly #users = new Map<string, number>();
  readonly #connects: BoundedTable<TokenBucket>;
  #trusted: AddressRanges;
  /** Refusals that are held back at the moment. */
  #delayed = 0;

  constructor(host: AdmissionHost) {
    const { settings } = host;
    this.#host = host;
    this.#trusted = new AddressRanges(settings.trustedAddresses, "trustedAddresses");
    this.#connects = new BoundedTable(settings.maximumTrackedAddresses);
    this.#guard = new LoginGuard(settings, (ban) => this.#onBan(ban));
  }

  /** Rows of all tables by address, client id and user; for tests that want to know what an attack costs. */
  get size(): number {
    return this.#guard.size + this.#origins.size + this.#users.size + this.#connects.size;
  }

  /** Other settings hold. */
  change(settings: BrokerSettings): void {
    this.#trusted = new AddressRanges(settings.trustedAddresses, "trustedAddresses");
    this.#connects.capacity = settings.maximumTrackedAddresses;
    this.#guard.limits = settings;
  }

  /** Which limit keeps this pipe out; undefined when none does. */
  refusalOf(pipe: Pipe, entrance: Entrance): LimitKind | undefined {
    const { settings } = entrance;
    if (this.#host.connections.size >= this.#host.settings.maximumConnections) return "connections";
    const { maximumConnectionsPerListener, maximumConnectionsPerAddress } = settings;
    if (isReached(entrance.connections, maximumConnectionsPerListener)) return "connections-per-listener";
    if (!this.#countsAddresses(settings)) return undefined;
    const key = this.#keyOf(pipe);
    if (key === undefined) return undefined;
    if (this.#guard.hasBans && this.#guard.banOf("address", key, this.#host.now()) !== undefined)
      return "banned-address";
    const origin = this.#origins.get(key);
    if (origin === undefined) return undefined;
    if (isReached(origin.connections, maximumConnectionsPerAddress)) return "connections-per-address";
    return isReached(origin.pending, settings.maximumPendingConnectionsPerAddress)
      ? "pending-connections-per-address"
      : undefined;
  }

  /** Counts a connection that is let in. Returns what it is counted under, if addresses are counted. */
  enter(pipe: Pipe, entrance: Entrance): Origin | undefined {
    entrance.connections++;
    const key = this.#countsAddresses(entrance.settings) ? this.#keyOf(pipe) : undefined;
    if (key === undefined) return undefined;
    let origin = this.#origins.get(key);
    if (origin === undefined) {
      origin = { key, connections: 0, pending: 0 };
      this.#origins.set(key, origin);
    }
    origin.connections++;
    origin.pending++;
    return origin;
  }

  /** The connection is over. */
  leave(entrance: Entrance, origin: Origin | undefined): void {
    entrance.connections--;
    if (origin !== undefined && --origin.connections === 0) this.#origins.delete(origin.key);
  }

  /** Why this CONNECT is refused before anybody asks who it is. */
  judgeConnect(channel: Channel, packet: ConnectPacket): ConnectRefusal | undefined {
    const { entrance, pipe } = channel.connection;
    const now = this.#host.now();
    if (!entrance.takeConnect(now)) return this.#refuse(channel, "connect-rate");
    const { settings } = channel;
    const isGuarded = this.#guard.hasBans || settings.maximumConnectRatePerAddress > 0;
    const key = isGuarded ? this.#keyOf(pipe) : undefined;
    if (key !== undefined) {
      if (!this.#takeConnect(key, settings.maximumConnectRatePerAddress, now))
        return this.#refuse(channel, "connect-rate-per-address");
      // It was banned after this connection had been let in.
      if (this.#guard.banOf("address", key, now) !== undefined)
        return this.#refuse(channel, "banned-address");
      if (this.#guard.banOf("client-id", packet.clientId, now) !== undefined)
        return this.#refuse(channel, "banned-client-id");
    }
    const problem = packet.clientId === "" ? undefined : clientIdProblem(packet.clientId, settings);
    return problem === undefined ? undefined : this.#refuse(channel, "client-id", problem);
  }

  /** Why a client that the gate lets in is refused all the same. `held`: its session, whose connection would end for this one. */
  judgeLogin(channel: Channel, held: Session | undefined): ConnectRefusal | undefined {
    const { identity, settings } = channel;
    const userName = identity?.userName;
    if (settings.clientIdMustEqualUserName && identity?.clientId !== userName)
      return this.#refuse(channel, "client-id", "The client id is not the user name.");
    if (userName === undefined) return undefined;
    const replaced = held?.channel?.identity?.userName === userName ? 1 : 0;
    const others = (this.#users.get(userName) ?? 0) - replaced;
    return isReached(others, settings.maximumConnectionsPerUser)
      ? this.#refuse(channel, "connections-per-user")
      : undefined;
  }

  /** A client is connected, whose CONNECT said that it is `claimed`. */
  onConnected(channel: Channel, claimed: string | undefined): void {
    const { identity } = channel;
    const { origin, pipe } = channel.connection;
    if (origin !== undefined) origin.pending--;
    const key = this.#guard.size === 0 ? undefined : (origin?.key ?? this.#keyOf(pipe));
    const userName = identity?.userName;
    const claim = userName === claimed ? claimOf(channel, claimed) : undefined;
    if (key !== undefined && claim !== undefined) this.#guard.succeeded(key, identity?.clientId ?? "", claim);
    channel.countedUser = userName;
    if (userName !== undefined) this.#users.set(userName, (this.#users.get(userName) ?? 0) + 1);
  }

  /** The connection of a client is over, or never came so far as to be one. */
  onGone({ connection, countedUser }: Channel, wasConnected: boolean): void {
    if (!wasConnected) {
      if (connection.origin !== undefined) connection.origin.pending--;
      return;
    }
    if (countedUser === undefined) return;
    const others = (this.#users.get(countedUser) ?? 1) - 1;
    if (others === 0) this.#users.delete(countedUser);
    else this.#users.set(countedUser, others);
  }

  /**
   * The gate has refused a login. `refuse` is called now, or after a while if logins failed before; then the channel
   * waits.
   */
  onRefused(channel: Channel, reasonCode: ReasonCode, refuse: () => void): void {
    const { connection, clientId, identity } = channel;
    const key = failedLogins.has(reasonCode)
      ? (connection.origin?.key ?? this.#keyOf(connection.pipe))
      : undefined;
    const claim = claimOf(channel, identity?.userName);
    const delayMs = key === undefined ? 0 : this.#guard.failed(key, clientId, claim, this.#host.now());
    if (delayMs === 0 || this.#delayed >= this.#host.settings.maximumDelayedRefusals) {
      refuse();
      return;
    }
    this.#delayed++;
    this.#host.limits.reached("failed-logins", subjectOf(channel));
    channel.login.holdRefusal(delayMs, refuse);
  }

  /** A refusal that was held back has been sent, or its connection is over. */
  onRefusalOver(): void {
    this.#delayed--;
  }

  /** All bans in force, addresses first, the oldest first. */
  bans(): BanSummary[] {
    const now = this.#host.now();
    return this.#guard.bans(now).map((ban) => summaryOf(ban, now));
  }

  /** Ends the ban of an address, as `bans` names it or any one in its /64, or of a client id. Returns whether there was one. */
  lift(subject: string): boolean {
    const now = this.#host.now();
    const wasBanned = this.#guard.lift(
      "address",
      subject.endsWith("/64") ? subject : addressKey(subject),
      now,
    );
    return this.#guard.lift("client-id", subject, now) || wasBanned;
  }

  #refuse(channel: Channel, limit: LimitKind & keyof typeof refusals, detail?: string): ConnectRefusal {
    this.#host.limits.reached(limit, subjectOf(channel));
    const refusal = refusals[limit];
    return detail === undefined ? refusal : { ...refusal, detail };
  }

  #countsAddresses(settings: BrokerSettings): boolean {
    return (
      settings.maximumPendingConnectionsPerAddress > 0 ||
      settings.maximumConnectionsPerAddress > 0 ||
      this.#guard.hasBans
    );
  }

  /** What the address of `pipe` is counted by; undefined when it is exempt. Asking for it costs a question to the system. */
  #keyOf(pipe: Pipe): string | undefined {
    const { transport, remoteAddress } = pipe.peer;
    // Of a Unix socket there is one where a proxy has named its client.
    if (transport === "memory" || remoteAddress === "") return undefined;
    return this.#trusted.has(remoteAddress) ? undefined : addressKey(remoteAddress);
  }

  #takeConnect(key: string, perSecond: number, now: number): boolean {
    if (perSecond === 0) return true;
    let bucket = this.#connects.get(key);
    if (bucket === undefined) bucket = new TokenBucket(perSecond, perSecond, now);
    else bucket.change(perSecond, perSecond, now);
    this.#connects.set(key, bucket);
    return bucket.tryTake(now);
  }

  #onBan(ban: Ban): void {
    const { limits } = this.#host;
    const minutes = Math.ceil((ban.endsAt - this.#host.now()) / 60_000);
    const who = ban.kind === "address" ? `The address ${ban.subject}` : `The client id "${ban.subject}"`;
    limits.banned(ban.subject, `${who} is banned for ${minutes} min: ${ban.failures} logins failed.`);
    this.#host.onBan(summaryOf(ban, this.#host.now()));
  }
}

const refusals = {
  "connect-rate": { reasonCode: ReasonCode.CONNECTION_RATE_EXCEEDED, detail: "Too many clients connect." },
  "connect-rate-per-address": {
    reasonCode: ReasonCode.CONNECTION_RATE_EXCEEDED,
    detail: "Too many clients connect from this address.",
  },
  "banned-address": { reasonCode: ReasonCode.BANNED, detail: "Too many logins have failed." },
  "banned-client-id": { reasonCode: ReasonCode.BANNED, detail: "Too many logins have failed." },
  "client-id": { reasonCode: ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, detail: "The client id is not wanted." },
  "connections-per-user": {
    reasonCode: ReasonCode.QUOTA_EXCEEDED,
    detail: "This user has too many connections.",
  },
} as const satisfies Partial<Record<LimitKind, ConnectRefusal>>;

/**
 * Who a client said it was, where a listener may take names that another wants proved. Undefined for nobody, and for a name that is
 * not worth its memory.
 */
function claimOf({ connection }: Channel, userName: string | undefined): string | undefined {
  const isKept = userName !== undefined && userName.length <= LONGEST_CLAIM;
  return isKept ? `${connection.listener} ${userName}` : undefined;
}

/** Whether `count` is as many as `most` allows; 0 allows any number. */
function isReached(count: number, most: number): boolean {
  return most > 0 && count >= most;
}

function subjectOf({ connection, clientId }: Channel) {
  return { listener: connection.listener, clientId, pipe: connection.pipe };
}

function summaryOf({ kind, subject, failures, endsAt }: Ban, now: number): BanSummary {
  return { kind, subject, failures, forMs: endsAt - now };
}
