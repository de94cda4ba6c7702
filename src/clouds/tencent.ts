/**
 * Tencent Cloud IoT Hub. The client id is product id and device name, joined; the user name
 * `PRODUCT1dev1;12010126;ABCDE;4102444800` is what is signed, and the password says with what.
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
  wrong,
} from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import { bytesOfBase64, bytesOfHex, hexOf, wholeNumber } from "./encodings.ts";
import type { KeyedHashing } from "./keyed-hashing.ts";

/** What the platform has every device write. */
const SDK_APP_ID = "12010126";
const KEEP_ALIVE = { lowest: 0, highest: 900 };
const ADVISED_KEEP_ALIVE_SECONDS = 240;

const methods = { hmacsha256: "sha256", hmacsha1: "sha1" } as const;
type TencentMethod = keyof typeof methods;

export interface TencentOptions {
  readonly productId: string;
  readonly deviceName: string;
  /** In Base64. */
  readonly key: string;
  /** Five letters or digits, new for each connection. */
  readonly connectionId: string;
  /** Seconds since 1970. */
  readonly expiresAtSeconds: number;
  /** Default hmacsha256. */
  readonly method?: TencentMethod | undefined;
  /** Default false: with a key the platform has plain TCP, with a certificate TLS. */
  readonly tls?: boolean | undefined;
}

/** Undefined when the key is no Base64. */
export function tencentCredentials(
  options: TencentOptions,
  hashing: KeyedHashing,
): CloudCredentials | undefined {
  const { productId, deviceName, connectionId, expiresAtSeconds, method = "hmacsha256" } = options;
  const clientId = `${productId}${deviceName}`;
  const userName = `${clientId};${SDK_APP_ID};${connectionId};${expiresAtSeconds}`;
  const key = bytesOfBase64(options.key);
  if (key === undefined) return undefined;
  const host = `${productId}.iotcloud.tencentdevices.com`;
  return {
    clientId,
    userName,
    password: `${hexOf(hashing.hmac(methods[method], key, utf8Encode(userName)))};${method}`,
    url: options.tls === true ? `mqtts://${host}:8883` : `mqtt://${host}:1883`,
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
    expiresAtMs: expiresAtSeconds * 1000,
  };
}

export function tencentLogin(options: CloudLoginOptions): CloudProvider {
  return cloudLogin("tencent", options, (login) => read(login, options), KEEP_ALIVE);
}

function read(login: Login, { hashing }: CloudLoginOptions): Claim | CloudRefused | undefined {
  const { clientId, userName = "", password } = login;
  const [device, sdkAppId, connectionId, expiry, ...rest] = userName.split(";");
  const isWhole = device === clientId && sdkAppId !== undefined && connectionId !== undefined;
  if (!isWhole || rest.length > 0 || password === undefined) return undefined;
  const expiresAtSeconds = wholeNumber(expiry);
  if (expiresAtSeconds === undefined) return wrong(`device ${device} does not say when its password expires`);
  const [digits = "", method = ""] = utf8Decode(password).split(";");
  if (!isMethod(method)) return wrong(`device ${device} signs with a method that is not known`);
  return {
    owners: [{ cloud: "tencent", group: "", device }],
    proof: bytesOfHex(digits),
    expected: (secret) => {
      const key = bytesOfBase64(secret);
      return key && hashing.hmac(methods[method], key, utf8Encode(userName));
    },
    expiresAtMs: expiresAtSeconds * 1000,
    accepted: acceptedDevice("tencent", { group: "", device }, { userName: device }),
  };
}

function isMethod(text: string): text is TencentMethod {
  return Object.hasOwn(methods, text);
}
