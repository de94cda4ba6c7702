/**
 * What the broker allows and announces: `[mqtt]`, `[client_ids]`, `[limits]`, `[session]`, `[queue]`, `[retained]`, `[sys]`.
 * Together they are all settings of the broker, but for what a listener alone has.
 */

import { defaultSettings } from "#broker";
import { choice, list, table, text } from "../declare.ts";
import {
  brokerNumber,
  brokerText,
  brokerToggle,
  clientIdPrefixForm,
  networkForm,
  ofBroker,
  optionalBrokerNumber,
  patternForm,
} from "./shared.ts";

/** The names of MQTT's versions, by their protocol levels. */
export const versionNames = { 3: "3.1", 4: "3.1.1", 5: "5.0" } as const;

export const mqtt = table(
  { says: "What is spoken, and what 5.0 clients are told that they may use." },
  {
    versions: list({
      item: choice({ choices: Object.values(versionNames) }),
      fewest: 1,
      default: defaultSettings.versions.map((version) => versionNames[version]),
      ...ofBroker("versions"),
    }),
    maximum_qos: brokerNumber("maximumQos"),
    upgrade_qos: brokerToggle("upgradeQos"),
    wildcard_subscriptions: brokerToggle("wildcardSubscriptionAvailable"),
    subscription_identifiers: brokerToggle("subscriptionIdentifierAvailable"),
    shared_subscriptions: brokerToggle("sharedSubscriptionAvailable"),
    receive_maximum: brokerNumber("receiveMaximum"),
    topic_alias_maximum: brokerNumber("topicAliasMaximum"),
    topic_alias_maximum_outbound: brokerNumber("topicAliasMaximumOutbound"),
    server_keep_alive_seconds: optionalBrokerNumber("serverKeepAliveSeconds", "seconds"),
    maximum_keep_alive_seconds: brokerNumber("maximumKeepAliveSeconds", "seconds"),
    response_information: brokerText("responseInformation"),
    check_payload_format: brokerToggle("checkPayloadFormat"),
    reject_control_characters: brokerToggle("rejectControlCharacters"),
  },
);

export const clientIds = table(
  { says: "Which client ids may connect." },
  {
    allow_empty: brokerToggle("allowEmptyClientId"),
    maximum_length: brokerNumber("maximumClientIdLength"),
    pattern: brokerText("clientIdPattern", patternForm),
    prefix: brokerText("clientIdPrefix"),
    must_equal_user_name: brokerToggle("clientIdMustEqualUserName"),
    from_user_name: brokerToggle("clientIdFromUserName"),
    generated_prefix: text({
      form: clientIdPrefixForm,
      default: defaultSettings.generatedClientIdPrefix,
      ...ofBroker("generatedClientIdPrefix"),
    }),
  },
);

export const limits = table(
  { says: "How much and how fast, for the whole broker, an address, a user or a client." },
  {
    connect_timeout_ms: brokerNumber("connectTimeoutMs", "ms"),
    decision_timeout_ms: brokerNumber("decisionTimeoutMs", "ms"),
    maximum_packet_bytes: brokerNumber("maximumPacketSize", "bytes"),
    maximum_connect_bytes: brokerNumber("maximumConnectSize", "bytes"),
    maximum_payload_bytes: brokerNumber("maximumPayloadBytes", "bytes"),
    maximum_connections: brokerNumber("maximumConnections"),
    maximum_connections_per_listener: brokerNumber("maximumConnectionsPerListener"),
    maximum_connections_per_address: brokerNumber("maximumConnectionsPerAddress"),
    maximum_pending_connections_per_address: brokerNumber("maximumPendingConnectionsPerAddress"),
    maximum_connections_per_user: brokerNumber("maximumConnectionsPerUser"),
    maximum_connects_per_second: brokerNumber("maximumConnectRate"),
    maximum_connects_per_second_per_address: brokerNumber("maximumConnectRatePerAddress"),
    trusted_addresses: list({
      item: text({ form: networkForm }),
      default: [...defaultSettings.trustedAddresses],
      ...ofBroker("trustedAddresses"),
    }),
    maximum_failed_logins: brokerNumber("maximumFailedLogins"),
    maximum_failed_logins_per_client_id: brokerNumber("maximumFailedLoginsPerClientId"),
    failed_login_window_ms: brokerNumber("failedLoginWindowMs", "ms"),
    ban_ms: brokerNumber("banMs", "ms"),
    failed_login_delay_ms: brokerNumber("failedLoginDelayMs", "ms"),
    maximum_failed_login_delay_ms: brokerNumber("maximumFailedLoginDelayMs", "ms"),
    maximum_delayed_refusals: brokerNumber("maximumDelayedRefusals"),
    maximum_tracked_addresses: brokerNumber("maximumTrackedAddresses"),
    maximum_messages_per_second: brokerNumber("maximumMessageRate"),
    maximum_bytes_per_second: brokerNumber("maximumByteRate", "bytes"),
    rate_burst_ms: brokerNumber("rateBurstMs", "ms"),
    rate_grace_ms: brokerNumber("rateGraceMs", "ms"),
    maximum_subscriptions: brokerNumber("maximumSubscriptions"),
    maximum_topic_levels: brokerNumber("maximumTopicLevels"),
    maximum_topic_bytes: brokerNumber("maximumTopicBytes", "bytes"),
    maximum_in_flight: brokerNumber("maximumInFlight"),
    maximum_in_flight_bytes: brokerNumber("maximumInFlightBytes", "bytes"),
    maximum_output_bytes: brokerNumber("maximumOutputBytes", "bytes"),
    maximum_total_output_bytes: brokerNumber("maximumTotalOutputBytes", "bytes"),
  },
);

export const session = table(
  { says: "Sessions of clients." },
  {
    maximum: brokerNumber("maximumSessions"),
    maximum_expiry_seconds: brokerNumber("maximumSessionExpiryInterval", "seconds"),
  },
);

export const queue = table(
  { says: "What waits for one client, while it is away or slow." },
  {
    maximum_messages: brokerNumber("maximumQueuedMessages"),
    maximum_bytes: brokerNumber("maximumQueuedBytes", "bytes"),
    overflow: choice({
      choices: ["refuse-newest", "drop-oldest"],
      default: defaultSettings.queueOverflow,
      ...ofBroker("queueOverflow"),
    }),
    qos0: brokerToggle("queueQos0"),
  },
);

export const retained = table(
  { says: "Retained messages." },
  {
    available: brokerToggle("retainAvailable"),
    maximum_messages: brokerNumber("maximumRetainedMessages"),
    maximum_bytes: brokerNumber("maximumRetainedBytes", "bytes"),
    check_source: brokerToggle("checkRetainedSource"),
  },
);

export const sys = table(
  { says: "What the broker publishes of itself below `$SYS`." },
  { interval_seconds: brokerNumber("sysIntervalSeconds", "seconds") },
);
