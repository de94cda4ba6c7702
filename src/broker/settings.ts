/**
 * What a broker allows and announces: every limit with its default, checked once at the start. Whom each may be set for, and what
 * a change while the broker runs does, stands in `setting-traits.ts`.
 */

import { ConfigError, isAddressRange } from "#base";
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
  /**
   * Bytes of the largest CONNECT, whose sender nobody knows yet; never more than `maximumPacketSize`. One of 3.x with each of its
   * texts at its longest has some 320 KiB. Default 524,288.
   */
  readonly maximumConnectSize: number;
  /**
   * Bytes of the largest payload that is passed on; 0 for no limit. A larger one is acknowledged to 3.x clients and dropped, and refused
   * to 5.0 clients as Implementation specific error. Default 0.
   */
  readonly maximumPayloadBytes: number;
  /** Largest QoS that clients may publish with; subscriptions may ask for more. Default 2. */
  readonly maximumQos: Qos;
  /** Whether messages are delivered at the QoS of the subscription even if they were published with a lower one. Default false. */
  readonly upgradeQos: boolean;
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
  /**
   * Payload, property and topic bytes of QoS 1 and 2 messages in flight to one client beyond which no further one is sent; 0 for no
   * limit. One message is always allowed. Default 0.
   */
  readonly maximumInFlightBytes: number;
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
  /** Of them on each listener; 0 for as many as there may be in all. Default 0. */
  readonly maximumConnectionsPerListener: number;
  /** Of them from each address, or /64 of IPv6; 0 for no limit. Default 0. */
  readonly maximumConnectionsPerAddress: number;
  /** Of them from each address, or /64 of IPv6, those that are not through their CONNECT yet; 0 for no limit. Default 1,000. */
  readonly maximumPendingConnectionsPerAddress: number;
  /** Clients that are connected with the same user name; 0 for no limit. Default 0. */
  readonly maximumConnectionsPerUser: number;
  /** CONNECTs a second on each listener, and as many at once; 0 for no limit. Default 0. */
  readonly maximumConnectRate: number;
  /** CONNECTs a second from each address, or /64 of IPv6, and as many at once; 0 for no limit. Default 0. */
  readonly maximumConnectRatePerAddress: number;
  /**
   * Addresses and networks without limits of their own and without bans: this machine, proxies that do not say for whom they
   * connect. Default this machine, `127.0.0.0/8` and `::1`.
   */
  readonly trustedAddresses: readonly string[];
  /** Logins of one address, or /64 of IPv6, that may fail within the window before it is banned; 0 for no bans. Default 100. */
  readonly maximumFailedLogins: number;
  /** The same of one client id, wherever it comes from; 0 for no bans. Default 1,000. */
  readonly maximumFailedLoginsPerClientId: number;
  /** Milliseconds after which failed logins are forgotten. Default 60,000. */
  readonly failedLoginWindowMs: number;
  /** Milliseconds that a ban lasts. Default 600,000. */
  readonly banMs: number;
  /** Milliseconds that the second refusal in a window is held back; each later one twice as long. 0 for none. Default 100. */
  readonly failedLoginDelayMs: number;
  /** Milliseconds that a refusal is held back at most. Default 5,000. */
  readonly maximumFailedLoginDelayMs: number;
  /** Refusals that are held back at the same time; beyond them they are sent at once. Default 1,000. */
  readonly maximumDelayedRefusals: number;
  /** Addresses, and client ids, whose failures, bans and rates are remembered; the oldest are forgotten. Default 20,000. */
  readonly maximumTrackedAddresses: number;
  /** Longest client id in characters. Default 65,535: no limit. */
  readonly maximumClientIdLength: number;
  /** Regular expression that the whole client id has to match, for example `[a-z0-9-]+`. Default: any client id. */
  readonly clientIdPattern: string | undefined;
  /** What every client id has to begin with. Default: anything. */
  readonly clientIdPrefix: string | undefined;
  /** Whether the client id has to be the user name. Default false. */
  readonly clientIdMustEqualUserName: boolean;
  /** Whether the client id is the user name, whatever CONNECT says; clients without a user name are refused. Default false. */
  readonly clientIdFromUserName: boolean;
  /** What client ids begin with that the broker makes up for clients without one. Default `auto-`. */
  readonly generatedClientIdPrefix: string;
  /** Messages a second that a client may publish; one that is faster is read more slowly. 0 for no limit. Default 0. */
  readonly maximumMessageRate: number;
  /** Bytes a second that a client may send; one that is faster is read more slowly. 0 for no limit. Default 0. */
  readonly maximumByteRate: number;
  /** Milliseconds for which a client that was quiet may make up at once. Default 1,000. */
  readonly rateBurstMs: number;
  /** Milliseconds after which a client that goes on exceeding its rate is disconnected; 0 for never. Default 30,000. */
  readonly rateGraceMs: number;
  /** Sessions, connected or not. Default 1,000,000. */
  readonly maximumSessions: number;
  /** Subscriptions of one client. Default 100,000. */
  readonly maximumSubscriptions: number;
  /** Topic levels in names and filters. Default 128. */
  readonly maximumTopicLevels: number;
  /** Bytes of topic names and filters. Default 65,535: no limit. */
  readonly maximumTopicBytes: number;
  /** Retained messages. Default 1,000,000. */
  readonly maximumRetainedMessages: number;
  /** Payload and property bytes of all retained messages. Default 1 GiB. */
  readonly maximumRetainedBytes: number;
  /**
   * Whether a retained message is only given to new subscriptions while its publisher may still publish it. Default false: what is
   * retained stays.
   */
  readonly checkRetainedSource: boolean;
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
  /**
   * Put before all topics of a listener's clients, such as `site-a/`: in what they publish, in their wills and subscriptions, inside
   * `$share/name/` too; and taken away from what they get. Rules and hooks see whole topics. Default none.
   */
  readonly mountPoint: string | undefined;
}

