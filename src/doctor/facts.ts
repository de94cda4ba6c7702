/**
 * What an examination looks at: the configuration, and what was found out about this machine and the files. The checks judge these
 * and touch nothing themselves. Contents of secret files are not among them, only what can be said of them.
 */

import type { PasswordHash } from "#auth";
import type { Configuration, ListenerConfiguration } from "#config";

export interface Facts {
  readonly nowMs: number;
  readonly configuration: Configuration;
  /** Why a broker would not start by this configuration, a sentence each. */
  readonly startProblems: readonly string[];
  readonly listeners: readonly ListenerFacts[];
  readonly files: readonly FileFacts[];
  readonly accounts: readonly AccountsFacts[];
  readonly roles: RolesFacts | undefined;
  readonly accessFile: AccessFileFacts | undefined;
  readonly preSharedKeys: readonly PreSharedKeysFacts[];
  readonly certificates: readonly CertificateFileFacts[];
  readonly revocationLists: readonly RevocationListFacts[];
  readonly system: SystemFacts;
  /** Undefined when nothing is kept. */
  readonly folder: FolderFacts | undefined;
  /** Undefined unless running listeners were to be tried. */
  readonly probes: readonly ProbeFacts[] | undefined;
}

/** What became of listening there for a moment. */
export type Binding =
  | "free"
  | "in-use"
  | "not-allowed"
  | "no-such-address"
  | "no-such-name"
  /** Anything else, and what was not tried. */
  | "unknown";

export interface ListenerFacts {
  readonly name: string;
  readonly listener: ListenerConfiguration;
  /** Over TLS. */
  readonly isEncrypted: boolean;
  /** Other machines can reach it, be it through a proxy. */
  readonly isExposed: boolean;
  /** Clients that say nothing of themselves get in. */
  readonly allowsAnonymous: boolean;
  /** Empty for a Unix socket. */
  readonly hosts: readonly HostFacts[];
  /** Of a Unix socket. */
  readonly socket: SocketFacts | undefined;
}

/** An address of this machine, with the name of its interface. */
export interface OwnAddress {
  readonly address: string;
  readonly interfaceName: string | undefined;
}

export interface HostFacts {
  /** As the configuration has it. */
  readonly host: string;
  /** Those that it stands for: of `0.0.0.0` all of the machine. */
  readonly addresses: readonly OwnAddress[];
  readonly binding: Binding;
}

export interface SocketFacts {
  readonly folderExists: boolean;
  readonly folderIsWritable: boolean;
  readonly isTaken: boolean;
}

/** A file that decides who gets in, or must not be read by everybody. */
export interface FileFacts {
  /** For example `The key of listener tls:8883`. */
  readonly what: string;
  readonly path: string;
  /** How bad it is when others read it: keys and passwords, hashes of passwords, nothing secret. */
  readonly holds: "secrets" | "hashes" | "rules";
  /** Rights as in `chmod`; undefined where the file or the system has none. */
  readonly mode: number | undefined;
}

/** Who can log in by a file, and how their passwords stand there. */
export interface AccountsFacts {
  readonly path: string;
  readonly use: "password-file" | "scram" | "roles";
  readonly accounts: readonly { readonly userName: string; readonly hash: PasswordHash | undefined }[];
}

export interface RolesFacts {
  readonly path: string;
  /** What clients may do that no role says anything about. */
  readonly allowedByDefault: readonly string[];
  readonly hasAnonymousGroup: boolean;
}

export interface AccessFileFacts {
  readonly path: string;
  /** What it lets a user do whom it does not name. */
  readonly strangerMay: { readonly readSys: boolean; readonly readAll: boolean; readonly writeAll: boolean };
}

export interface PreSharedKeysFacts {
  readonly path: string;
  readonly count: number;
  /** Undefined without any. */
  readonly shortestBytes: number | undefined;
}

export interface CertificateFacts {
  readonly subject: string;
  /** Host names and addresses that clients find in it. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** For example `rsa`, `ec`, `ed25519`. */
  readonly keyKind: string;
  /** Of an RSA or DSA key. */
  readonly keyBits: number | undefined;
  /** Of an elliptic key, in OpenSSL's words. */
  readonly curve: string | undefined;
  /** How it is signed, for example `ecdsa-with-SHA256`; undefined where Node does not say. */
  readonly signature: string | undefined;
  readonly isAuthority: boolean;
  readonly isSelfSigned: boolean;
  readonly fingerprint: string;
}

export interface CertificateFileFacts {
  readonly path: string;
  /** `shown` to clients, or `trusted` when clients show theirs. */
  readonly use: "shown" | "trusted";
  /** In the order of the file. */
  readonly certificates: readonly CertificateFacts[];
  /** Each certificate is signed by the one behind it. */
  readonly isChain: boolean;
}

export interface RevocationListFacts {
  readonly path: string;
  readonly issuer: string;
  /** Undefined for one that never ends. */
  readonly nextUpdateMs: number | undefined;
}

export interface SystemFacts {
  readonly nodeVersion: string;
  readonly isRoot: boolean;
  /** Ports below it are for root. */
  readonly firstFreePort: number | undefined;
  /** Files and connections that the broker may have open; undefined where the system does not say. */
  readonly openFiles: number | undefined;
  /** Whose limit that is: of the broker that runs, or of this very command. */
  readonly openFilesOf: "broker" | "doctor";
  /** Connections that may wait for a listener. */
  readonly acceptQueue: number | undefined;
  /** What this process may use, in bytes. */
  readonly memoryBytes: number;
  readonly heapLimitBytes: number;
}

export interface FolderFacts {
  readonly path: string;
  readonly exists: boolean;
  /** Of the folder, or of the one that it would be made in. */
  readonly isWritable: boolean;
  readonly mode: number | undefined;
  /** Who has it now, for example `process 123`. */
  readonly holder: string | undefined;
  readonly freeBytes: number | undefined;
  /** The magic number of the file system, on Linux. */
  readonly fileSystem: number | undefined;
  /** When the youngest file in it was written. */
  readonly newestMs: number | undefined;
  readonly sync: SyncFacts | undefined;
}

/** How long a small write takes until it is on the disk. */
export interface SyncFacts {
  readonly writes: number;
  readonly medianMs: number;
  readonly slowestMs: number;
}

/** What a running listener answered. */
export interface ProbeFacts {
  readonly name: string;
  readonly target: string;
  /** Why it was not tried. */
  readonly skipped?: string;
  /** Why there is no connection. */
  readonly unreachable?: string;
  readonly tls?: {
    readonly version: string;
    readonly certificate: CertificateFacts;
    /** Why a client that knows the public authorities only would not trust it. */
    readonly distrust: string | undefined;
  };
  /** What a CONNECT without user name and password got. */
  readonly login?: { readonly outcome: "accepted" | "refused" | "no-answer"; readonly reason: string };
}
