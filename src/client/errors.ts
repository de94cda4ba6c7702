/**
 * How the client's operations fail. Each operation settles, with its result or with one of these; match on the class or on
 * `code`, never on the message.
 */

import { MartletError } from "#base";
import type { AcknowledgementProperties, ConnackPacket, ReasonCode } from "#protocol";

/** What a refusal carries besides its code; empty in 3.x, and when the client itself refused. */
interface Refusal {
  readonly reasonCode: ReasonCode;
  readonly properties: AcknowledgementProperties;
}

/** What the broker refused, or could only have: then it was not sent. */
class RefusedError extends MartletError {
  readonly reasonCode: ReasonCode;
  readonly properties: AcknowledgementProperties;

  constructor(code: MartletError["code"], what: string, { reasonCode, properties }: Refusal) {
    super(code, `${what} was refused: ${properties.reasonString ?? reasonText(reasonCode)}`);
    this.reasonCode = reasonCode;
    this.properties = properties;
  }
}

/** The broker answered CONNECT with a refusal. */
export class ConnectRefusedError extends RefusedError {
  readonly connack: ConnackPacket;

  constructor(connack: ConnackPacket) {
    super("MARTLET_CONNECT_REFUSED", "connect", connack);
    this.connack = connack;
  }
}

/** The broker refused a message, or could only have: then it was not sent. */
export class PublishRefusedError extends RefusedError {
  constructor(topicName: string, refusal: Refusal) {
    super("MARTLET_PUBLISH_REFUSED", `publish to "${topicName}"`, refusal);
  }
}

/** The broker refused a subscription, or could only have. */
export class SubscribeRefusedError extends RefusedError {
  constructor(topicFilter: string, refusal: Refusal) {
    super("MARTLET_SUBSCRIBE_REFUSED", `subscribe to "${topicFilter}"`, refusal);
  }
}

/**
 * Who ended a connection. `network`: it broke. `server`: the broker, with a reason code if it gave one. `timeout`: nobody
 * answered. `protocol`: the broker broke the protocol. `client`: `close` was called. `session`: the broker forgot the session,
 * so what became of a QoS 2 message is unknown.
 */
export type LossSource = "network" | "server" | "timeout" | "protocol" | "client" | "session";

const losses: Readonly<Record<LossSource, string>> = {
  network: "No connection",
  server: "The broker ended the connection",
  timeout: "The broker did not answer",
  protocol: "The broker broke the protocol",
  client: "The client is closed",
  session: "The broker forgot the session",
};

/** The connection ended, and with it what could not wait for the next one. */
export class ConnectionLostError extends MartletError {
  readonly source: LossSource;
  /** Of the broker's DISCONNECT. */
  readonly reasonCode: ReasonCode | undefined;

  constructor(
    source: LossSource,
    detail?: string,
    options: ErrorOptions & { readonly reasonCode?: ReasonCode } = {},
  ) {
    const why = detail ?? (options.cause as Error | undefined)?.message;
    super("MARTLET_CONNECTION_LOST", why ? `${losses[source]}: ${why}` : losses[source], options);
    this.source = source;
    this.reasonCode = options.reasonCode;
  }
}

/** An operation ended before it was done. */
class GivenUpError extends MartletError {
  /** A message that had been sent may have arrived all the same. */
  readonly wasSent: boolean;

  constructor(code: MartletError["code"], message: string, state: MaySent | undefined, cause?: unknown) {
    super(code, message, { cause });
    this.wasSent = state?.wasSent === true;
  }
}

interface MaySent {
  readonly wasSent: boolean;
}

/** An operation did not finish in time. */
export class TimeoutError extends GivenUpError {
  constructor(what: string, state?: MaySent) {
    super("MARTLET_TIMEOUT", `Timeout: ${what}`, state);
  }
}

/** The operation's signal was aborted; `cause` is the signal's reason. */
export class AbortedError extends GivenUpError {
  constructor(what: string, cause: unknown, state?: MaySent) {
    super("MARTLET_ABORTED", `Aborted: ${what}`, state, cause);
  }
}

/** `full`: no room for one more. `dropped`: it made room for a newer one. `expired`: its Message Expiry Interval passed. */
export type OutboxProblem = "full" | "dropped" | "expired";

/** The outbox did not take a message, or did not keep it. It was not sent. */
export class OutboxError extends MartletError {
  readonly problem: OutboxProblem;

  constructor(problem: OutboxProblem, topicName: string, options?: ErrorOptions) {
    super("MARTLET_OUTBOX", `publish to "${topicName}": ${problem}`, options);
    this.problem = problem;
  }
}

/** `reason 0x87`; `reasonName` has words, in a table that not every page needs. */
export function reasonText(reasonCode: ReasonCode): string {
  return `reason 0x${reasonCode.toString(16)}`;
}

/** A refusal that the client itself foresees. */
export function foreseen(reasonCode: ReasonCode): Refusal {
  return { reasonCode, properties: {} };
}
