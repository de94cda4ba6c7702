import { describe, expect, it } from "vitest";
import { certificateOf, inDays, NOW_MS, troubles } from "../../../test/support/doctor.ts";
import type { CertificateFacts, CertificateFileFacts } from "../facts.ts";
import { checkCertificates } from "./certificates.ts";

const shown = (
  wishes: Partial<CertificateFacts>,
  file: Partial<CertificateFileFacts> = {},
): readonly string[] =>
  judge({ path: "s.pem", use: "shown", certificates: [certificateOf(wishes)], isChain: true, ...file });

function judge(file: CertificateFileFacts): readonly string[] {
  return troubles(checkCertificates({ nowMs: NOW_MS, certificates: [file], revocationLists: [] }));
}

const listUntil = (nextUpdateMs: number | undefined): readonly string[] =>
  troubles(
    checkCertificates({
      nowMs: NOW_MS,
      certificates: [],
      revocationLists: [{ path: "ca.crl", issuer: "CN=ca", nextUpdateMs }],
    }),
  );

describe("certificates", () => {
  it("with nothing wrong are told with their names and their end", () => {
    const certificates = [
      { path: "s.pem", use: "shown" as const, certificates: [certificateOf()], isChain: true },
    ];
    const facts = { nowMs: NOW_MS, certificates, revocationLists: [] };
    expect(checkCertificates(facts)).toEqual([
      { level: "ok", area: "tls", what: "s.pem is for broker.example.org and valid until 2027-09-17." },
    ]);
  });

  it.each([
    [{ notAfterMs: inDays(30) }, []],
    [{ notAfterMs: inDays(29.5) }, ["warning s.pem expires on 2026-12-20, in 29 days."]],
    [{ notAfterMs: inDays(0) }, ["problem s.pem has expired on 2026-11-21: no client accepts it."]],
    [{ notBeforeMs: inDays(1) }, ["problem s.pem is valid only from 2026-11-22 on."]],
    [{ keyKind: "rsa", keyBits: 1_024 }, ["problem s.pem has a weak key (rsa, 1024 bits)."]],
    [{ keyKind: "rsa", keyBits: 2_048 }, []],
    [{ curve: "secp224r1" }, ["problem s.pem has a key on a small curve (secp224r1)."]],
    [{ curve: "secp384r1" }, []],
    [
      { signature: "sha1WithRSAEncryption" },
      ["problem s.pem is signed with sha1WithRSAEncryption, which can be forged."],
    ],
    [{ signature: undefined }, []],
    [
      { names: [] },
      ["warning s.pem names no host in subjectAltName; clients do not look at the common name any more."],
    ],
    [
      { isSelfSigned: true, signature: "sha1WithRSAEncryption" },
      ["note s.pem is signed by itself: clients have to be given this very file."],
    ],
  ])("that are %j", (wishes, expected) => {
    expect(shown(wishes)).toEqual(expected);
  });

  it("in the wrong order are no chain", () => {
    expect(shown({}, { isChain: false })).toEqual([
      "problem s.pem: a certificate in it is not signed by the one behind it; many clients give up there.",
    ]);
  });

  it("behind the first are told by their place", () => {
    const certificates = [certificateOf(), certificateOf({ subject: "CN=between", notAfterMs: inDays(-1) })];
    expect(shown({}, { certificates })).toEqual([
      "problem s.pem, certificate 2 (CN=between) has expired on 2026-11-20: no client accepts it.",
    ]);
  });

  it("of authorities have to be some", () => {
    const authority = certificateOf({ names: [], isAuthority: true, isSelfSigned: true });
    const trusted = { path: "ca.pem", use: "trusted" as const, isChain: false };
    expect(judge({ ...trusted, certificates: [authority] })).toEqual([]);
    expect(judge({ ...trusted, certificates: [certificateOf()] })).toEqual([
      "warning ca.pem, certificate 1 (CN=broker.example.org) is no authority; nobody's certificate is signed by it.",
    ]);
  });
});

describe("revocation lists", () => {
  it.each([
    [undefined, []],
    [inDays(60), []],
    [inDays(7), ["warning ca.crl: the list of CN=ca expires on 2026-11-28, in 7 days."]],
    [
      inDays(-1),
      ["problem ca.crl: the list of CN=ca has expired on 2026-11-20; no client with a certificate gets in."],
    ],
  ])("until %s", (nextUpdateMs, expected) => {
    expect(listUntil(nextUpdateMs)).toEqual(expected);
  });
});
