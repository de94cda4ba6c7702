/**
 * What a TLS listener shows and asks for, in PEM form, looked at before anybody listens with it, so that what is wrong is
 * said in words, and by the option it is wrong in.
 */

import { constants, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { ConfigError, describeError } from "#base";
import { systemCode } from "./errors.ts";
import { loadTls } from "./lazy-modules.ts";
import { ServerNames } from "./server-names.ts";

/** Text or bytes in PEM form. */
type Pem = string | Uint8Array;

/** A certificate and its key. */
export interface TlsIdentity {
  /** The certificate, followed by those between it and the authority, if any. */
  readonly cert: Pem;
  /** The certificate's private key. */
  readonly key: Pem;
  /** Of the key, when it is encrypted. */
  readonly passphrase?: string;
  /** The host names it is shown for, `*.example.org` among them. Default: those in the certificate. */
  readonly names?: readonly string[];
}

/** Keys that a client and the broker have agreed upon before, instead of certificates. */
export interface PreSharedKeys {
  /** The key of an identity, or undefined when there is none. Asked in each handshake, so it must not wait. */
  readonly lookup: (identity: string) => Uint8Array | undefined;
  /** Tells clients which of their identities to use. */
  readonly hint?: string;
}

/** Whether clients are asked for a certificate, and whether one without gets in. */
export type ClientCertificateDemand = "none" | "request" | "require";

/** What a TLS listener shows and asks for. All of it can be replaced while the listener runs. */
export interface TlsCredentials extends Partial<TlsIdentity> {
  /** More certificates, chosen by the name that the client asks for. Who asks for none of them gets `cert`. */
  readonly sni?: readonly TlsIdentity[];
  /** The authorities that sign clients' certificates. */
  readonly ca?: Pem;
  /** What those have taken back; then a list of every authority in a client's chain is needed. */
  readonly crl?: Pem | readonly Pem[];
  /**
   * `require`: only clients get in that have a certificate signed by `ca`, or a pre-shared key. `request`: clients without
   * get in too, and so do those whose certificate is not accepted, as if they had none. Default `none`.
   */
  readonly clientCertificate?: ClientCertificateDemand;
  /** The same as `clientCertificate: "require"`. */
  readonly requireCertificate?: boolean;
  /** Lets clients in that have one of these keys. Needs TLS 1.2, so nothing newer is spoken then. */
  readonly psk?: PreSharedKeys;
  /** Oldest version that is spoken. Default TLS 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** In OpenSSL's words, the preferred first. Default: Node's, and with `psk` those for pre-shared keys in front. */
  readonly ciphers?: string;
}

/** Credentials that can be used. */
export interface CheckedCredentials {
  /** For who asks for no name, or none that is known. */
  readonly context: SecureContextOptions;
  /** For who asks for a name. */
  readonly contexts: ServerNames<SecureContext>;
  readonly clientCertificate: ClientCertificateDemand;
  readonly psk: PreSharedKeys | undefined;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const PEM_REVOCATION_LIST = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;
const SESSION_CONTEXT = "martlet";
/** What Node leaves out of its ciphers. */
const WITHOUT_PSK = ":!PSK";

/**
 * `credentials`, ready for use.
 * @throws ConfigError whose path is the option, for example `key` or `sni[0].cert`
 */
export function checkCredentials(credentials: TlsCredentials): CheckedCredentials {
  const { sni = [], psk } = credentials;
  const clientCertificate = demandOf(credentials);
  const shared = {
    ...versionsOf(credentials),
    ...authoritiesOf(credentials),
    // Without one, who resumes a connection of another of these contexts would be sent away.
    sessionIdContext: SESSION_CONTEXT,
  };
  const contexts = new ServerNames<SecureContext>();
  const identity = ownIdentityOf(credentials);
  const own = identity === undefined ? undefined : checkIdentity(identity, "");
  const context = { ...shared, ...own?.pair };
  const made = contextOf(context, own === undefined ? "psk" : "cert");
  // A name of the first that a wildcard of another would match as well is the first's.
  for (const name of own?.names ?? []) contexts.add(name, made);
  for (const [index, identity] of sni.entries()) {
    const at = `sni[${index}].`;
    const { pair, names } = checkIdentity(identity, at);
    if (names.length === 0) {
      throw new ConfigError(`${at}names`, "the certificate names no host; say for which it is shown.");
    }
    const each = contextOf({ ...shared, ...pair }, `${at}cert`);
    for (const name of names) contexts.add(name, each);
  }
  return { context, contexts, clientCertificate, psk };
}

function ownIdentityOf({
  cert,
  key,
  passphrase,
  names,
  sni = [],
  psk,
}: TlsCredentials): TlsIdentity | undefined {
  const rest = {
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(names === undefined ? {} : { names }),
  };
  if (cert !== undefined && key !== undefined) return { cert, key, ...rest };
  if (cert !== undefined) throw new ConfigError("key", "the certificate's key is missing.");
  if (key !== undefined) throw new ConfigError("cert", "the key's certificate is missing.");
  if (psk === undefined) throw new ConfigError("cert", "TLS needs a certificate and its key, or psk.");
  if (sni.length > 0) throw new ConfigError("cert", "who asks for no name of sni has to be shown one, too.");
  return undefined;
}

function demandOf({
  clientCertificate,
  requireCertificate,
  ca,
  crl,
}: TlsCredentials): ClientCertificateDemand {
  const demand = clientCertificate ?? (requireCertificate === true ? "require" : "none");
  if (demand !== "none" && demand !== "request" && demand !== "require") {
    throw new ConfigError(
      "clientCertificate",
      `${String(demand)} is not allowed; it is none, request or require.`,
    );
  }
  if (requireCertificate === true && demand !== "require") {
    throw new ConfigError("requireCertificate", `it contradicts clientCertificate, which is ${demand}.`);
  }
  if (demand !== "none" && ca === undefined) {
    // Node would take every certificate that any public authority has signed.
    const option = clientCertificate === undefined ? "requireCertificate" : "clientCertificate";
    throw new ConfigError(option, "it needs ca, the authority whose certificates are let in.");
  }
  if (demand === "none" && crl !== undefined) {
    throw new ConfigError("crl", "nobody is asked for a certificate; set clientCertificate as well.");
  }
  return demand;
}

function versionsOf({ minVersion = "TLSv1.2", ciphers, psk }: TlsCredentials): SecureContextOptions {
  if (minVersion !== "TLSv1.2" && minVersion !== "TLSv1.3") {
    throw new ConfigError("minVersion", `${String(minVersion)} is not allowed; it is TLSv1.2 or TLSv1.3.`);
  }
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET, defaultCipherList } = constants;
  if (psk === undefined) {
    return {
      minVersion,
      secureOptions: SSL_OP_NO_RENEGOTIATION,
      ...(ciphers === undefined ? {} : { ciphers }),
    };
  }
  if (minVersion === "TLSv1.3") {
    throw new ConfigError("minVersion", "pre-shared keys need TLS 1.2; leave it out, or psk.");
  }
  return {
    minVersion,
    // In 1.3 a key can be named, passed over, and the handshake go on: Node does not say whose key was used, if any.
    maxVersion: "TLSv1.2",
    // A resumed connection would not say whose it is, and outlive the key.
    secureOptions: SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET,
    // First, since clients with a key offer the others as well, and then do not look at the certificate.
    ciphers: ciphers ?? `PSK+HIGH:${defaultCipherList.replace(WITHOUT_PSK, "")}`,
  };
}

function authoritiesOf({ ca, crl }: TlsCredentials): SecureContextOptions {
  if (ca === undefined) return {};
  const authorities = textOf(ca);
  certificatesIn("ca", authorities);
  if (crl === undefined) return { ca: authorities };
  // Node reads only the first list of a text.
  const lists = [crl].flat().flatMap((text) => textOf(text).match(PEM_REVOCATION_LIST) ?? []);
  if (lists.length === 0) {
    throw new ConfigError(
      "crl",
      "it holds no revocation list in PEM form (-----BEGIN X509 CRL-----); give one, or convert it with openssl crl.",
    );
  }
  try {
    loadTls().createSecureContext({ crl: lists });
  } catch (error) {
    throw new ConfigError("crl", `a revocation list in it is damaged: ${describeError(error)}.`);
  }
  return { ca: authorities, crl: lists };
}

/** @param at what stands before the names of its options */
function checkIdentity(
  identity: TlsIdentity,
  at: string,
): { readonly pair: SecureContextOptions; readonly names: readonly string[] } {
  const cert = textOf(identity.cert);
  const key = textOf(identity.key);
  const [certificate] = certificatesIn(`${at}cert`, cert) as [X509Certificate];
  const { passphrase } = identity;
  if (!certificate.checkPrivateKey(privateKeyOf(key, passphrase, at))) {
    throw new ConfigError(
      `${at}key`,
      "it is not the key of the certificate; give the pair that was made together.",
    );
  }
  for (const [index, name] of (identity.names ?? []).entries()) {
    if (ServerNames.isName(name)) continue;
    throw new ConfigError(
      `${at}names[${index}]`,
      `"${name}" is no name of a host; give one such as broker.example.org or *.example.org.`,
    );
  }
  return {
    pair: { cert, key, ...(passphrase === undefined ? {} : { passphrase }) },
    names: identity.names ?? namesOf(certificate),
  };
}

/** What a client may have asked for to be shown this certificate. */
function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  const alternatives = [...(subjectAltName ?? "").matchAll(/(?:^|, )DNS:([^\s,"]+)/g)].map(
    ([, name = ""]) => name,
  );
  const names = alternatives.length > 0 ? alternatives : [/(?:^|\n)CN=(.*)/.exec(subject)?.[1] ?? ""];
  return names.filter((name) => ServerNames.isName(name));
}

/** At least one. */
function certificatesIn(option: string, pem: string): X509Certificate[] {
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

function privateKeyOf(pem: string, passphrase: string | undefined, at: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    if (pem.includes("ENCRYPTED")) {
      if (passphrase !== undefined) {
        throw new ConfigError(`${at}passphrase`, "it is not the passphrase of the key.");
      }
      throw new ConfigError(`${at}key`, "it is encrypted; give its passphrase, or the key without one.");
    }
    throw new ConfigError(
      `${at}key`,
      `it holds no private key in PEM form (-----BEGIN PRIVATE KEY-----): ${describeError(error)}.`,
    );
  }
}

function contextOf(options: SecureContextOptions, option: string): SecureContext {
  try {
    return loadTls().createSecureContext(options);
  } catch (error) {
    const isAboutCiphers = systemCode(error)?.includes("CIPHER") === true;
    throw new ConfigError(
      isAboutCiphers ? "ciphers" : option,
      `it cannot be used for TLS: ${describeError(error)}.`,
    );
  }
}

function textOf(pem: Pem): string {
  return typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1");
}
