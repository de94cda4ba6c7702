/**
 * For whom each setting may be set, and what becomes of a change while the broker runs.
 *
 * Scope: `broker` is one value for all. `listener` may differ by the listener that a connection came in on. `client` may differ
 * by listener and by what the gate says of a client when it logs in (`Accepted.limits`).
 *
 * Change: `now` holds for clients that are connected too. `new-connections` holds for those that come later, because the others
 * were told the value, or were let in by it. `restart` cannot change.
 */

import { ConfigError } from "#base";
import { type BrokerSettings, completeSettings, defaultSettings, type SettingChanges } from "./settings.ts";

export type SettingScope = "broker" | "listener" | "client";
export type SettingChange = "now" | "new-connections" | "restart";

export const settingTraits = {
  versions: ["listener", "new-connections"],
  connectTimeoutMs: ["listener", "new-connections"],
  decisionTimeoutMs: ["listener", "now"],
  maximumPacketSize: ["client", "new-connections"],
  maximumConnectSize: ["listener", "new-connections"],
  maximumPayloadBytes: ["listener", "now"],
  maximumQos: ["client", "new-connections"],
  upgradeQos: ["listener", "now"],
  retainAvailable: ["client", "new-connections"],
  wildcardSubscriptionAvailable: ["listener", "new-connections"],
  subscriptionIdentifierAvailable: ["listener", "new-connections"],
  sharedSubscriptionAvailable: ["listener", "new-connections"],
  receiveMaximum: ["client", "new-connections"],
  topicAliasMaximum: ["listener", "new-connections"],
  topicAliasMaximumOutbound: ["listener", "new-connections"],
  maximumInFlight: ["client", "new-connections"],
  maximumInFlightBytes: ["listener", "new-connections"],
  maximumQueuedMessages: ["client", "now"],
  maximumQueuedBytes: ["client", "now"],
  queueOverflow: ["client", "now"],
  queueQos0: ["broker", "now"],
  maximumOutputBytes: ["client", "now"],
  maximumTotalOutputBytes: ["broker", "now"],
  maximumConnections: ["broker", "now"],
  maximumConnectionsPerListener: ["listener", "now"],
  maximumConnectionsPerAddress: ["listener", "now"],
  maximumPendingConnectionsPerAddress: ["listener", "now"],
  maximumConnectionsPerUser: ["client", "now"],
  maximumConnectRate: ["listener", "now"],
  maximumConnectRatePerAddress: ["listener", "now"],
  trustedAddresses: ["broker", "new-connections"],
  maximumFailedLogins: ["broker", "now"],
  maximumFailedLoginsPerClientId: ["broker", "now"],
  failedLoginWindowMs: ["broker", "now"],
  banMs: ["broker", "now"],
  failedLoginDelayMs: ["broker", "now"],
  maximumFailedLoginDelayMs: ["broker", "now"],
  maximumDelayedRefusals: ["broker", "now"],
  maximumTrackedAddresses: ["broker", "now"],
  maximumClientIdLength: ["listener", "new-connections"],
  clientIdPattern: ["listener", "new-connections"],
  clientIdPrefix: ["listener", "new-connections"],
  clientIdMustEqualUserName: ["listener", "new-connections"],
  clientIdFromUserName: ["listener", "new-connections"],
  generatedClientIdPrefix: ["listener", "new-connections"],
  maximumMessageRate: ["client", "now"],
  maximumByteRate: ["client", "now"],
  rateBurstMs: ["client", "now"],
  rateGraceMs: ["client", "now"],
  maximumSessions: ["broker", "now"],
  maximumSubscriptions: ["client", "now"],
  maximumTopicLevels: ["client", "now"],
  maximumTopicBytes: ["client", "now"],
  maximumRetainedMessages: ["broker", "now"],
  maximumRetainedBytes: ["broker", "now"],
  checkRetainedSource: ["broker", "now"],
  maximumSessionExpiryInterval: ["client", "new-connections"],
  serverKeepAliveSeconds: ["listener", "new-connections"],
  maximumKeepAliveSeconds: ["listener", "new-connections"],
  responseInformation: ["listener", "new-connections"],
  checkPayloadFormat: ["listener", "now"],
  rejectControlCharacters: ["broker", "restart"],
  allowEmptyClientId: ["listener", "new-connections"],
  sysIntervalSeconds: ["broker", "restart"],
  mountPoint: ["listener", "new-connections"],
} as const satisfies Readonly<Record<keyof BrokerSettings, readonly [SettingScope, SettingChange]>>;

type Traits = typeof settingTraits;

type SettingOf<Scope extends SettingScope> = {
  [Name in keyof Traits]: Traits[Name][0] extends Scope ? Name : never;
}[keyof Traits];

/** What may be set for one listener. */
export type ListenerSettings = Pick<BrokerSettings, SettingOf<"listener" | "client">>;

/**
 * `base` with what is set for a listener or a client on top.
 *
 * @throws ConfigError for what cannot be set there, or not to this value
 */
export function overrideSettings(
  base: BrokerSettings,
  changes: SettingChanges,
  scopes: readonly SettingScope[],
): BrokerSettings {
  const wanted = Object.entries(changes).filter(([, value]) => value !== undefined);
  for (const [name] of wanted) {
    if (!Object.hasOwn(defaultSettings, name)) throw new ConfigError(name, "there is no such setting.");
    const [scope] = settingTraits[name as keyof BrokerSettings];
    if (!scopes.includes(scope)) throw new ConfigError(name, "it can only be set for the whole broker.");
  }
  return {
    ...base,
    ...pick(
      completeSettings(changes),
      wanted.map(([name]) => name as keyof BrokerSettings),
    ),
  };
}

/** @throws ConfigError when something would change that cannot while the broker runs */
export function checkChange(before: BrokerSettings, after: BrokerSettings): void {
  for (const [name, [, change]] of Object.entries(settingTraits)) {
    const key = name as keyof BrokerSettings;
    if (change === "restart" && before[key] !== after[key])
      throw new ConfigError(name, "it cannot change while the broker runs; that needs a restart.");
  }
}

/** What holds from now on for somebody who is connected and has `before`, when newcomers get `after`. */
export function settingsFromNowOn(before: BrokerSettings, after: BrokerSettings): BrokerSettings {
  const kept = (Object.keys(settingTraits) as (keyof BrokerSettings)[]).filter(
    (name) => settingTraits[name][1] !== "now",
  );
  return { ...after, ...pick(before, kept) };
}

function pick(settings: BrokerSettings, names: readonly (keyof BrokerSettings)[]): Partial<BrokerSettings> {
  return Object.fromEntries(names.map((name) => [name, settings[name]]));
}
