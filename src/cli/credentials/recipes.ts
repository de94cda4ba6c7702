/** What each cloud's credentials are made of: which options it has, what its secret is, and how both become credentials. */

import { ConfigError } from "#base";
import { type CloudCredentials, cloudCredentials } from "#clouds";
import { keyedHashing, signatures } from "#credentials";
import type { Wishes } from "./wishes.ts";

export interface CloudRecipe {
  /** The options that it has to have. */
  readonly needs: readonly string[];
  /** Those that it may have besides. */
  readonly allows: readonly string[];
  /** What the secret is called; for questions and errors. */
  readonly secret: string;
  /** The secret is a key in PEM, of several lines. */
  readonly isPem?: boolean;
  make(wishes: Wishes, secret: string): CloudCredentials;
}

const expiry = ["expires-in", "expires-at"];
const aliyunMethods = ["hmacsha256", "hmacsha1", "hmacmd5"] as const;
const aliyunPlace = ["region", "instance"];

const place = (wishes: Wishes) => ({ region: wishes.text("region"), instanceId: wishes.text("instance") });
const tls = (wishes: Wishes) => ({ tls: !wishes.has("plain") });
const device = (wishes: Wishes) => ({
  productKey: wishes.need("product"),
  deviceName: wishes.need("device"),
  ...place(wishes),
});

/** @throws ConfigError when there are none, as the key was no Base64 */
function withKey(made: CloudCredentials | undefined): CloudCredentials {
  if (made === undefined) throw new ConfigError("the key", "it is no Base64.");
  return made;
}

