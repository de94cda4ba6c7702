// Certificates as logins: mosquitto_pub shows one, and is known here by the name by which mosquitto knows it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { guardedGate, type Identity } from "#auth";
import { CertificateLogin, type CertificateLoginOptions, LoginChain, type LoginVerdict } from "#logins";
import { createBroker } from "#server";
import { mosquittoProgram } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { run, start } from "../support/programs.ts";
import {
  type MutualCertificates,
  makeMutualCertificates,
  type Pair,
  textsOf,
} from "../transport/certificates.ts";

const openssl = "openssl";

let certificates: MutualCertificates;

beforeAll(() => {
  certificates = makeMutualCertificates();
});

afterAll(() => certificates.remove());

let made = 0;

/** A client's certificate that the authority has signed; `subject` and `names` as in a configuration of openssl. */
function clientFor(subject: string, names = ""): Pair {
  const { folder } = certificates;
  const path = (ending: string): string => join(folder, `made-${made}.${ending}`);
  made++;
  const extensions = names === "" ? "" : `subjectAltName=@names\n[names]\n${names}\n`;
  const head = "[req]\ndistinguished_name=dn\nprompt=no\nutf8=yes\nstring_mask=utf8only\nx509_extensions=v";
  writeFileSync(
    path("conf"),
    `${head}\n[dn]\n${subject}\n[v]\nbasicConstraints=critical,CA:FALSE\n${extensions}`,
  );
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-config", path("conf")];
  const args = ["req", "-x509", ...curve, ...signing, "-keyout", path("key"), "-out", path("pem")];
  execFileSync(openssl, args, { cwd: folder, stdio: "pipe" });
  return { cert: path("pem"), key: path("key") };
}

/** A TLS listener that wants certificates, and whom the chain has let in. */
async function serve(options: CertificateLoginOptions, pipes: "net" | "handle" = "net") {
  const verdicts: LoginVerdict[] = [];
  const clients: Identity[] = [];
  const chain = new LoginChain([new CertificateLogin(options)], (verdict) => verdicts.push(verdict));
  const gate = guardedGate(
    {
      authenticate: (login) => chain.authenticate(login),
      mayPublish: (client) => {
        clients.push(client);
        return true;
      },
    },
    (error) => expect.fail(String(error)),
  );
  const listener = {
    protocol: "tls",
    port: 0,
    host: "127.0.0.1",
    pipes,
    ...textsOf(certificates),
    ca: readFileSync(certificates.ca),
    requireCertificate: true,
  } as const;
  const broker = createBroker({ gate, listeners: [listener], settings: { sysIntervalSeconds: 0 } });
  onTestFinished(() => broker.stop());
  await broker.start();
  return { port: broker.addresses[0]?.port ?? 0, verdicts, clients };
}

async function publish(port: number, own: Pair, ...more: string[]): Promise<number | null> {
  const where = ["-h", "127.0.0.1", "-p", String(port), "--cafile", certificates.ca];
  const shown = ["--cert", own.cert, "--key", own.key];
  return (await run("mosquitto_pub", [...where, ...shown, ...more, "-t", "t", "-m", "m", "-q", "1"])).code;
}

const subjects = [
  "O=Example, Ltd\nOU=devices\nCN=sensor-1",
  'C=DE\nO=A + B <c>; "d"\nCN="#größe\\\\ "',
  "O=x\n0.OU=a\n1.OU=b\nCN=two words",
] as const;

describe.each(["net", "handle"] as const)("over TLS by %s", (pipes) => {
  it("the common name is the user, whatever CONNECT says", async () => {
    const { port, clients, verdicts } = await serve({}, pipes);
    expect(await publish(port, certificates.client, "-u", "admin", "-P", "secret", "-i", "mine")).toBe(0);
    expect(clients).toMatchObject([{ userName: "sensor-1", clientId: "mine" }]);
    expect(verdicts).toMatchObject([{ provider: "certificate", outcome: "accepted", userName: "admin" }]);
  });

  it("a certificate that names nobody does not get in", async () => {
    const { port, verdicts } = await serve({}, pipes);
    const notAuthorized = 5;
    expect(await publish(port, clientFor("O=Example"), "-V", "mqttv311")).toBe(notAuthorized);
    expect(await publish(port, clientFor("0.CN=sensor-1\n1.CN=admin"), "-V", "mqttv311")).toBe(notAuthorized);
    expect(verdicts.map(({ reason }) => reason)).toEqual([
      "the certificate does not say who it is: it has no common-name",
      "the certificate does not say who it is: it has more than one common-name",
    ]);
  });
});

it("alternative names give user and client id", async () => {
  const { port, clients } = await serve({ userName: "san-uri", clientId: "san-dns" });
  const own = clientFor("CN=x", "DNS.1=sensor-1.example.org\nURI.1=urn:dev:1, DNS:evil.example");
  expect(await publish(port, own, "-i", "mine")).toBe(0);
  expect(clients).toMatchObject([
    { userName: "urn:dev:1, DNS:evil.example", clientId: "sensor-1.example.org" },
  ]);
});

it("the whole subject is the user as mosquitto writes it", async () => {
  const { port, clients } = await serve({ userName: "subject" });
  const { folder, ca, cert, key } = certificates;
  // Started by root it would become a user who cannot read the key.
  const isRoot = process.getuid?.() === 0;
  const listener = await freePort();
  const configuration = join(folder, "mosquitto.conf");
  writeFileSync(
    configuration,
    `listener ${listener} 127.0.0.1\ncafile ${ca}\ncertfile ${cert}\nkeyfile ${key}\nrequire_certificate true\nuse_subject_as_username true\nlog_type all\n${isRoot ? "user root\n" : ""}`,
  );
  const mosquitto = start(mosquittoProgram, ["-c", configuration]);
  await mosquitto.until("it runs", () => / running/.test(mosquitto.stderr));
  for (const subject of subjects) {
    const own = clientFor(subject);
    expect(await publish(listener, own)).toBe(0);
    expect(await publish(port, own)).toBe(0);
  }
  const known = (): (string | undefined)[] =>
    [...mosquitto.stderr.matchAll(/New client connected .*, u'(.*)'\)\.$/gm)].map(([, name]) => name);
  await mosquitto.until("all have connected", () => known().length === subjects.length);
  expect(clients.map(({ userName }) => userName)).toEqual(known());
  expect(known()[0]).toBe("CN=sensor-1,OU=devices,O=Example\\, Ltd");
});
