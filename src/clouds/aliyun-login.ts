/**
 * A broker that takes the logins of Alibaba Cloud IoT Platform: one secret for each device, or dynamic registration with the
 * secret of the product. Unknown keys between the bars are ignored, as SDKs add some. `securemode` is not compared with the
 * transport: TLS may end before the broker.
 */

import type { Login } from "#auth";
import { isPromise, type MaybePromise, utf8Decode, utf8Encode } from "#base";
import { type AliyunMethod, aliyunContent, aliyunMethods, aliyunSignature } from "./aliyun.ts";
import {
  acceptedDevice,
  type Claim,
  type CloudAccepted,
  type CloudLoginOptions,
  type CloudProvider,
  type CloudRefused,
  cloudLogin,
  notAllowed,
  type SecretOwner,
  wrong,
} from "./cloud-login.ts";
import { bytesOfHex, namedValues } from "./encodings.ts";

const KEEP_ALIVE = { lowest: 30, highest: 1_200 };
const LONGEST_CLIENT_ID = 64;

interface AliyunDeviceName {
  readonly productKey: string;
  readonly deviceName: string;
}

/** The devices of products whose devices fetch their secrets themselves. */
export interface AliyunRegistry {
  /** The secret of a device that was registered beforehand and may fetch it now; undefined when it may not. */
  secretFor(device: AliyunDeviceName): MaybePromise<string | undefined>;
  /** A client id and a token for a device that nobody knew; undefined when it gets none. Absent: none gets one. */
  tokenFor?(device: AliyunDeviceName): MaybePromise<AliyunToken | undefined>;
  /** The token that was given out for this client id; undefined when there is none. */
  tokenOf?(device: AliyunDeviceName, clientId: string): MaybePromise<string | undefined>;
}

export interface AliyunToken {
  readonly clientId: string;
  readonly deviceToken: string;
}

export interface AliyunLoginOptions extends CloudLoginOptions {
  /** Absent: no device registers by itself. */
  readonly registry?: AliyunRegistry;
  /** Registering needs TLS, which may end before the broker. Default false. */
  readonly registerOverPlainTcp?: boolean;
}

/** What stands in client id and user name. */
interface Named extends AliyunDeviceName {
  /** Before the first bar. */
  readonly clientId: string;
  readonly extension: ReadonlyMap<string, string>;
}

export function aliyunLogin(options: AliyunLoginOptions): CloudProvider {
  const byRegistry = cloudLogin(
    "aliyun",
    { ...options, secretOf: tokenLookup(options) },
    readToken,
    KEEP_ALIVE,
  );
  const bySecret = cloudLogin("aliyun", options, (login) => read(login, options), KEEP_ALIVE);
  return {
    name: "aliyun",
    authenticate: (login) =>
      namedIn(login)?.extension.get("authType") === "connwl"
        ? byRegistry.authenticate(login)
        : bySecret.authenticate(login),
  };
}

function namedIn({ clientId, userName = "" }: Login): Named | undefined {
  const [, bare, extensionText] = /^([^|]*)\|([^|]*)\|$/.exec(clientId) ?? [];
  const [deviceName, productKey, ...rest] = userName.split("&");
  if (bare === undefined || extensionText === undefined || rest.length > 0) return undefined;
  const extension = namedValues(extensionText.split(","));
  return extension === undefined || !deviceName || !productKey
    ? undefined
    : { clientId: bare, deviceName, productKey, extension };
}

function read(login: Login, options: AliyunLoginOptions): Claim | CloudRefused | undefined {
  const named = namedIn(login);
  if (named === undefined) return undefined;
  if (named.clientId.length > LONGEST_CLIENT_ID) {
    return wrong(`the client id of ${deviceText(named)} has more than ${LONGEST_CLIENT_ID} characters`);
  }
  const method = named.extension.get("signmethod") ?? "hmacmd5";
  if (!isMethod(method)) return wrong(`${deviceText(named)} signs with ${method}, which is not known`);
  const authType = named.extension.get("authType");
  if (authType === "register" || authType === "regnwl") {
    return readRegistration(login, named, { ...options, method, isKnown: authType === "register" });
  }
  if (authType !== undefined) return wrong(`${deviceText(named)} asks for ${authType}, which is not known`);
  const { productKey, deviceName, clientId, extension } = named;
  const content = aliyunContent({ clientId, deviceName, productKey, timestamp: extension.get("timestamp") });
  return {
    owners: [{ cloud: "aliyun", group: productKey, device: deviceName }],
    proof: hexProof(login),
    expected: (secret) => aliyunSignature(method, secret, content, options.hashing),
    accepted: acceptedDevice("aliyun", { group: productKey, device: deviceName }),
  };
}

