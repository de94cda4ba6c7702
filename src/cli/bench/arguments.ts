/** What the options of `martlet bench` select: scenarios, what is changed about them, and processes. */

import { ConfigError, nearest } from "#base";
import { type FlowLoad, type Pace, SCENARIOS, type Scenario } from "#bench";
import { ProtocolVersion } from "#protocol";

/** What is run when nothing is named. */
const usualNames: readonly string[] = ["pairs", "qos1", "rate"];
const ALL = "all";

/** What a load begins with that is described by options alone. */
const ownLoad: FlowLoad = {
  kind: "flow",
  publishers: 10,
  subscribers: 10,
  topics: 10,
  qos: 0,
  payloadBytes: 64,
  pace: { kind: "window", messages: 100 },
};

/** What the options change. */
export interface Changes {
  readonly publishers?: number;
  readonly subscribers?: number;
  readonly topics?: number;
  readonly window?: number;
  readonly rate?: number;
  readonly size?: number;
  readonly qos?: number;
  readonly protocol?: readonly string[];
}

const changeNames = [
  "publishers",
  "subscribers",
  "topics",
  "window",
  "rate",
  "size",
  "qos",
  "protocol",
] as const;

/**
 * The scenarios that are named, with `changes` made to them; without names the usual ones, or one that the changes
 * describe.
 *
 * @throws ConfigError that names the option
 */
export function scenariosOf(names: readonly string[] | undefined, changes: Changes): Scenario[] {
  const changed = changeNames.filter((name) => changes[name] !== undefined);
  if (names === undefined && changed.length > 0) {
    const load = changedLoad({ ...ownLoad, ...topicsOf(changes) }, changes);
    return [{ name: "own", summary: summaryOf(load), load }];
  }
  const words = (names ?? usualNames).flatMap((name) => name.split(",")).map((name) => name.trim());
  const chosen = words.flatMap((word) => (word === ALL ? SCENARIOS : [scenarioCalled(word)]));
  const [firstChange] = changed;
  if (firstChange === undefined) return [...new Set(chosen)];
  return [...new Set(chosen)].map(({ name, load }) => {
    if (load.kind !== "flow") {
      throw new ConfigError(`--${firstChange}`, `it does not go with ${name}.`);
    }
    const own = changedLoad(load, changes);
    // The figures are not those of the scenario.
    return { name: `${name}-changed`, summary: summaryOf(own), load: own };
  });
}

function scenarioCalled(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = [...SCENARIOS.map((scenario) => scenario.name), ALL];
  const near = nearest(name, names);
  const hint = near === undefined ? "martlet bench --list shows all." : `Did you mean ${near}?`;
  throw new ConfigError(name, `there is no such scenario. ${hint}`);
}

/** Each publisher has a topic of its own, unless told otherwise. */
function topicsOf({ publishers }: Changes): { topics?: number } {
  return publishers === undefined ? {} : { topics: publishers };
}

function changedLoad(load: FlowLoad, changes: Changes): FlowLoad {
  const { publishers, subscribers, topics, size, qos, protocol } = changes;
  const pace = paceOf(changes);
  const version = versionOf(protocol);
  return {
    ...load,
    ...(publishers === undefined ? {} : { publishers }),
    ...(subscribers === undefined ? {} : { subscribers }),
    ...(topics === undefined ? {} : { topics }),
    ...(size === undefined ? {} : { payloadBytes: size }),
    ...(qos === undefined ? {} : { qos: qos as FlowLoad["qos"] }),
    ...(pace === undefined ? {} : { pace }),
    ...(version === undefined ? {} : { protocolVersion: version }),
  };
}

function paceOf({ window, rate, qos }: Changes): Pace | undefined {
  if (window !== undefined && rate !== undefined) {
    throw new ConfigError("--rate", "it and --window exclude each other; give one of them.");
  }
  if (rate !== undefined) return { kind: "rate", perSecond: rate };
  if (window !== 0) return window === undefined ? undefined : { kind: "window", messages: window };
  if (qos !== undefined && qos > 0) {
    throw new ConfigError("--window", "0 is for QoS 0 only; above it messages in flight are limited.");
  }
  return { kind: "flat-out" };
}

function versionOf(texts: readonly string[] | undefined): FlowLoad["protocolVersion"] {
  const text = texts?.at(-1);
  if (text === undefined) return undefined;
  if (text === "3.1.1") return ProtocolVersion.MQTT_3_1_1;
  if (text === "5" || text === "5.0") return ProtocolVersion.MQTT_5_0;
  throw new ConfigError("--protocol", `"${text}" is not known; give 3.1.1 or 5.`);
}

function summaryOf({ publishers, subscribers, topics, qos, payloadBytes, pace }: FlowLoad): string {
  const parts = [
    `${publishers} ${publishers === 1 ? "publisher" : "publishers"}`,
    `${subscribers} ${subscribers === 1 ? "subscriber" : "subscribers"}`,
    `${topics} ${topics === 1 ? "topic" : "topics"}`,
    `QoS ${qos}`,
    `${payloadBytes} bytes`,
  ];
  if (pace.kind === "window") parts.push(`window ${pace.messages}`);
  else if (pace.kind === "rate") parts.push(`${pace.perSecond} messages a second`);
  else parts.push("as fast as connections take them");
  return parts.join(", ");
}

/** `["12,13"]` as process ids. */
export function processIdsOf(texts: readonly string[] | undefined): number[] {
  const words = (texts ?? []).flatMap((text) => text.split(","));
  return words.map((word) => {
    if (/^[1-9]\d{0,9}$/.test(word)) return Number(word);
    throw new ConfigError("--pid", `"${word}" is no process id.`);
  });
}
