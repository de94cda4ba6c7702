// What other brokers do differently from the standards, by case. A version behind the name limits a row to it. Each row has
// been looked at in the trace: the broker departs from the standard, and the case is right. The packets of each are in
// docs/reference/conformance-known-deviations.md.

export type Deviations = Readonly<Record<string, string>>;

/** The mosquitto that the table was written for; Debian 12 has it. */
export const mosquittoTested = "mosquitto version 2.0.11";

export const mosquittoDeviations: Deviations = {
  "connect/second-connect": "closes the connection, but does not publish the will",
  "connect/takeover 5.0": "closes the old connection without DISCONNECT 0x8E",
  "will/delay-without-session":
    "waits for Will Delay Interval though the session has ended with the connection",
  "will/delay-clean-start": "never publishes the will of a session that a clean start has ended",
  "publish/qos2-repeated": "takes the second repeat of a QoS 2 message for an error and closes",
  "subscribe/options-replaced": "keeps the old No Local when the subscription is replaced",
  "shared/invalid-filters": "grants filters with an empty ShareName",
  "shared/no-local": "grants No Local on a shared subscription",
  "shared/no-retained": "sends retained messages for a shared subscription",
  "properties/connect-authentication-data": "accepts authentication data without a method",
  "properties/payload-format-value": "accepts, and forwards, a Payload Format Indicator of 2",
  "properties/response-topic-wildcard": "accepts a Response Topic with wildcards",
  "properties/subscription-identifier-from-client": "accepts a Subscription Identifier from a client",
  "properties/expiry-after-qos2-has-begun": "drops QoS 2 deliveries that have begun when the message expires",
  "flow-control/receive-maximum-of-client":
    "sends two messages for one acknowledgement when the quota was used up",
  "flow-control/after-reconnect": "sends everything unacknowledged at once, above the new Receive Maximum",
  "flow-control/overflow-of-default": "refuses the message with PUBREC 0x97 and keeps the connection",
  "limits/maximum-packet-size-of-client": "a dropped QoS 1 message keeps its place in the quota for good",
  "limits/maximum-packet-size-exact":
    "compares the client's limit with the remaining length, not with the packet",
  "limits/maximum-packet-size-of-server":
    "compares its own limit with the remaining length, not with the packet",
  "malformed/flags-of-puback": "does not check the flags",
  "malformed/flags-of-pubrec": "does not check the flags",
  "malformed/flags-of-pubcomp": "does not check the flags",
  "malformed/flags-of-pingreq": "does not check the flags",
  "malformed/publish-dup-qos-0": "accepts DUP with QoS 0",
  "malformed/bytes-left-over": "ignores bytes behind the last field",
  "malformed/bytes-left-over-5.0": "ignores bytes behind the last field",
  "malformed/remaining-length-not-shortest": "accepts a remaining length in more bytes than needed",
  "malformed/packets-of-servers": "ignores SUBACK, UNSUBACK and PINGRESP from a client",
  "websocket/text-frame": "takes text frames like binary ones",
};

/** aedes 1.2.0, in 3.1 and 3.1.1. */
export const aedesDeviations: Deviations = {
  "connect/nothing-after-refusal":
    "accepts an empty client id with Clean Session 0, so it processes what comes behind it",
  "connect/empty-client-id-without-clean-session": "accepts an empty client id with Clean Session 0",
  "connect/protocol-level-3.1.1": "closes without return code 1 when it does not know the protocol level",
  "connect/will-qos-3": "accepts Will QoS 3",
  "connect/fields-and-flags": "ignores fields behind the last one that the flags announce",
  "connect/password-without-user-name-3.1.1": "accepts a password without a user name",
  "publish/overlapping-subscriptions":
    "delivers at the QoS of the first matching subscription instead of the highest",
  "publish/qos1-identifier-again": "passes on the DUP flag of the publisher",
  "publish/qos1-resent": "sends an unacknowledged message again without DUP",
  "publish/qos2-resent-before-pubrec": "sends an unacknowledged message again without DUP",
  "subscribe/several-filters":
    "answers a filter that stands twice in a SUBSCRIBE with one return code instead of two",
  "subscribe/packet-id-0": "grants a SUBSCRIBE with packet identifier 0 and answers with it",
  "unsubscribe/deliveries-finished-after-reconnect": "sends an unacknowledged message again without DUP",
  "unsubscribe/empty": "acknowledges an UNSUBSCRIBE without filters",
  "topics/invalid-filters": "grants a filter in which + does not fill its level, such as +a",
  "topics/will-topic-with-wildcard": "accepts a will topic with a wildcard",
  "topics/nul": "accepts U+0000 in a topic name",
  "topics/ill-formed": "accepts a topic name that is not UTF-8",
  "disconnect/with-body-before-5.0": "takes DISCONNECT with a body for a good one and drops the will",
  "malformed/publish-dup-qos-0": "accepts DUP with QoS 0",
  "malformed/publish-packet-id-0": "acknowledges a PUBLISH with packet identifier 0 with the same",
  "malformed/publish-cut-off":
    "answers a QoS 1 PUBLISH without packet identifier with the beginning of a PUBACK before it closes",
  "malformed/acknowledgement-cut-off": "ignores a PUBACK without packet identifier",
  "malformed/bytes-left-over": "ignores bytes behind the last field",
  "malformed/connect-text": "accepts a client id that is not UTF-8",
  "malformed/connect-left-over": "ignores bytes behind the last field of CONNECT",
  "ordering/stored-then-live": "new messages overtake those that were stored for the session",
  "ordering/resent": "sends unacknowledged messages again without DUP",
};
