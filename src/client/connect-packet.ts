/**
 * CONNECT, as the program's options and the state of its session say.
 */

import { type ConnectPacket, type ConnectProperties, packetTypes, versions, type Will } from "#protocol";
import { bytesOf, checkQos } from "./arguments.ts";
import {
  DEFAULT_MAXIMUM_PACKET_SIZE,
  DEFAULT_RECEIVE_MAXIMUM,
  DEFAULT_SESSION_EXPIRY,
  DEFAULT_TOPIC_ALIAS_MAXIMUM,
} from "./defaults.ts";
import type { ConnectOptions } from "./options.ts";
import type { BrokerUrl } from "./url.ts";

/** What only this attempt knows. */
export interface Attempt {
  readonly identity: Pick<ConnectPacket, "protocolVersion" | "clientId" | "keepAliveSeconds">;
  /** The broker has, or had, a session of this client that goes on. */
  readonly hasSession: boolean;
  readonly authentication: Pick<ConnectProperties, "authenticationMethod" | "authenticationData">;
}

export function connectPacket(
  options: ConnectOptions,
  url: BrokerUrl,
  { identity, hasSession, authentication }: Attempt,
): ConnectPacket {
  const { userName = url.userName, password = url.password, will, properties, isBridge = false } = options;
  const isVersion5 = identity.protocolVersion === versions.MQTT_5_0;
  // 3.x has no expiry: a session either ends with the connection or never.
  const isLasting = isVersion5 || options.sessionExpiryInterval !== undefined;
  return {
    type: packetTypes.CONNECT,
    ...identity,
    isBridge,
    cleanStart: isVersion5 ? !hasSession : !(options.cleanStart === false || isLasting),
    ...(will && { will: willOf(will) }),
    ...(userName !== undefined && { userName }),
    ...(password !== undefined && { password: bytesOf(password, "password") }),
    properties: {
      ...properties,
      sessionExpiryInterval: options.sessionExpiryInterval ?? DEFAULT_SESSION_EXPIRY,
      receiveMaximum: options.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM,
      maximumPacketSize: options.maximumPacketSize ?? DEFAULT_MAXIMUM_PACKET_SIZE,
      topicAliasMaximum: options.topicAliasMaximum ?? DEFAULT_TOPIC_ALIAS_MAXIMUM,
      ...authentication,
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
  checkQos(qos);
  return { topicName, payload: bytesOf(payload, "payload"), qos, retain, properties };
}
