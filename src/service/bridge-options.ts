/** From `[[bridges]]` of a configuration to the options of a bridge and the way to the other broker, with the contents of its files. */

import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { ConfigError } from "#base";
import { type BridgeAddress, type BridgeOptions, type BridgePorts, bridgeTopicProblem } from "#bridge";
import { type BridgeConfiguration, whyUnreadable } from "#config";
import { type ProtocolVersion, type Qos, SESSION_NEVER_EXPIRES } from "#protocol";
import { connectTcp, connectTls, type TlsDialOptions } from "#transport";

const levels: Readonly<Record<BridgeConfiguration["protocol_version"], ProtocolVersion>> = {
  "3.1": 3,
  "3.1.1": 4,
  "5.0": 5,
};

const DEFAULT_STABLE_SECONDS = 10;

/** What a bridge does; `path` is that of its table. @throws ConfigError for what does not fit together, and for files */
export function bridgeOptionsOf(bridge: BridgeConfiguration, path: string): BridgeOptions {
  const { name, clean_session: isClean, topics } = bridge;
  for (const [index, topic] of bridgeTopics(topics).entries()) {
    const problem = bridgeTopicProblem(topic);
    if (problem !== undefined) throw new ConfigError(`${path}.topics[${index}]`, problem);
  }
  const remoteClientId = bridge.remote_client_id ?? `${name}.${hostname()}`;
  const topic = bridge.notification_topic ?? `$SYS/broker/connection/${remoteClientId}/state`;
  return {
    name,
    addresses: addressesOf(bridge, path),
    isRoundRobin: bridge.round_robin,
    topics: bridgeTopics(topics),
    version: levels[bridge.protocol_version],
    localClientId: bridge.local_client_id ?? `local.${remoteClientId}`,
    remoteClientId,
    remoteUserName: bridge.remote_user_name,
    remotePassword: passwordOf(bridge, path),
    isLocalSessionClean: bridge.local_clean_session ?? isClean,
    isRemoteSessionClean: isClean,
    remoteSessionExpirySeconds: bridge.session_expiry_seconds ?? (isClean ? 0 : SESSION_NEVER_EXPIRES),
    keepAliveSeconds: bridge.keep_alive_seconds,
    notificationTopic: bridge.notifications ? topic : undefined,
    isNotifiedLocallyOnly: bridge.notifications_local_only,
    isPrivate: bridge.try_private,
    start: bridge.start,
    idleTimeoutMs: bridge.idle_timeout_seconds * 1000,
    threshold: bridge.threshold,
    restart: restartOf(bridge, path),
    endsForeignSubscriptions: bridge.attempt_unsubscribe,
    keepsRetain: bridge.outgoing_retain,
    maximumPacketBytes: bridge.maximum_packet_bytes,
    maximumTopicAlias: bridge.maximum_topic_alias,
    receiveMaximum: bridge.receive_maximum,
  };
}

/** The way to the other broker. @throws ConfigError for files that cannot be read, and keys that do not fit together */
export function bridgeDialOf(bridge: BridgeConfiguration, path: string): BridgePorts["dial"] {
  const { bind_address: localAddress, tls } = bridge;
  const from = localAddress === undefined ? {} : { localAddress };
  if (tls === undefined) {
    return ({ host, port }, timeoutMs) => connectTcp({ host, port, timeoutMs, ...from });
  }
  const secured = tlsOf(tls, `${path}.tls`);
  return ({ host, port }, handshakeTimeoutMs) =>
    connectTls({ host, port, handshakeTimeoutMs, ...secured, ...from });
}

function bridgeTopics(topics: BridgeConfiguration["topics"]): BridgeOptions["topics"] {
  return topics.map(({ pattern, direction, qos, local_prefix, remote_prefix }) => {
    return { pattern, direction, qos: qos as Qos, localPrefix: local_prefix, remotePrefix: remote_prefix };
  });
}

function addressesOf({ addresses, tls }: BridgeConfiguration, path: string): BridgeOptions["addresses"] {
  const usualPort = tls === undefined ? 1883 : 8883;
  const [first, ...more] = addresses.map((text) => addressOf(text, usualPort));
  if (first === undefined) throw new ConfigError(`${path}.addresses`, "it is missing.");
  return [first, ...more];
}

function addressOf(text: string, usualPort: number): BridgeAddress {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  // An IPv6 address without brackets has no port.
  return { host: bracketed ?? plain ?? text, port: port === undefined ? usualPort : Number(port) };
}

function restartOf({ restart_timeout: times }: BridgeConfiguration, path: string): BridgeOptions["restart"] {
  const [least = 1, most = least, stable = DEFAULT_STABLE_SECONDS] = times;
  if (most < least) throw new ConfigError(`${path}.restart_timeout`, "the most is less than the least.");
  return { leastMs: least * 1000, mostMs: most * 1000, stableMs: stable * 1000 };
}

function passwordOf(bridge: BridgeConfiguration, path: string): string | undefined {
  const { remote_password: password, remote_password_file: file } = bridge;
  if (file === undefined) return password;
  if (password !== undefined)
    throw new ConfigError(`${path}.remote_password_file`, "it contradicts remote_password; set one of them.");
  return contentOf(`${path}.remote_password_file`, file).split(/\r?\n/, 1)[0];
}

type TlsConfiguration = NonNullable<BridgeConfiguration["tls"]>;

function tlsOf(tls: TlsConfiguration, path: string): Partial<TlsDialOptions> {
  const { psk, psk_identity: identity } = tls;
  if ((psk === undefined) !== (identity === undefined))
    throw new ConfigError(`${path}.psk`, "psk and psk_identity belong together.");
  if (psk !== undefined && !/^(?:[\da-f]{2})+$/i.test(psk))
    throw new ConfigError(`${path}.psk`, "it is no key in hex.");
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw new ConfigError(`${path}.cert`, "cert and key belong together.");
  const content = (name: "cert" | "key", file: string | undefined) =>
    file === undefined ? {} : { [name]: contentOf(`${path}.${name}`, file) };
  const ca = authoritiesOf(tls, path);
  return {
    minVersion: tls.min_version === "1.3" ? "TLSv1.3" : "TLSv1.2",
    verifyName: !tls.insecure,
    alpn: tls.alpn === undefined ? [] : [tls.alpn],
    ...content("cert", tls.cert),
    ...content("key", tls.key),
    ...(ca === undefined ? {} : { ca }),
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    ...(psk === undefined || identity === undefined
      ? {}
      : { psk: { identity, key: Buffer.from(psk, "hex") } }),
  };
}

/** Undefined for those that Node knows. */
function authoritiesOf(tls: TlsConfiguration, path: string): string | undefined {
  const found: string[] = [];
  if (tls.ca !== undefined) found.push(contentOf(`${path}.ca`, tls.ca));
  const { ca_folder: folder } = tls;
  if (folder !== undefined) found.push(...certificatesIn(folder, `${path}.ca_folder`));
  if (found.length === 0 && !tls.use_system_ca) return undefined;
  if (tls.use_system_ca) found.push(...getCACertificates("system"));
  return found.join("\n");
}

function certificatesIn(folder: string, path: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => readFileSync(join(folder, entry.name), "utf8"))
      .filter((text) => text.includes("-----BEGIN CERTIFICATE-----"));
  } catch (error) {
    throw new ConfigError(path, `${folder}: ${whyUnreadable(error)}.`);
  }
}

function contentOf(path: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(path, `${file}: ${whyUnreadable(error)}.`);
  }
}
