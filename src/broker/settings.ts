/**
 * What a broker allows and announces: every limit with its default, checked once at the start.
 */

import { ConfigError } from "#base";
import { LARGEST_REMAINING_LENGTH, ProtocolVersion, type Qos, SESSION_NEVER_EXPIRES } from "#protocol";

/** What happens to a new message when a session's queue is full and holds no QoS 0 message that could go first. */
export type QueueOverflow = "refuse-newest" | "drop-oldest";

export interface BrokerSettings {
  /** Versions that may connect. Default: all three. */
  readonly versions: readonly ProtocolVersion[];
  /** Milliseconds in which a new connection must have sent its CONNECT. Default 10,000. */
  readonly connectTimeoutMs: number;
  /** Milliseconds that the gate or a hook may take over one question; then the connection ends. Default 60,000. */
  readonly decisionTimeoutMs: number;
  /** Bytes of the largest packet accepted, fixed header included; 5.0 clients are told. Default 2,000,000. */
  readonly maximumPacketSize: number;
  /** Largest QoS that clients may publish with; subscriptions may ask for more. Default 2. */
  readonly maximumQos: Qos;
  /** Whether messages may be retained; a PUBLISH or will with RETAIN ends the connection otherwise. Default true. */
  readonly retainAvailable: boolean;
  /** Whether filters may hold + and #. Default true. */
  readonly wildcardSubscriptionAvailable: boolean;
  /** Whether subscriptions may have identifiers. Default true. */
  readonly subscriptionIdentifierAvailable: boolean;
  /** Whether `$share/name/filter` may be subscribed to. Default true. */
  readonly sharedSubscriptionAvailable: boolean;
  /** QoS 1 and 2 messages a client may have unacknowledged towards the broker. Default 1,024. */
  readonly receiveMaximum: number;
  /** Topic aliases a client may use towards the broker. Default 64. */
  readonly topicAliasMaximum: number;
  /** Topic aliases the broker uses towards a client that allows them, at most. Default 64. */
  readonly topicAliasMaximumOutbound: number;
  /** QoS 1 and 2 messages in flight to one client, at most; the client's Receive Maximum may lower it. Default 1,024. */
  readonly maximumInFlight: number;
  /** Messages that wait in one session beyond those in flight. Default 10,000. */
  readonly maximumQueuedMessages: number;
  /** Payload and property bytes that wait in one session. Default 64 MiB. */
  readonly maximumQueuedBytes: number;
  /** Default `refuse-newest`: the order that was promised stays whole. */
  readonly queueOverflow: QueueOverflow;
  /** Whether sessions that are away also queue QoS 0 messages. Default false. */
  readonly queueQos0: boolean;
  /** Bytes written to one client and not taken by its connection; beyond them QoS 0 is dropped. Default 16 MiB. */
  readonly maximumOutputBytes: number;
  /** The same over all clients; beyond it a client that is behind loses QoS 0 messages at once. Default 512 MiB. */
  readonly maximumTotalOutputBytes: number;
  /** Connections at the same time, those that have not sent CONNECT included. Default 100,000. */
  readonly maximumConnections: number;
  /** Sessions, connected or not. Default 1,000,000. */
  readonly maximumSessions: number;
  /** Subscriptions of one client. Default 100,000. */
  readonly maximumSubscriptions: number;
  /** Topic levels in names and filters. Default 128. */
  readonly maximumTopicLevels: number;
  /** Retained messages. Default 1,000,000. */
  readonly maximumRetainedMessages: number;
  /** Payload and property bytes of all retained messages. Default 1 GiB. */
  readonly maximumRetainedBytes: number;
  /** Seconds that a session may outlive its connection, at most; 0xFFFFFFFF for no limit. Default no limit. */
  readonly maximumSessionExpiryInterval: number;
  /** Imposed on 5.0 clients as Server Keep Alive when set. Default: the client decides. */
  readonly serverKeepAliveSeconds: number | undefined;
  /** Largest Keep Alive; a 5.0 client above it is told this one, and 0 counts as above. Default 65,535: no limit. */
  readonly maximumKeepAliveSeconds: number;
  /** Given as Response Information to 5.0 clients that ask. Default none. */
  readonly responseInformation: string | undefined;
  /** Refuse messages that claim to be UTF-8 text and are not. Default false. */
  readonly checkPayloadFormat: boolean;
  /** Refuse control characters and non-characters in texts. Default false. */
  readonly rejectControlCharacters: boolean;
  /** Whether clients may leave their client id empty. Default true. */
  readonly allowEmptyClientId: boolean;
  /** Seconds between updates of `$SYS`; 0 for no `$SYS`. Default 10. */
  readonly sysIntervalSeconds: number;
}

