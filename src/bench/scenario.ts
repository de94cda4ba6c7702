/**
 * What a load is made of. A scenario is plain values, so that a program can write its own and a report can quote it.
 */

import { ConfigError } from "#base";
import { ProtocolVersion, type Qos } from "#protocol";
import { MOST_TOPICS } from "./topics.ts";

/** Bytes that each payload begins with: tag, publisher, sequence and time. */
export const SMALLEST_PAYLOAD = 16;

/** Protocol versions that a load can be run in. */
export type LoadVersion = typeof ProtocolVersion.MQTT_3_1_1 | typeof ProtocolVersion.MQTT_5_0;

/**
 * Publishers and subscribers over topics. Publisher p publishes to topic p modulo `topics`; with more topics than
 * publishers to p, p + publishers and so on in turn. Subscribers share out the topics in the same way.
 */
export interface FlowLoad {
  readonly kind: "flow";
  readonly publishers: number;
  readonly subscribers: number;
  readonly topics: number;
  /** Of publishers and subscriptions. */
  readonly qos: Qos;
  /** Bytes of each payload, at least 16: whose, the how-manieth, and when. */
  readonly payloadBytes: number;
  readonly pace: Pace;
  /** Default 3.1.1. */
  readonly protocolVersion?: LoadVersion;
  /** `random`: each message goes to any of the topics. Default `own`. */
  readonly topicChoice?: "own" | "random";
  /** `mixed`: a quarter each of the filters is exact, ends in `+`, ends in `#`, and begins with `+`. Default `exact`. */
  readonly filters?: "exact" | "mixed";
  /** The subscribers are one `$share` group: each message goes to one of them. */
  readonly shared?: boolean;
  /** 5.0: content type, two user properties and an expiry of 600 seconds with each message. */
  readonly properties?: boolean;
  /** The subscribers' sessions outlive their connections; they are removed after the run. */
  readonly persistentSessions?: boolean;
}

/** What decides when the next message is published. */
export type Pace =
  /** At most `messages` of each publisher are unacknowledged, and as many times its receivers undelivered. */
  | { readonly kind: "window"; readonly messages: number }
  /** Messages a second of all publishers together, whether the broker keeps up or not. */
  | {
      readonly kind: "rate";
      readonly perSecond: number;
      /**
       * Sleeps between messages instead of looking at the clock all the time, and takes latency from the sending of a message
       * instead of from when it was due. For loads that must not take a core. Default false.
       */
      readonly sleeps?: boolean;
    }
  /** As fast as the connection takes them; QoS 0 only. A broker may drop what is too much. */
  | { readonly kind: "flat-out" };

/** Connect, CONNACK, DISCONNECT, again; `connections` at a time. */
export interface StormLoad {
  readonly kind: "storm";
  readonly connections: number;
  readonly protocolVersion?: LoadVersion;
}

/** Connections that say nothing, for the memory that each takes. */
export interface IdleLoad {
  readonly kind: "idle";
  readonly connections: number;
  readonly protocolVersion?: LoadVersion;
}

/** Messages are retained by QoS 1, read back by one subscription to all of them, and cleared. */
export interface RetainedLoad {
  readonly kind: "retained";
  readonly messages: number;
  readonly payloadBytes: number;
  readonly protocolVersion?: LoadVersion;
}

/** Messages are queued for a session without connection, which then comes back for them. */
export interface OfflineLoad {
  readonly kind: "offline";
  readonly messages: number;
  readonly payloadBytes: number;
  readonly qos: 1 | 2;
  readonly protocolVersion?: LoadVersion;
}

/** Quiet pairs at a fixed rate, first alone, then beside one pair whose publisher sends as fast as it can. */
export interface FairnessLoad {
  readonly kind: "fairness";
  readonly pairs: number;
  /** Of all quiet pairs together. */
  readonly perSecond: number;
  readonly payloadBytes: number;
  readonly protocolVersion?: LoadVersion;
}

export type Load = FlowLoad | StormLoad | IdleLoad | RetainedLoad | OfflineLoad | FairnessLoad;

/** Streams from each publisher to each subscriber that are counted one by one. */
const MOST_STREAMS = 16_000_000;
const MOST_CONNECTIONS = 1_000_000;
const MOST_MESSAGES = MOST_TOPICS;
const MOST_PAYLOAD_BYTES = 16_000_000;
const MOST_PER_SECOND = 10_000_000;
const MOST_WINDOW = 65_535;

/** @throws ConfigError that names the field, for a load that cannot be */
export function checkLoad(load: Load): void {
  switch (load.kind) {
    case "flow":
      checkFlow(load);
      break;
    case "storm":
    case "idle":
      check("connections", load.connections, 1, MOST_CONNECTIONS);
      break;
    case "retained":
    case "offline":
      check("messages", load.messages, 1, MOST_MESSAGES);
      check("payloadBytes", load.payloadBytes, SMALLEST_PAYLOAD, MOST_PAYLOAD_BYTES);
      break;
    case "fairness":
      check("pairs", load.pairs, 1, MOST_TOPICS - 1);
      check("perSecond", load.perSecond, 1, MOST_PER_SECOND);
      check("payloadBytes", load.payloadBytes, SMALLEST_PAYLOAD, MOST_PAYLOAD_BYTES);
      break;
  }
}

function checkFlow(load: FlowLoad): void {
  const { publishers, subscribers, topics, pace, qos } = load;
  check("publishers", publishers, 1, MOST_CONNECTIONS);
  check("subscribers", subscribers, 1, MOST_CONNECTIONS);
  check("topics", topics, 1, MOST_TOPICS);
  check("payloadBytes", load.payloadBytes, SMALLEST_PAYLOAD, MOST_PAYLOAD_BYTES);
  if (publishers * subscribers > MOST_STREAMS) {
    throw new ConfigError(
      "publishers",
      `times subscribers they are ${publishers * subscribers}; ${MOST_STREAMS} is the most.`,
    );
  }
  if (pace.kind === "window") check("window", pace.messages, 1, MOST_WINDOW);
  else if (pace.kind === "rate") check("perSecond", pace.perSecond, 1, MOST_PER_SECOND);
  else if (qos !== 0) throw new ConfigError("pace", "flat-out goes with QoS 0 only.");
  if (load.properties === true && load.protocolVersion !== ProtocolVersion.MQTT_5_0) {
    throw new ConfigError("properties", "only MQTT 5.0 has them.");
  }
}

function check(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw new ConfigError(name, `${value} is not allowed; it is a whole number from ${lowest} to ${highest}.`);
}

/** A load with a name. */
export interface Scenario {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly load: Load;
}
