/** How the two clients of a bridge connect. */

import type { ConnectOptions } from "#client";
import { ProtocolVersion, SESSION_NEVER_EXPIRES } from "#protocol";
import type { BridgeOptions, BridgePorts } from "./options.ts";

/** What the bridge says of itself on its notification topic. */
export const BridgeState = { ONLINE: "1", OFFLINE: "0" } as const;

/** What waits does not grow old: above QoS 0 nothing is lost. */
const outbox = { maximumAgeMs: Number.POSITIVE_INFINITY };

/** The client of this broker. */
export function localOptions(options: BridgeOptions, ports: BridgePorts): ConnectOptions {
  const { localClientId, isLocalSessionClean, receiveMaximum, threshold, start } = options;
  return {
    clientId: localClientId,
    cleanStart: isLocalSessionClean,
    sessionExpiryInterval: isLocalSessionClean ? 0 : SESSION_NEVER_EXPIRES,
    keepAliveSeconds: 0,
    // What waits has to get here to be counted.
    receiveMaximum: start === "lazy" ? Math.max(receiveMaximum, threshold) : receiveMaximum,
    outbox,
    dial: () => ports.connectLocally(),
  };
}

/** The client of the other broker, but for how it gets there. */
export function remoteOptions(options: BridgeOptions): Omit<ConnectOptions, "dial"> {
  const { notificationTopic, isNotifiedLocallyOnly, isRemoteSessionClean, version } = options;
  const isTold = notificationTopic !== undefined && !isNotifiedLocallyOnly;
  const will = { payload: BridgeState.OFFLINE, qos: 1, retain: true } as const;
  return {
    clientId: options.remoteClientId,
    version,
    cleanStart: isRemoteSessionClean,
    ...(version === ProtocolVersion.MQTT_5_0 && {
      sessionExpiryInterval: options.remoteSessionExpirySeconds,
    }),
    keepAliveSeconds: options.keepAliveSeconds,
    ...(options.remoteUserName !== undefined && { userName: options.remoteUserName }),
    ...(options.remotePassword !== undefined && { password: options.remotePassword }),
    ...(isTold && { will: { topicName: notificationTopic, ...will } }),
    receiveMaximum: options.receiveMaximum,
    ...(options.maximumPacketBytes > 0 && { maximumPacketSize: options.maximumPacketBytes }),
    topicAliasMaximum: options.maximumTopicAlias,
    outbox,
  };
}
