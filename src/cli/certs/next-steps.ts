/** What to do with what was made: lines for a shell and for a broker's configuration. */

import { resolve } from "node:path";
import type { CertificateFolder, WrittenFiles } from "#credentials";
import { quoted } from "../shell-words.ts";

const PORT = 8883;

function line(...words: readonly string[]): string {
  return `  ${words.map(quoted).join(" ")}`;
}

/** With `folderOption`, so that they find the same folder. */
export function afterAuthority(folderOption: readonly string[]): string[] {
  return [
    "Next: a certificate for the broker, with every name and address that clients",
    "know it by, and one for each client that has to show one.",
    line("martlet", "certs", "server", ...folderOption, "--name", "broker.local", "--ip", "192.0.2.7"),
    line("martlet", "certs", "client", ...folderOption, "sensor-1"),
  ];
}

export function afterServer(folder: CertificateFolder, files: WrittenFiles, host: string): string[] {
  const { certificate, key } = files;
  const { authorityFile, revocationListFile } = folder;
  return [
    "Next: the broker, for example by these lines of martlet.toml. The last three",
    "are for mutual TLS; so are the last two of those of mosquitto.conf below.",
    "  [[listeners]]",
    '  protocol = "tls"',
    `  port = ${PORT}`,
    "  [listeners.tls]",
    `  cert = ${inToml(certificate)}`,
    `  key = ${inToml(key)}`,
    `  ca = ${inToml(authorityFile)}`,
    '  client_certificate = "require"',
    `  crl = ${inToml(revocationListFile)}`,
    "The same in mosquitto.conf:",
    `  listener ${PORT}`,
    `  certfile ${certificate}`,
    `  keyfile ${key}`,
    `  cafile ${authorityFile}`,
    "  require_certificate true",
    `  crlfile ${revocationListFile}`,
    "Then clients:",
    line(
      "mosquitto_pub",
      "--cafile",
      folder.authorityFile,
      "-h",
      host,
      "-p",
      String(PORT),
      "-t",
      "test",
      "-m",
      "hello",
    ),
    line("martlet", "conformance", url(host), "--cafile", folder.authorityFile),
  ];
}

export function afterClient(folder: CertificateFolder, files: WrittenFiles): string[] {
  const proof = ["--cafile", folder.authorityFile, "--cert", files.certificate, "--key", files.key];
  return [
    "Next: connect with it (put the broker's name for broker.local):",
    line("mosquitto_pub", ...proof, "-h", "broker.local", "-p", String(PORT), "-t", "test", "-m", "hello"),
    line("martlet", "conformance", url("broker.local"), ...proof),
  ];
}

export function afterRevocation(folder: CertificateFolder): string[] {
  return [
    `Next: give ${folder.revocationListFile} to the broker (crl, crlfile in mosquitto.conf) and let it`,
    "read it again; until then it lets them in.",
  ];
}

/** A path in a configuration counts from the folder of its file. */
function inToml(path: string): string {
  return JSON.stringify(resolve(path));
}

function url(host: string): string {
  return `mqtts://${host.includes(":") ? `[${host}]` : host}:${PORT}`;
}
