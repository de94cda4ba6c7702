/**
 * The Control Packets of MQTT as plain objects: one model for 3.1, 3.1.1 and 5.0, a superset of 5.0. Older versions exist
 * only in the codec: Clean Session 0 arrives here as `cleanStart: false` with a session that never expires.
 *
 * PUBLISH also has a form that is not an object, for the broker's hot path: see `publish-view.ts`.
 */

import type {
  AcknowledgementProperties,
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  WillProperties,
} from "./property.ts";
import type { ReasonCode } from "./reason-code.ts";
import type { ProtocolVersion } from "./version.ts";

export const PacketType = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
  AUTH: 15,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

export type Qos = 0 | 1 | 2;

export interface Will {
  topicName: string;
  payload: Uint8Array;
  qos: Qos;
  retain: boolean;
  properties: WillProperties;
}

export interface ConnectPacket {
  type: typeof PacketType.CONNECT;
  protocolVersion: ProtocolVersion;
  /** Bit 7 of the protocol level: the peer calls itself a bridge (a convention of 3.x brokers). */
  isBridge: boolean;
  clientId: string;
  cleanStart: boolean;
  keepAliveSeconds: number;
  will?: Will;
  userName?: string;
  password?: Uint8Array;
  properties: ConnectProperties;
}

export interface ConnackPacket {
  type: typeof PacketType.CONNACK;
  sessionPresent: boolean;
  reasonCode: ReasonCode;
  properties: ConnackProperties;
}

export interface PublishPacket {
  type: typeof PacketType.PUBLISH;
  topicName: string;
  payload: Uint8Array;
  qos: Qos;
  retain: boolean;
  dup: boolean;
  /** 0 for QoS 0, which has none on the wire. */
  packetId: number;
  properties: PublishProperties;
}

interface Acknowledgement<Type extends PacketType> {
  type: Type;
  packetId: number;
  reasonCode: ReasonCode;
  properties: AcknowledgementProperties;
}

export type PubackPacket = Acknowledgement<typeof PacketType.PUBACK>;
export type PubrecPacket = Acknowledgement<typeof PacketType.PUBREC>;
export type PubrelPacket = Acknowledgement<typeof PacketType.PUBREL>;
export type PubcompPacket = Acknowledgement<typeof PacketType.PUBCOMP>;
export type AcknowledgementPacket = PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket;

export const RetainHandling = { SEND: 0, SEND_IF_NEW: 1, DO_NOT_SEND: 2 } as const;
export type RetainHandling = (typeof RetainHandling)[keyof typeof RetainHandling];

export interface SubscriptionRequest {
  topicFilter: string;
  qos: Qos;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: RetainHandling;
}

export interface SubscribePacket {
  type: typeof PacketType.SUBSCRIBE;
  packetId: number;
  subscriptions: readonly SubscriptionRequest[];
  properties: SubscribeProperties;
}

export interface SubackPacket {
  type: typeof PacketType.SUBACK;
  packetId: number;
  reasonCodes: readonly ReasonCode[];
  properties: AcknowledgementProperties;
}

export interface UnsubscribePacket {
  type: typeof PacketType.UNSUBSCRIBE;
  packetId: number;
  topicFilters: readonly string[];
  properties: UnsubscribeProperties;
}

export interface UnsubackPacket {
  type: typeof PacketType.UNSUBACK;
  packetId: number;
  /** Empty on the wire of 3.x. */
  reasonCodes: readonly ReasonCode[];
  properties: AcknowledgementProperties;
}

export interface PingreqPacket {
  type: typeof PacketType.PINGREQ;
}

export interface PingrespPacket {
  type: typeof PacketType.PINGRESP;
}

export interface DisconnectPacket {
  type: typeof PacketType.DISCONNECT;
  reasonCode: ReasonCode;
  properties: DisconnectProperties;
}

export interface AuthPacket {
  type: typeof PacketType.AUTH;
  reasonCode: ReasonCode;
  properties: AuthProperties;
}

export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;

/** The largest remaining length: four bytes of seven bits. */
export const LARGEST_REMAINING_LENGTH = 268_435_455;

/** No packet is larger: a fixed header of five bytes, and the largest Remaining Length. */
export const LARGEST_PACKET_SIZE = LARGEST_REMAINING_LENGTH + 5;
