/** The command line of `bench:compare` and `bench:check`. */

import { parseArgs } from "node:util";
import { ConfigError } from "../../src/base/index.ts";
import { SCENARIOS, type Scenario } from "../../src/bench/index.ts";
import { aedesPeer } from "../peers/aedes.ts";
import { floorPeer } from "../peers/floor.ts";
import { martletPeer, martletWithRatePeer, martletWithRulesPeer } from "../peers/martlet.ts";
import { mosquittoPeer } from "../peers/mosquitto.ts";
import { commandPeer, portOf, runningPeer } from "../peers/named.ts";
import type { PeerKind } from "../peers/peer.ts";

/** The default, in this order. */
const usualPeers: readonly PeerKind[] = [martletPeer, floorPeer, mosquittoPeer, aedesPeer];
/** Only when they are named. */
const furtherPeers: readonly PeerKind[] = [martletWithRulesPeer, martletWithRatePeer];
const knownPeers: readonly PeerKind[] = [...usualPeers, ...furtherPeers];

export const optionsHelp = `
  --rounds <n>           rounds; the medians of them count. Default 3
  --duration <seconds>   of each run. Default 2
  --only <names>         scenarios, with commas: ${SCENARIOS.map(({ name }) => name).join(",")}
  --peers <names>        with commas. Default ${usualPeers.map(({ name }) => name).join(",")}; also ${furtherPeers.map(({ name }) => name).join(",")}
  --peer <name=command>  one more broker, started by this command; {port} in it becomes a free port
  --port <name=port>     where that broker listens
  --at <name=url[:pid]>  one more broker that runs already; with its process id, its CPU time is known too`;

/** As `parseArgs` wants them; commands add their own. */
export const commonOptions = {
  rounds: { type: "string", default: "3" },
  duration: { type: "string", default: "2" },
  only: { type: "string", multiple: true },
  peers: { type: "string", multiple: true },
  peer: { type: "string", multiple: true },
  port: { type: "string", multiple: true },
  at: { type: "string", multiple: true },
  help: { type: "boolean", default: false },
} as const;

interface CommonValues {
  readonly rounds: string;
  readonly duration: string;
  readonly only?: string[] | undefined;
  readonly peers?: string[] | undefined;
  readonly peer?: string[] | undefined;
  readonly port?: string[] | undefined;
  readonly at?: string[] | undefined;
}

export interface CompareOptions {
  readonly rounds: number;
  readonly durationSeconds: number;
  readonly scenarios: readonly Scenario[];
  readonly kinds: readonly PeerKind[];
}

/** @throws ConfigError that names the option */
export function compareOptions(values: CommonValues): CompareOptions {
  const ports = new Map((values.port ?? []).map(portOf));
  const named = [
    ...(values.peer ?? []).map((text) => commandPeer(text, ports)),
    ...(values.at ?? []).map(runningPeer),
  ];
  const known = values.peers === undefined ? usualPeers : chosen("--peers", values.peers, knownPeers);
  return {
    rounds: numberOf("--rounds", values.rounds, { isWhole: true }),
    durationSeconds: numberOf("--duration", values.duration, { isWhole: false }),
    scenarios: chosen("--only", values.only, SCENARIOS),
    kinds: [...known, ...named],
  };
}

/** @throws ConfigError for a name that is none of `all` */
export function chosen<Named extends { readonly name: string }>(
  option: string,
  texts: readonly string[] | undefined,
  all: readonly Named[],
): readonly Named[] {
  if (texts === undefined) return all;
  const names = texts.flatMap((text) => text.split(","));
  return names.map((name) => {
    const found = all.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new ConfigError(
      option,
      `there is no ${name}; there are ${all.map((each) => each.name).join(", ")}`,
    );
  });
}

/** What stands in `--only` beside the scenarios, for the clients. */
const CLIENT = "client";

/** `--only` without the clients, and whether they are wanted: so they are without `--only`. */
export function splitClient(texts: readonly string[] | undefined): {
  readonly only: string[] | undefined;
  readonly measuresClients: boolean;
} {
  if (texts === undefined) return { only: undefined, measuresClients: true };
  const names = texts.flatMap((text) => text.split(","));
  const only = names.filter((name) => name !== CLIENT);
  return { only, measuresClients: only.length < names.length };
}

function numberOf(option: string, text: string, { isWhole }: { readonly isWhole: boolean }): number {
  const number = Number(text);
  if (!(number > 0) || (isWhole && !Number.isInteger(number))) {
    throw new ConfigError(option, `${text} is not allowed; it is a ${isWhole ? "whole " : ""}number above 0`);
  }
  return number;
}

/** What was said, or exits with help or with what is wrong with it. */
export function parsedOrExit<Parsed>(parse: () => Parsed, help: string): Parsed {
  try {
    return parse();
  } catch (error) {
    // `parseArgs` throws TypeErrors with words for people.
    if (!(error instanceof ConfigError) && !(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${help}`);
    process.exit(2);
  }
}

export { parseArgs };
