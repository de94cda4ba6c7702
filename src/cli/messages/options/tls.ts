/** Encrypted connections. */

import { UsageError } from "../settings.ts";
import { ALL, flag, type MessageOption, refused, text } from "./message-option.ts";

export const tlsOptions: readonly MessageOption[] = [
  text(
    ["--cafile"],
    "<file>",
    "file",
    "TLS",
    "Connect with TLS; certificates of the authorities to trust, in PEM form.",
    (settings, value) => {
      settings.caFile = value;
    },
  ),
  text(
    ["--capath"],
    "<folder>",
    "directory",
    "TLS",
    "The same, from all .crt and .pem files of a folder.",
    (settings, value) => {
      settings.caPath = value;
    },
  ),
  text(["--cert"], "<file>", "file", "TLS", "This client's certificate, in PEM form,", (settings, value) => {
    settings.certFile = value;
  }),
  text(["--key"], "<file>", "file", "TLS", "and its private key.", (settings, value) => {
    settings.keyFile = value;
  }),
  text(
    ["--tls-version"],
    "<version>",
    "version",
    "TLS",
    "tlsv1.3 or tlsv1.2: the only one that is spoken.",
    (settings, value) => {
      if (value !== "tlsv1.3" && value !== "tlsv1.2") {
        throw new UsageError(`Error: --tls-version ${value} is not supported; give tlsv1.2 or tlsv1.3.\n`);
      }
      settings.tlsVersion = value;
    },
  ),
  text(
    ["--ciphers"],
    "<list>",
    "ciphers",
    "TLS",
    "Ciphers to allow, as OpenSSL names them.",
    (settings, value) => {
      settings.ciphers = value;
    },
  ),
  text(
    ["--tls-alpn"],
    "<protocol>",
    "protocol",
    "TLS",
    "Protocol to ask for by ALPN. Default mqtt.",
    (settings, value) => {
      settings.tlsAlpn = value;
    },
  ),
  flag(
    ["--insecure"],
    ALL,
    "TLS",
    "Do not check the name in the broker's certificate. For trials only.",
    (settings) => {
      settings.insecure = true;
    },
  ),
  flag(
    ["--tls-use-os-certs"],
    ALL,
    "TLS",
    "Connect with TLS; trust the system's authorities, also beside --cafile.",
    (settings) => {
      settings.useOsCerts = true;
    },
  ),
  text(
    ["--tls-keylog"],
    "<file>",
    "file",
    "TLS",
    "Append the secrets of the connection, for Wireshark.",
    (settings, value) => {
      settings.tlsKeyLog = value;
    },
  ),
  flag(["--no-tls"], ALL, "TLS", "No TLS, whatever the port and the other options say.", (settings) => {
    settings.noTls = true;
  }),
  text(
    ["--psk"],
    "<hex>",
    "key",
    "TLS",
    "Connect with TLS by a key that both sides know,",
    (settings, value) => {
      if (!/^([0-9a-f]{2})+$/i.test(value)) throw new UsageError("Error: --psk is not hexadecimal.\n");
      settings.psk = value;
    },
  ),
  text(["--psk-identity"], "<name>", "identity", "TLS", "and the name of the key.", (settings, value) => {
    settings.pskIdentity = value;
  }),
  refused(["--tls-engine"], "<engine>", "TLS", "OpenSSL engine.", "OpenSSL engines are not supported"),
  {
    ...text(["--keyform"], "<form>", "keyform", "TLS", "Form of the key: pem.", (_, value) => {
      if (value !== "pem")
        throw new UsageError("Error: --keyform engine: OpenSSL engines are not supported.\n");
    }),
  },
  refused(
    ["--tls-engine-kpass-sha1"],
    "<hash>",
    "TLS",
    "Password of an engine's key.",
    "OpenSSL engines are not supported",
  ),
];
