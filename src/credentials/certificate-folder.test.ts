import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, StateError, systemClock } from "#base";
import { run, runWell } from "../../test/support/programs.ts";
import { CertificateFolder, type IssueOptions } from "./certificate-folder.ts";

const DAY_MS = 86_400_000;
const options: IssueOptions = { keyKind: "ecdsa", days: 30, isForced: false };

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "martlet-"));
  folders.push(folder);
  return folder;
}

/** An authority, a server and two clients, of which `gone` is taken back. */
async function filledFolder(keyKind: IssueOptions["keyKind"] = "ecdsa"): Promise<string> {
  const path = temporaryFolder();
  const folder = new CertificateFolder(path, systemClock());
  const own = { ...options, keyKind };
  await folder.makeAuthority("Test authority", own);
  await folder.issueServer(["broker.local", "127.0.0.1", "2001:db8::1"], own);
  await folder.issueClient("sensor-1", own);
  await folder.issueClient("gone", own);
  await folder.revoke("gone");
  return path;
}

describe.each(["ecdsa", "rsa"] as const)("openssl verifies certificates with keys of %s", (keyKind) => {
  let path = "";
  beforeAll(async () => {
    path = await filledFolder(keyKind);
  });
  const verify = async (file: string, ...more: string[]): Promise<string> => {
    const known = ["-CAfile", join(path, "ca.crt"), "-CRLfile", join(path, "ca.crl"), "-crl_check"];
    const args = ["verify", "-x509_strict", ...known, ...more, join(path, file)];
    const { stdout, stderr } = await run("openssl", args);
    return stdout + stderr;
  };

  test("of a server, by its names and addresses, and as nothing else", async () => {
    for (const place of [
      ["-verify_hostname", "broker.local"],
      ["-verify_ip", "127.0.0.1"],
      ["-verify_ip", "2001:db8::1"],
    ]) {
      expect(await verify("broker.local.crt", "-purpose", "sslserver", ...place)).toMatch(/: OK\n$/);
    }
    expect(await verify("broker.local.crt", "-verify_hostname", "other.local")).toMatch(/hostname mismatch/i);
    expect(await verify("broker.local.crt", "-purpose", "sslclient")).toMatch(
      /(unsuitable|unsupported) certificate purpose/,
    );
  });

  test("of a client, and as nothing else", async () => {
    expect(await verify("sensor-1.crt", "-purpose", "sslclient")).toMatch(/: OK\n$/);
    expect(await verify("sensor-1.crt", "-purpose", "sslserver")).toMatch(
      /(unsuitable|unsupported) certificate purpose/,
    );
  });

  test("but not of one that was taken back", async () => {
    expect(await verify("gone.crt", "-purpose", "sslclient")).toMatch(/certificate revoked/);
  });

  test("and reads the revocation list and the keys", async () => {
    const list = await runWell("openssl", [
      "crl",
      "-in",
      join(path, "ca.crl"),
      "-noout",
      "-text",
      "-CAfile",
      join(path, "ca.crt"),
    ]);
    expect(list.stderr).toMatch(/verify OK/);
    const gone = new X509Certificate(readFileSync(join(path, "gone.crt")));
    expect(list.stdout).toContain(`Serial Number: ${gone.serialNumber}`);
    expect(list.stdout.match(/Serial Number/g)).toHaveLength(1);
    expect(list.stdout).toMatch(/X509v3 CRL Number/);
    for (const name of ["ca", "broker.local", "sensor-1"]) {
      const key = await runWell("openssl", ["pkey", "-in", join(path, `${name}.key`), "-pubout"]);
      const certificate = await runWell("openssl", [
        "x509",
        "-in",
        join(path, `${name}.crt`),
        "-pubkey",
        "-noout",
      ]);
      expect(key.stdout).toBe(certificate.stdout);
      expect(key.stdout.length > 300).toBe(keyKind === "rsa");
    }
  });
});

interface Handshake {
  /** Whose certificate the client shows. */
  readonly client?: string;
  /** The folder of the authority that the client trusts. */
  readonly ca?: string;
  /** The name that the client wants the server to have. */
  readonly host?: string;
  /** The server knows the revocation list. */
  readonly withList?: boolean;
  /** The server ends the connection of clients whose certificate is not right, instead of saying why it is not. */
  readonly isStrict?: boolean;
}