/** Some settings; those that are undefined have their default. */
export type SettingChanges = {
  readonly [Name in keyof BrokerSettings]?: BrokerSettings[Name] | undefined;
};

export const defaultSettings: BrokerSettings = {
  versions: [ProtocolVersion.MQTT_3_1, ProtocolVersion.MQTT_3_1_1, ProtocolVersion.MQTT_5_0],
  connectTimeoutMs: 10_000,
  decisionTimeoutMs: 60_000,
  maximumPacketSize: 2_000_000,
  maximumConnectSize: 524_288,
  maximumPayloadBytes: 0,
  maximumQos: 2,
  upgradeQos: false,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifierAvailable: true,
  sharedSubscriptionAvailable: true,
  receiveMaximum: 1024,
  topicAliasMaximum: 64,
  topicAliasMaximumOutbound: 64,
  maximumInFlight: 1024,
  maximumInFlightBytes: 0,
  maximumQueuedMessages: 10_000,
  maximumQueuedBytes: 64 * 1024 * 1024,
  queueOverflow: "refuse-newest",
  queueQos0: false,
  maximumOutputBytes: 16 * 1024 * 1024,
  maximumTotalOutputBytes: 512 * 1024 * 1024,
  maximumConnections: 100_000,
  maximumConnectionsPerListener: 0,
  maximumConnectionsPerAddress: 0,
  maximumPendingConnectionsPerAddress: 1_000,
  maximumConnectionsPerUser: 0,
  maximumConnectRate: 0,
  maximumConnectRatePerAddress: 0,
  trustedAddresses: ["127.0.0.0/8", "::1"],
  maximumFailedLogins: 100,
  maximumFailedLoginsPerClientId: 1_000,
  failedLoginWindowMs: 60_000,
  banMs: 600_000,
  failedLoginDelayMs: 100,
  maximumFailedLoginDelayMs: 5_000,
  maximumDelayedRefusals: 1_000,
  maximumTrackedAddresses: 20_000,
  maximumClientIdLength: 65_535,
  clientIdPattern: undefined,
  clientIdPrefix: undefined,
  clientIdMustEqualUserName: false,
  clientIdFromUserName: false,
  generatedClientIdPrefix: "auto-",
  maximumMessageRate: 0,
  maximumByteRate: 0,
  rateBurstMs: 1_000,
  rateGraceMs: 30_000,
  maximumSessions: 1_000_000,
  maximumSubscriptions: 100_000,
  maximumTopicLevels: 128,
  maximumTopicBytes: 65_535,
  maximumRetainedMessages: 1_000_000,
  maximumRetainedBytes: 1024 * 1024 * 1024,
  checkRetainedSource: false,
  maximumSessionExpiryInterval: SESSION_NEVER_EXPIRES,
  serverKeepAliveSeconds: undefined,
  maximumKeepAliveSeconds: 65_535,
  responseInformation: undefined,
  checkPayloadFormat: false,
  rejectControlCharacters: false,
  allowEmptyClientId: true,
  sysIntervalSeconds: 10,
  mountPoint: undefined,
};

const LONGEST_PREFIX = 200;
const LONGEST_MOUNT_POINT = 1_000;

/** Lowest and highest value of each number; the rest is checked by its type. */
export const settingRanges: Partial<
  Record<keyof BrokerSettings, readonly [lowest: number, highest: number]>