export const defaultSettings: BrokerSettings = {
  versions: [ProtocolVersion.MQTT_3_1, ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0],
  connectTimeoutMs: 10_000,
  decisionTimeoutMs: 60_000,
  maximumPacketSize: 2_000_000,
  maximumQos: 2,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifierAvailable: true,
  sharedSubscriptionAvailable: true,
  receiveMaximum: 1024,
  topicAliasMaximum: 64,
  topicAliasMaximumOutbound: 64,
  maximumInFlight: 1024,
  maximumQueuedMessages: 10_000,
  maximumQueuedBytes: 64 * 1024 * 1024,
  queueOverflow: "refuse-newest",
  queueQos0: false,
  maximumOutputBytes: 16 * 1024 * 1024,
  maximumTotalOutputBytes: 512 * 1024 * 1024,
  maximumConnections: 100_000,
  maximumSessions: 1_000_000,
  maximumSubscriptions: 100_000,
  maximumTopicLevels: 128,
  maximumRetainedMessages: 1_000_000,
  maximumRetainedBytes: 1024 * 1024 * 1024,
  maximumSessionExpiryInterval: SESSION_NEVER_EXPIRES,
  serverKeepAliveSeconds: undefined,
  maximumKeepAliveSeconds: 65_535,
  responseInformation: undefined,
  checkPayloadFormat: false,
  rejectControlCharacters: false,
  allowEmptyClientId: true,
  sysIntervalSeconds: 10,
};

/** Lowest and highest value of each number; the rest is checked by its type. */
const ranges: Partial<Record<keyof BrokerSettings, readonly [lowest: number, highest: number]>> = {
  connectTimeoutMs: [1, 3_600_000],
  decisionTimeoutMs: [1, 3_600_000],
  maximumPacketSize: [20, LARGEST_REMAINING_LENGTH + 5],
  maximumQos: [0, 2],
  receiveMaximum: [1, 65_535],
  topicAliasMaximum: [0, 65_535],
  topicAliasMaximumOutbound: [0, 65_535],
  maximumInFlight: [1, 65_535],
  maximumQueuedMessages: [0, Number.MAX_SAFE_INTEGER],
  maximumQueuedBytes: [0, Number.MAX_SAFE_INTEGER],
  maximumOutputBytes: [65_536, Number.MAX_SAFE_INTEGER],
  maximumTotalOutputBytes: [65_536, Number.MAX_SAFE_INTEGER],
  maximumConnections: [1, Number.MAX_SAFE_INTEGER],
  maximumSessions: [1, Number.MAX_SAFE_INTEGER],
  maximumSubscriptions: [1, Number.MAX_SAFE_INTEGER],
  maximumTopicLevels: [1, 65_535],
  maximumRetainedMessages: [0, Number.MAX_SAFE_INTEGER],
  maximumRetainedBytes: [0, Number.MAX_SAFE_INTEGER],
  maximumSessionExpiryInterval: [0, SESSION_NEVER_EXPIRES],
  serverKeepAliveSeconds: [0, 65_535],
  maximumKeepAliveSeconds: [1, 65_535],
  sysIntervalSeconds: [0, 86_400],
};

/**
 * The defaults with `changes` on top.
 * @throws ConfigError that names the setting, what was found and what is allowed
 */
export function completeSettings(changes: Partial<BrokerSettings> = {}): BrokerSettings {
  const settings: BrokerSettings = { ...defaultSettings };
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultSettings, name)) throw new ConfigError(name, "there is no such setting.");
    if (value !== undefined)
      Object.assign(settings, { [name]: checked(name as keyof BrokerSettings, value) });
  }
  return settings;
}

function checked(name: keyof BrokerSettings, value: unknown): unknown {
  const range = ranges[name];
  if (range !== undefined) {
    const [lowest, highest] = range;
    if (!Number.isInteger(value) || (value as number) < lowest || (value as number) > highest) {
      throw new ConfigError(
        name,
        `${String(value)} is not allowed; it is a whole number from ${lowest} to ${highest}.`,
      );
    }
    return value;
  }
  if (name === "queueOverflow") {
    if (value !== "refuse-newest" && value !== "drop-oldest") {
      throw new ConfigError(name, `${String(value)} is not allowed; it is refuse-newest or drop-oldest.`);
    }
    return value;
  }
  if (name === "versions") {
    const known: readonly unknown[] = defaultSettings.versions;
    if (!Array.isArray(value) || value.length === 0 || !value.every((version) => known.includes(version))) {
      throw new ConfigError(name, "it is a list of at least one of 3, 4 and 5.");
    }
    return value;
  }
  if (name === "responseInformation") {
    if (typeof value !== "string")
      throw new ConfigError(name, `${String(value)} is not allowed; it is a text.`);
    return value;
  }
  if (typeof value !== "boolean")
    throw new ConfigError(name, `${String(value)} is not allowed; it is true or false.`);
  return value;
}
