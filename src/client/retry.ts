/**
 * What a failed attempt to connect, or a lost connection, means for the next one: whether there is one, and how soon.
 */

import { ConfigError } from "#base";
import { InvalidPacketError, reasons } from "#protocol";
import { AbortedError, ConnectionLostError, ConnectRefusedError } from "./errors.ts";
import type { ConnectOptions } from "./options.ts";

/** Trying again would get the same answer. */
const finalReasons: readonly number[] = [
  reasons.MALFORMED_PACKET,
  reasons.PROTOCOL_ERROR,
  reasons.UNSUPPORTED_PROTOCOL_VERSION,
  reasons.CLIENT_IDENTIFIER_NOT_VALID,
  reasons.BAD_USER_NAME_OR_PASSWORD,
  reasons.NOT_AUTHORIZED,
  reasons.BANNED,
  reasons.BAD_AUTHENTICATION_METHOD,
  reasons.SESSION_TAKEN_OVER,
];

const busyReasons: readonly number[] = [
  reasons.SERVER_UNAVAILABLE,
  reasons.SERVER_BUSY,
  reasons.SERVER_SHUTTING_DOWN,
  reasons.QUOTA_EXCEEDED,
  reasons.CONNECTION_RATE_EXCEEDED,
  reasons.ADMINISTRATIVE_ACTION,
];

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
  return finalReasons.includes(reasonOf(error)) || failures >= stopAfterAttempts || downMs >= stopAfterMs;
}

/** Whether the broker has said that it has too much to do. */
export function isBusy(error: Error): boolean {
  return busyReasons.includes(reasonOf(error));
}

/** The broker's reason code; 0 when it gave none. */
export function reasonOf(error: Error): number {
  const isOfBroker = error instanceof ConnectRefusedError || error instanceof ConnectionLostError;
  return isOfBroker ? (error.reasonCode ?? 0) : 0;
}
