/**
 * Runs scenarios on peers: all peers are up, one is loaded at a time, and they alternate, so that whatever else the machine
 * does meets all of them. Starts the peers and ends them.
 */

import { describeError } from "../../src/base/index.ts";
import { runScenario, type Scenario } from "../../src/bench/index.ts";
import { type Peer, type PeerKind, PeerMissing } from "../peers/peer.ts";
import type { Run } from "./figures.ts";

export interface RoundsOptions {
  readonly rounds: number;
  readonly durationSeconds: number;
  readonly signal: AbortSignal;
  /** A peer is up, or is missing. */
  onPeer(name: string, what: { readonly title: string } | { readonly missing: string }): void;
  onRun(run: Run): void;
}

export interface Rounds {
  /** Names and titles of those that took part. */
  readonly titles: ReadonlyMap<string, string>;
  /** Names of those that could not be started, and why. */
  readonly missing: ReadonlyMap<string, string>;
  readonly runs: readonly Run[];
}

/** Before the first message is counted, as a part of the measured time. */
const WARM_UP_SHARE = 0.25;

/** @throws whatever `signal` is aborted with */
export async function runRounds(
  scenarios: readonly Scenario[],
  kinds: readonly PeerKind[],
  options: RoundsOptions,
): Promise<Rounds> {
  const rounds = new RunningRounds(options);
  try {
    // Memory of a connection can only be seen in a broker that has not had any, so these come first, on peers of their own.
    const idle = scenarios.filter(({ load }) => load.kind === "idle");
    for (const scenario of idle) await rounds.onFreshPeers(scenario, kinds);
    await rounds.start(kinds);
    const others = scenarios.filter(({ load }) => load.kind !== "idle");
    for (let round = 1; round <= options.rounds; round++) {
      for (const scenario of others) await rounds.onAll(scenario, round);
    }
    return rounds;
  } finally {
    await rounds.stop();
  }
}

class RunningRounds implements Rounds {
  readonly titles = new Map<string, string>();
  readonly missing = new Map<string, string>();
  readonly runs: Run[] = [];
  readonly #options: RoundsOptions;
  #peers: { readonly kind: PeerKind; readonly peer: Peer }[] = [];

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  async start(kinds: readonly PeerKind[]): Promise<void> {
    for (const kind of kinds) {
      const peer = await this.#begin(kind);
      if (peer !== undefined) this.#peers.push({ kind, peer });
    }
  }

  async stop(): Promise<void> {
    const peers = this.#peers;
    this.#peers = [];
    await Promise.all(peers.map(({ peer }) => peer.stop()));
  }

  async onFreshPeers(scenario: Scenario, kinds: readonly PeerKind[]): Promise<void> {
    for (const kind of kinds) {
      const peer = kind.refusalOf(scenario) === undefined ? await this.#begin(kind) : undefined;
      if (peer === undefined) continue;
      try {
        if (peer.isOurs) await this.#run(scenario, kind, peer, 1);
      } finally {
        await peer.stop();
      }
    }
  }

  async onAll(scenario: Scenario, round: number): Promise<void> {
    // Another one goes first in each round.
    const first = round % Math.max(1, this.#peers.length);
    const inTurn = [...this.#peers.slice(first), ...this.#peers.slice(0, first)];
    for (const { kind, peer } of inTurn) {
      if (kind.refusalOf(scenario) === undefined) await this.#run(scenario, kind, peer, round);
    }
  }

  /** Undefined when it is missing. */
  async #begin(kind: PeerKind): Promise<Peer | undefined> {
    this.#options.signal.throwIfAborted();
    if (this.missing.has(kind.name)) return undefined;
    try {
      const peer = await kind.start();
      if (!this.titles.has(kind.name)) this.#options.onPeer(kind.name, peer);
      this.titles.set(kind.name, peer.title);
      return peer;
    } catch (error) {
      if (!(error instanceof PeerMissing)) throw error;
      this.missing.set(kind.name, error.message);
      this.#options.onPeer(kind.name, { missing: error.message });
      return undefined;
    }
  }

  async #run(scenario: Scenario, kind: PeerKind, peer: Peer, round: number): Promise<void> {
    const { signal, durationSeconds } = this.#options;
    const run = { scenario: scenario.name, peer: kind.name, round };
    const { url, processIds } = peer;
    let done: Run;
    try {
      const times = { durationSeconds, warmUpSeconds: durationSeconds * WARM_UP_SHARE };
      done = { ...run, result: await runScenario(scenario, { url, processIds }, { ...times, signal }) };
    } catch (error) {
      signal.throwIfAborted();
      done = { ...run, error: describeError(error) };
    }
    this.runs.push(done);
    this.#options.onRun(done);
  }
}