/** What a client hears: a greeting with its name, or why it is not right; or its own error. */
async function handshake(path: string, wishes: Handshake): Promise<string> {
  const { client, ca = path, host = "127.0.0.1", withList = true, isStrict = false } = wishes;
  const pem = (folder: string, file: string): Buffer => readFileSync(join(folder, file));
  const server = createServer({
    ca: pem(path, "ca.crt"),
    cert: pem(path, "broker.local.crt"),
    key: pem(path, "broker.local.key"),
    ...(withList ? { crl: pem(path, "ca.crl") } : {}),
    requestCert: true,
    rejectUnauthorized: isStrict,
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const name = String(socket.getPeerCertificate().subject?.CN);
    socket.end(socket.authorized ? `hello ${name}` : `refused: ${String(socket.authorizationError)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect({
      host: "127.0.0.1",
      port: (server.address() as AddressInfo).port,
      servername: host === "127.0.0.1" ? "" : host,
      ca: pem(ca, "ca.crt"),
      ...(client === undefined ? {} : { cert: pem(path, `${client}.crt`), key: pem(path, `${client}.key`) }),
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      text ||= `client: ${code}`;
    });
    socket.on("close", () => resolve(text === "" ? "closed" : text));
  });
  await new Promise((resolve) => server.close(resolve));
  return answer;
}

describe("a handshake of TLS, by Node", () => {
  let path = "";
  beforeAll(async () => {
    path = await filledFolder();
  });

  test("knows both sides by their certificates", async () => {
    expect(await handshake(path, { client: "sensor-1" })).toBe("hello sensor-1");
    expect(await handshake(path, { client: "sensor-1", host: "broker.local" })).toBe("hello sensor-1");
  });

  test("refuses a client that was taken back, once the server has the list", async () => {
    expect(await handshake(path, { client: "gone", withList: false })).toBe("hello gone");
    expect(await handshake(path, { client: "gone" })).toBe("refused: CERT_REVOKED");
    expect(await handshake(path, { client: "gone", isStrict: true })).toMatch(/^closed|ECONNRESET$/);
    expect(await handshake(path, { client: "sensor-1", isStrict: true })).toBe("hello sensor-1");
  });

  test("refuses a client without a certificate, and a server's as one", async () => {
    expect(await handshake(path, {})).toMatch(/^refused: UNABLE_TO_GET_ISSUER_CERT/);
    expect(await handshake(path, { client: "broker.local" })).toBe("refused: INVALID_PURPOSE");
  });

  test("refuses a server under another name, or of another authority", async () => {
    expect(await handshake(path, { client: "sensor-1", host: "other.local" })).toBe(
      "client: ERR_TLS_CERT_ALTNAME_INVALID",
    );
    const other = await filledFolder();
    expect(await handshake(path, { client: "sensor-1", ca: other })).toMatch(
      /^client: (SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE)$/,
    );
  });
});

describe("the folder", () => {
  test("keeps keys for their owner, and nothing of a failed attempt", async () => {
    const path = await filledFolder();
    const files = readdirSync(path).toSorted();
    expect(files.join(" ")).toBe(
      "broker.local.crt broker.local.key ca.crl ca.crt ca.key gone.crt gone.key issued sensor-1.crt sensor-1.key",
    );
    for (const file of files.filter((each) => each.endsWith(".key"))) {
      expect([file, statSync(join(path, file)).mode & 0o777]).toEqual([file, 0o600]);
    }
    expect(readdirSync(join(path, "issued"))).toHaveLength(4);
  });

  test("writes over nothing unless it is told to", async () => {
    const path = await filledFolder();
    const folder = new CertificateFolder(path, systemClock());
    const before = readFileSync(join(path, "sensor-1.crt"), "utf8");
    await expect(folder.issueClient("sensor-1", options)).rejects.toThrow(
      `${join(path, "sensor-1.crt")}: it is there already; --force writes over it.`,
    );
    await expect(folder.makeAuthority("Another", options)).rejects.toThrow(ConfigError);
    expect(readFileSync(join(path, "sensor-1.crt"), "utf8")).toBe(before);

    await folder.issueClient("sensor-1", { ...options, isForced: true });
    expect(readFileSync(join(path, "sensor-1.crt"), "utf8")).not.toBe(before);
    // The one that was written over can still be taken back.
    expect((await folder.revoke("sensor-1")).length).toBe(2);
    // Only half of it there: also then nothing is lost.
    rmSync(join(path, "sensor-1.crt"));
    await expect(folder.issueClient("sensor-1", options)).rejects.toThrow(
      `${join(path, "sensor-1.key")}: it is there`,
    );
  });

  test("tells what was signed, and takes back by name, address and serial number", async () => {
    const path = temporaryFolder();
    const folder = new CertificateFolder(path, systemClock());
    await folder.makeAuthority("A", options);
    expect(folder.list()).toEqual([]);
    await folder.issueServer(["Broker.local", "2001:db8::1"], options);
    const client = await folder.issueClient("one", options);
    await folder.issueClient("two", options);
    const { serialNumber } = new X509Certificate(readFileSync(client.certificate));
    const told = folder
      .list()
      .map(({ purpose, commonName, hosts, revokedAt }) => [purpose, commonName, hosts, revokedAt]);
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        ["server", "Broker.local", ["broker.local", "2001:db8::1"], undefined],
        ["client", "one", [], undefined],
        ["client", "two", [], undefined],
      ]),
    );

    expect((await folder.revoke(serialNumber.toLowerCase())).map(({ commonName }) => commonName)).toEqual([
      "one",
    ]);
    expect((await folder.revoke("2001:DB8:0::1")).map(({ commonName }) => commonName)).toEqual([
      "Broker.local",
    ]);
    expect(await folder.revoke("one")).toEqual([]);
    await expect(folder.revoke("nobody")).rejects.toThrow(
      `nobody: no certificate with this name was signed in ${path}.`,
    );
    const valid = folder.list().filter(({ revokedAt }) => revokedAt === undefined);
    expect(valid.map(({ commonName }) => commonName)).toEqual(["two"]);
  });

  test("is that of its present authority only", async () => {
    const path = await filledFolder();
    const folder = new CertificateFolder(path, systemClock());
    await folder.makeAuthority("A new one", { ...options, isForced: true });
    expect(folder.list()).toEqual([]);
    await folder.issueClient("sensor-2", options);
    expect(folder.list().map(({ commonName }) => commonName)).toEqual(["sensor-2"]);
  });

  test("takes names of all kinds, and keeps its files in itself", async () => {
    const path = temporaryFolder();
    const folder = new CertificateFolder(path, systemClock());
    await folder.makeAuthority('Größe, O=#04 + "x"', options);
    const names = [
      "../evil",
      "a/b",
      "CN=x,O=y",
      "#0403",
      "ä ü",
      "ca",
      "CA",
      "issued",
      ".hidden",
      "a*",
      "a'b",
    ];
    for (const name of names) {
      const { certificate } = await folder.issueClient(name, options);
      expect(new X509Certificate(readFileSync(certificate)).toLegacyObject().subject.CN).toBe(name);
    }
    expect(existsSync(join(path, "..", "evil.crt"))).toBe(false);
    expect(readdirSync(path).filter((file) => file.endsWith(".key"))).toHaveLength(names.length + 1);
    const { stdout } = await runWell("openssl", [
      "verify",
      "-CAfile",
      join(path, "ca.crt"),
      join(path, "a%2Fb.crt"),
    ]);
    expect(stdout).toMatch(/: OK\n$/);
  });

  test.each([
    ["", "<name>: a name has 1 to 64 bytes of UTF-8, and no control characters."],
    ["x".repeat(65), `${"x".repeat(65)}: a name has 1 to 64 bytes of UTF-8, and no control characters.`],
    ["a\nb", "a\nb: a name has 1 to 64 bytes of UTF-8, and no control characters."],
  ])("refuses the client %j", async (name, message) => {
    const folder = new CertificateFolder(temporaryFolder(), systemClock());
    await expect(folder.issueClient(name, options)).rejects.toThrow(message);
  });

  test.each([["a b"], ["http://a"], ["a..b"], ["-a"], ["1.2.3.4.5/24"], [""], ["*.*.a"]])(
    "refuses the host %j",
    async (host) => {
      const folder = new CertificateFolder(temporaryFolder(), systemClock());
      await expect(folder.issueServer([host], options)).rejects.toThrow(
        "this is neither the name of a host nor an IP address.",
      );
    },
  );

  test("says what to do where no authority is", async () => {
    const path = temporaryFolder();
    const folder = new CertificateFolder(path, systemClock());
    const message = `there is no authority in ${path}; make one with martlet certs ca.`;
    await expect(folder.issueClient("a", options)).rejects.toThrow(message);
    expect(() => folder.list()).toThrow(message);
    await expect(folder.revoke("a")).rejects.toThrow(message);
  });
});

test("a certificate is valid as long as was asked for, and never longer than its authority", async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  const path = temporaryFolder();
  const folder = new CertificateFolder(path, { epochMs: () => nowMs });
  await folder.makeAuthority("A", { ...options, days: 100 });
  const first = await folder.issueClient("first", { ...options, days: 50 });
  expect(first.notAfter).toEqual(new Date(nowMs + 50 * DAY_MS));
  nowMs += 80 * DAY_MS;
  const second = await folder.issueClient("second", { ...options, days: 50 });
  expect(second.notAfter).toEqual(new Date(Date.UTC(2026, 0, 1) + 100 * DAY_MS));
  nowMs += 21 * DAY_MS;
  await expect(folder.issueClient("third", options)).rejects.toThrow(StateError);
  expect(readdirSync(path).filter((file) => file.startsWith("third"))).toEqual([]);
});
