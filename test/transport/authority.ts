// An authority of `openssl` for one test file: signs for servers and clients, takes back, and writes revocation lists, expired
// ones among them.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pair } from "./certificates.ts";

const program = "openssl";

/** Texts in PEM form, and where they lie. */
export interface Issued extends Pair {
  readonly files: Pair;
}

export class Authority {
  readonly folder: string;
  readonly #name: string;
  #lists = 0;

  constructor(name: string) {
    this.#name = name;
    this.folder = mkdtempSync(join(tmpdir(), "martlet-authority-"));
    // Other programs may give up root before they read it.
    chmodSync(this.folder, 0o755);
    writeFileSync(join(this.folder, "index.txt"), "");
    writeFileSync(join(this.folder, "crlnumber"), "01\n");
    const config = `[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=2\ncertificate=ca.pem\nprivate_key=ca.key\n`;
    writeFileSync(join(this.folder, "ca.conf"), config);
    this.#request("ca", ["-subj", `/CN=${name}`]);
  }

  /** The authority's own certificate. */
  get ca(): string {
    return this.#read("ca.pem");
  }

  get caFile(): string {
    return join(this.folder, "ca.pem");
  }

  server(...hosts: readonly string[]): Issued {
    const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(",");
    return this.#issue(hosts[0] ?? "", ["-addext", `subjectAltName=${names}`]);
  }

  client(name: string): Issued {
    return this.#issue(name, []);
  }

  /** Takes a certificate back; the next list says so. */
  revoke({ files }: Issued): void {
    this.#openssl("ca", "-config", "ca.conf", "-revoke", files.cert);
  }

  /** The list of what was taken back. */
  revocationList(): string {
    return this.#list([]);
  }

  /** The same, valid for one day long ago. */
  expiredList(): string {
    return this.#list(["-crl_lastupdate", "200101000000Z", "-crl_nextupdate", "200102000000Z"]);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #issue(name: string, more: readonly string[]): Issued {
    const file = name.replace("*", "any");
    const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"];
    const files = this.#request(file, ["-subj", `/CN=${name}`, ...signing, ...more]);
    return { cert: this.#read(`${file}.pem`), key: this.#read(`${file}.key`), files };
  }

  #request(file: string, args: readonly string[]): Pair {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    this.#openssl("req", "-x509", ...curve, ...args, "-keyout", `${file}.key`, "-out", `${file}.pem`);
    for (const ending of ["key", "pem"]) chmodSync(join(this.folder, `${file}.${ending}`), 0o644);
    return { cert: join(this.folder, `${file}.pem`), key: join(this.folder, `${file}.key`) };
  }

  #list(args: readonly string[]): string {
    const file = `list-${this.#lists++}.crl`;
    this.#openssl("ca", "-config", "ca.conf", "-gencrl", ...args, "-out", file);
    return this.#read(file);
  }

  #read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  #openssl(...args: readonly string[]): void {
    try {
      execFileSync(program, args, { cwd: this.folder, stdio: "pipe" });
    } catch (error) {
      throw new Error(`openssl failed for ${this.#name}: ${String((error as { stderr?: unknown }).stderr)}`, {
        cause: error,
      });
    }
  }
}
