/**
 * Reports failed TLS handshakes: at most one a second, with the number of those that were left out, so that a scan of
 * the port does not become a flood of lines.
 */

import type { TLSSocket } from "node:tls";
import { type Clock, describeError } from "#base";
import { ListenError, systemCode } from "./errors.ts";

const INTERVAL_MS = 1_000;

/** `TLSSocket` keeps the socket below it here; Node does not promise that. */
interface Layered {
  readonly _parent?: { readonly remoteAddress?: string; readonly remotePort?: number };
}

export class HandshakeReports {
  readonly #clock: Clock;
  readonly #report: (problem: ListenError) => void;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #leftOut = 0;

  constructor(clock: Clock, report: (problem: ListenError) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** The handshake on `socket` has failed with `error`. */
  failed(error: Error, socket: TLSSocket): void {
    const now = this.#clock.now();
    if (now - this.#reportedAt < INTERVAL_MS) {
      this.#leftOut++;
      return;
    }
    const others = this.#leftOut === 0 ? "" : ` (and ${this.#leftOut} more since the last report)`;
    this.#reportedAt = now;
    this.#leftOut = 0;
    const sentence = `The TLS handshake with ${peerOf(socket)} failed: ${reasonOf(error, socket)}${others}`;
    this.#report(new ListenError(sentence, { cause: error }));
  }
}

function peerOf(socket: TLSSocket): string {
  const { remoteAddress, remotePort } =
    socket.remoteAddress === undefined ? ((socket as Layered)._parent ?? {}) : socket;
  return remoteAddress === undefined ? "a client that is gone" : `${remoteAddress} port ${remotePort}`;
}

/** In OpenSSL's own words where it has some: its messages are mostly numbers and paths. */
function reasonOf(error: Error, { authorizationError }: TLSSocket): string {
  // Node's types say Error; it is the name of what is wrong.
  const refusal = authorizationError as Error | string | null;
  if (refusal) return `its certificate was not accepted: ${describeError(refusal)}`;
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  switch (systemCode(error)) {
    case "ERR_TLS_HANDSHAKE_TIMEOUT":
      return "it took too long";
    case "ECONNRESET":
      return "the client broke it off";
    default:
      return describeError(error);
  }
}
