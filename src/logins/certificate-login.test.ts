import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seededRandom } from "#base";
import { ReasonCode } from "#protocol";
import { certificateOf, loginOf } from "../../test/support/logins.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { type CertificateField, CertificateLogin, nameInCertificate, PskLogin } from "./certificate-login.ts";

const openssl = "openssl";

/** A certificate by openssl, as Node reads it, and its subject as RFC 2253 has it. */
function made(subject: string, names = ""): { certificate: X509Certificate; rfc2253: string } {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder, name);
  const extensions = names === "" ? "" : `[v]\nsubjectAltName=@s\n[s]\n${names}\n`;
  writeFileSync(
    path("conf"),
    `[req]\ndistinguished_name=dn\nprompt=no\nutf8=yes\nstring_mask=utf8only\n${names === "" ? "" : "x509_extensions=v\n"}[dn]\n${subject}\n${extensions}`,
  );
  const making = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  execFileSync(openssl, [...making, "-keyout", path("k"), "-out", path("c"), "-config", path("conf")], {
    stdio: "pipe",
  });
  const showing = ["x509", "-in", path("c"), "-noout", "-subject", "-nameopt", "RFC2253"];
  const rfc2253 = execFileSync(openssl, showing, { encoding: "utf8" }).trimEnd().replace("subject=", "");
  return { certificate: new X509Certificate(readFileSync(path("c"))), rfc2253 };
}

const nameOf = (wishes: Parameters<typeof certificateOf>[0], field: CertificateField): string => {
  const found = nameInCertificate(certificateOf(wishes), field);
  return "name" in found ? found.name : `! ${found.problem}`;
};

describe("certificates made by openssl", () => {
  test.each([
    ["C=DE\nO=Example, Ltd\nCN=sensor-1", "sensor-1"],
    ['C=DE\nO=A + B <c>; "d"\nCN="#sen=sor\\\\ä; "', "#sen=sor\\ä; "],
    ["CN=größe ✓\nemailAddress=me@example.org", "größe ✓"],
    ["O=x\nCN=a/CN=admin", "a/CN=admin"],
  ])("%j", (subject, commonName) => {
    const { certificate, rfc2253 } = made(subject);
    expect(nameInCertificate(certificate, "common-name")).toEqual({ name: commonName });
    expect(nameInCertificate(certificate, "subject")).toEqual({ name: rfc2253 });
  });

  test("parts that belong together stay together", () => {
    const { certificate, rfc2253 } = made("O=x\nOU=b\n+CN=sensor-1");
    expect(certificate.subject).toContain(" + ");
    expect(nameInCertificate(certificate, "common-name")).toEqual({ name: "sensor-1" });
    expect(nameInCertificate(certificate, "subject")).toEqual({ name: rfc2253 });
  });

  test("alternative names, one of which would like to be another", () => {
    const names = "DNS.1=a.example\nIP.1=192.0.2.7\nURI.1=urn:x, DNS:evil.example\nemail.1=me@example.org";
    const { certificate } = made("CN=x", names);
    const found = (["san-dns", "san-ip", "san-uri", "san-email"] as const).map((field) =>
      nameInCertificate(certificate, field),
    );
    expect(found).toEqual([
      { name: "a.example" },
      { name: "192.0.2.7" },
      { name: "urn:x, DNS:evil.example" },
      { name: "me@example.org" },
    ]);
    const hex = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    expect(nameInCertificate(certificate, "fingerprint")).toEqual({ name: hex });
  });
});

