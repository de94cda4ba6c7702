// Logins as at a cloud: a table of secrets, a clock that stands, and what a device would send.
import { generateKeyPairSync } from "node:crypto";
import type { Accepted, Login, Refused } from "#auth";
import { utf8Encode } from "#base";
import {
  type CloudCredentials,
  type CloudName,
  type CloudProviderOptions,
  cloudProvider,
  type SecretOwner,
} from "#clouds";
import { keyedHashing, signatures } from "#credentials";
import { ProtocolVersion } from "#protocol";

/** 2026-01-01T00:00:00Z, as the virtual clock has it. */
export const NOW_SECONDS = 1_767_225_600;

function ownerKey({ cloud, group, device, policy }: SecretOwner): string {
  return [cloud, group, device ?? "-", policy ?? "-"].join(" ");
}

/** A verifier of `cloud` with secrets by `cloud group device policy`, and `-` for what is absent. */
export function verifier(
  cloud: CloudName,
  secrets: Readonly<Record<string, string>>,
  more: Partial<CloudProviderOptions> & { readonly nowSeconds?: number } = {},
) {
  const { nowSeconds = NOW_SECONDS, ...options } = more;
  return cloudProvider(cloud, {
    hashing: keyedHashing,
    signatures,
    clock: { epochMs: () => nowSeconds * 1000 },
    secretOf: (owner) => secrets[ownerKey(owner)],
    ...options,
  });
}

export function loginOf(
  { clientId, userName, password, keepAliveSeconds = 60 }: Partial<CloudCredentials>,
  changes: Partial<Login> = {},
): Login {
  return {
    clientId: clientId ?? "",
    userName,
    password: password === undefined ? undefined : utf8Encode(password),
    protocolVersion: ProtocolVersion.MQTT_3_1_1,
    keepAliveSeconds,
    address: { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 4711, localPort: 1883 },
    listener: "tcp",
    certificate: undefined,
    pskIdentity: undefined,
    openingRequest: undefined,
    ...changes,
  };
}

/** The answer in one word or two: the id that it is let in with, or why not. */
export function said(answer: Accepted | Refused | undefined): string {
  if (answer === undefined) return "none of its business";
  if (answer.outcome === "accepted") return `in as ${answer.clientId ?? "itself"}`;
  return "reason" in answer ? String(answer.reason) : "no reason";
}

/** Makes keys once; they cost some time. */
export function keyPairs() {
  const encoding = {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  } as const;
  return {
    rsa: generateKeyPairSync("rsa", { modulusLength: 2048, ...encoding }),
    otherRsa: generateKeyPairSync("rsa", { modulusLength: 2048, ...encoding }),
    ec: generateKeyPairSync("ec", { namedCurve: "P-256", ...encoding }),
  };
}