> = {
  connectTimeoutMs: [1, 3_600_000],
  decisionTimeoutMs: [1, 3_600_000],
  maximumPacketSize: [20, LARGEST_REMAINING_LENGTH + 5],
  maximumConnectSize: [20, LARGEST_REMAINING_LENGTH + 5],
  maximumPayloadBytes: [0, LARGEST_REMAINING_LENGTH],
  maximumQos: [0, 2],
  receiveMaximum: [1, 65_535],
  topicAliasMaximum: [0, 65_535],
  topicAliasMaximumOutbound: [0, 65_535],
  maximumInFlight: [1, 65_535],
  maximumInFlightBytes: [0, Number.MAX_SAFE_INTEGER],
  maximumQueuedMessages: [0, Number.MAX_SAFE_INTEGER],
  maximumQueuedBytes: [0, Number.MAX_SAFE_INTEGER],
  maximumOutputBytes: [65_536, Number.MAX_SAFE_INTEGER],
  maximumTotalOutputBytes: [65_536, Number.MAX_SAFE_INTEGER],
  maximumConnections: [1, Number.MAX_SAFE_INTEGER],
  maximumConnectionsPerListener: [0, Number.MAX_SAFE_INTEGER],
  maximumConnectionsPerAddress: [0, Number.MAX_SAFE_INTEGER],
  maximumPendingConnectionsPerAddress: [0, Number.MAX_SAFE_INTEGER],
  maximumConnectionsPerUser: [0, Number.MAX_SAFE_INTEGER],
  maximumConnectRate: [0, 1_000_000],
  maximumConnectRatePerAddress: [0, 1_000_000],
  maximumFailedLogins: [0, Number.MAX_SAFE_INTEGER],
  maximumFailedLoginsPerClientId: [0, Number.MAX_SAFE_INTEGER],
  failedLoginWindowMs: [1, 86_400_000],
  banMs: [1, 2_592_000_000],
  failedLoginDelayMs: [0, 60_000],
  maximumFailedLoginDelayMs: [0, 60_000],
  maximumDelayedRefusals: [0, Number.MAX_SAFE_INTEGER],
  maximumTrackedAddresses: [1, 10_000_000],
  maximumClientIdLength: [1, 65_535],
  maximumMessageRate: [0, 1_000_000_000],
  maximumByteRate: [0, Number.MAX_SAFE_INTEGER],
  rateBurstMs: [100, 3_600_000],
  rateGraceMs: [0, 86_400_000],
  maximumSessions: [1, Number.MAX_SAFE_INTEGER],
  maximumSubscriptions: [1, Number.MAX_SAFE_INTEGER],
  maximumTopicLevels: [1, 65_535],
  maximumTopicBytes: [1, 65_535],
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
export function completeSettings(changes: SettingChanges = {}): BrokerSettings {
  const settings: BrokerSettings = { ...defaultSettings };
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultSettings, name)) throw new ConfigError(name, "there is no such setting.");
    if (value !== undefined)
      Object.assign(settings, { [name]: checked(name as keyof BrokerSettings, value) });
  }
  return settings;
}

function checked(name: keyof BrokerSettings, value: unknown): unknown {
  const range = settingRanges[name];
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
  if (name === "responseInformation" || name === "clientIdPrefix") {
    if (typeof value !== "string")
      throw new ConfigError(name, `${String(value)} is not allowed; it is a text.`);
    return value;
  }
  if (name === "generatedClientIdPrefix") {
    if (!isClientIdPrefix(value))
      throw new ConfigError(name, `it is a text of at most ${LONGEST_PREFIX} characters that can be shown.`);
    return value;
  }
  if (name === "mountPoint") {
    if (!isMountPoint(value)) {
      const words =
        "it is the beginning of a topic name such as site-a/, without + and #, and not with a $ first.";
      throw new ConfigError(name, `${String(value)} is not allowed; ${words}`);
    }
    return value;
  }
  if (name === "clientIdPattern") {
    if (typeof value !== "string" || !isRegularExpression(value))
      throw new ConfigError(name, `${String(value)} is not allowed; it is a regular expression.`);
    return value;
  }
  if (name === "trustedAddresses") {
    if (!Array.isArray(value) || !value.every((each) => typeof each === "string" && isAddressRange(each))) {
      const words = "it is a list of addresses and ranges such as 192.0.2.7, 10.0.0.0/8 and 2001:db8::/32.";
      throw new ConfigError(name, words);
    }
    return value;
  }
  if (typeof value !== "boolean")
    throw new ConfigError(name, `${String(value)} is not allowed; it is true or false.`);
  return value;
}

/** Whether client ids that are made up may begin with `value`. */
export function isClientIdPrefix(value: unknown): boolean {
  return typeof value === "string" && value.length <= LONGEST_PREFIX && /^\P{C}*$/u.test(value);
}

/** Whether topics may be mounted below `value`. */
export function isMountPoint(value: unknown): boolean {
  return (
    typeof value === "string" && value.length <= LONGEST_MOUNT_POINT && /^(?!\$)[^+#\p{C}]+$/u.test(value)
  );
}

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