interface Registering extends AliyunLoginOptions {
  readonly method: AliyunMethod;
  readonly isKnown: boolean;
}

function readRegistration(login: Login, named: Named, options: Registering): Claim | CloudRefused {
  const { productKey, deviceName, extension } = named;
  const { registry, registerOverPlainTcp = false, method } = options;
  const device = deviceText(named);
  if (registry === undefined) return notAllowed(`${device} wants to register, which is not offered`);
  if (!registerOverPlainTcp && !isEncrypted(login)) {
    return notAllowed(`${device} wants to register without TLS`, "Registering needs TLS.");
  }
  const random = extension.get("random");
  if (!random) return wrong(`${device} wants to register and gives no random`);
  const content = aliyunContent({ deviceName, productKey, random });
  return {
    owners: [{ cloud: "aliyun", group: productKey }],
    proof: hexProof(login),
    expected: (secret) => aliyunSignature(method, secret, content, options.hashing),
    accepted: () => register({ productKey, deviceName }, registry, options.isKnown),
  };
}

/** Let in under an id of its own: who has but the product's secret must not cut off a device. */
function register(
  device: AliyunDeviceName,
  registry: AliyunRegistry,
  isKnown: boolean,
): MaybePromise<CloudAccepted | CloudRefused> {
  const { productKey, deviceName } = device;
  const topicName = isKnown ? "/ext/register" : "/ext/regnwl";
  const answer = (fields: object | undefined): CloudAccepted | CloudRefused => {
    if (fields === undefined) return notAllowed(`${deviceText(device)} may not register`);
    return {
      outcome: "accepted",
      clientId: `${productKey}/${deviceName}|register`,
      claims: { cloud: "aliyun", group: productKey, device: deviceName, registering: true },
      afterConnect: [{ topicName, payload: utf8Encode(JSON.stringify(fields)) }],
    };
  };
  if (isKnown) {
    return whenKnown(registry.secretFor(device), (deviceSecret) =>
      answer(deviceSecret === undefined ? undefined : { productKey, deviceName, deviceSecret }),
    );
  }
  return whenKnown(registry.tokenFor?.(device), (token) =>
    answer(token && { clientId: token.clientId, productKey, deviceName, deviceToken: token.deviceToken }),
  );
}

function whenKnown<T, R>(value: MaybePromise<T>, next: (value: T) => R): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** The token is the password as it is. */
function readToken(login: Login): Claim | undefined {
  const named = namedIn(login);
  if (named === undefined) return undefined;
  const { productKey, deviceName, clientId } = named;
  return {
    owners: [{ cloud: "aliyun", group: productKey, device: deviceName, policy: clientId }],
    proof: login.password,
    expected: utf8Encode,
    accepted: acceptedDevice("aliyun", { group: productKey, device: deviceName }),
  };
}

/** Tokens as secrets; the client id stands where a policy would. */
function tokenLookup({ registry }: AliyunLoginOptions) {
  return ({ group, device = "", policy = "" }: SecretOwner): MaybePromise<string | undefined> =>
    registry?.tokenOf?.({ productKey: group, deviceName: device }, policy);
}

function isMethod(text: string): text is AliyunMethod {
  return Object.hasOwn(aliyunMethods, text);
}

function isEncrypted({ address }: Login): boolean {
  return ["tls", "wss", "memory"].includes(address.transport);
}

function hexProof({ password }: Login): Uint8Array | undefined {
  return password === undefined ? undefined : bytesOfHex(utf8Decode(password));
}

function deviceText({ productKey, deviceName }: AliyunDeviceName): string {
  return `device ${deviceName} of ${productKey}`;
}
