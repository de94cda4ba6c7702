/**
 * The 27 properties of MQTT 5.0 (section 2.2.2.2) as one interface. Each packet's type picks those it may carry; the
 * table below is what the codec is driven by.
 */

/** A User Property: key and value. Keys may repeat and their order counts. */
export type UserProperty = readonly [key: string, value: string];

export interface Properties {
  /** 0x01; `true` says the payload is UTF-8 text (wire value 1). */
  payloadFormatIndicator?: boolean;
  /** 0x02; seconds. */
  messageExpiryInterval?: number;
  /** 0x03 */
  contentType?: string;
  /** 0x08 */
  responseTopic?: string;
  /** 0x09 */
  correlationData?: Uint8Array;
  /** 0x0B; 1 to 268,435,455. In SUBSCRIBE exactly one, in a PUBLISH from the server any number. */
  subscriptionIdentifiers?: readonly number[];
  /** 0x11; seconds, 0xFFFFFFFF means the session never expires. */
  sessionExpiryInterval?: number;
  /** 0x12 */
  assignedClientIdentifier?: string;
  /** 0x13; seconds. */
  serverKeepAlive?: number;
  /** 0x15 */
  authenticationMethod?: string;
  /** 0x16 */
  authenticationData?: Uint8Array;
  /** 0x17; absent means true. */
  requestProblemInformation?: boolean;
  /** 0x18; seconds. */
  willDelayInterval?: number;
  /** 0x19; absent means false. */
  requestResponseInformation?: boolean;
  /** 0x1A */
  responseInformation?: string;
  /** 0x1C */
  serverReference?: string;
  /** 0x1F */
  reasonString?: string;
  /** 0x21; 1 to 65,535, absent means 65,535. */
  receiveMaximum?: number;
  /** 0x22; absent means 0. */
  topicAliasMaximum?: number;
  /** 0x23; 1 to the receiver's maximum. */
  topicAlias?: number;
  /** 0x24; absent means 2. */
  maximumQos?: 0 | 1;
  /** 0x25; absent means true. */
  retainAvailable?: boolean;
  /** 0x26 */
  userProperties?: readonly UserProperty[];
  /** 0x27; bytes of the whole packet, absent means no limit but the protocol's. */
  maximumPacketSize?: number;
  /** 0x28; absent means true. */
  wildcardSubscriptionAvailable?: boolean;
  /** 0x29; absent means true. */
  subscriptionIdentifierAvailable?: boolean;
  /** 0x2A; absent means true. */
  sharedSubscriptionAvailable?: boolean;
}

export type ConnectProperties = Pick<
  Properties,
  | "sessionExpiryInterval"
  | "authenticationMethod"
  | "authenticationData"
  | "requestProblemInformation"
  | "requestResponseInformation"
  | "receiveMaximum"
  | "topicAliasMaximum"
  | "userProperties"
  | "maximumPacketSize"
>;

export type WillProperties = Pick<
  Properties,
  | "payloadFormatIndicator"
  | "messageExpiryInterval"
  | "contentType"
  | "responseTopic"
  | "correlationData"
  | "willDelayInterval"
  | "userProperties"
>;

export type ConnackProperties = Pick<
  Properties,
  | "sessionExpiryInterval"
  | "assignedClientIdentifier"
  | "serverKeepAlive"
  | "authenticationMethod"
  | "authenticationData"
  | "responseInformation"
  | "serverReference"
  | "reasonString"
  | "receiveMaximum"
  | "topicAliasMaximum"
  | "maximumQos"
  | "retainAvailable"
  | "userProperties"
  | "maximumPacketSize"
  | "wildcardSubscriptionAvailable"
  | "subscriptionIdentifierAvailable"
  | "sharedSubscriptionAvailable"
>;

export type PublishProperties = Pick<
  Properties,
  | "payloadFormatIndicator"
  | "messageExpiryInterval"
  | "contentType"
  | "responseTopic"
  | "correlationData"
  | "subscriptionIdentifiers"
  | "topicAlias"
  | "userProperties"
>;

export type AcknowledgementProperties = Pick<Properties, "reasonString" | "userProperties">;
export type SubscribeProperties = Pick<Properties, "subscriptionIdentifiers" | "userProperties">;
export type UnsubscribeProperties = Pick<Properties, "userProperties">;

export type DisconnectProperties = Pick<
  Properties,
  "sessionExpiryInterval" | "serverReference" | "reasonString" | "userProperties"
>;

export type AuthProperties = Pick<
  Properties,
  "authenticationMethod" | "authenticationData" | "reasonString" | "userProperties"
>;

/** The number 0xFFFFFFFF of Session Expiry Interval: the session never expires. */
export const SESSION_NEVER_EXPIRES = 0xffff_ffff;
