/**
 * An authority in a folder: its key, everything it has signed, and what it has taken back. The folder is the record, a file
 * for each thing, so that nothing can be out of step.
 *
 *     ca.crt  ca.key  ca.crl       the authority, and its revocation list
 *     broker.local.crt  .key       a server
 *     sensor-1.crt  .key           a client
 *     issued/SERIAL.crt            a copy of each certificate ever signed
 *     issued/SERIAL.revoked        the moment at which it was taken back
 *
 * Keys are for their owner alone. Nothing that is there is written over unless `isForced` says so.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { type Clock, ConfigError, describeError, StateError, utf8Encode } from "#base";
import {
  type CertificateFacts,
  type CertifiedKey,
  canonicalHost,
  isSignedBy,
  type KeyKind,
  type LeafRequest,
  makeAuthority,
  makeCertificate,
  makeRevocationList,
  type Revocation,
  readCertificate,
  type Validity,
} from "./certificate-maker.ts";
import { createFile, PRIVATE_MODE, PUBLIC_MODE, replaceFile } from "./files.ts";

const AUTHORITY = "ca";
const ISSUED = "issued";
const DAY_MS = 86_400_000;
/** For devices whose clocks are a little late. */
const EARLIER_MS = 5 * 60_000;
const LONGEST_COMMON_NAME = 64;
const LONGEST_HOST = 253;

export interface IssueOptions {
  readonly keyKind: KeyKind;
  /** Days for which it is valid; never longer than the authority. */
  readonly days: number;
  /** Write over files that are there. */
  readonly isForced: boolean;
}

/** The files that were written. */
export interface WrittenFiles {
  readonly certificate: string;
  readonly key: string;
  readonly notAfter: Date;
}

/** A certificate that was signed here. */
export interface IssuedCertificate extends CertificateFacts {
  readonly revokedAt: Date | undefined;
}

export class CertificateFolder {
  readonly #folder: string;
  readonly #clock: Pick<Clock, "epochMs">;

  constructor(folder: string, clock: Pick<Clock, "epochMs">) {
    this.#folder = folder;
    this.#clock = clock;
  }

  get authorityFile(): string {
    return this.#path(`${AUTHORITY}.crt`);
  }

  get revocationListFile(): string {
    return this.#path(`${AUTHORITY}.crl`);
  }

  /** @throws ConfigError when there is an authority already and `isForced` is not set */
  async makeAuthority(commonName: string, options: IssueOptions): Promise<WrittenFiles> {
    checkCommonName(commonName);
    this.#refuseExisting(AUTHORITY, options);
    makeFolder(join(this.#folder, ISSUED));
    const validity = this.#validity(options.days, undefined);
    const made = await makeAuthority({ commonName, keyKind: options.keyKind, validity });
    const written = this.#write(AUTHORITY, made, options, validity);
    await this.renewRevocationList();
    return written;
  }

  /**
   * A certificate for a server with these names and addresses. Its files are named after the first.
   *
   * @throws ConfigError for what is no name of a host
   */
  async issueServer(hosts: readonly string[], options: IssueOptions): Promise<WrittenFiles> {
    for (const host of hosts) checkHost(host);
    const [first = ""] = hosts;
    return await this.#issue(first, options, {
      purpose: "server",
      hosts,
      commonName: first.slice(0, LONGEST_COMMON_NAME),
    });
  }

  /** A certificate for a client, whose common name is its user name where a broker wants it so. */
  async issueClient(commonName: string, options: IssueOptions): Promise<WrittenFiles> {
    checkCommonName(commonName);
    return await this.#issue(commonName, options, { purpose: "client", commonName });
  }