describe("a hostile certificate", () => {
  test.each<[string, string]>([
    // As Node writes a line feed, a null character and a separator within a value.
    ["CN=a\\0ACN=admin", "! its common-name has a control character in it"],
    ["CN=admin\\00.evil.example", "! its common-name has a control character in it"],
    ["O=x \\+ CN=admin\nCN=a", "a"],
    ["O=x\\ + CN=admin\nCN=a", "a"],
    ["O=x\\  + CN\nCN=a", "! its common-name cannot be read"],
    ["O=CN=admin\nCN=a", "a"],
    ["CN=a\nCN=b", "! it has more than one common-name"],
    ["CN=a + CN=b", "! it has more than one common-name"],
    ["CN=", "! its common-name is empty"],
    ["O=x", "! it has no common-name"],
    ["", "! it has no common-name"],
    ["CN=a\\", "! its common-name cannot be read"],
    ["CN", "! its common-name cannot be read"],
    ["=x", "! its common-name cannot be read"],
    ["CN=\\C3\\A4", "ä"],
    [`CN=${"x".repeat(65_536)}`, "! its common-name is longer than 65535 bytes"],
  ])("%j", (subject, expected) => {
    expect(nameOf({ subject }, "common-name")).toBe(expected);
  });

  test.each<[string | undefined, string]>([
    ["DNS:a", "a"],
    ["DNS:a, DNS:b", "! it has more than one san-dns"],
    [undefined, "! it has no san-dns"],
    ["", "! it has no san-dns"],
    ['URI:"x, DNS:evil", DNS:a', "a"],
    ['DNS:"a\\u0000b"', "! its san-dns has a control character in it"],
    ['DNS:"a', "! its san-dns cannot be read"],
    ['DNS:"a\\x"', "! its san-dns cannot be read"],
    ["DNS", "! its san-dns cannot be read"],
    ["DirName:/CN=x, DNS:a", "a"],
  ])("alternative names %j", (subjectAltName, expected) => {
    expect(nameOf({ subjectAltName }, "san-dns")).toBe(expected);
  });

  test("cannot put a name into another's place, whatever stands in its values", () => {
    const random = seededRandom(5);
    const pieces = ["CN=admin", "\n", " + ", "\\", ",", "=", "#", " ", "\0", "x", "ä", '"', "\\0A"];
    /** As OpenSSL writes a value with the flags that Node gives it. */
    const written = (value: string): string =>
      value
        .replaceAll(/[,+"\\<>;]/g, "\\$&")
        .replaceAll(
          // oxlint-disable-next-line no-control-regex
          /[\u0000-\u001f]/g,
          (c) => `\\${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
        )
        .replace(/^[ #]/, "\\$&")
        .replace(/(?<!\\) $/, "\\ ");
    for (let i = 0; i < 2_000; i++) {
      const value = Array.from(
        { length: 1 + random.below(6) },
        () => pieces[random.below(pieces.length)],
      ).join("");
      const separator = ["\n", " + "][random.below(2)] as string;
      const subject = `O=${written(value)}${separator}CN=sensor-1`;
      expect([value, nameOf({ subject }, "common-name")]).toEqual([value, "sensor-1"]);
    }
  });

  test("a subject that is empty names nobody, and one with line feeds keeps them in hex", () => {
    expect(nameOf({ subject: "" }, "subject")).toBe("! it has no subject");
    expect(nameOf({ subject: "O=a\\0Ab\nCN=x" }, "subject")).toBe("CN=x,O=a\\0Ab");
  });
});

describe("the provider", () => {
  const { NOT_AUTHORIZED, CLIENT_IDENTIFIER_NOT_VALID } = ReasonCode;
  const certificate = certificateOf({ subject: "O=Example\nCN=sensor-1", subjectAltName: "DNS:s1.example" });

  test("takes the place of what CONNECT says", () => {
    const login = loginOf({ certificate, userName: "admin", password: "x", clientId: "mine" });
    expect(new CertificateLogin().authenticate(login)).toEqual({ outcome: "accepted", userName: "sensor-1" });
    const both = new CertificateLogin({ userName: "subject", clientId: "san-dns" });
    expect(both.authenticate(login)).toEqual({
      outcome: "accepted",
      userName: "CN=sensor-1,O=Example",
      clientId: "s1.example",
    });
  });

  test("may want the client id to be the certificate's", () => {
    const strict = new CertificateLogin({ requiredClientId: "common-name" });
    expect(strict.authenticate(loginOf({ certificate, clientId: "sensor-1" }))?.outcome).toBe("accepted");
    expect(strict.authenticate(loginOf({ certificate, clientId: "sensor-2" }))).toEqual({
      outcome: "refused",
      reasonCode: CLIENT_IDENTIFIER_NOT_VALID,
      reason: "its client id is not the common-name of its certificate",
    });
  });

  test("refuses a certificate without the name, and has nothing to do with others", () => {
    expect(new CertificateLogin().authenticate(loginOf({ userName: "admin" }))).toBeUndefined();
    const login = loginOf({ certificate: certificateOf({ subject: "O=x" }) });
    expect(new CertificateLogin().authenticate(login)).toEqual({
      outcome: "refused",
      reasonCode: NOT_AUTHORIZED,
      reason: "the certificate does not say who it is: it has no common-name",
    });
    expect(
      new CertificateLogin({ clientId: "san-uri" }).authenticate(loginOf({ certificate })),
    ).toMatchObject({
      reason: "the certificate gives no client id: it has no san-uri",
    });
  });

  test("the identity of a pre-shared key is a user name", () => {
    const psk = new PskLogin();
    expect(psk.authenticate(loginOf({ pskIdentity: "dev-1", userName: "admin" }))).toEqual({
      outcome: "accepted",
      userName: "dev-1",
    });
    expect(psk.authenticate(loginOf({ userName: "admin" }))).toBeUndefined();
    expect(psk.authenticate(loginOf({ pskIdentity: "a\0b" }))).toMatchObject({
      outcome: "refused",
      reason: "the identity of the pre-shared key has a control character in it",
    });
  });
});
