/** What to do with what was made: lines for a shell and for a broker's configuration. */

import type { CertificateFolder, WrittenFiles } from "#credentials";

const PORT = 8883;

/** `argument` for a shell. */
function quoted(argument: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(argument)
    ? argument
    : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

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
  return [
    "Next: the broker, for example by these lines of mosquitto.conf. The last two",
    "are for mutual TLS.",
    `  listener ${PORT}`,
    `  cafile ${folder.authorityFile}`,
    `  certfile ${files.certificate}`,
    `  keyfile ${files.key}`,
    "  require_certificate true",
    `  crlfile ${folder.revocationListFile}`,
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
    `Next: give ${folder.revocationListFile} to the broker (crlfile) and let it read it again;`,
    "until then it lets them in.",
  ];
}

function url(host: string): string {
  return `mqtts://${host.includes(":") ? `[${host}]` : host}:${PORT}`;
}
