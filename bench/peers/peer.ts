/** A broker that the bench compares: how it is started, and what is known of it while it runs. */

import type { Scenario } from "../../src/bench/index.ts";

export interface PeerKind {
  readonly name: string;
  /**
   * Why this peer cannot be put through `scenario`, if it cannot: it is then left out of that row.
   */
  refusalOf(scenario: Scenario): string | undefined;
  /** Starts a fresh one. @throws PeerMissing when it is not there to be started */
  start(): Promise<Peer>;
}

export interface Peer {
  /** With the version, as far as it is known: `mosquitto 2.0.11`. */
  readonly title: string;
  readonly url: string;
  /** Whose CPU time and memory are the peer's; empty when nobody said. */
  readonly processIds: readonly number[];
  /** Whether `start` makes a fresh one each time; otherwise it is somebody else's, and old. */
  readonly isOurs: boolean;
  stop(): Promise<void>;
}

/** The peer is not installed, or cannot be made; the others go on without it. */
export class PeerMissing extends Error {}
