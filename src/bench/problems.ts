/**
 * What went wrong in a run, counted by what and why, and told in one sentence each.
 */

import { PipeError } from "#transport";

export type ProblemKind =
  | "connection-refused"
  | "connection-failed"
  | "connection-lost"
  | "subscription-refused"
  | "message-refused"
  | "nonsense";

/** Different reasons that are told of one run; more are summed up. */
const MOST_SENTENCES = 10;

interface Count {
  readonly kind: ProblemKind;
  readonly reason: string;
  times: number;
}

export class Problems {
  /** Connections and subscriptions that were asked for. */
  connections = 0;
  subscriptions = 0;
  /** Connections, subscriptions and messages that the broker refused. */
  refused = 0;
  /** Connections that broke, or could not be made although others could. */
  connectionsLost = 0;
  readonly #counts = new Map<string, Count>();
  readonly #remarks: string[] = [];

  /** @param reason words without a full stop */
  add(kind: ProblemKind, reason: string): void {
    if (kind === "connection-failed" || kind === "connection-lost") this.connectionsLost++;
    else if (kind !== "nonsense") this.refused++;
    const key = `${kind} ${reason}`;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { kind, reason, times: 1 });
    else count.times++;
  }

  /** Adds a sentence. */
  remark(sentence: string): void {
    this.#remarks.push(sentence);
  }

  sentences(): string[] {
    const counts = [...this.#counts.values()].toSorted((a, b) => b.times - a.times);
    const told = counts.slice(0, MOST_SENTENCES).map((count) => this.#sentence(count));
    const rest = counts.slice(MOST_SENTENCES).reduce((sum, { times }) => sum + times, 0);
    if (rest > 0) told.push(`${rest} more went wrong for other reasons.`);
    return [...told, ...this.#remarks];
  }

  #sentence({ kind, reason, times }: Count): string {
    const ofConnections = `${times} of ${this.connections} connections`;
    switch (kind) {
      case "connection-refused":
        return `The broker refused ${ofConnections}: ${reason}.`;
      case "connection-failed":
        return `${ofConnections} could not be made: ${reason}.`;
      case "connection-lost":
        return `${ofConnections} ended during the run: ${reason}.`;
      case "subscription-refused":
        return `The broker refused ${times} of ${this.subscriptions} subscriptions: ${reason}.`;
      case "message-refused":
        return `The broker refused ${times} messages: ${reason}.`;
      case "nonsense":
        return `On ${ofConnections} ${reason}.`;
    }
  }
}

/** Why a connection could not be made or broke, in a few words that are the same for all of a kind. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return "nobody listens there";
    case "ECONNRESET":
    case "EPIPE":
      return "the broker broke it off";
    case "EMFILE":
    case "ENFILE":
      return "this process may not open more files; raise the limit with ulimit -n";
    case "EADDRNOTAVAIL":
      return "this machine has no free port left";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host name has no address";
    case "ENOENT":
      return "the socket does not exist";
    case "EACCES":
    case "EPERM":
      return "this user may not open it";
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return "its certificate is signed by nobody who is trusted here";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "it does not speak TLS there";
    default: {
      if (error instanceof PipeError && error.kind === "timed-out") return "no answer in time";
      const words = cause instanceof Error && cause.message !== "" ? cause.message : code || "no answer";
      return words.replace(/\.$/, "");
    }
  }
}