  /**
   * Takes back the certificates with this name, or the one with this serial number, and writes the list anew.
   *
   * @returns those that were taken back now; none when all of them had been before
   * @throws ConfigError when there is no such certificate
   */
  async revoke(name: string): Promise<readonly IssuedCertificate[]> {
    const found = this.list().filter(
      ({ commonName, serialNumber, hosts }) =>
        commonName === name || hosts.includes(canonicalHost(name)) || serialNumber === name.toUpperCase(),
    );
    if (found.length === 0) {
      throw new ConfigError(name, `no certificate with this name was signed in ${this.#folder}.`);
    }
    const valid = found.filter(({ revokedAt }) => revokedAt === undefined);
    const now = new Date(this.#clock.epochMs());
    for (const { serialNumber } of valid) {
      createFile(this.#path(ISSUED, `${serialNumber}.revoked`), `${now.toISOString()}\n`, PUBLIC_MODE);
    }
    await this.renewRevocationList();
    return valid;
  }

  /** Writes the list of everything that was taken back. It is valid as long as the authority. */
  async renewRevocationList(): Promise<void> {
    const authority = this.#authority();
    const { notAfter } = readCertificate(authority.certificate);
    const revocations: Revocation[] = this.list().flatMap(({ serialNumber, revokedAt }) =>
      revokedAt === undefined ? [] : [{ serialNumber, revokedAt }],
    );
    const nowMs = this.#clock.epochMs();
    const validity = { notBefore: new Date(nowMs - EARLIER_MS), notAfter };
    const list = await makeRevocationList(authority, revocations, validity, nowMs);
    replaceFile(this.revocationListFile, list, PUBLIC_MODE);
  }

  /** What this authority has signed, the oldest first. */
  list(): IssuedCertificate[] {
    const authority = this.#read(`${AUTHORITY}.crt`);
    const folder = join(this.#folder, ISSUED);
    const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".crt")) : [];
    const found = files.flatMap((file) => {
      const pem = this.#read(ISSUED, file);
      const facts = this.#facts(file, pem);
      // A folder may outlive its authority.
      if (!isSignedBy(pem, authority)) return [];
      const revoked = this.#path(ISSUED, file.replace(/\.crt$/, ".revoked"));
      const revokedAt = existsSync(revoked) ? new Date(readFileSync(revoked, "utf8").trim()) : undefined;
      return [{ ...facts, revokedAt }];
    });
    return found.toSorted((a, b) => a.notBefore.getTime() - b.notBefore.getTime());
  }

  async #issue(
    name: string,
    options: IssueOptions,
    purpose:
      | { purpose: "server"; hosts: readonly string[]; commonName: string }
      | { purpose: "client"; commonName: string },
  ): Promise<WrittenFiles> {
    const file = fileNameOf(name);
    this.#refuseExisting(file, options);
    const authority = this.#authority();
    const validity = this.#validity(options.days, readCertificate(authority.certificate).notAfter);
    const request: LeafRequest = { ...purpose, keyKind: options.keyKind, validity };
    const made = await makeCertificate(authority, request);
    const { serialNumber } = readCertificate(made.certificate);
    // First the record: a certificate that nobody knows of could not be taken back.
    createFile(this.#path(ISSUED, `${serialNumber}.crt`), made.certificate, PUBLIC_MODE);
    return this.#write(file, made, options, validity);
  }

  #write(
    file: string,
    { certificate, key }: CertifiedKey,
    { isForced }: IssueOptions,
    { notAfter }: Validity,
  ): WrittenFiles {
    const write = isForced ? replaceFile : createFile;
    const written = { certificate: this.#path(`${file}.crt`), key: this.#path(`${file}.key`), notAfter };
    write(written.key, key, PRIVATE_MODE);
    write(written.certificate, certificate, PUBLIC_MODE);
    return written;
  }

  #refuseExisting(file: string, { isForced }: IssueOptions): void {
    if (isForced) return;
    for (const ending of [".crt", ".key"]) {
      const path = this.#path(file + ending);
      if (existsSync(path)) throw new ConfigError(path, "it is there already; --force writes over it.");
    }
  }

  #validity(days: number, most: Date | undefined): Validity {
    const nowMs = this.#clock.epochMs();
    const end = nowMs + days * DAY_MS;
    const notAfter = most === undefined ? end : Math.min(end, most.getTime());
    if (notAfter <= nowMs) throw new StateError("the authority is no longer valid; make a new one.");
    return { notBefore: new Date(nowMs - EARLIER_MS), notAfter: new Date(notAfter) };
  }

  #authority(): CertifiedKey {
    return { certificate: this.#read(`${AUTHORITY}.crt`), key: this.#read(`${AUTHORITY}.key`) };
  }

  #facts(file: string, pem: string): CertificateFacts {
    try {
      return readCertificate(pem);
    } catch (error) {
      throw new ConfigError(this.#path(ISSUED, file), `it is no certificate: ${describeError(error)}.`);
    }
  }

  #read(...parts: string[]): string {
    const path = this.#path(...parts);
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const advice = `there is no authority in ${this.#folder}; make one with martlet certs ca`;
      throw new ConfigError(path, `${isMissing ? advice : `it cannot be read: ${describeError(error)}`}.`);
    }
  }

  #path(...parts: string[]): string {
    return join(this.#folder, ...parts);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new ConfigError(path, `it cannot be made: ${describeError(error)}.`);
  }
}

function checkCommonName(name: string): void {
  const length = utf8Encode(name).length;
  // oxlint-disable-next-line no-control-regex
  const hasControls = /[\u0000-\u001f\u007f]/.test(name);
  if (length > 0 && length <= LONGEST_COMMON_NAME && !hasControls) return;
  const allowed = `a name has 1 to ${LONGEST_COMMON_NAME} bytes of UTF-8, and no control characters`;
  throw new ConfigError(name === "" ? "<name>" : name, `${allowed}.`);
}

function checkHost(host: string): void {
  const isName =
    host.length <= LONGEST_HOST &&
    /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i.test(host);
  if (isIP(host) !== 0 || isName) return;
  throw new ConfigError(host, "this is neither the name of a host nor an IP address.");
}

/** Safe on every system, and different for different names; `sensor/1` is `sensor%2F1`. */
function fileNameOf(name: string): string {
  const safe = name.replace(/^\.|[^A-Za-z0-9._@-]/gu, (character) =>
    Array.from(utf8Encode(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
      "",
    ),
  );
  const isTaken = [AUTHORITY, ISSUED].includes(safe.toLowerCase());
  return isTaken ? `${safe}_` : safe;
}
