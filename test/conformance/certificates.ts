// Certificates for one test file, made by `openssl`: an authority, and a server on 127.0.0.1 and localhost.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = "openssl";

export interface Certificates {
  readonly folder: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  remove(): void;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "martlet-certificates-"));
  const openssl = (...args: string[]): void =>
    void execFileSync(program, args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-subj",
    "/CN=Martlet test authority",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  const names = "subjectAltName=IP:127.0.0.1,DNS:localhost";
  openssl(
    "req",
    "-x509",
    ...key,
    "-subj",
    "/CN=localhost",
    "-addext",
    names,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-keyout",
    "server.key",
    "-out",
    "server.pem",
  );
  // A broker may give up root before it reads them.
  chmodSync(folder, 0o755);
  for (const file of ["ca.pem", "server.pem", "server.key"]) chmodSync(join(folder, file), 0o644);
  return {
    folder,
    ca: join(folder, "ca.pem"),
    cert: join(folder, "server.pem"),
    key: join(folder, "server.key"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
