/** Hash functions and signatures for the logins of clouds, by Node. They take microseconds, so nothing waits for them. */

import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { ConfigError } from "#base";
import type { KeyedHashing, SignatureAlgorithm, Signatures } from "#clouds";

export const keyedHashing: KeyedHashing = {
  hmac: (algorithm, key, bytes) => createHmac(algorithm, key).update(bytes).digest(),
  hash: (algorithm, bytes) => createHash(algorithm).update(bytes).digest(),
};

export const signatures: Signatures = {
  sign(algorithm, privateKeyPem, bytes) {
    const key = keyOf(() => createPrivateKey(privateKeyPem), algorithm);
    if (key === undefined) {
      throw new ConfigError("private key", `it is no private key in PEM for ${algorithm}.`);
    }
    return sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" });
  },
  verify(algorithm, publicKeyPem, bytes, signature) {
    const key = keyOf(() => createPublicKey(publicKeyPem), algorithm);
    return key !== undefined && verify("sha256", bytes, { key, dsaEncoding: "ieee-p1363" }, signature);
  },
};

/** Undefined when `read` throws, or for a key that is not one for `algorithm`. */
function keyOf(read: () => KeyObject, algorithm: SignatureAlgorithm): KeyObject | undefined {
  try {
    const key = read();
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
    const fits =
      algorithm === "RS256" ? type === "rsa" : type === "ec" && details?.namedCurve === "prime256v1";
    return fits ? key : undefined;
  } catch {
    return undefined;
  }
}
