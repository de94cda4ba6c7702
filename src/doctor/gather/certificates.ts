/** What certificates and revocation lists say of themselves. */

import { X509Certificate } from "node:crypto";
import type { CertificateFacts, CertificateFileFacts, ListenerFacts, RevocationListFacts } from "../facts.ts";
import { parsed, textOf } from "./files.ts";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const PEM_REVOCATION_LIST = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;

/** Those of all listeners; each file once. */
export function certificateFacts(listeners: readonly ListenerFacts[]): CertificateFileFacts[] {
  const shown = listeners.flatMap(({ listener: { tls } }) =>
    tls === undefined ? [] : [tls.cert, ...tls.sni.map(({ cert }) => cert)],
  );
  const trusted = listeners.map(({ listener: { tls } }) => tls?.ca);
  return [
    ...distinct(shown).flatMap((path) => certificatesIn(path, "shown")),
    ...distinct(trusted).flatMap((path) => certificatesIn(path, "trusted")),
  ];
}

function distinct(paths: readonly (string | undefined)[]): string[] {
  return [...new Set(paths.filter((path) => path !== undefined))];
}

function certificatesIn(path: string, use: CertificateFileFacts["use"]): CertificateFileFacts[] {
  const blocks = textOf(path)?.match(PEM_CERTIFICATE) ?? [];
  const certificates = blocks.flatMap((pem) => parsed(pem, (text) => new X509Certificate(text)) ?? []);
  if (certificates.length === 0) return [];
  const isChain = certificates
    .slice(1)
    .every((issuer, index) => certificates[index]?.checkIssued(issuer) === true);
  return [{ path, use, certificates: certificates.map(factsOf), isChain }];
}

export function factsOf(certificate: X509Certificate): CertificateFacts {
  const { subject, subjectAltName, publicKey, signatureAlgorithm, ca } = certificate;
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  return {
    subject: (subject ?? "").replaceAll("\n", ", "),
    names: namesIn(subjectAltName),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    keyKind: publicKey.asymmetricKeyType ?? "unknown",
    keyBits: modulusLength,
    curve: namedCurve,
    signature: signatureAlgorithm ?? undefined,
    isAuthority: ca,
    isSelfSigned: certificate.checkIssued(certificate),
    fingerprint: certificate.fingerprint256,
  };
}

function namesIn(subjectAltName: string | undefined): string[] {
  return [...(subjectAltName ?? "").matchAll(/(?:^|, )(?:DNS|IP Address):([^\s,"]+)/g)].map(
    ([, name = ""]) => name,
  );
}

export async function revocationListFacts(
  listeners: readonly ListenerFacts[],
): Promise<RevocationListFacts[]> {
  const paths = distinct(listeners.map(({ listener }) => listener.tls?.crl));
  if (paths.length === 0) return [];
  // The library wants the metadata of decorators to be there before it.
  await import("reflect-metadata");
  const { X509Crl } = await import("@peculiar/x509");
  return paths.flatMap((path) =>
    (textOf(path)?.match(PEM_REVOCATION_LIST) ?? []).flatMap((pem) => {
      const list = parsed(pem, (text) => new X509Crl(text));
      return list === undefined
        ? []
        : [{ path, issuer: list.issuer, nextUpdateMs: list.nextUpdate?.getTime() }];
    }),
  );
}
