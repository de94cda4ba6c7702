/**
 * Huawei Cloud IoTDA. The time, as `2025041401` in hours of UTC, is the key and the secret of the device the message of the HMAC.
 * The client id says whether the time counts.
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
  type SecretOwner,
} from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import { bytesOfHex, hexOf } from "./encodings.ts";
import type { KeyedHashing } from "./keyed-hashing.ts";

const HOUR_MS = 3_600_000;
const KEEP_ALIVE = { lowest: 30, highest: 1_200 };
const ADVISED_KEEP_ALIVE_SECONDS = 120;

export interface HuaweiOptions {
  readonly deviceId: string;
  readonly secret: string;
  /** Milliseconds since 1970; rounded down to the hour. */
  readonly atMs: number;
  /** The platform compares the time: the credentials are good for an hour or two. Default false. */
  readonly isTimeChecked?: boolean | undefined;
  /** The id is a node id. Default false. */
  readonly isNodeId?: boolean | undefined;
  /** Of the instance. */
  readonly host?: string | undefined;
  /** Default true. */
  readonly tls?: boolean | undefined;
}

export function huaweiCredentials(options: HuaweiOptions, hashing: KeyedHashing): CloudCredentials {
  const { deviceId, secret, atMs, host, tls = true } = options;
  const hour = hourText(atMs);
  const isTimeChecked = options.isTimeChecked === true;
  return {
    clientId: `${deviceId}_${options.isNodeId === true ? 2 : 0}_${isTimeChecked ? 1 : 0}_${hour}`,
    userName: deviceId,
    password: hexOf(huaweiSignature(hour, secret, hashing)),
    ...(host === undefined ? {} : { url: tls ? `mqtts://${host}:8883` : `mqtt://${host}:1883` }),
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
    ...(isTimeChecked ? { expiresAtMs: startOfHour(atMs) + 2 * HOUR_MS } : {}),
  };
}

function startOfHour(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

/** `YYYYMMDDHH`, UTC. */
function hourText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 13).replaceAll(/[-T]/g, "");
}

function huaweiSignature(hour: string, secret: string, hashing: KeyedHashing): Uint8Array {
  return hashing.hmac("sha256", utf8Encode(hour), utf8Encode(secret));
}

/** A time that counts may be that of the hour before or behind the present one. */
export function huaweiLogin(options: CloudLoginOptions): CloudProvider {
  return cloudLogin("huawei", options, (login) => read(login, options), KEEP_ALIVE);
}

function read(login: Login, { clock, hashing }: CloudLoginOptions): Claim | CloudRefused | undefined {
  const [, device = "", , signType, hour = ""] = /^(.+)_([02])_([01])_(\d{10})$/.exec(login.clientId) ?? [];
  if (device === "" || login.userName !== device || login.password === undefined) return undefined;
  const owner: SecretOwner = { cloud: "huawei", group: "", device };
  const isInTime = signType === "0" || hoursAround(clock.epochMs()).includes(hour);
  return {
    owners: [owner],
    proof: bytesOfHex(utf8Decode(login.password)),
    expected: (secret) => huaweiSignature(hour, secret, hashing),
    problem: isInTime
      ? undefined
      : notAllowed(`device ${device} has signed ${hour}, which is not the present hour`),
    accepted: acceptedDevice("huawei", { group: "", device }),
  };
}

function hoursAround(nowMs: number): string[] {
  return [-HOUR_MS, 0, HOUR_MS].map((differenceMs) => hourText(nowMs + differenceMs));
}
