/** Right packets of every type: with all properties, with none, and the short forms. */

import { utf8Encode } from "#base";
import {
  type Packet,
  PacketType,
  type Properties,
  ProtocolVersion,
  ReasonCode,
  SESSION_NEVER_EXPIRES,
} from "#protocol";

const userProperties = [
  ["key", "value"],
  ["key", ""],
  ["schlüssel", "wert €"],
] as const;
const bytes = Uint8Array.of(0, 1, 0xff);

const willProperties: Properties = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 60,
  contentType: "text/plain",
  responseTopic: "answer/here",
  correlationData: bytes,
  willDelayInterval: 5,
  userProperties,
};
const connectProperties: Properties = {
  sessionExpiryInterval: SESSION_NEVER_EXPIRES,
  authenticationMethod: "SCRAM-SHA-256",
  authenticationData: bytes,
  requestProblemInformation: false,
  requestResponseInformation: true,
  receiveMaximum: 20,
  topicAliasMaximum: 10,
  userProperties,
  maximumPacketSize: 100_000,
};
const connackProperties: Properties = {
  sessionExpiryInterval: 3600,
  assignedClientIdentifier: "auto-1",
  serverKeepAlive: 30,
  authenticationMethod: "M",
  authenticationData: bytes,
  responseInformation: "answer/",
  serverReference: "other:1883",
  reasonString: "because",
  receiveMaximum: 1,
  topicAliasMaximum: 0,
  maximumQos: 1,
  retainAvailable: false,
  userProperties,
  maximumPacketSize: 1,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifierAvailable: false,
  sharedSubscriptionAvailable: true,
};
const publishProperties: Properties = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 86_400,
  contentType: "application/json",
  responseTopic: "answer",
  correlationData: bytes,
  topicAlias: 7,
  userProperties,
};
const reasonProperties: Properties = { reasonString: "why", userProperties };

/** Packets that `sender` may send in `version`. */
export function packetSamples(version: ProtocolVersion, sender: "client" | "server"): Packet[] {
  const is5 = version === ProtocolVersion.MQTT_5_0;
  const only5 = (properties: Properties): Properties => (is5 ? properties : {});
  const either: Packet[] = [
    ...publishes(only5, sender),
    ...([PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP] as const).flatMap(
      (type) => acknowledgements(type, is5),
    ),
  ];
  return [...either, ...(sender === "client" ? fromClient(version, only5) : fromServer(is5, only5))];
}

type Only5 = (properties: Properties) => Properties;

function publishes(only5: Only5, sender: "client" | "server"): Packet[] {
  const plain = {
    type: PacketType.PUBLISH,
    topicName: "sensors/1/temperature",
    payload: utf8Encode("21.5 °C"),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: {},
  } as const;
  const identifiers = sender === "server" ? { subscriptionIdentifiers: [1, 268_435_455] } : {};
  return [
    plain,
    { ...plain, payload: new Uint8Array(0), retain: true },
    { ...plain, qos: 1, packetId: 65_535, dup: true },
    { ...plain, qos: 2, packetId: 1, payload: bytes },
    { ...plain, properties: only5({ ...publishProperties, ...identifiers }) },
    { ...plain, payload: new Uint8Array(300) },
  ];
}

function acknowledgements(
  type:
    | typeof PacketType.PUBACK
    | typeof PacketType.PUBREC
    | typeof PacketType.PUBREL
    | typeof PacketType.PUBCOMP,
  is5: boolean,
): Packet[] {
  const plain = { type, packetId: 513, reasonCode: ReasonCode.SUCCESS, properties: {} };
  if (!is5) return [plain];
  const isReceipt = type === PacketType.PUBACK || type === PacketType.PUBREC;
  const reasonCode = isReceipt ? ReasonCode.NOT_AUTHORIZED : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND;
  return [plain, { ...plain, reasonCode }, { ...plain, reasonCode, properties: reasonProperties }];
}

