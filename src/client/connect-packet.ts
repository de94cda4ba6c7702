/**
 * CONNECT, as the program's options and the state of its session say.
 */

import { utf8Encode } from "#base";
import { type ConnectPacket, type ProtocolVersion, packetTypes, versions, type Will } from "#protocol";
import type { ConnectOptions } from "./options.ts";
import type { BrokerUrl } from "./url.ts";

export const DEFAULT_MAXIMUM_PACKET_SIZE = 16 * 1024 * 1024;
export const DEFAULT_RECEIVE_MAXIMUM = 256;
export const DEFAULT_TOPIC_ALIAS_MAXIMUM = 64;
const DEFAULT_SESSION_EXPIRY = 300;

/** What only this attempt knows. */
export interface Attempt {
  readonly version: ProtocolVersion;
  readonly url: BrokerUrl;
  readonly clientId: string;
  /** The broker has, or had, a session of this client that goes on. */
  readonly hasSession: boolean;
  readonly keepAliveSeconds: number;
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
}

export function connectPacket(options: ConnectOptions, attempt: Attempt): ConnectPacket {
  const { version, url, clientId, hasSession, keepAliveSeconds, authenticationMethod, authenticationData } =
    attempt;
  const { userName = url.userName, password = url.password, will, properties, isBridge = false } = options;
  const isVersion5 = version === versions.MQTT_5_0;
  // 3.x has no expiry: a session either ends with the connection or never.
  const isLasting = isVersion5 || options.sessionExpiryInterval !== undefined;
  return {
    type: packetTypes.CONNECT,
    protocolVersion: version,
    isBridge,
    clientId,
    cleanStart: isVersion5 ? !hasSession : !(options.cleanStart === false || isLasting),
    keepAliveSeconds,
    ...(will && { will: willOf(will) }),
    ...(userName !== undefined && { userName }),
    ...(password !== undefined && { password: bytesOf(password) }),
    properties: {
      ...properties,
      sessionExpiryInterval: options.sessionExpiryInterval ?? DEFAULT_SESSION_EXPIRY,
      receiveMaximum: options.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM,
      maximumPacketSize: options.maximumPacketSize ?? DEFAULT_MAXIMUM_PACKET_SIZE,
      topicAliasMaximum: options.topicAliasMaximum ?? DEFAULT_TOPIC_ALIAS_MAXIMUM,
      ...(authenticationMethod !== undefined && { authenticationMethod }),
      ...(authenticationData && { authenticationData }),
    },
  };
}

function willOf({
  topicName,
  payload = "",
  qos = 0,
  retain = false,
  properties = {},
}: NonNullable<ConnectOptions["will"]>): Will {
  return { topicName, payload: bytesOf(payload), qos, retain, properties };
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? utf8Encode(content) : content;
}
