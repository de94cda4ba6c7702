/** Certificates and revocation lists: how long they hold, how strong they are, and whether clients can make use of them. */

import type { CertificateFacts, CertificateFileFacts, Facts, RevocationListFacts } from "../facts.ts";
import { type Finding, named, note, ok, problem, warning } from "../finding.ts";

const DAY_MS = 86_400_000;
/** Time enough to get another one. */
const SOON_DAYS = 30;
const FEWEST_RSA_BITS = 2_048;
const smallCurves = /^(?:prime192|secp1|secp224|sect1|wap-|brainpoolP1|P-192|P-224)/;
const oldHashes = /md5|sha1(?!\d)|sha-1(?!\d)/i;

type TlsFacts = Pick<Facts, "nowMs" | "certificates" | "revocationLists">;

export function checkCertificates({ nowMs, certificates, revocationLists }: TlsFacts): Finding[] {
  return [
    ...certificates.flatMap((file) => checkFile(file, nowMs)),
    ...revocationLists.flatMap((list) => checkRevocationList(list, nowMs)),
  ];
}

function checkFile({ path, use, certificates, isChain }: CertificateFileFacts, nowMs: number): Finding[] {
  const found: Finding[] = [];
  for (const [index, certificate] of certificates.entries()) {
    const isLeaf = use === "shown" && index === 0;
    const what = isLeaf ? path : `${path}, certificate ${index + 1} (${certificate.subject})`;
    const bad = [...checkDates(certificate, what, nowMs), ...checkStrength(certificate, what)];
    if (isLeaf) bad.push(...checkNames(certificate, what));
    if (use === "trusted" && !certificate.isAuthority)
      bad.push(
        warning(
          "tls",
          `${what} is no authority; nobody's certificate is signed by it.`,
          "Give the authority's.",
        ),
      );
    found.push(...(bad.length > 0 ? bad : [fine(certificate, what, isLeaf)]));
  }
  const [leaf] = certificates;
  if (use === "shown" && !isChain)
    found.push(
      problem(
        "tls",
        `${path}: a certificate in it is not signed by the one behind it; many clients give up there.`,
        "Put the broker's own first, then the one that signed it, and so on.",
      ),
    );
  if (use === "shown" && leaf?.isSelfSigned === true)
    found.push(
      note(
        "tls",
        `${path} is signed by itself: clients have to be given this very file.`,
        "An authority of your own lets you replace it later: martlet certs.",
      ),
    );
  return found;
}

function fine({ names, notAfterMs }: CertificateFacts, what: string, isLeaf: boolean): Finding {
  const shown = isLeaf ? `for ${named(names)} and ` : "";
  return ok("tls", `${what} is ${shown}valid until ${dayOf(notAfterMs)}.`);
}

/** For files and for what a broker shows. */
export function checkDates(
  { notBeforeMs, notAfterMs }: CertificateFacts,
  what: string,
  nowMs: number,
  area: "tls" | "probe" = "tls",
): Finding[] {
  if (notBeforeMs > nowMs)
    return [
      problem(area, `${what} is valid only from ${dayOf(notBeforeMs)} on.`, "Look at the clock, or wait."),
    ];
  if (notAfterMs <= nowMs)
    return [
      problem(area, `${what} has expired on ${dayOf(notAfterMs)}: no client accepts it.`, "Replace it now."),
    ];
  const days = Math.floor((notAfterMs - nowMs) / DAY_MS);
  if (days >= SOON_DAYS) return [];
  return [
    warning(
      area,
      `${what} expires on ${dayOf(notAfterMs)}, in ${days} days.`,
      "Replace it; the broker takes over a new file by itself.",
    ),
  ];
}

function checkStrength(
  { keyKind, keyBits = 0, curve = "", signature, isSelfSigned }: CertificateFacts,
  what: string,
): Finding[] {
  const found: Finding[] = [];
  const isSmallRsa = keyKind.startsWith("rsa") && keyBits < FEWEST_RSA_BITS;
  if (isSmallRsa || keyKind === "dsa")
    found.push(
      problem(
        "tls",
        `${what} has a weak key (${keyKind}, ${keyBits} bits).`,
        "Make a new one: martlet certs.",
      ),
    );
  if (smallCurves.test(curve))
    found.push(
      problem("tls", `${what} has a key on a small curve (${curve}).`, "Make a new one: martlet certs."),
    );
  // Nobody looks at the signature of who signs for himself.
  if (signature !== undefined && !isSelfSigned && oldHashes.test(signature))
    found.push(
      problem(
        "tls",
        `${what} is signed with ${signature}, which can be forged.`,
        "Have it signed with SHA-256.",
      ),
    );
  return found;
}

function checkNames({ names }: CertificateFacts, what: string): Finding[] {
  if (names.length > 0) return [];
  return [
    warning(
      "tls",
      `${what} names no host in subjectAltName; clients do not look at the common name any more.`,
      "Make one with all names and addresses that clients use: martlet certs server --name … --ip …",
    ),
  ];
}

function checkRevocationList({ path, issuer, nextUpdateMs }: RevocationListFacts, nowMs: number): Finding[] {
  if (nextUpdateMs === undefined) return [ok("tls", `${path}: the list of ${issuer} has no end.`)];
  if (nextUpdateMs <= nowMs)
    return [
      problem(
        "tls",
        `${path}: the list of ${issuer} has expired on ${dayOf(nextUpdateMs)}; no client with a certificate gets in.`,
        "Make a new one: martlet certs crl, if it is of an authority of your own.",
      ),
    ];
  const days = Math.floor((nextUpdateMs - nowMs) / DAY_MS);
  if (days >= SOON_DAYS)
    return [ok("tls", `${path}: the list of ${issuer} holds until ${dayOf(nextUpdateMs)}.`)];
  return [
    warning(
      "tls",
      `${path}: the list of ${issuer} expires on ${dayOf(nextUpdateMs)}, in ${days} days.`,
      "Replace it before; the broker takes over a new file by itself.",
    ),
  ];
}

/** `2027-01-31`, in UTC. */
function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}