function fromClient(version: ProtocolVersion, only5: Only5): Packet[] {
  const is5 = version === ProtocolVersion.MQTT_5_0;
  const connect = {
    type: PacketType.CONNECT,
    protocolVersion: version,
    isBridge: false,
    clientId: "device-1",
    cleanStart: true,
    keepAliveSeconds: 60,
    properties: {},
  } as const;
  const will = { topicName: "gone", payload: bytes, qos: 1, retain: true, properties: {} } as const;
  const subscription = {
    topicFilter: "a/+/#",
    qos: 2,
    noLocal: is5,
    retainAsPublished: is5,
    retainHandling: is5 ? 2 : 0,
  } as const;
  const filters = ["a", "$share/group/b/#"];
  return [
    connect,
    { ...connect, cleanStart: false, keepAliveSeconds: 0, will, isBridge: !is5 },
    {
      ...connect,
      will: { ...will, properties: only5(willProperties) },
      properties: only5(connectProperties),
    },
    { ...connect, userName: "user", password: bytes },
    { type: PacketType.SUBSCRIBE, packetId: 1, subscriptions: [subscription], properties: {} },
    {
      type: PacketType.SUBSCRIBE,
      packetId: 2,
      subscriptions: [subscription, { ...subscription, topicFilter: "$share/g/x", noLocal: false }],
      properties: only5({ subscriptionIdentifiers: [300], userProperties }),
    },
    {
      type: PacketType.UNSUBSCRIBE,
      packetId: 3,
      topicFilters: filters,
      properties: only5({ userProperties }),
    },
    { type: PacketType.PINGREQ },
    { type: PacketType.DISCONNECT, reasonCode: ReasonCode.NORMAL_DISCONNECTION, properties: {} },
    ...(is5 ? only5FromClient : []),
  ];
}

const only5FromClient: readonly Packet[] = [
  { type: PacketType.DISCONNECT, reasonCode: ReasonCode.DISCONNECT_WITH_WILL_MESSAGE, properties: {} },
  {
    type: PacketType.DISCONNECT,
    reasonCode: ReasonCode.NORMAL_DISCONNECTION,
    properties: { sessionExpiryInterval: 10, ...reasonProperties },
  },
  {
    type: PacketType.AUTH,
    reasonCode: ReasonCode.RE_AUTHENTICATE,
    properties: { authenticationMethod: "M", authenticationData: bytes, ...reasonProperties },
  },
];

function fromServer(is5: boolean, only5: Only5): Packet[] {
  const properties = only5(reasonProperties);
  const codes = is5 ? [0, 1, 2, 0x87] : [0, 1, 2, 0x80];
  return [
    { type: PacketType.CONNACK, sessionPresent: false, reasonCode: ReasonCode.SUCCESS, properties: {} },
    {
      type: PacketType.CONNACK,
      sessionPresent: false,
      reasonCode: ReasonCode.NOT_AUTHORIZED,
      properties: only5(connackProperties),
    },
    { type: PacketType.SUBACK, packetId: 1, reasonCodes: codes as ReasonCode[], properties },
    { type: PacketType.UNSUBACK, packetId: 2, reasonCodes: is5 ? [0, 0x11] : [], properties },
    { type: PacketType.PINGRESP },
    ...(is5 ? only5FromServer : []),
  ];
}

const only5FromServer: readonly Packet[] = [
  { type: PacketType.CONNACK, sessionPresent: true, reasonCode: ReasonCode.SUCCESS, properties: {} },
  {
    type: PacketType.DISCONNECT,
    reasonCode: ReasonCode.SERVER_MOVED,
    properties: { serverReference: "other", ...reasonProperties },
  },
  { type: PacketType.AUTH, reasonCode: ReasonCode.SUCCESS, properties: {} },
  {
    type: PacketType.AUTH,
    reasonCode: ReasonCode.CONTINUE_AUTHENTICATION,
    properties: { authenticationMethod: "M" },
  },
];
