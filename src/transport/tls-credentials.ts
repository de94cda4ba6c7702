/**
 * Certificates and keys in PEM form, looked at before anybody listens with them, so that what is wrong is said in
 * words.
 */

import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import { ConfigError, describeError } from "#base";
import { loadTls } from "./lazy-modules.ts";

/** What a TLS listener shows and asks for. Texts and bytes in PEM form. */
export interface TlsCredentials {
  /** The listener's certificate, followed by those between it and the authority, if any. */
  readonly cert: string | Uint8Array;
  /** The certificate's private key, not encrypted. */
  readonly key: string | Uint8Array;
  /** The authorities that sign clients' certificates; for `requireCertificate`. */
  readonly ca?: string | Uint8Array;
  /** Whether only clients get in that have a certificate signed by `ca`. Default false. */
  readonly requireCertificate?: boolean;
  /** Oldest version that is spoken. Default TLS 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Options for Node's secure context.
 * @throws ConfigError whose path is `cert`, `key`, `ca` or `requireCertificate`
 */
export function secureContextOptions(credentials: TlsCredentials): SecureContextOptions {
  const { requireCertificate = false, minVersion = "TLSv1.2" } = credentials;
  const cert = textOf(credentials.cert);
  const key = textOf(credentials.key);
  const [certificate] = certificatesIn("cert", cert);
  checkKey(key, certificate as X509Certificate);
  const ca = credentials.ca === undefined ? undefined : textOf(credentials.ca);
  if (ca !== undefined) certificatesIn("ca", ca);
  if (requireCertificate && ca === undefined) {
    // Node would take every certificate that any public authority has signed.
    throw new ConfigError("requireCertificate", "it needs ca, the authority whose certificates are let in.");
  }
  const options: SecureContextOptions = {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
  try {
    loadTls().createSecureContext(options);
  } catch (error) {
    throw new ConfigError("cert", `it cannot be used for TLS: ${describeError(error)}.`);
  }
  return options;
}

/** At least one. */
function certificatesIn(option: "cert" | "ca", pem: string): X509Certificate[] {
  const blocks = pem.match(PEM_CERTIFICATE);
  if (blocks === null) {
    throw new ConfigError(
      option,
      "it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----); give one, or convert it with openssl x509.",
    );
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new ConfigError(option, `certificate ${index + 1} in it is damaged: ${describeError(error)}.`);
    }
  });
}

function checkKey(pem: string, certificate: X509Certificate): void {
  const key = privateKeyOf(pem);
  if (certificate.checkPrivateKey(key)) return;
  throw new ConfigError("key", "it is not the key of the certificate; give the pair that was made together.");
}

function privateKeyOf(pem: string): ReturnType<typeof createPrivateKey> {
  if (pem.includes("ENCRYPTED")) {
    throw new ConfigError(
      "key",
      "it is encrypted; give it without a passphrase (openssl pkey -in … -out …).",
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new ConfigError(
      "key",
      `it holds no private key in PEM form (-----BEGIN PRIVATE KEY-----): ${describeError(error)}.`,
    );
  }
}

function textOf(pem: string | Uint8Array): string {
  return typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1");
}
