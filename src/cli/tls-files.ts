/** The options of the broker's TLS listener: files that are read here, and what their combination may not be. */

import { readFileSync } from "node:fs";
import { ConfigError, describeError } from "#base";
import type { ListenerOptions } from "#server";

/** What was given; the files by their paths. */
export interface TlsFiles {
  readonly port: number | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
  readonly requireCertificate: boolean;
}

type TlsListenerOptions = Extract<ListenerOptions, { protocol: "tls" }>;

const DEFAULT_TLS_PORT = 8883;

/** The options of a listener by the names of those of the command line. */
const optionNames: Readonly<Record<string, string>> = {
  port: "--tls-port",
  cert: "--tls-cert",
  key: "--tls-key",
  ca: "--tls-ca",
  requireCertificate: "--tls-require-certificate",
};

/**
 * The listener that `files` ask for, or undefined when they ask for none.
 * @throws ConfigError that names the option, and the file where it is one
 */
export function tlsListenerOf(files: TlsFiles): TlsListenerOptions | undefined {
  const { port, cert, key, ca, requireCertificate } = files;
  if (cert === undefined && key === undefined) {
    const given = Object.entries({ port, ca, requireCertificate: requireCertificate || undefined });
    const [first] = given.find(([, value]) => value !== undefined) ?? [];
    if (first === undefined) return undefined;
    throw new ConfigError(
      optionNames[first] ?? first,
      "TLS needs a certificate and its key; add --tls-cert and --tls-key.",
    );
  }
  if (cert === undefined) throw new ConfigError("--tls-key", "its certificate is missing; add --tls-cert.");
  if (key === undefined) throw new ConfigError("--tls-cert", "its key is missing; add --tls-key.");
  if (ca !== undefined && !requireCertificate) {
    throw new ConfigError("--tls-ca", "nobody is asked for a certificate; add --tls-require-certificate.");
  }
  if (ca === undefined && requireCertificate) {
    throw new ConfigError(
      "--tls-require-certificate",
      "it needs the authority that signs them; add --tls-ca.",
    );
  }
  return {
    protocol: "tls",
    port: port ?? DEFAULT_TLS_PORT,
    cert: contentOf("cert", cert),
    key: contentOf("key", key),
    ...(ca === undefined ? {} : { ca: contentOf("ca", ca), requireCertificate }),
  };
}

/** `error` with the option and file of the command line, if it is about one of them. */
export function namedByOption(error: unknown, files: TlsFiles): unknown {
  if (!(error instanceof ConfigError)) return error;
  const option = /^listeners\[\d+\]\.(cert|key|ca)$/.exec(error.path)?.[1] as
    | "cert"
    | "key"
    | "ca"
    | undefined;
  return option === undefined ? error : error.renamed(`${optionNames[option]} ${files[option]}`);
}

function contentOf(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`${optionNames[option]} ${path}`, `${whyUnreadable(error)}.`);
  }
}

function whyUnreadable(error: unknown): string {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ENOENT":
      return "there is no such file; check the path";
    case "EACCES":
      return "this user may not read it; check the rights of the file and its folder";
    case "EISDIR":
      return "this is a folder; give the file in it";
    default:
      return `it cannot be read: ${describeError(error)}`;
  }
}
