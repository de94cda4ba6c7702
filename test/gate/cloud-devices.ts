/** A device of every cloud: the file that knows them, and what each would log in with, rightly and by another secret. */

import { generateKeyPairSync } from "node:crypto";
import { cloudCredentials } from "#clouds";
import { keyedHashing, signatures } from "#credentials";
import { DEVICE, deviceLogin } from "./gatehouse.ts";
import type { Visit } from "./visitor.ts";

const pem = {
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
} as const;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What the devices prove that they have; for `google` and the authoriser a private key. */
export interface DeviceSecrets {
  readonly aliyun: string;
  readonly onenet: string;
  readonly onenetOld: string;
  readonly huawei: string;
  readonly baidu: string;
  readonly tencent: string;
  readonly azure: string;
  readonly aws: string;
  readonly google: string;
  readonly authorizer: string;
}

const keysOfGoogle = generateKeyPairSync("ec", { namedCurve: "P-256", ...pem });
const keysOfAuthorizer = generateKeyPairSync("rsa", { modulusLength: 2048, ...pem });

export const deviceSecrets: DeviceSecrets = {
  aliyun: DEVICE.deviceSecret,
  onenet: base64("onenet-key-of-otto"),
  onenetOld: "onenet-auth-info-of-77",
  huawei: "huawei-secret-of-hugo",
  baidu: "baidu-secret-of-bao",
  tencent: base64("tencent-key-of-tian"),
  azure: base64("azure-key-of-azra"),
  aws: "aws-secret-of-sigrid",
  google: keysOfGoogle.privateKey,
  authorizer: keysOfAuthorizer.privateKey,
};

/** Of nobody. */
export const wrongSecrets: DeviceSecrets = {
  aliyun: "aliyun-mistyped",
  onenet: base64("onenet-mistyped"),
  onenetOld: "onenet-old-mistyped",
  huawei: "huawei-mistyped",
  baidu: "baidu-mistyped",
  tencent: base64("tencent-mistyped"),
  azure: base64("azure-mistyped"),
  aws: "aws-mistyped-secret",
  google: generateKeyPairSync("ec", { namedCurve: "P-256", ...pem }).privateKey,
  authorizer: generateKeyPairSync("rsa", { modulusLength: 2048, ...pem }).privateKey,
};

export const TOKEN_FOR_AUTHORIZER = "token-that-ada-asks-for";
export const SESSION_TOKEN = "session-token-of-sigrid";

/** The text of the file. */
export function devicesFile(secrets: DeviceSecrets = deviceSecrets): string {
  const device = (cloud: string, fields: Readonly<Record<string, string>>): string =>
    `[[device]]\ncloud = "${cloud}"\n${Object.entries(fields)
      .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
      .join("")}`;
  const { productKey, deviceName } = DEVICE;
  return [
    device("aliyun", { product_key: productKey, device_name: deviceName, secret: secrets.aliyun }),
    device("onenet", { product_id: "op", device_name: "otto", secret: secrets.onenet }),
    device("onenet-old", { product_id: "8001", device_id: "77", secret: secrets.onenetOld }),
    device("huawei", { device_id: "hugo", secret: secrets.huawei }),
    device("baidu", { core_id: "core", device_key: "bao", secret: secrets.baidu }),
    device("tencent", { product_id: "TP", device_name: "tian", secret: secrets.tencent }),
    device("azure", { hub: "hub", device_id: "azra", secret: secrets.azure }),
    device("aws-sigv4", { access_key_id: "AKIDSIGRID", secret: secrets.aws }),
    device("google", { ...googleDevice, device_id: "gus", public_key: keysOfGoogle.publicKey }),
    `[[authorizer]]\nname = "ada"\ntoken_key = "pass"\npublic_keys = [${JSON.stringify(keysOfAuthorizer.publicKey)}]\n`,
  ].join("\n");
}

const googleDevice = { project: "gp", location: "here", registry: "reg" } as const;

/** `host`: where the visitor connects to, with its port, which AWS has signed. */
export function deviceVisits(secrets: DeviceSecrets, host: string): Readonly<Record<string, Visit>> {
  const atMs = Date.now();
  const expiresAtSeconds = Math.floor(atMs / 1000) + 600;
  const made = {
    onenet: cloudCredentials.onenet(
      { productId: "op", deviceName: "otto", key: secrets.onenet, expiresAtSeconds },
      keyedHashing,
    ),
    onenetOld: cloudCredentials.onenetOld({ productId: "8001", deviceId: "77", authInfo: secrets.onenetOld }),
    huawei: cloudCredentials.huawei({ deviceId: "hugo", secret: secrets.huawei, atMs }, keyedHashing),
    baidu: cloudCredentials.baidu({ coreId: "core", deviceKey: "bao", secret: secrets.baidu }, keyedHashing),
    tencent: cloudCredentials.tencent(
      { productId: "TP", deviceName: "tian", key: secrets.tencent, connectionId: "abcde", expiresAtSeconds },
      keyedHashing,
    ),
    azure: cloudCredentials.azure(
      { hub: "hub", deviceId: "azra", key: secrets.azure, expiresAtSeconds },
      keyedHashing,
    ),
    google: cloudCredentials.google(
      {
        ...googleDevice,
        deviceId: "gus",
        privateKeyPem: secrets.google,
        algorithm: "ES256",
        issuedAtSeconds: expiresAtSeconds - 600,
        expiresAtSeconds,
      },
      signatures,
    ),
    authorizer: cloudCredentials.awsAuthorizer(
      {
        host,
        clientId: "adas-device",
        authorizer: "ada",
        token: { key: "pass", value: TOKEN_FOR_AUTHORIZER, privateKeyPem: secrets.authorizer },
      },
      signatures,
    ),
    aws: cloudCredentials.awsUrl(
      {
        host,
        region: "us-east-1",
        clientId: "sigrid",
        accessKeyId: "AKIDSIGRID",
        secretAccessKey: secrets.aws,
        sessionToken: SESSION_TOKEN,
        atMs,
      },
      keyedHashing,
    ),
  };
  const visits = Object.entries(made).map(([name, credentials]): [string, Visit] => {
    if (credentials === undefined) throw new TypeError(`${name} has no credentials`);
    const { clientId, userName, password, url = "" } = credentials;
    const query = name === "aws" ? { query: new URL(url).search } : {};
    return [name, { clientId, userName, password, ...query }];
  });
  return { aliyun: deviceLogin("clara", secrets.aliyun), ...Object.fromEntries(visits) };
}
