/** Whom a rule is about, checked once and then asked often. */

import { type ClientCertificate, type Identity, parseAlternativeNames, parseSubject, valuesOf } from "#auth";
import { AddressRanges, ConfigError, matchesOne, TextPattern } from "#base";
import type { ClaimWish, RuleSubject } from "./access-rule.ts";
import { claimOf, textsOf } from "./claims.ts";

const CERTIFICATE_FIELDS = ["subjectAltName", "serialNumber", "fingerprint256"];
const NAME_PART = /^(subject|issuer)\.([A-Za-z0-9.]+)$/;

type Condition = (client: Identity) => boolean;

export class Subject {
  readonly #conditions: readonly Condition[];
  /** User names that are asked for letter by letter; undefined when others fit too. */
  readonly exactUserNames: readonly string[] | undefined;

  /**
   * @param path of the subject, for errors: `rules[3].who`
   * @throws ConfigError
   */
  constructor(subject: RuleSubject, path: string) {
    const { userNames, anonymous } = subject;
    if (userNames !== undefined && anonymous === true) {
      throw new ConfigError(`${path}.anonymous`, "is true beside userNames; nobody is both.");
    }
    this.exactUserNames = userNames?.every((name) => !name.includes("*")) === true ? userNames : undefined;
    this.#conditions = conditionsOf(subject, path);
  }

  fits(client: Identity): boolean {
    for (const condition of this.#conditions) if (!condition(client)) return false;
    return true;
  }
}

function conditionsOf(subject: RuleSubject, path: string): Condition[] {
  const conditions: Condition[] = [];
  const { clientIds, userNames, anonymous, certificate, claims, addresses, listeners } = subject;
  if (clientIds !== undefined) {
    const patterns = patternsOf(clientIds, `${path}.clientIds`);
    conditions.push(({ clientId }) => matchesOne(patterns, clientId));
  }
  if (userNames !== undefined) {
    const patterns = patternsOf(userNames, `${path}.userNames`);
    conditions.push(({ userName }) => userName !== undefined && matchesOne(patterns, userName));
  }
  if (anonymous !== undefined) conditions.push(({ userName }) => (userName === undefined) === anonymous);
  for (const [field, wish] of Object.entries(certificate ?? {})) {
    conditions.push(certificateCondition(field, wish, `${path}.certificate`));
  }
  for (const [name, wish] of Object.entries(claims ?? {})) {
    const patterns = patternsOf(textsOfWish(wish), `${path}.claims`);
    conditions.push((client) => textsOf(claimOf(client, name)).some((text) => matchesOne(patterns, text)));
  }
  if (addresses !== undefined) {
    const ranges = new AddressRanges(atLeastOne(addresses, `${path}.addresses`), `${path}.addresses`);
    conditions.push(({ address }) => ranges.has(address.remoteAddress));
  }
  if (listeners !== undefined) {
    const names = new Set(atLeastOne(listeners, `${path}.listeners`));
    conditions.push(({ listener }) => names.has(listener));
  }
  return conditions;
}

function atLeastOne(texts: readonly string[], path: string): readonly string[] {
  if (texts.length === 0) throw new ConfigError(path, "is empty; name one at least, or leave it out.");
  return texts;
}

function patternsOf(texts: readonly string[], path: string): TextPattern[] {
  return atLeastOne(texts, path).map((text) => new TextPattern(text));
}

function textsOfWish(wish: ClaimWish): readonly string[] {
  if (typeof wish === "string") return [wish];
  return typeof wish === "object" ? wish : [String(wish)];
}

function certificateCondition(field: string, wish: string | readonly string[], path: string): Condition {
  const patterns = patternsOf(typeof wish === "string" ? [wish] : wish, `${path}.${field}`);
  if (!CERTIFICATE_FIELDS.includes(field) && !NAME_PART.test(field)) {
    const allowed = `subject.CN, issuer.O and the like, ${CERTIFICATE_FIELDS.join(", ")}`;
    throw new ConfigError(path, `has "${field}"; allowed are ${allowed}.`);
  }
  return ({ certificate }) =>
    certificate !== undefined &&
    certificateTexts(certificate, field).some((text) => matchesOne(patterns, text));
}

/**
 * What stands in a field of the certificate; a name may have a part more than once. Whoever asked for the certificate has chosen the
 * names, so one that looks like several stays one.
 */
function certificateTexts(certificate: ClientCertificate, field: string): string[] {
  switch (field) {
    case "subjectAltName":
      return alternativeTexts(certificate.subjectAltName ?? "");
    case "serialNumber":
      return [certificate.serialNumber];
    case "fingerprint256":
      return [certificate.fingerprint256];
    default: {
      const [, whose, part = ""] = NAME_PART.exec(field) ?? [];
      const lines = parseSubject(whose === "subject" ? certificate.subject : certificate.issuer);
      return lines === undefined ? [] : valuesOf(lines, part);
    }
  }
}

/** `DNS:sensor-1.example.org` and the like. */
function alternativeTexts(subjectAltName: string): string[] {
  return (parseAlternativeNames(subjectAltName) ?? []).map(({ type, value }) => `${type}:${value}`);
}
