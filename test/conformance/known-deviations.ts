// What mosquitto 2.0.11 does differently from the standards, by case. A version behind the name limits a row to it.

/** Each row has been looked at in the trace: the broker departs from the standard, and the case is right. */
export const knownDeviations: Readonly<Record<string, string>> = {
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
