/**
 * Who has shown a certificate, or has a pre-shared key, is who that says. TLS has verified both before a login comes here;
 * these providers only read the name, and take it in the place of the one in CONNECT, whose password is not looked at.
 *
 * A certificate that does not hold exactly one such name is refused, and so is a name with control characters in it.
 */

import {
  type Accepted,
  type ClientCertificate,
  formatSubject,
  type Login,
  parseAlternativeNames,
  parseSubject,
  valuesOf,
} from "#auth";
import { ReasonCode } from "#protocol";
import { nameProblem } from "./acceptance.ts";
import type { LoginProvider, RefusedLogin } from "./provider.ts";

/**
 * Where in a certificate a name stands.
 *
 *     common-name            sensor-1
 *     subject                CN=sensor-1,OU=devices,O=Example     as mosquitto's use_subject_as_username
 *     san-dns, san-uri, san-email, san-ip                         the alternative name of that kind
 *     fingerprint            64 hex digits: SHA-256 of the whole certificate
 */
export type CertificateField =
  | "common-name"
  | "subject"
  | "san-dns"
  | "san-uri"
  | "san-email"
  | "san-ip"
  | "fingerprint";

const alternativeTypes: Readonly<Partial<Record<CertificateField, string>>> = {
  "san-dns": "DNS",
  "san-uri": "URI",
  "san-email": "email",
  "san-ip": "IP Address",
};

/** The name in that field, or a clause about why there is none. */
export function nameInCertificate(
  certificate: ClientCertificate,
  field: CertificateField,
): { readonly name: string } | { readonly problem: string } {
  const names = namesIn(certificate, field);
  if (names === undefined) return { problem: `its ${field} cannot be read` };
  const [name, second] = names;
  if (name === undefined) return { problem: `it has no ${field}` };
  if (second !== undefined) return { problem: `it has more than one ${field}` };
  const problem = nameProblem(name);
  return problem === undefined ? { name } : { problem: `its ${field} ${problem}` };
}

function namesIn(certificate: ClientCertificate, field: CertificateField): readonly string[] | undefined {
  if (field === "fingerprint") return [certificate.fingerprint256.replaceAll(":", "").toLowerCase()];
  const type = alternativeTypes[field];
  if (type !== undefined) {
    const names = parseAlternativeNames(certificate.subjectAltName ?? "");
    return names?.filter((name) => name.type === type).map(({ value }) => value);
  }
  const subject = parseSubject(certificate.subject);
  if (subject === undefined || field === "common-name") return subject && valuesOf(subject, "CN");
  return subject.length === 0 ? [] : [formatSubject(subject)];
}

export interface CertificateLoginOptions {
  /** Default `common-name`. */
  readonly userName?: CertificateField;
  /** Takes the Client Identifier from the certificate, too. Default: that of CONNECT. */
  readonly clientId?: CertificateField;
  /** Refuses a client whose Client Identifier in CONNECT is another than this. Default: any will do. */
  readonly requiredClientId?: CertificateField;
}

/** Judges everybody who has shown a certificate, and nobody else. */
export class CertificateLogin implements LoginProvider {
  readonly name = "certificate";
  readonly #options: CertificateLoginOptions;

  constructor(options: CertificateLoginOptions = {}) {
    this.#options = options;
  }

  authenticate({ certificate, clientId: given }: Login): Accepted | RefusedLogin | undefined {
    if (certificate === undefined) return undefined;
    const { userName = "common-name", clientId, requiredClientId } = this.#options;
    const user = nameInCertificate(certificate, userName);
    if ("problem" in user) return refused(`the certificate does not say who it is: ${user.problem}`);
    const accepted: Accepted = { outcome: "accepted", userName: user.name };
    const field = requiredClientId ?? clientId;
    if (field === undefined) return accepted;
    const client = nameInCertificate(certificate, field);
    if ("problem" in client) return refused(`the certificate gives no client id: ${client.problem}`);
    if (requiredClientId === undefined) return { ...accepted, clientId: client.name };
    if (client.name === given) return accepted;
    const reason = `its client id is not the ${requiredClientId} of its certificate`;
    return refused(reason, ReasonCode.CLIENT_IDENTIFIER_NOT_VALID);
  }
}

/** Judges everybody with a pre-shared key: its identity is the user name. */
export class PskLogin implements LoginProvider {
  readonly name = "psk";

  authenticate({ pskIdentity }: Login): Accepted | RefusedLogin | undefined {
    if (pskIdentity === undefined) return undefined;
    const problem = nameProblem(pskIdentity);
    return problem === undefined
      ? { outcome: "accepted", userName: pskIdentity }
      : refused(`the identity of the pre-shared key ${problem}`);
  }
}

function refused(reason: string, reasonCode: ReasonCode = ReasonCode.NOT_AUTHORIZED): RefusedLogin {
  return { outcome: "refused", reasonCode, reason };
}
