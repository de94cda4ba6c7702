/**
 * Where the next attempt to connect goes, in which version, and whether there is one: redirections, the fallback to 3.1.1, and
 * what ends the trying.
 */

import { ConfigError } from "#base";
import { InvalidPacketError, isWireError, ProtocolVersion, ReasonCode } from "#protocol";
import { AbortedError, ConnectionLostError, ConnectRefusedError } from "./errors.ts";
import type { ConnectOptions } from "./options.ts";
import { type BrokerUrl, parseBrokerUrl, redirected } from "./url.ts";

const MOST_REDIRECTS = 5;

/** Trying again would get the same answer. */
const finalReasons: ReadonlySet<number> = new Set([
  ReasonCode.MALFORMED_PACKET,
  ReasonCode.PROTOCOL_ERROR,
  ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
  ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.BANNED,
  ReasonCode.BAD_AUTHENTICATION_METHOD,
  ReasonCode.SESSION_TAKEN_OVER,
]);

const busyReasons: ReadonlySet<number> = new Set([
  ReasonCode.SERVER_UNAVAILABLE,
  ReasonCode.SERVER_BUSY,
  ReasonCode.SERVER_SHUTTING_DOWN,
  ReasonCode.QUOTA_EXCEEDED,
  ReasonCode.CONNECTION_RATE_EXCEEDED,
  ReasonCode.ADMINISTRATIVE_ACTION,
]);

export class Route {
  /** In use, or tried next. */
  version: ProtocolVersion;
  url: BrokerUrl;
  readonly #options: ConnectOptions;
  /** Where only the next attempt goes. */
  #detour: BrokerUrl | undefined;
  #redirects = 0;

  constructor(url: string, options: ConnectOptions) {
    this.url = parseBrokerUrl(url);
    this.version = options.version ?? ProtocolVersion.MQTT_5_0;
    this.#options = options;
  }

  /** Where the attempt that begins now goes. */
  next(): BrokerUrl {
    const url = this.#detour ?? this.url;
    this.#detour = undefined;
    return url;
  }

  /** A connection has lasted. */
  settle(): void {
    this.#redirects = 0;
  }

  /** Takes the way that the broker showed, if it did and the program allows it. */
  redirect(error: Error, serverReference: string | undefined): boolean {
    const { allowRedirect = false } = this.#options;
    const reasonCode = reasonOf(error);
    const isMove = reasonCode === ReasonCode.SERVER_MOVED;
    if (!isMove && reasonCode !== ReasonCode.USE_ANOTHER_SERVER) return false;
    if (serverReference === undefined || allowRedirect === false || ++this.#redirects > MOST_REDIRECTS)
      return false;
    let to: BrokerUrl;
    try {
      to = redirected(this.url, serverReference);
    } catch {
      return false; // A reference that is no place.
    }
    if (allowRedirect !== true && !allowRedirect(to)) return false;
    if (isMove) this.url = to;
    this.#detour = to;
    return true;
  }

  /** A broker of 3.1.1 refuses 5.0 in its own words, which are malformed in 5.0, or just closes. */
  fallBack(error: Error): boolean {
    if (this.#options.fallback !== true || this.version !== ProtocolVersion.MQTT_5_0) return false;
    const isRefusal =
      error instanceof ConnectRefusedError
        ? error.reasonCode === ReasonCode.UNSUPPORTED_PROTOCOL_VERSION
        : error instanceof ConnectionLostError && (isWireError(error.cause) || error.source === "network");
    if (isRefusal) this.version = ProtocolVersion.MQTT_3_1_1;
    return isRefusal;
  }
}

/** What has been tried. */
export interface History {
  /** In a row. */
  readonly failures: number;
  readonly wasEverUp: boolean;
  /** Since the last connection, or the first attempt. */
  readonly downMs: number;
}

/** Whether no attempt follows. */
export function isFinal(
  error: Error,
  { reconnect = {}, background }: ConnectOptions,
  { failures, wasEverUp, downMs }: History,
): boolean {
  if (reconnect === false || error instanceof AbortedError) return true;
  const { stopAfterAttempts = Number.POSITIVE_INFINITY, stopAfterMs = Number.POSITIVE_INFINITY } = reconnect;
  if (!wasEverUp && failures === 1 && reconnect.first !== true && background !== true) return true;
  // What cannot be sent now cannot be sent later either.
  if (error instanceof InvalidPacketError || error instanceof ConfigError) return true;
  return finalReasons.has(reasonOf(error)) || failures >= stopAfterAttempts || downMs >= stopAfterMs;
}

/** Whether the broker has said that it has too much to do. */
export function isBusy(error: Error): boolean {
  return busyReasons.has(reasonOf(error));
}

function reasonOf(error: Error): number {
  if (error instanceof ConnectRefusedError) return error.reasonCode;
  return error instanceof ConnectionLostError ? (error.reasonCode ?? 0) : 0;
}
