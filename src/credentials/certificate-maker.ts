/**
 * Certificates and revocation lists as PEM: an authority of one's own, and what it signs. ECDSA with P-256 unless RSA is asked
 * for. Loads the library for that when it is first used: it takes a while, and most commands need none of it.
 *
 * Time and files are its caller's: see `certificate-folder.ts`.
 */

import { createPrivateKey, randomBytes, type webcrypto, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type * as X509 from "@peculiar/x509";

export type KeyKind = "ecdsa" | "rsa";

/** A certificate and its key, as PEM. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

interface Request {
  /** The common name; at most 64 characters. */
  readonly commonName: string;
  readonly keyKind: KeyKind;
  readonly validity: Validity;
}

/** A server is known by its names and addresses, a client by its common name. */
export type LeafRequest = Request &
  ({ readonly purpose: "server"; readonly hosts: readonly string[] } | { readonly purpose: "client" });

/** One line of a revocation list. */
export interface Revocation {
  /** Hex digits. */
  readonly serialNumber: string;
  readonly revokedAt: Date;
}

const EC = { name: "ECDSA", namedCurve: "P-256" } as const;
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 3072,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;
const ECDSA_SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

const SERIAL_BYTES = 16;
const CRL_NUMBER = "2.5.29.20";

async function loadLibrary(): Promise<typeof X509> {
  // The library wants the metadata of decorators to be there before it.
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

/** An authority that signs servers and clients, and no other authorities. */
export async function makeAuthority({ commonName, keyKind, validity }: Request): Promise<CertifiedKey> {
  const [x509, keys] = await Promise.all([loadLibrary(), generateKeys(keyKind)]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: nameOf(x509, commonName),
    ...validity,
    signingAlgorithm: keyKind === "rsa" ? RSA : ECDSA_SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: withLineFeed(certificate.toString("pem")), key: await keyPem(keys.privateKey) };
}

/** A certificate signed by `authority`. */
export async function makeCertificate(authority: CertifiedKey, request: LeafRequest): Promise<CertifiedKey> {
  const [x509, keys] = await Promise.all([loadLibrary(), generateKeys(request.keyKind)]);
  const issuer = new x509.X509Certificate(authority.certificate);
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const extensions: X509.Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    // RSA keys may also encrypt, in TLS before 1.3.
    new x509.KeyUsagesExtension(
      request.keyKind === "rsa" ? digitalSignature | keyEncipherment : digitalSignature,
      true,
    ),
    new x509.ExtendedKeyUsageExtension([request.purpose === "server" ? serverAuth : clientAuth]),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  if (request.purpose === "server") {
    extensions.push(
      new x509.SubjectAlternativeNameExtension(
        request.hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
      ),
    );
  }
  const signer = await signerOf(authority.key);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: nameOf(x509, request.commonName),
    issuer: issuer.subjectName,
    ...request.validity,
    publicKey: keys.publicKey,
    signingKey: signer.key,
    signingAlgorithm: signer.algorithm,
    extensions,
  });
  return { certificate: withLineFeed(certificate.toString("pem")), key: await keyPem(keys.privateKey) };
}

/** The list of what `authority` takes back; `number` is higher than that of the list before. */
export async function makeRevocationList(
  authority: CertifiedKey,
  revocations: readonly Revocation[],
  { notBefore, notAfter }: Validity,
  number: number,
): Promise<string> {
  const x509 = await loadLibrary();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signer = await signerOf(authority.key);
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: notBefore,
    nextUpdate: notAfter,
    signingKey: signer.key,
    signingAlgorithm: signer.algorithm,
    entries: revocations.map(({ serialNumber, revokedAt }) => ({ serialNumber, revocationDate: revokedAt })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      new x509.Extension(CRL_NUMBER, false, derInteger(number)),
    ],
  });
  // The library names the block "CRL"; openssl, mosquitto and Node know it as "X509 CRL".
  return withLineFeed(list.toString("pem").replaceAll(/-----(BEGIN|END) CRL-----/g, "-----$1 X509 CRL-----"));
}

/** As an object, so that no character of it has a meaning of its own. */
function nameOf(x509: typeof X509, commonName: string): X509.Name {
  return new x509.Name([{ CN: [{ utf8String: commonName }] }]);
}

/** Positive, and too long to be guessed or to come twice. */
function newSerialNumber(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function generateKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = kind === "rsa" ? RSA : EC;
  return (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

async function keyPem(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  const rows = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PRIVATE KEY-----", ...rows, "-----END PRIVATE KEY-----", ""].join("\n");
}

interface Signer {
  readonly key: CryptoKey;
  readonly algorithm: typeof RSA | typeof ECDSA_SIGNING;
}

async function signerOf(pem: string): Promise<Signer> {
  const key = createPrivateKey(pem);
  const isRsa = key.asymmetricKeyType === "rsa";
  const der = new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
  const curve = key.asymmetricKeyDetails?.namedCurve === "secp384r1" ? "P-384" : EC.namedCurve;
  const algorithm = isRsa ? RSA : { ...EC, namedCurve: curve };
  const imported = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  return { key: imported, algorithm: isRsa ? RSA : ECDSA_SIGNING };
}

function derInteger(value: number): Uint8Array<ArrayBuffer> {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  // A first bit that is set would make it negative.
  const content = (bytes[0] as number) > 0x7f ? [0, ...bytes] : [...bytes];
  return Uint8Array.of(0x02, content.length, ...content);
}

function withLineFeed(pem: string): string {
  return `${pem.trimEnd()}\n`;
}

/** What can be read in a certificate without its authority. */
export interface CertificateFacts {
  readonly commonName: string;
  /** Hex digits, in capitals. */
  readonly serialNumber: string;
  readonly purpose: "authority" | "server" | "client";
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Of a server, its names and addresses. */
  readonly hosts: readonly string[];
}

/** @throws Error when `pem` is no certificate */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const usages = (certificate.keyUsage as string[] | undefined) ?? [];
  const purpose = certificate.ca ? "authority" : usages.includes("1.3.6.1.5.5.7.3.1") ? "server" : "client";
  return {
    commonName: certificate.toLegacyObject().subject.CN?.toString() ?? "",
    serialNumber: certificate.serialNumber,
    purpose,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    hosts: hostsOf(certificate.subjectAltName),
  };
}

/** `DNS:broker.local, IP Address:192.0.2.7` */
function hostsOf(names: string | undefined): string[] {
  return (names?.split(", ") ?? []).map((name) => canonicalHost(name.replace(/^(DNS|IP Address):/, "")));
}

/** Names in small letters, addresses of IPv6 in their short form. */
export function canonicalHost(host: string): string {
  return isIP(host) === 6 ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host.toLowerCase();
}

/** Whether `authority` signed `pem`. */
export function isSignedBy(pem: string, authority: string): boolean {
  const issuer = new X509Certificate(authority);
  const certificate = new X509Certificate(pem);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
