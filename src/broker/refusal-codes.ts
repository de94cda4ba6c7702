/**
 * Which reason codes a server may put into which packet (section 2.4). Gates and hooks may refuse with any code; what does
 * not fit the packet at hand becomes Unspecified error.
 */

import { ReasonCode } from "#protocol";

/** PUBACK and PUBREC. */
export const publishRefusals: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.UNSPECIFIED_ERROR,
  ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.TOPIC_NAME_INVALID,
  ReasonCode.PACKET_IDENTIFIER_IN_USE,
  ReasonCode.QUOTA_EXCEEDED,
  ReasonCode.PAYLOAD_FORMAT_INVALID,
]);

export const subackRefusals: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.UNSPECIFIED_ERROR,
  ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.TOPIC_FILTER_INVALID,
  ReasonCode.PACKET_IDENTIFIER_IN_USE,
  ReasonCode.QUOTA_EXCEEDED,
  ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
  ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
  ReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
]);

export const connackRefusals: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.UNSPECIFIED_ERROR,
  ReasonCode.MALFORMED_PACKET,
  ReasonCode.PROTOCOL_ERROR,
  ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR,
  ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
  ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.SERVER_UNAVAILABLE,
  ReasonCode.SERVER_BUSY,
  ReasonCode.BANNED,
  ReasonCode.BAD_AUTHENTICATION_METHOD,
  ReasonCode.TOPIC_NAME_INVALID,
  ReasonCode.PACKET_TOO_LARGE,
  ReasonCode.QUOTA_EXCEEDED,
  ReasonCode.PAYLOAD_FORMAT_INVALID,
  ReasonCode.RETAIN_NOT_SUPPORTED,
  ReasonCode.QOS_NOT_SUPPORTED,
  ReasonCode.USE_ANOTHER_SERVER,
  ReasonCode.SERVER_MOVED,
  ReasonCode.CONNECTION_RATE_EXCEEDED,
]);

/** DISCONNECT from a server. */
export const disconnectReasons: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.NORMAL_DISCONNECTION,
  ReasonCode.UNSPECIFIED_ERROR,
  ReasonCode.MALFORMED_PACKET,
  ReasonCode.PROTOCOL_ERROR,
  ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.SERVER_BUSY,
  ReasonCode.SERVER_SHUTTING_DOWN,
  ReasonCode.KEEP_ALIVE_TIMEOUT,
  ReasonCode.SESSION_TAKEN_OVER,
  ReasonCode.TOPIC_FILTER_INVALID,
  ReasonCode.TOPIC_NAME_INVALID,
  ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
  ReasonCode.TOPIC_ALIAS_INVALID,
  ReasonCode.PACKET_TOO_LARGE,
  ReasonCode.MESSAGE_RATE_TOO_HIGH,
  ReasonCode.QUOTA_EXCEEDED,
  ReasonCode.ADMINISTRATIVE_ACTION,
  ReasonCode.PAYLOAD_FORMAT_INVALID,
  ReasonCode.RETAIN_NOT_SUPPORTED,
  ReasonCode.QOS_NOT_SUPPORTED,
  ReasonCode.USE_ANOTHER_SERVER,
  ReasonCode.SERVER_MOVED,
  ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
  ReasonCode.CONNECTION_RATE_EXCEEDED,
  ReasonCode.MAXIMUM_CONNECT_TIME,
  ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
  ReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
]);

/** `reasonCode` if the packet may carry it, else the code that says nothing more. */
export function legalReason(reasonCode: ReasonCode, allowed: ReadonlySet<ReasonCode>): ReasonCode {
  return allowed.has(reasonCode) ? reasonCode : ReasonCode.UNSPECIFIED_ERROR;
}
