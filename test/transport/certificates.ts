// Certificates for tests of TLS: an authority and a server as everywhere, and two clients, one of them signed by itself.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "../conformance/certificates.ts";

const program = "openssl";

/** Paths of PEM files. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface MutualCertificates extends Certificates {
  /** Signed by the authority, for CN=sensor-1. */
  readonly client: Pair;
  /** Signed by itself, for the same name. */
  readonly stranger: Pair;
}

export function makeMutualCertificates(): MutualCertificates {
  const certificates = makeCertificates();
  const { folder } = certificates;
  const makeClient = (name: string, ...signing: string[]): Pair => {
    const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const subject = ["-subj", "/CN=sensor-1", "-addext", "basicConstraints=critical,CA:FALSE"];
    const args = ["req", "-x509", ...curve, ...subject, ...signing, "-keyout", key, "-out", cert];
    execFileSync(program, args, { cwd: folder, stdio: "pipe" });
    return { cert, key };
  };
  return {
    ...certificates,
    client: makeClient("client", "-CA", "ca.pem", "-CAkey", "ca.key"),
    stranger: makeClient("stranger"),
  };
}

/** The texts of a pair. */
export function textsOf({ cert, key }: Pair): Pair {
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
