/**
 * OneNET of China Mobile: the MQTT suite and OneNET Studio with tokens, and the older service with a password as it is. What a
 * token signs is `et LF method LF res LF version`, the values only and before they are percent-encoded.
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
  wrong,
} from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import { base64Of, bytesOfBase64, fieldsOf, percentEncoded, wholeNumber } from "./encodings.ts";
import type { HashAlgorithm, KeyedHashing } from "./keyed-hashing.ts";

const VERSION = "2018-10-31";
const KEEP_ALIVE = { lowest: 10, highest: 1_800 };
const ADVISED_KEEP_ALIVE_SECONDS = 300;
const methods: readonly string[] = ["md5", "sha1", "sha256"] satisfies HashAlgorithm[];

export interface OnenetOptions {
  readonly productId: string;
  readonly deviceName: string;
  /** In Base64: that of the device, or the access key of the product. */
  readonly key: string;
  /** The key is the product's: the token is for all of its devices. Default false. */
  readonly isProductKey?: boolean | undefined;
  /** When the token ends, seconds since 1970. */
  readonly expiresAtSeconds: number;
  /** Default sha256. */
  readonly method?: HashAlgorithm | undefined;
  /** Default true. */
  readonly tls?: boolean | undefined;
}

/** The credentials of the newer service; undefined when the key is no Base64. */
export function onenetCredentials(
  options: OnenetOptions,
  hashing: KeyedHashing,
): CloudCredentials | undefined {
  const { productId, deviceName, expiresAtSeconds, method = "sha256", tls = true } = options;
  const product = `products/${productId}`;
  const resource = options.isProductKey === true ? product : `${product}/devices/${deviceName}`;
  const et = String(expiresAtSeconds);
  const signature = onenetSignature({ key: options.key, et, method, resource }, hashing);
  if (signature === undefined) return undefined;
  const fields = { version: VERSION, res: resource, et, method, sign: base64Of(signature) };
  return {
    clientId: deviceName,
    userName: productId,
    password: Object.entries(fields)
      .map(([name, value]) => `${name}=${percentEncoded(value)}`)
      .join("&"),
    url: tls ? "mqtts://mqttstls.heclouds.com:8883" : "mqtt://mqtts.heclouds.com:1883",
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
    expiresAtMs: expiresAtSeconds * 1000,
  };
}

interface Signed {
  readonly key: string;
  readonly et: string;
  readonly method: HashAlgorithm;
  readonly resource: string;
}

function onenetSignature(
  { key, et, method, resource }: Signed,
  hashing: KeyedHashing,
): Uint8Array | undefined {
  const keyBytes = bytesOfBase64(key);
  if (keyBytes === undefined) return undefined;
  return hashing.hmac(method, keyBytes, utf8Encode([et, method, resource, VERSION].join("\n")));
}

/** With the access key of the product, each device name of it is let in. */
export function onenetLogin(options: CloudLoginOptions): CloudProvider {
  return cloudLogin("onenet", options, (login) => read(login, options), KEEP_ALIVE);
}

function read(login: Login, { hashing }: CloudLoginOptions): Claim | CloudRefused | undefined {
  const { clientId, userName, password } = login;
  const text = password === undefined ? "" : utf8Decode(password);
  if (userName === undefined || !/(^|&)version=/.test(text) || !/(^|&)sign=/.test(text)) return undefined;
  const device = `device ${clientId} of ${userName}`;
  const fields = fieldsOf(text);
  if (fields === undefined) return wrong(`the token of ${device} is malformed`);
  const et = fields.get("et");
  const method = fields.get("method") ?? "";
  const resource = fields.get("res") ?? "";
  const expiresAtSeconds = wholeNumber(et);
  if (et === undefined || expiresAtSeconds === undefined) {
    return wrong(`the token of ${device} does not say when it expires`);
  }
  if (!isMethod(method)) return wrong(`the token of ${device} is signed with ${method}, which is not known`);
  if (fields.get("version") !== VERSION) {
    return notAllowed(`the token of ${device} is not of version ${VERSION}`);
  }
  const owner = ownerOf(resource, userName, clientId);
  if (owner === undefined) return wrong(`the token of ${device} is for ${resource}`);
  return {
    owners: [owner],
    proof: bytesOfBase64(fields.get("sign") ?? ""),
    expected: (key) => onenetSignature({ key, et, method, resource }, hashing),
    expiresAtMs: expiresAtSeconds * 1000,
    accepted: acceptedDevice("onenet", { group: userName, device: clientId }),
  };
}

/** Whose key signs for `resource`, if that is this device or its product. */
function ownerOf(resource: string, group: string, device: string): SecretOwner | undefined {
  if (resource === `products/${group}/devices/${device}`) return { cloud: "onenet", group, device };
  return resource === `products/${group}` ? { cloud: "onenet", group } : undefined;
}

function isMethod(text: string): text is HashAlgorithm {
  return methods.includes(text);
}

export interface OnenetOldOptions {
  readonly productId: string;
  /** A number. */
  readonly deviceId: string;
  /** The auth info of the device, or an API key of the product. */
  readonly authInfo: string;
}

export function onenetOldCredentials({ productId, deviceId, authInfo }: OnenetOldOptions): CloudCredentials {
  return {
    clientId: deviceId,
    userName: productId,
    password: authInfo,
    url: "mqtt://183.230.40.39:6002",
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
  };
}

/**
 * The older service: the password is compared as it is. Other logins look the same, so a device without a secret, and without an
 * API key of its product, is passed on.
 */
export function onenetOldLogin(options: CloudLoginOptions): CloudProvider {
  return cloudLogin("onenet-old", options, ({ clientId, userName = "", password }) => {
    if (!/^\d+$/.test(clientId) || !/^\d+$/.test(userName) || password === undefined) return undefined;
    const named = { group: userName, device: clientId };
    return {
      owners: [
        { cloud: "onenet-old", ...named },
        { cloud: "onenet-old", group: userName },
      ],
      proof: password,
      expected: utf8Encode,
      accepted: acceptedDevice("onenet-old", named),
      strangersPass: true,
    };
  });
}