export const cloudRecipes: Readonly<Record<string, CloudRecipe>> = {
  aliyun: {
    needs: ["product", "device"],
    allows: ["client-id", "method", "timestamp", "plain", ...aliyunPlace],
    secret: "device secret",
    make: (wishes, deviceSecret) =>
      cloudCredentials.aliyun(
        {
          ...device(wishes),
          deviceSecret,
          clientId: wishes.text("client-id"),
          method: wishes.choice("method", aliyunMethods),
          timestamp: wishes.number("timestamp"),
          secureMode: wishes.has("plain") ? 3 : 2,
        },
        keyedHashing,
      ),
  },
  "aliyun-register": {
    needs: ["product", "device"],
    allows: ["method", "random", "unknown", ...aliyunPlace],
    secret: "product secret",
    make: (wishes, productSecret) =>
      cloudCredentials.aliyunRegistration(
        {
          ...device(wishes),
          productSecret,
          random: wishes.random("random", 16),
          method: wishes.choice("method", aliyunMethods),
          isPreRegistered: !wishes.has("unknown"),
        },
        keyedHashing,
      ),
  },
  "aliyun-token": {
    needs: ["product", "device", "client-id"],
    allows: [...aliyunPlace],
    secret: "device token",
    make: (wishes, deviceToken) =>
      cloudCredentials.aliyunToken({ ...device(wishes), deviceToken, clientId: wishes.need("client-id") }),
  },
  onenet: {
    needs: ["product", "device"],
    allows: ["method", "product-key", "plain", ...expiry],
    secret: "key",
    make: (wishes, key) =>
      withKey(
        cloudCredentials.onenet(
          {
            productId: wishes.need("product"),
            deviceName: wishes.need("device"),
            key,
            isProductKey: wishes.has("product-key"),
            expiresAtSeconds: wishes.expiresAtSeconds,
            method: wishes.choice("method", ["sha256", "sha1", "md5"]),
            ...tls(wishes),
          },
          keyedHashing,
        ),
      ),
  },
  "onenet-old": {
    needs: ["product", "device"],
    allows: [],
    secret: "auth info",
    make: (wishes, authInfo) =>
      cloudCredentials.onenetOld({
        productId: wishes.need("product"),
        deviceId: wishes.need("device"),
        authInfo,
      }),
  },
  huawei: {
    needs: ["device"],
    allows: ["host", "timestamp", "check-time", "node-id", "plain"],
    secret: "device secret",
    make: (wishes, secret) =>
      cloudCredentials.huawei(
        {
          deviceId: wishes.need("device"),
          secret,
          atMs: wishes.signedAtSeconds * 1000,
          isTimeChecked: wishes.has("check-time"),
          isNodeId: wishes.has("node-id"),
          host: wishes.text("host"),
          ...tls(wishes),
        },
        keyedHashing,
      ),
  },
  baidu: {
    needs: ["product", "device"],
    allows: ["client-id", "method", "timestamp", "plain"],
    secret: "device secret",
    make: (wishes, secret) =>
      cloudCredentials.baidu(
        {
          coreId: wishes.need("product"),
          deviceKey: wishes.need("device"),
          secret,
          clientId: wishes.text("client-id"),
          timestamp: wishes.number("timestamp"),
          algorithm: wishes.choice("method", ["SHA256", "MD5"]),
          ...tls(wishes),
        },
        keyedHashing,
      ),
  },
  tencent: {
    needs: ["product", "device"],
    allows: ["method", "connection-id", "plain", ...expiry],
    secret: "device key",
    make: (wishes, key) =>
      withKey(
        cloudCredentials.tencent(
          {
            productId: wishes.need("product"),
            deviceName: wishes.need("device"),
            key,
            connectionId: wishes.random("connection-id", 5),
            expiresAtSeconds: wishes.expiresAtSeconds,
            method: wishes.choice("method", ["hmacsha256", "hmacsha1"]),
            ...tls(wishes),
          },
          keyedHashing,
        ),
      ),
  },
  azure: {
    needs: ["hub", "device"],
    allows: ["module", "policy", ...expiry],
    secret: "key",
    make: (wishes, key) =>
      withKey(
        cloudCredentials.azure(
          {
            hub: wishes.need("hub"),
            deviceId: wishes.need("device"),
            moduleId: wishes.text("module"),
            policy: wishes.text("policy"),
            key,
            expiresAtSeconds: wishes.expiresAtSeconds,
          },
          keyedHashing,
        ),
      ),
  },
  "aws-authorizer": {
    needs: ["host", "client-id", "authorizer", "token-key", "token"],
    allows: ["user", "password"],
    secret: "private key",
    isPem: true,
    make: (wishes, privateKeyPem) =>
      cloudCredentials.awsAuthorizer(
        {
          host: wishes.need("host"),
          clientId: wishes.need("client-id"),
          authorizer: wishes.need("authorizer"),
          token: { key: wishes.need("token-key"), value: wishes.need("token"), privateKeyPem },
          userName: wishes.text("user"),
          password: wishes.text("password"),
        },
        signatures,
      ),
  },
  "aws-sigv4": {
    needs: ["host", "region", "client-id", "access-key-id"],
    allows: ["session-token", "timestamp", ...expiry],
    secret: "secret access key",
    make: (wishes, secretAccessKey) =>
      cloudCredentials.awsUrl(
        {
          host: wishes.need("host"),
          region: wishes.need("region"),
          clientId: wishes.need("client-id"),
          accessKeyId: wishes.need("access-key-id"),
          secretAccessKey,
          sessionToken: wishes.text("session-token"),
          atMs: wishes.signedAtSeconds * 1000,
          expiresSeconds: withinAWeek(wishes.expiresAtSeconds - wishes.signedAtSeconds),
        },
        keyedHashing,
      ),
  },
  google: {
    needs: ["project", "location", "registry", "device"],
    allows: ["method", "host", "timestamp", ...expiry],
    secret: "private key",
    isPem: true,
    make: (wishes, privateKeyPem) =>
      cloudCredentials.google(
        {
          project: wishes.need("project"),
          location: wishes.need("location"),
          registry: wishes.need("registry"),
          deviceId: wishes.need("device"),
          privateKeyPem,
          algorithm: wishes.choice("method", ["RS256", "ES256"]),
          issuedAtSeconds: wishes.signedAtSeconds,
          expiresAtSeconds: wishes.expiresAtSeconds,
          host: wishes.text("host"),
        },
        signatures,
      ),
  },
};

/** @throws ConfigError for what AWS does not allow */
function withinAWeek(seconds: number): number {
  if (seconds >= 1 && seconds <= 604_800) return seconds;
  throw new ConfigError(
    "--expires-in",
    "a URL of AWS is good for a week at most, from the time that is signed.",
  );
}
