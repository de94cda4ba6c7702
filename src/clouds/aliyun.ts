/**
 * Alibaba Cloud IoT Platform: what devices sign, and credentials for them. What is signed are names and values without
 * separators, sorted by name: `clientId12345deviceNamedeviceproductKeypktimestamp789`.
 */

import { utf8Encode } from "#base";
import type { CloudCredentials } from "./credentials.ts";
import { hexOf } from "./encodings.ts";
import type { HashAlgorithm, KeyedHashing } from "./keyed-hashing.ts";

export const aliyunMethods = {
  hmacmd5: "md5",
  hmacsha1: "sha1",
  hmacsha256: "sha256",
} as const satisfies Readonly<Record<string, HashAlgorithm>>;
export type AliyunMethod = keyof typeof aliyunMethods;

/** Advised by the platform; it allows 30 to 1,200. */
const KEEP_ALIVE_SECONDS = 300;

/** Where the device connects to: a region of the public instance, or an instance of one's own. */
interface AliyunPlace {
  readonly productKey: string;
  /** For example `cn-shanghai`. */
  readonly region?: string | undefined;
  /** Of an enterprise instance, for example `iot-060a0001`. */
  readonly instanceId?: string | undefined;
}

interface AliyunDevice extends AliyunPlace {
  readonly deviceName: string;
  /** Default hmacsha256. */
  readonly method?: AliyunMethod | undefined;
}

export interface AliyunOptions extends AliyunDevice {
  readonly deviceSecret: string;
  /** The part before the bar; up to 64 characters. Default `productKey.deviceName`. */
  readonly clientId?: string | undefined;
  /** Signed as well, when it is given. Milliseconds since 1970 are advised. */
  readonly timestamp?: number | undefined;
  /** 2 for TLS, the default; 3 for plain TCP. */
  readonly secureMode?: 2 | 3 | undefined;
}

/** The credentials of a device with a secret of its own. */
export function aliyunCredentials(options: AliyunOptions, hashing: KeyedHashing): CloudCredentials {
  const { productKey, deviceName, deviceSecret, timestamp, secureMode = 2 } = options;
  const { method = "hmacsha256", clientId = `${productKey}.${deviceName}` } = options;
  const signed = aliyunContent({ clientId, deviceName, productKey, timestamp: timestamp?.toString() });
  const extension = [
    `securemode=${secureMode}`,
    `signmethod=${method}`,
    ...(timestamp === undefined ? [] : [`timestamp=${timestamp}`]),
  ];
  return {
    clientId: `${clientId}|${extension.join(",")}|`,
    userName: `${deviceName}&${productKey}`,
    password: hexOf(aliyunSignature(method, deviceSecret, signed, hashing)).toUpperCase(),
    ...addressOf(options, secureMode === 2 ? "mqtts" : "mqtt"),
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
  };
}

export interface AliyunRegistrationOptions extends AliyunDevice {
  readonly productSecret: string;
  /** Anything that is new each time. */
  readonly random: string;
  /** The platform knows the device already. Default true. */
  readonly isPreRegistered?: boolean | undefined;
}

/**
 * The credentials with which a device asks for a secret (`/ext/register`), or for a client id and a token when the platform does
 * not know it yet (`/ext/regnwl`). TLS only.
 */
export function aliyunRegistration(
  options: AliyunRegistrationOptions,
  hashing: KeyedHashing,
): CloudCredentials {
  const { productKey, deviceName, productSecret, random, instanceId } = options;
  const { method = "hmacsha256", isPreRegistered = true } = options;
  const extension = [
    isPreRegistered ? "securemode=2,authType=register" : "securemode=-2,authType=regnwl",
    `random=${random}`,
    `signmethod=${method}`,
    ...(instanceId === undefined ? [] : [`instanceId=${instanceId}`]),
  ];
  const signed = aliyunContent({ deviceName, productKey, random });
  return {
    clientId: `${deviceName}.${productKey}|${extension.join(",")}|`,
    userName: `${deviceName}&${productKey}`,
    password: hexOf(aliyunSignature(method, productSecret, signed, hashing)).toUpperCase(),
    ...addressOf(options, "mqtts"),
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
  };
}

export interface AliyunTokenOptions extends AliyunPlace {
  readonly deviceName: string;
  /** Both as `/ext/regnwl` gave them. */
  readonly clientId: string;
  readonly deviceToken: string;
}

/** The credentials of a device that has registered without being known before. */
export function aliyunToken(options: AliyunTokenOptions): CloudCredentials {
  const { productKey, deviceName, clientId, deviceToken } = options;
  return {
    clientId: `${clientId}|securemode=-2,authType=connwl|`,
    userName: `${deviceName}&${productKey}`,
    password: deviceToken,
    ...addressOf(options, "mqtts"),
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
  };
}

/** Names and values, sorted by name. What is not given, or empty, is not there. */
export function aliyunContent(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== "")
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}${value}`)
    .join("");
}

export function aliyunSignature(
  method: AliyunMethod,
  secret: string,
  content: string,
  hashing: KeyedHashing,
): Uint8Array {
  return hashing.hmac(aliyunMethods[method], utf8Encode(secret), utf8Encode(content));
}

function addressOf({ productKey, region, instanceId }: AliyunPlace, scheme: "mqtt" | "mqtts") {
  if (instanceId !== undefined) return { url: `${scheme}://${instanceId}.mqtt.iothub.aliyuncs.com:1883` };
  return region === undefined
    ? {}
    : { url: `${scheme}://${productKey}.iot-as-mqtt.${region}.aliyuncs.com:1883` };
}
