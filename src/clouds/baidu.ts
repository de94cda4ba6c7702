/**
 * Baidu IoT Core. User name `thingidp@core1|dev1|0|MD5`; the password is a plain hash of device, time, algorithm and secret in
 * hex. A time stamp of 0 means that the password is good for ever.
 */

import type { Login } from "#auth";
import { utf8Decode, utf8Encode } from "#base";
import {
  acceptedDevice,
  type Claim,
  type CloudLoginOptions,
  type CloudProvider,
  type CloudRefused,
  cloudLogin,
  notAllowed,
  wrong,
} from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import { bytesOfHex, hexOf, wholeNumber } from "./encodings.ts";
import type { KeyedHashing } from "./keyed-hashing.ts";

const PREFIX = "thingidp@";
const DEFAULT_LIFETIME_SECONDS = 24 * 3_600;
const SKEW_SECONDS = 300;
const ADVISED_KEEP_ALIVE_SECONDS = 120;

const algorithms = { MD5: "md5", SHA256: "sha256" } as const;
type BaiduAlgorithm = keyof typeof algorithms;

export interface BaiduOptions {
  readonly coreId: string;
  readonly deviceKey: string;
  readonly secret: string;
  /** Default: `deviceKey`. */
  readonly clientId?: string | undefined;
  /** Seconds since 1970. Default 0: good for ever. */
  readonly timestamp?: number | undefined;
  /** Default SHA256. */
  readonly algorithm?: BaiduAlgorithm | undefined;
  /** Default true. */
  readonly tls?: boolean | undefined;
}

export function baiduCredentials(options: BaiduOptions, hashing: KeyedHashing): CloudCredentials {
  const { coreId, deviceKey, secret, timestamp = 0, algorithm = "SHA256", tls = true } = options;
  const host = `${coreId}.iot.gz.baidubce.com`;
  const signed = `${deviceKey}&${timestamp}&${algorithm}`;
  return {
    clientId: options.clientId ?? deviceKey,
    userName: `${PREFIX}${coreId}|${deviceKey}|${timestamp}|${algorithm}`,
    password: hexOf(hashing.hash(algorithms[algorithm], utf8Encode(signed + secret))),
    url: tls ? `mqtts://${host}:1884` : `mqtt://${host}:1883`,
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
  };
}

export interface BaiduLoginOptions extends CloudLoginOptions {
  /** How long a password with a time stamp is good. Default a day. */
  readonly lifetimeSeconds?: number;
}

export function baiduLogin(options: BaiduLoginOptions): CloudProvider {
  return cloudLogin("baidu", options, (login) => read(login, options));
}

function read(login: Login, options: BaiduLoginOptions): Claim | CloudRefused | undefined {
  const { userName = "", password } = login;
  if (!userName.startsWith(PREFIX)) return undefined;
  const [group, device, time, algorithm, ...rest] = userName.slice(PREFIX.length).split("|");
  const timestamp = wholeNumber(time);
  if (!group || !device || timestamp === undefined || algorithm === undefined || rest.length > 0) {
    return wrong(`"${userName}" is not thingidp@core|device|time|algorithm`);
  }
  if (!isAlgorithm(algorithm)) {
    return wrong(`device ${device} of ${group} signs with ${algorithm}, which is not known`);
  }
  const nowSeconds = options.clock.epochMs() / 1000;
  const { lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = options;
  const isAhead = timestamp > nowSeconds + SKEW_SECONDS;
  return {
    owners: [{ cloud: "baidu", group, device }],
    proof: password && bytesOfHex(utf8Decode(password)),
    expected: (secret) =>
      options.hashing.hash(algorithms[algorithm], utf8Encode(`${device}&${time}&${algorithm}${secret}`)),
    expiresAtMs: timestamp === 0 ? undefined : (timestamp + lifetimeSeconds) * 1000,
    problem: isAhead ? notAllowed(`device ${device} of ${group} has signed a time to come`) : undefined,
    accepted: acceptedDevice("baidu", { group, device }, { userName: `${PREFIX}${group}|${device}` }),
  };
}

function isAlgorithm(text: string): text is BaiduAlgorithm {
  return Object.hasOwn(algorithms, text);
}
